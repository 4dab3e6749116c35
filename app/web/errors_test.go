package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func TestUnknownPagesAreNotFoundForEverybody(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	for _, path := range []string{"/nope", "/account/nope", "/dashboard/", "/static/", "/static/css/", "/static/nope.css", "/static/../web.go", "/static/%2e%2e/web.go", "/%ff"} {
		b.get(path).wantStatus(http.StatusNotFound)
	}
	b.register(adaEmail)
	b.get("/nope").wantStatus(http.StatusNotFound).wantText("There is nothing here", "Sign out")
}

func TestAMethodThatARouteDoesntHaveIsRefused(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	b.register(adaEmail)
	answer := b.get("/logout").wantStatus(http.StatusMethodNotAllowed)
	if !strings.Contains(answer.Header.Get("Allow"), http.MethodPost) {
		t.Errorf("Allow: %s", answer.Header.Get("Allow"))
	}
	b.wantUser(true)
	b.post("/dashboard", nil).wantStatus(http.StatusMethodNotAllowed)
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	b.do(httptest.NewRequest(http.MethodHead, "/", nil)).wantStatus(http.StatusOK)
	b.do(httptest.NewRequest(http.MethodHead, "/dashboard", nil)).wantRedirect("/login?next=%2Fdashboard")
}

func TestAPostFromAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	b.register(adaEmail)
	for name, header := range map[string][2]string{
		"cross-site":              {"Sec-Fetch-Site", "cross-site"},
		"same-site":               {"Sec-Fetch-Site", "same-site"},
		"an origin of another":    {"Origin", "https://evil.example"},
		"an origin of none":       {"Origin", "null"},
		"an origin like our name": {"Origin", "http://example.com.evil.example"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/logout", nil)
		r.Header.Set(header[0], header[1])
		if status := b.do(r).StatusCode; status != http.StatusForbidden {
			t.Errorf("%s: status %d", name, status)
		}
	}
	b.wantUser(true)
	r := httptest.NewRequest(http.MethodPost, "/logout", nil)
	r.Header.Set("Origin", "http://example.com") // httptest's host
	b.do(r).wantRedirect("/")
	b.wantUser(false)
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
		"manifest-src 'self'; form-action 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; report-uri /csp-report"
	for env, production := range map[string]bool{config.Development: false, config.Production: true} {
		want := map[string]string{
			"Content-Security-Policy":      policy,
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
			"Referrer-Policy":              "same-origin",
			"Reporting-Endpoints":          "",
			"Strict-Transport-Security":    "",
			"X-Content-Type-Options":       "nosniff",
		}
		if production {
			want["Content-Security-Policy"] += "; report-to csp"
			want["Reporting-Endpoints"] = `csp="/csp-report"`
			want["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
		}
		s := newServer(t, d, func(c *config.Config) { c.Env = env })
		b := signedInMember(t, s, env+"@example.com")
		elsewhere := httptest.NewRequest(http.MethodPost, "/account/profile", nil)
		elsewhere.Header.Set("Sec-Fetch-Site", "cross-site")
		large := httptest.NewRequest(http.MethodPost, "/account/profile", strings.NewReader(strings.Repeat("x", maxBody+1)))
		problem := httptest.NewRequest(http.MethodGet, "/nope", nil)
		problem.Header.Set("Accept", "application/json")
		for _, test := range []struct {
			answer *response
			status int
			cache  string
		}{
			{b.get("/"), 200, "no-store"},
			{b.get("/dashboard"), 200, "no-store"},
			{newBrowser(t, s).get("/"), 200, "no-cache"},
			{newBrowser(t, s).get("/dashboard"), 303, "no-store"},
			{b.post("/account/profile", url.Values{"name": {"x"}}), 303, "no-store"},
			{b.post("/account/profile", nil), 422, "no-store"},
			{b.do(elsewhere), 403, "no-store"},
			{b.get("/nope"), 404, "no-store"},
			{b.do(problem), 404, "no-store"},
			{b.post("/dashboard", nil), 405, "no-store"},
			{b.do(large), 413, "no-store"},
			{b.get("/static/nope.css"), 404, "no-store"},
			{b.get("/static/css/app.css"), 200, "no-cache"},
			{b.get("/healthz"), 200, ""},
		} {
			test.answer.wantStatus(test.status)
			h := test.answer.Header
			for name, value := range want {
				if got := h.Get(name); got != value {
					t.Errorf("%s, %d: %s is %q, want %q", env, test.status, name, got, value)
				}
			}
			if got := h.Get("Cache-Control"); got != test.cache {
				t.Errorf("%s, %d: Cache-Control is %q, want %q", env, test.status, got, test.cache)
			}
			if h.Get("X-Request-Id") == "" {
				t.Errorf("%s, %d: no request id", env, test.status)
			}
		}
	}
}

// TestABegunAnswerIsCut has handlers fail after the first byte, and leave a
// session uncommitted: what was sent must not look whole, and the log has why.
func TestABegunAnswerIsCut(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	var log bytes.Buffer
	s.log = slog.New(slog.NewTextHandler(&log, nil))
	for path, test := range map[string]struct {
		handler echo.HandlerFunc
		want    string
	}{
		"/panics": {func(c echo.Context) error { c.Response().Write([]byte("half")); panic("secret cause") }, "secret cause"},
		"/fails": {func(c echo.Context) error {
			c.Response().Write([]byte("half"))
			return errors.New("another cause")
		}, "another cause"},
		"/forgets": {func(c echo.Context) error {
			session.From(c).Flash(session.Success, "lost")
			return c.String(http.StatusOK, "fine")
		}, session.ErrNotSaved.Error()},
	} {
		s.echo.GET(path, test.handler)
		func() {
			defer func() {
				if recover() != http.ErrAbortHandler {
					t.Errorf("%s: the connection isn't cut", path)
				}
			}()
			newBrowser(t, s).get(path)
		}()
		if text := log.String(); !strings.Contains(text, "level=ERROR") || !strings.Contains(text, test.want) {
			t.Errorf("%s: %s", path, text)
		}
		log.Reset()
	}
}

func TestAPanicIsLoggedEvenIfNobodyWaits(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	var log bytes.Buffer
	s.log = slog.New(slog.NewTextHandler(&log, nil))
	s.echo.GET("/panics", func(echo.Context) error { panic("secret cause") })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	newBrowser(t, s).do(httptest.NewRequestWithContext(ctx, http.MethodGet, "/panics", nil)).wantStatus(statusClientGone)
	if text := log.String(); !strings.Contains(text, "level=ERROR") || !strings.Contains(text, "secret cause") || !strings.Contains(text, "goroutine") {
		t.Error(text)
	}
}

// TestASlowOrBrokenBodyIsTheSendersFault is over a real connection, whose
// server waits for a body only so long.
func TestASlowOrBrokenBodyIsTheSendersFault(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	server := httptest.NewUnstartedServer(s)
	server.Config.ReadTimeout = 200 * time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	for name, test := range map[string]struct {
		request string
		want    []string
	}{
		"slow":   {"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nemail=", []string{"408", "took too long", "Request "}},
		"broken": {"POST /csp-report HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", []string{"400", "can't be understood", "Request "}},
	} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, test.request)
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		answer, _ := io.ReadAll(io.LimitReader(conn, 4000))
		for _, want := range test.want {
			if !strings.Contains(string(answer), want) {
				t.Errorf("%s: want %q in %s", name, want, answer)
			}
		}
	}
}

func TestProductionInsistsOnHTTPS(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	for env, want := range map[string]string{config.Production: "max-age=63072000; includeSubDomains", config.Development: ""} {
		b := newBrowser(t, newServer(t, d, func(c *config.Config) { c.Env = env }))
		for _, path := range []string{"/", "/nope", "/static/css/app.css"} {
			if got := b.get(path).Header.Get("Strict-Transport-Security"); got != want {
				t.Errorf("%s, %s: got %q", env, path, got)
			}
		}
	}
}

func TestReportsOfThePolicyAreLoggedWithinBounds(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	var log bytes.Buffer
	s.log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	b := newBrowser(t, s)
	send := func(kind, body string) {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, cspReportPath, strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		b.do(r).wantStatus(http.StatusNoContent)
	}
	send("application/csp-report", `{"csp-report":{"document-uri":"https://x/a?token=secret","blocked-uri":"inline","effective-directive":"script-src"}}`)
	send("application/reports+json", `[{"type":"csp-violation","body":{"documentURL":"https://x/b","blockedURL":"https://evil.example","effectiveDirective":"img-src"}},{"type":"other"}]`)
	for _, want := range []string{"document=https://x/a blocked=inline directive=script-src", "document=https://x/b blocked=https://evil.example directive=img-src"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("want %s in %s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "secret") {
		t.Errorf("a query is logged: %s", log.String())
	}
	log.Reset()
	for range 100 {
		send("application/csp-report", `{"csp-report":{"document-uri":"`+strings.Repeat("x", 100)+`"}}`)
		send("text/plain", "garbage")
		send("application/csp-report", `{"csp-report":{"document-uri":"`+strings.Repeat("x", maxReport)+`"}}`)
	}
	send("application/reports+json", `[{"type":"csp-violation","body":{"documentURL":"`+strings.Repeat("x", 15_000)+`"}}]`)
	if n := strings.Count(log.String(), "\n"); n == 0 || n > 20 || log.Len() > 20*(maxNext+200) {
		t.Errorf("%d lines in the log, %d bytes", n, log.Len())
	}
}

func TestOnlyPagesWithoutSecretsAreCompressed(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	get := func(path string) *response {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", "gzip, br")
		return b.do(r)
	}
	for _, path := range []string{"/", "/login", "/nope"} {
		answer := get(path)
		plain, err := gzip.NewReader(strings.NewReader(answer.body))
		if err != nil || answer.Header.Get("Content-Encoding") != "gzip" || answer.Header.Get("Vary") != "Accept-Encoding, Cookie" {
			t.Fatalf("%s: %v, %v", path, answer.Header, err)
		}
		if text, err := io.ReadAll(plain); err != nil || !strings.Contains(string(text), "</html>") {
			t.Errorf("%s: %s, %v", path, text, err)
		}
	}
	b.register(adaEmail)
	for _, path := range []string{"/", "/dashboard", "/account", "/nope"} {
		if answer := get(path); answer.Header.Get("Content-Encoding") != "" || !strings.Contains(answer.body, "</html>") {
			t.Errorf("%s: %v", path, answer.Header)
		}
	}
}

// TestAPageThatLeadsToATokenIsGuardedAsItsOwn follows a link in a message without
// being signed in, and mistypes the password.
func TestAPageThatLeadsToATokenIsGuardedAsItsOwn(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	b := newBrowser(t, s)
	b.register(adaEmail)
	guarded := func(name string, answer *response) {
		t.Helper()
		h := answer.Header
		if h.Get("Cache-Control") != "no-store" || h.Get("Content-Encoding") != "" || h.Get("Referrer-Policy") != "strict-origin" {
			t.Errorf("%s: %v", name, h)
		}
	}
	zipped := func(method, path string, fields url.Values) *response {
		r := httptest.NewRequest(method, path, strings.NewReader(fields.Encode()))
		r.Header.Set("Accept-Encoding", "gzip")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return b.do(r)
	}
	link := b.askForAddress(countess)
	b.submit("/account", "/logout")
	login := b.get(link).wantStatus(http.StatusSeeOther).Header.Get("Location")
	guarded("the sign-in page", zipped(http.MethodGet, login, nil).wantStatus(http.StatusOK))
	guarded("after a wrong password", zipped(http.MethodPost, "/login", url.Values{"email": {adaEmail}, "password": {"wrong"}, "next": {link}}).wantStatus(http.StatusUnprocessableEntity))
	guarded("a page that isn't there", zipped(http.MethodGet, "/nope?token=x", nil).wantStatus(http.StatusNotFound))
	if answer := zipped(http.MethodGet, "/login?next=/dashboard%3Fq=token", nil); answer.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("without a token: %v", answer.Header)
	}
	b.submit(login, "/login", "email", adaEmail, "password", adaPassword).wantRedirect(link)
	guarded("the password once more", zipped(http.MethodGet, "/account/reauthenticate?"+url.Values{"next": {link}}.Encode(), nil).wantStatus(http.StatusOK))
}

func TestFilesThatAreLookedForByTheirName(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t), func(c *config.Config) { c.AppName = `Desk "One"` }))
	for path, want := range map[string][2]string{
		"/favicon.ico":             {"image/", "\x00\x00\x01\x00"},
		"/robots.txt":              {"text/plain", "User-agent: *"},
		"/manifest.webmanifest":    {"application/manifest+json", `{"name":"Desk \"One\""`},
		"/static/img/icon-192.png": {"image/png", "\x89PNG"},
		"/static/img/favicon.svg":  {"image/svg+xml", "<svg"},
	} {
		answer := b.get(path).wantStatus(http.StatusOK)
		if kind := answer.Header.Get("Content-Type"); !strings.HasPrefix(kind, want[0]) || !strings.HasPrefix(answer.body, want[1]) {
			t.Errorf("%s: %s, %.20q", path, kind, answer.body)
		}
	}
	for _, path := range []string{"/apple-touch-icon.png", "/static/img/nope.png"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept", "image/avif,image/webp,*/*;q=0.8")
		if answer := b.do(r).wantStatus(http.StatusNotFound); strings.Contains(answer.body, "<html") {
			t.Errorf("%s is a page", path)
		}
	}
}

func TestErrorsForClientsThatAreNoBrowsers(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	for accept, want := range map[string]string{
		"application/json":         `{"title":"There is nothing here","status":404`,
		"application/problem+json": `{"title":"There is nothing here","status":404`,
		"*/*":                      "There is nothing here. The page may have moved",
		"image/avif,image/webp":    "There is nothing here. The page may have moved",
		"text/html":                "<!doctype html>",
	} {
		r := httptest.NewRequest(http.MethodGet, "/nope", nil)
		r.Header.Set("Accept", accept)
		answer := b.do(r).wantStatus(http.StatusNotFound)
		if !strings.HasPrefix(answer.body, want) {
			t.Errorf("%s: got %s, %s", accept, answer.Header.Get("Content-Type"), answer.body)
		}
	}
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	large := url.Values{"email": {strings.Repeat("x", maxBody+1)}}
	b.post("/login", large).wantStatus(http.StatusRequestEntityTooLarge)

	r := httptest.NewRequest(http.MethodPost, "/login", struct{ *strings.Reader }{strings.NewReader(large.Encode())})
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.ContentLength = -1 // not declared beforehand
	b.do(r).wantStatus(http.StatusRequestEntityTooLarge)
}

func TestOnlyFormsAreTaken(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	for _, kind := range []string{"application/json", "application/xml", "text/plain", ""} {
		r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(`{"Email":"a@example.com"}`))
		r.Header.Set("Content-Type", kind)
		b.do(r).wantStatus(http.StatusUnsupportedMediaType)
	}
}

func TestForwardingHeadersCountOnlyFromATrustedProxy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		proxies []netip.Prefix
		want    string
	}{
		"nobody trusted":     {nil, "http 192.0.2.1"},
		"another trusted":    {[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, "http 192.0.2.1"},
		"this proxy trusted": {[]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, "https 203.0.113.9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, dbtest.SQLite(t), func(c *config.Config) { c.TrustedProxies = test.proxies })
			got := ""
			s.echo.GET("/ip", func(c echo.Context) error { got = c.Scheme() + " " + c.RealIP(); return c.NoContent(http.StatusOK) })
			r := httptest.NewRequest(http.MethodGet, "/ip", nil)
			r.Header.Set("X-Forwarded-For", "198.51.100.1, 203.0.113.9")
			r.Header.Set("X-Real-Ip", "198.51.100.2")
			r.Header.Set("X-Forwarded-Proto", "https")
			newBrowser(t, s).do(r)
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestEachErrorHasItsStatusAndPage(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	var log bytes.Buffer
	s.log = slog.New(slog.NewTextHandler(&log, nil))
	b := newBrowser(t, s)
	for path, test := range map[string]struct {
		err    error
		status int
	}{
		"/unknown":     {errors.New("secret cause"), http.StatusInternalServerError},
		"/unavailable": {fmt.Errorf("secret cause: %w", &db.UnavailableError{Reason: "x"}), http.StatusServiceUnavailable},
		"/busy":        {fmt.Errorf("secret cause: %w", auth.ErrBusy), http.StatusServiceUnavailable},
		"/wrapped":     {fmt.Errorf("secret cause: %w", echo.ErrNotFound), http.StatusNotFound},
		"/teapot":      {echo.NewHTTPError(http.StatusTeapot, "secret cause"), http.StatusTeapot},
	} {
		s.echo.GET(path, func(echo.Context) error { return test.err })
		answer := b.get(path).wantStatus(test.status)
		if strings.Contains(answer.body, "secret cause") {
			t.Errorf("%s shows the cause", path)
		}
		if test.status >= 500 {
			answer.wantText(answer.Header.Get("X-Request-Id"))
			if !strings.Contains(log.String(), "secret cause") {
				t.Errorf("%s: the cause isn't logged", path)
			}
		}
		if retry := answer.Header.Get("Retry-After"); (retry != "") != (test.status == http.StatusServiceUnavailable) {
			t.Errorf("%s: Retry-After %q", path, retry)
		}
		log.Reset()
	}

	s.echo.GET("/panic", func(echo.Context) error { panic("secret cause") })
	b.get("/panic").wantStatus(http.StatusInternalServerError).wantText("Something went wrong on our side")
	if !strings.Contains(log.String(), "secret cause") || !strings.Contains(log.String(), "errors_test.go") {
		t.Errorf("the panic's stack isn't logged: %s", log.String())
	}
}

// TestEveryErrorPageRendersWithoutADatabase and says what to do next.
func TestEveryErrorPageRendersWithoutADatabase(t *testing.T) {
	t.Parallel()
	d, err := db.Open("sqlite:"+t.TempDir()+"/never-connected.db", "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	s := newServer(t, d)
	silence(s)
	b := newBrowser(t, s)
	b.cookies["portal_session"] = "leads-nowhere"
	for _, status := range []int{400, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503} {
		path := fmt.Sprintf("/fails-with/%d", status)
		s.echo.GET(path, func(echo.Context) error { return echo.NewHTTPError(status) })
		answer := b.get(path).wantStatus(status)
		message := messages[status]
		answer.wantText(message[0], message[1], "To the start page", "Request "+answer.Header.Get("X-Request-Id"))
		if retry := strings.Contains(answer.text(), "Try again "); retry != (status >= 500 || status == 429) {
			t.Errorf("%d: a button to try again: %v", status, retry)
		}
	}
	b.get("/fails-with/nothing").wantStatus(http.StatusNotFound).wantText("There is nothing here")
}

func TestAnUncommittedSessionIsAnError(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	silence(s)
	s.echo.GET("/forgetful", func(c echo.Context) error {
		session.From(c).Flash(session.Success, "lost")
		return nil
	})
	if cookies := newBrowser(t, s).get("/forgetful").wantStatus(http.StatusInternalServerError).Cookies(); len(cookies) > 0 {
		t.Errorf("got %v", cookies)
	}
}

func TestASessionThatCantBeSavedIsAnErrorPage(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t)
	s := newServer(t, d, func(c *config.Config) { c.SessionStore = config.Postgres })
	silence(s)
	b := newBrowser(t, s)
	if _, err := d.Pool().ExecContext(t.Context(), "ALTER TABLE http_sessions ADD CHECK (false) NOT VALID"); err != nil {
		t.Fatal(err)
	}
	answer := b.join(adaEmail, "Ada", adaPassword)
	answer.wantStatus(http.StatusInternalServerError).wantText("Something went wrong on our side")
	if len(answer.Cookies()) > 0 || strings.Count(answer.body, "<html") != 1 {
		t.Errorf("got %v, %s", answer.Cookies(), answer.body)
	}
}

func TestARequestThatNobodyWaitsForIsNoSuccess(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	b.register(adaEmail)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.do(httptest.NewRequestWithContext(ctx, http.MethodGet, "/dashboard", nil)).wantStatus(statusClientGone)
}

func TestALongAddressIsNotCarriedAlong(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	b.get("/dashboard?" + strings.Repeat("%25", maxNext)).wantRedirect("/login?next=%2Fdashboard")
}

func TestRoutesCanBeListedWithoutSettings(t *testing.T) {
	t.Parallel()
	routes, err := Routes()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(routes, Route{"GET", "/dashboard", "signed in", "showDashboard"}) {
		t.Errorf("got %v", routes)
	}
}
