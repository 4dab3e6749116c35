package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

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
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	b.register(adaEmail)
	for path, cache := range map[string]string{"/": "no-store", "/dashboard": "no-store", "/nope": "no-store", "/healthz": ""} {
		h := b.get(path).Header
		for name, want := range map[string]string{
			"Content-Security-Policy":      "default-src 'none'",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
			"Referrer-Policy":              "same-origin",
			"Reporting-Endpoints":          `csp="/csp-report"`,
			"X-Content-Type-Options":       "nosniff",
			"X-Request-Id":                 "",
			"Cache-Control":                cache,
		} {
			if got := h.Get(name); !strings.HasPrefix(got, want) || (got == "" && name != "Cache-Control") {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		policy := h.Get("Content-Security-Policy")
		for _, want := range []string{"frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'", "report-uri /csp-report"} {
			if !strings.Contains(policy, want) || strings.Contains(policy, "unsafe") {
				t.Errorf("%s: policy %s", path, policy)
			}
		}
	}
	if cache := newBrowser(t, b.handler).get("/").Header.Get("Cache-Control"); cache != "no-cache" {
		t.Errorf("a public page: Cache-Control %s", cache)
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
	send("application/csp-report", `{"csp-report":{"document-uri":"https://x/a","blocked-uri":"inline","effective-directive":"script-src"}}`)
	send("application/reports+json", `[{"type":"csp-violation","body":{"documentURL":"https://x/b","blockedURL":"https://evil.example","effectiveDirective":"img-src"}},{"type":"other"}]`)
	for _, want := range []string{"document=https://x/a blocked=inline directive=script-src", "document=https://x/b blocked=https://evil.example directive=img-src"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("want %s in %s", want, log.String())
		}
	}
	log.Reset()
	for range 100 {
		send("application/csp-report", `{"csp-report":{"document-uri":"`+strings.Repeat("x", 100)+`"}}`)
		send("text/plain", "garbage")
		send("application/csp-report", `{"csp-report":{"document-uri":"`+strings.Repeat("x", maxReport)+`"}}`)
	}
	if n := strings.Count(log.String(), "\n"); n == 0 || n > 20 {
		t.Errorf("%d lines in the log", n)
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
	answer := b.submit("/register", "/register", "name", "Ada", "email", adaEmail, "password", adaPassword)
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
