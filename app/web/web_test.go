package web

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/labstack/echo/v4"
	"golang.org/x/net/html"

	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// newServer returns a portal on d. change, if given, changes the settings.
func newServer(t *testing.T, d *db.DB, change ...func(*config.Config)) *Server {
	t.Helper()
	cfg := config.Config{
		Env: config.Test, AppName: "Meadow", BaseURL: "http://localhost:8080", Registration: config.Open, MailFrom: netmail.Address{Name: "Meadow", Address: "noreply@localhost"},
		SessionStore: config.Filesystem, SessionDir: t.TempDir(),
		SessionSecrets:  []string{"a secret for tests, of 32 bytes and more"},
		SessionIdle:     7 * 24 * time.Hour,
		SessionAbsolute: 30 * 24 * time.Hour,
	}
	for _, f := range change {
		f(&cfg)
	}
	s, err := New(cfg, slog.New(&failOnError{t: t}), d)
	if err != nil {
		t.Fatal(err)
	}
	s.hasher = auth.NewHasher(cheap)
	s.echo.POST(signInPath, s.signInForTest)
	return s
}

// signInPath is where tests sign in without a form.
const signInPath = "/test/sign-in"

func (s *Server) signInForTest(c echo.Context) error {
	id, err := strconv.ParseInt(c.FormValue("id"), 10, 64)
	if err != nil {
		return err
	}
	if err := session.From(c).SignIn(id, adaHash()); err != nil {
		return err
	}
	return s.redirect(c, "/dashboard")
}

// cheap has passwords hashed in no time.
var cheap = argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

var adaHash = sync.OnceValue(func() string {
	hash, err := argon2id.CreateHash(adaPassword, &cheap)
	if err != nil {
		panic(err)
	}
	return hash
})

// signedInMember adds a member and returns the browser in which they are signed
// in.
func signedInMember(t *testing.T, s *Server, email string) *browser {
	t.Helper()
	return signedInAs(t, s, email, db.RoleMember)
}

// signedInAs does so with any role.
func signedInAs(t *testing.T, s *Server, email, role string) *browser {
	t.Helper()
	id, err := s.db.CreateUser(t.Context(), db.CreateUserParams{Email: email, Name: "Ada Lovelace", PasswordHash: adaHash(), Role: role, Now: db.Now()})
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, s)
	b.post(signInPath, url.Values{"id": {strconv.FormatInt(id, 10)}}).wantRedirect("/dashboard")
	return b
}

// failOnError is a log in which an error fails the test: no request may end in
// one unless the test silences the log.
type failOnError struct {
	slog.Handler
	t *testing.T
}

func (h *failOnError) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelError
}

func (h *failOnError) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool { text += fmt.Sprintf(" %s", a); return true })
	h.t.Errorf("logged: %s", text)
	return nil
}

// silence lets a server log errors that the test provokes.
func silence(s *Server) { s.log = slog.New(slog.DiscardHandler) }

// browser keeps cookies and sends the headers that a browser sends. It doesn't
// follow redirects.
type browser struct {
	t       *testing.T
	handler http.Handler
	cookies map[string]string
	ip      string
	host    string // "" is httptest's
}

func newBrowser(t *testing.T, h http.Handler) *browser {
	return &browser{t: t, handler: h, cookies: map[string]string{}, ip: "192.0.2.1"}
}

// clone returns a browser with the same cookies, as a thief would have who
// copied them.
func (b *browser) clone() *browser {
	c := *b
	c.cookies = maps.Clone(b.cookies)
	return &c
}

type response struct {
	t *testing.T
	*http.Response
	body string
}

func (b *browser) do(r *http.Request) *response {
	b.t.Helper()
	r.RemoteAddr = b.ip + ":1234"
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	}
	for _, name := range slices.Sorted(maps.Keys(b.cookies)) {
		r.AddCookie(&http.Cookie{Name: name, Value: b.cookies[name]})
	}
	recorder := httptest.NewRecorder()
	b.handler.ServeHTTP(recorder, r)
	result := recorder.Result()
	for _, cookie := range result.Cookies() {
		b.wantGuarded(cookie)
		if cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
		} else {
			b.cookies[cookie.Name] = cookie.Value
		}
	}
	body, err := io.ReadAll(result.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return &response{b.t, result, string(body)}
}

// wantGuarded checks what every cookie must have, whoever sets it (ASVS 3.3).
func (b *browser) wantGuarded(cookie *http.Cookie) {
	b.t.Helper()
	s, ok := b.handler.(*Server)
	secure := ok && s.cfg.Production()
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Domain != "" ||
		secure && (!cookie.Secure || !strings.HasPrefix(cookie.Name, "__Host-")) {
		b.t.Errorf("a cookie that isn't guarded: %s", cookie.Raw)
	}
}

func (b *browser) get(path string) *response {
	b.t.Helper()
	return b.send(http.MethodGet, path, nil)
}

func (b *browser) post(path string, fields url.Values) *response {
	b.t.Helper()
	return b.send(http.MethodPost, path, fields)
}

// send sends a request as a page of the portal would, with a form but for GET.
func (b *browser) send(method, path string, fields url.Values) *response {
	b.t.Helper()
	return b.sendFrom("", method, path, fields)
}

// sendFrom sends the request from a page of the portal, "" for no page.
func (b *browser) sendFrom(page, method, path string, fields url.Values) *response {
	b.t.Helper()
	r := httptest.NewRequest(method, path, nil)
	if method != http.MethodGet {
		r = httptest.NewRequest(method, path, strings.NewReader(fields.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Host = cmp.Or(b.host, r.Host)
	if page != "" {
		r.Header.Set("Referer", "http://"+r.Host+page)
	}
	return b.do(r)
}

// submit opens a page, finds the form that is sent to action, fills the fields
// in (name, value, name, value …) and sends it. A form or field that isn't
// there fails the test.
func (b *browser) submit(page, action string, fields ...string) *response {
	b.t.Helper()
	opened := b.get(page)
	opened.wantStatus(http.StatusOK)
	values, ok := formValues(opened.parse(), action)
	if !ok {
		b.t.Fatalf("%s has no form for %s", page, action)
	}
	for i := 0; i < len(fields); i += 2 {
		if _, ok := values[fields[i]]; !ok {
			b.t.Fatalf("the form for %s on %s has no field %q", action, page, fields[i])
		}
		values.Set(fields[i], fields[i+1])
	}
	return b.sendFrom(page, http.MethodPost, action, values)
}

func (r *response) parse() *html.Node {
	r.t.Helper()
	doc, err := html.Parse(strings.NewReader(r.body))
	if err != nil {
		r.t.Fatal(err)
	}
	return doc
}

// formValues returns the names and values of a form's fields.
func formValues(doc *html.Node, action string) (url.Values, bool) {
	for n := range doc.Descendants() {
		if n.Data != "form" || attr(n, "action") != action || attr(n, "method") != "post" {
			continue
		}
		values := url.Values{}
		for field := range n.Descendants() {
			switch name := attr(field, "name"); {
			case name == "" || field.Data == "button":
			case field.Data == "textarea":
				values.Set(name, textOf(field))
			case field.Data == "select":
				values.Set(name, "")
				for option := range field.Descendants() {
					if has(option, "selected") {
						values.Set(name, attr(option, "value"))
					}
				}
			case attr(field, "type") == "checkbox" && !has(field, "checked"):
				values.Set(name, "")
			default:
				values.Set(name, attr(field, "value"))
			}
		}
		return values, true
	}
	return nil, false
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

func textOf(n *html.Node) string {
	var text strings.Builder
	for child := range n.Descendants() {
		if child.Type == html.TextNode {
			text.WriteString(child.Data)
		}
	}
	return text.String()
}

// rowHeadings lists what the rows of a list are headed by.
func rowHeadings(r *response) []string {
	var list []string
	for n := range r.wantStatus(http.StatusOK).parse().Descendants() {
		if n.Data == "th" && attr(n, "scope") == "row" {
			list = append(list, strings.Join(strings.Fields(textOf(n)), " "))
		}
	}
	return list
}

// titles lists the first word of each row.
func titles(r *response) []string {
	var list []string
	for _, heading := range rowHeadings(r) {
		list = append(list, strings.Fields(heading)[0])
	}
	return list
}

// text returns what a person reads on the page, with single spaces.
func (r *response) text() string {
	var words []string
	for n := range r.parse().Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "script" {
			words = append(words, strings.Fields(n.Data)...)
		}
	}
	return strings.Join(words, " ")
}

func (r *response) wantStatus(status int) *response {
	r.t.Helper()
	if r.StatusCode != status {
		r.t.Fatalf("status %d, want %d: %s", r.StatusCode, status, r.text())
	}
	return r
}

func (r *response) wantRedirect(path string) *response {
	r.t.Helper()
	r.wantStatus(http.StatusSeeOther)
	if got := r.Header.Get("Location"); got != path {
		r.t.Fatalf("redirected to %s, want %s", got, path)
	}
	return r
}

func (r *response) wantText(parts ...string) *response {
	r.t.Helper()
	for _, part := range parts {
		if text := r.text(); !strings.Contains(text, part) {
			r.t.Fatalf("want %q in: %s", part, text)
		}
	}
	return r
}

// wantFieldError checks that the field has this error, and is tied to it for
// people who can't see.
func (r *response) wantFieldError(field, message string) *response {
	r.t.Helper()
	r.wantStatus(http.StatusUnprocessableEntity)
	described := map[string]string{}
	var input *html.Node
	for n := range r.parse().Descendants() {
		if id := attr(n, "id"); id != "" {
			described[id] = textOf(n)
		}
		if (n.Data == "input" || n.Data == "textarea" || n.Data == "select") && attr(n, "name") == field {
			input = n
		}
	}
	if input == nil || attr(input, "aria-invalid") != "true" {
		r.t.Fatalf("field %q isn't marked as wrong: %s", field, r.text())
	}
	for id := range strings.FieldsSeq(attr(input, "aria-describedby")) {
		if strings.Contains(described[id], message) {
			return r
		}
	}
	r.t.Fatalf("field %q isn't described by %q: %s", field, message, r.text())
	return r
}

// Ada is the person in the tests.
const (
	adaEmail    = "ada@example.com"
	adaPassword = "difference engine"
)

// register signs a new person up, and in.
func (b *browser) register(email string) {
	b.t.Helper()
	b.join(email, "Ada Lovelace", adaPassword).wantRedirect("/dashboard")
}

// join follows the link to register that is sent to an address, and sends the form
// behind it.
func (b *browser) join(email, name, password string) *response {
	b.t.Helper()
	return b.submit(b.registrationLink(email), "/register/confirm", "name", name, "password", password)
}

// registrationLink has the link sent and returns it. Where there is no mail it is
// as if it had been.
func (b *browser) registrationLink(email string) string {
	b.t.Helper()
	s := b.handler.(*Server)
	if s.outbox.On() {
		b.submit("/register", "/register", "email", email).wantStatus(http.StatusOK)
		return linkIn(b.t, lastMail(b.t, s.db, email))
	}
	path, err := links.New(b.t.Context(), s.db.Queries, links.Link{Purpose: links.Register, Email: email})
	if err != nil {
		b.t.Fatal(err)
	}
	return path
}

func (b *browser) login(email, password string) *response {
	b.t.Helper()
	return b.submit("/login", "/login", "email", email, "password", password)
}

// wantUser checks whether this browser is signed in.
func (b *browser) wantUser(signedIn bool) {
	b.t.Helper()
	if signedIn {
		b.get("/dashboard").wantStatus(http.StatusOK)
	} else {
		b.get("/dashboard").wantRedirect("/login?next=%2Fdashboard")
	}
}
