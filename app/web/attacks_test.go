package web

import (
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// attack is text that becomes markup, an attribute or a script wherever it
// isn't escaped for its place.
const attack = `"'><script>alert(1)</script><img src=x onerror=alert(1)>{{.User}}`

// wantHarmless checks that a page has no element or attribute that only an
// attack would bring.
func (r *response) wantHarmless() *response {
	r.t.Helper()
	for n := range r.parse().Descendants() {
		inline := n.Data == "script" && attr(n, "src") == ""
		for _, a := range n.Attr {
			inline = inline || strings.HasPrefix(a.Key, "on") ||
				(a.Key == "href" || a.Key == "src" || a.Key == "action") && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:")
		}
		if inline || n.Data == "img" {
			r.t.Errorf("the page has <%s %v>", n.Data, n.Attr)
		}
	}
	return r
}

func TestStoredMarkupIsText(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d, func(c *config.Config) { c.AppName = attack })
		b := signedInAs(t, s, adaEmail, db.RoleAdmin)
		b.submit("/account", "/account/profile", "name", attack).wantRedirect("/account")
		path := notePath(newNote(b, "title", attack, "body", attack, "due_on", "2020-01-01", "pinned", "yes"))
		shown := map[string]int{ // how often the page shows what is stored, at least
			"/": 2, "/dashboard": 4, "/account": 2, "/notes": 2, path: 3, path + "/edit": 3, path + "/delete": 2, "/admin/users": 2, "/_dev/design": 1, "/nope": 1,
		}
		for page, times := range shown {
			answer := b.get(page).wantHarmless()
			if n := strings.Count(answer.body, "alert(1)"); n < times {
				t.Errorf("%s shows it %d times, want %d", page, n, times)
			}
		}
		if manifest := b.get("/manifest.webmanifest"); strings.Contains(manifest.body, "<script>") {
			t.Errorf("the manifest has %s", manifest.body)
		}
	})
}

func TestReflectedMarkupIsText(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	b := signedInMember(t, s, adaEmail)
	newNote(b, "title", "one")
	value := url.QueryEscape(attack)
	for _, page := range []string{
		"/notes?q=" + value, "/notes?sort=" + value, "/notes?page=" + value, "/notes?pinned=" + value, "/notes?" + value + "=1",
		"/account/reauthenticate?next=/" + value, "/_dev/design?sort=" + value, "/nope/" + url.PathEscape(attack), "/notes/" + url.PathEscape(attack), "/?" + value,
	} {
		b.get(page).wantHarmless()
	}
	stranger := newBrowser(t, s)
	stranger.get("/login?next=/" + value).wantHarmless()
	stranger.post("/login", url.Values{"email": {attack}, "password": {attack}, "next": {"/" + attack}}).wantStatus(http.StatusUnprocessableEntity).wantHarmless()
	stranger.post("/register", url.Values{"email": {attack}}).wantStatus(http.StatusUnprocessableEntity).wantHarmless()
	stranger.post("/forgot-password", url.Values{"email": {attack}}).wantStatus(http.StatusUnprocessableEntity).wantHarmless()
	stranger.post("/register/confirm", url.Values{"token": {tokenOf(t, stranger.registrationLink("eve@example.com"))}, "password": {attack}, "name": {attack + strings.Repeat("x", 100)}}).wantStatus(http.StatusUnprocessableEntity).wantHarmless()
	stranger.get("/reset-password?token=" + value).wantStatus(http.StatusNotFound).wantHarmless()
	b.post("/notes", url.Values{"title": {attack + strings.Repeat("x", 200)}, "body": {attack}, "due_on": {attack}}).wantStatus(http.StatusUnprocessableEntity).wantHarmless()
	b.post("/account/profile", url.Values{"name": {attack + strings.Repeat("x", 100)}}).wantStatus(http.StatusUnprocessableEntity).wantHarmless()

	for _, header := range []string{"User-Agent", "Referer", "X-Forwarded-For", "X-Forwarded-Host", "X-Request-Id", "Accept-Language", "Cookie"} {
		r := httptest.NewRequest(http.MethodGet, "/nope", nil)
		r.Header.Set(header, attack)
		answer := stranger.do(r).wantStatus(http.StatusNotFound).wantHarmless()
		if strings.Contains(answer.body, "alert(1)") || strings.Contains(fmt.Sprint(answer.Header), "alert(1)") {
			t.Errorf("%s comes back", header)
		}
	}
	for _, accept := range []string{"application/json", "text/plain", "*/*"} {
		r := httptest.NewRequest(http.MethodGet, "/nope/"+url.PathEscape(attack), nil)
		r.Header.Set("Accept", accept)
		if answer := stranger.do(r); strings.Contains(answer.body, "alert(1)") {
			t.Errorf("as %s: %s", accept, answer.body)
		}
	}
}

// elsewhere are ways to name another site that look like a path, or don't.
var elsewhere = []string{
	"https://evil.example", "//evil.example", "///evil.example", `/\evil.example`, `\/evil.example`, `\\evil.example`,
	"/\t/evil.example", "/\n/evil.example", "\t//evil.example", "http:evil.example", "https:/evil.example", "javascript:alert(1)",
	"evil.example", "@evil.example", "/%5c\\evil.example", "http://[::1", "data:text/html,x", " //evil.example",
}

func TestNoRedirectLeadsElsewhere(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	member := signedInMember(t, s, adaEmail)
	for _, target := range elsewhere {
		query := "next=" + url.QueryEscape(target)
		stranger := newBrowser(t, s)
		member.get("/login?" + query).wantRedirect("/dashboard")
		form, _ := formValues(stranger.get("/login?"+query).parse(), "/login")
		if form.Get("next") != "/dashboard" {
			t.Errorf("the form keeps %q", form.Get("next"))
		}
		stranger.post("/theme", url.Values{"theme": {"dark"}, "next": {target}}).wantRedirect("/")
		stranger.post("/login", url.Values{"email": {adaEmail}, "password": {adaPassword}, "next": {target}}).wantRedirect("/dashboard")
		member.post("/account/reauthenticate", url.Values{"current_password": {adaPassword}, "next": {target}}).wantRedirect("/account")
	}
	for _, path := range []string{"//evil.example/dashboard", "/%2f/evil.example", "/%5cevil.example/"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path, r.URL.RawPath = "/"+strings.TrimPrefix(path, "/"), path
		if to := newBrowser(t, s).do(r).Header.Get("Location"); to != "" {
			t.Errorf("%s leads to %s", path, to)
		}
	}
}

func TestHeadersCantBeInjected(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	member := signedInMember(t, s, adaEmail)
	injected := "/x\r\nSet-Cookie: portal_session=mine\r\nLocation: https://evil.example\r\n\r\n<script>"
	for name, answer := range map[string]*response{
		"sign-in":  newBrowser(t, s).post("/login", url.Values{"email": {adaEmail}, "password": {adaPassword}, "next": {injected}}),
		"theme":    member.post("/theme", url.Values{"theme": {"dark"}, "next": {injected}}),
		"a theme":  member.post("/theme", url.Values{"theme": {"dark\r\nX-Injected: yes"}}),
		"an id":    member.get("/notes/" + url.PathEscape(injected)),
		"a search": member.get("/notes?q=" + url.QueryEscape(injected)),
	} {
		for header, values := range answer.Header {
			for _, value := range values {
				if strings.ContainsAny(value, "\r\n") || strings.Contains(value, "mine") || strings.Contains(value, "evil") || header == "X-Injected" {
					t.Errorf("%s: %s: %q", name, header, value)
				}
			}
		}
	}
}

func TestAHostThatIsSentIsNeverUsed(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	for _, path := range []string{"/", "/login", "/dashboard", "/nope", "/static", "/manifest.webmanifest", "/robots.txt"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = "evil.example"
		r.Header.Set("X-Forwarded-Host", "evil.example")
		answer := b.do(r)
		if text := answer.body + fmt.Sprint(answer.Header); strings.Contains(text, "evil.example") {
			t.Errorf("%s names the host", path)
		}
	}
}

func TestFormsOfAnotherSiteChangeNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	b := signedInMember(t, s, adaEmail)
	path := notePath(newNote(b, "title", "mine"))
	for _, route := range s.routes {
		if route.Method == http.MethodGet || route.Path == cspReportPath {
			continue
		}
		for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
			r := httptest.NewRequest(route.Method, strings.ReplaceAll(route.Path, "/notes/:id", path), strings.NewReader("title=theirs&name=theirs&theme=dark"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set(header[0], header[1])
			b.do(r).wantStatus(http.StatusForbidden).wantText("came from another site")
		}
	}
	b.get(path).wantText("mine")
	b.wantUser(true)
}

func TestHugeAndDeepFormsAreRefused(t *testing.T) {
	t.Parallel()
	b := signedInMember(t, newServer(t, dbtest.SQLite(t)), adaEmail)
	send := func(kind, body string) int {
		r := httptest.NewRequest(http.MethodPost, "/account/profile", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		return b.do(r).StatusCode
	}
	const form = "application/x-www-form-urlencoded"
	for name, test := range map[string]struct {
		kind, body string
		status     int
	}{
		"a hundred thousand fields":      {form, strings.Repeat("a=1&", 100_000), http.StatusBadRequest},
		"names nested ten thousand deep": {form, "name" + strings.Repeat("[a]", 10_000) + "=x", http.StatusUnprocessableEntity},
		"a name of a megabyte":           {form, "name=" + strings.Repeat("x", maxBody), http.StatusRequestEntityTooLarge},
		"a name just below that":         {form, "name=" + strings.Repeat("x", maxBody-10), http.StatusUnprocessableEntity},
		"a broken escape":                {form, "name=%zz", http.StatusBadRequest},
		"ten thousand parts":             {"multipart/form-data; boundary=b", strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n", 10_000) + "--b--", http.StatusBadRequest},
		"a part that never ends":         {"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nx", http.StatusBadRequest},
		"no boundary":                    {"multipart/form-data", "x", http.StatusBadRequest},
		"a charset that isn't one":       {form + "; charset=\"", "name=x", http.StatusBadRequest},
	} {
		if status := send(test.kind, test.body); status != test.status {
			t.Errorf("%s: %d, want %d", name, status, test.status)
		}
	}
	if text := b.get("/dashboard").text(); strings.Contains(text, "xxx") {
		t.Errorf("the name has become %s", text)
	}
}

func TestNoAnswerIsAScript(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	b := signedInAs(t, s, adaEmail, db.RoleAdmin)
	id := newRow(b, "/admin/users/:id")
	for _, route := range s.routes {
		if route.Method != http.MethodGet {
			continue
		}
		path := strings.NewReplacer(":id", id, "*", "css/app.css").Replace(route.Path)
		for _, parameter := range []string{"callback", "jsonp", "cb"} {
			answer := b.get(path + "?" + parameter + "=stolen")
			if strings.Contains(answer.Header.Get("Content-Type"), "script") || strings.Contains(answer.body, "stolen(") {
				t.Errorf("%s: %s", path, answer.Header.Get("Content-Type"))
			}
		}
	}
}

func TestAFormWithAFileIsTakenWithoutIt(t *testing.T) {
	t.Parallel()
	b := signedInMember(t, newServer(t, dbtest.SQLite(t)), adaEmail)
	var body strings.Builder
	w := multipart.NewWriter(&body)
	w.WriteField("name", "with a file")
	file, _ := w.CreateFormFile("name", "../../title.html")
	file.Write([]byte("<script>"))
	w.Close()
	r := httptest.NewRequest(http.MethodPost, "/account/profile", strings.NewReader(body.String()))
	r.Header.Set("Content-Type", w.FormDataContentType())
	b.do(r).wantStatus(http.StatusSeeOther)
	b.get("/dashboard").wantText("with a file")
}

func TestPathTricksOnStaticFilesFindNothing(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	for _, path := range []string{
		"/static/../static/static.go", "/static/..%2fstatic.go", "/static/%2e%2e/%2e%2e/go.mod", "/static/css/..%2f..%2fstatic.go", "/static/css%2fapp.css%00.png",
		"/static//etc/passwd", "/static/%2fetc%2fpasswd", `/static/..\static.go`, "/static/..%5cstatic.go", "/static/css/app.css%20", "/static/css/app.css.", "/static/CSS/app.css",
		"/static/css/tokens.css", "/static/css/", "/static/css", "/static/js", "/static/.", "/static/..", "/static/css/app.000000000000.css", "/static/css/app..css", "/static/%c0%ae%c0%ae/static.go",
	} {
		answer := b.get(path).wantStatus(http.StatusNotFound)
		if strings.Contains(answer.body, "package ") || strings.Contains(answer.body, "root:") {
			t.Errorf("%s: %s", path, answer.body)
		}
	}
}

func TestTheThemeIsRememberedAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, env := range []string{config.Development, config.Production} {
		b := newBrowser(t, newServer(t, dbtest.SQLite(t), func(c *config.Config) { c.Env = env }))
		if !strings.Contains(b.get("/").body, `data-theme="system"`) {
			t.Error("at first it isn't the device's")
		}
		b.submit("/login?next=%2Faccount", "/theme").wantStatus(http.StatusBadRequest)
		form, _ := formValues(b.get("/login?next=%2Faccount").parse(), "/theme")
		form.Set("theme", "dark")
		answer := b.post("/theme", form).wantRedirect("/login?next=%2Faccount")
		cookie := answer.Header.Get("Set-Cookie")
		want := "portal_theme=dark; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"
		if env == config.Production {
			want = "__Host-portal_theme=dark; Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax"
		}
		if cookie != want {
			t.Errorf("%s: %s", env, cookie)
		}
		for _, page := range []string{"/", "/login", "/nope"} {
			if !strings.Contains(b.get(page).body, `<html lang="en" data-theme="dark">`) {
				t.Errorf("%s forgets it", page)
			}
		}
		for name := range b.cookies {
			b.cookies[name] = "neon'><script>"
		}
		if answer := b.get("/").wantHarmless(); !strings.Contains(answer.body, `data-theme="system"`) {
			t.Error("a cookie that was tampered with counts")
		}
		b.post("/theme", url.Values{"theme": {"neon"}}).wantStatus(http.StatusBadRequest)
	}
}
