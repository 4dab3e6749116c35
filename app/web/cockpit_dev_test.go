//go:build dev

package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/mail"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// newDeveloper returns the browser of somebody who develops a portal on d.
func newDeveloper(t *testing.T, d *db.DB) (*browser, *Server) {
	t.Helper()
	s := newServer(t, d, func(c *config.Config) {
		c.Env = config.Development
		if d.Postgres() {
			c.SessionStore = config.Postgres
		}
	})
	b := newBrowser(t, s)
	b.host, b.ip = "localhost:8080", "127.0.0.1"
	return b, s
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: it never came", what)
		}
	}
}

// rollBack takes back the migration of notes, and those after it.
func rollBack(t *testing.T, d *db.DB) {
	t.Helper()
	for name := ""; name != "00005_notes.sql"; {
		var err error
		if name, err = d.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func pending(t *testing.T, d *db.DB) int {
	t.Helper()
	names, err := d.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

func TestTheCockpitLeadsToItsPages(t *testing.T) {
	t.Parallel()
	b, s := newDeveloper(t, dbtest.SQLite(t))
	overview := b.get("/_dev").wantStatus(http.StatusOK).wantText("applied")
	links := 0
	for n := range overview.parse().Descendants() {
		if path := attr(n, "href"); n.Data == "a" && strings.HasPrefix(path, "/_dev/") {
			b.get(path).wantStatus(http.StatusOK).wantHarmless()
			links++
		}
	}
	if links != 6 {
		t.Errorf("it leads to %d pages", links)
	}
	routes := b.get("/_dev/routes")
	for _, r := range s.routes {
		routes.wantText(r.Path, r.Handler)
	}
	if style := b.get("/_dev/cockpit.css").wantStatus(http.StatusOK); style.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Error(style.Header)
	}
}

func TestAHandlersLineIsALink(t *testing.T) {
	t.Parallel()
	_, s := newDeveloper(t, dbtest.SQLite(t))
	c := &cockpit{Server: s, dir: "../..", getenv: func(string) string { return "" }}
	s.echo.GET("/test/routes", c.listRoutes)
	page := newBrowser(t, s).get("/test/routes").wantStatus(http.StatusOK)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for n := range page.parse().Descendants() {
		if n.Data == "a" && textOf(n) == "showHome" {
			if href := attr(n, "href"); !strings.HasPrefix(href, "vscode://file"+root+"/app/web/home.go:") {
				t.Errorf("got %s", href)
			}
			return
		}
	}
	t.Error("showHome is no link")
}

func TestTheCockpitIsInDevelopmentOnly(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	all, err := Routes()
	if err != nil {
		t.Fatal(err)
	}
	for _, env := range []string{config.Production, config.Test} {
		b := newBrowser(t, newServer(t, d, func(c *config.Config) { c.Env = env }))
		b.host = "localhost"
		for _, r := range all {
			if strings.HasPrefix(r.Path, "/_dev") && r.Handler != "showDesign" {
				b.send(r.Method, r.Path, url.Values{}).wantStatus(http.StatusNotFound)
			}
		}
	}
}

func TestStatementsOfRequestsAreShown(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, s := newDeveloper(t, d)
		s.echo.GET("/test/each", func(c echo.Context) error {
			for range 3 {
				if _, err := d.GetCredentials(c.Request().Context(), "a person's address"); err == nil {
					return errors.New("there is nobody yet")
				}
			}
			return c.NoContent(http.StatusTeapot)
		})
		s.echo.GET("/test/broken", func(c echo.Context) error {
			d.Pool().ExecContext(c.Request().Context(), "SELEKT 1")
			return c.NoContent(http.StatusOK)
		})
		b.get("/test/each")
		b.get("/test/broken")
		b.get("/_dev/sql")
		b.get("/static/css/app.css")

		page := b.get("/_dev/sql").wantText("GET /test/each repeated 418", "3 statements", "GetCredentials 3 times", "FROM users", "GET /test/broken failed 200", "SELEKT 1", "1 statement")
		if text := page.text(); strings.Contains(text, "/static/") || strings.Contains(text, "GET /_dev") || strings.Contains(text, "a person's address") {
			t.Error(text)
		}
		b.get("/_dev").wantText("2 requests 1 with repeated statements")

		for range maxRequests + 10 {
			b.get("/robots.txt")
		}
		if page := b.get("/_dev/sql"); strings.Contains(page.body, "/test/each") || strings.Count(page.body, "/robots.txt") != maxRequests {
			t.Error("more than the latest requests are kept, or fewer")
		}
	})
}

func TestSettingsAreShownWithTheirSourceAndWithoutSecrets(t *testing.T) {
	t.Parallel()
	_, s := newDeveloper(t, dbtest.SQLite(t))
	dir := t.TempDir()
	secrets := []string{"a-secret-of-thirty-two-bytes-or-more", "another-secret-of-thirty-two-bytes", "hunter2", "correct%20horse", "battery"}
	dotenv := "APP_NAME=From the file\nMIGRATE_DATABASE_URL=postgres://u@h/d?sslmode=disable&password=battery\nSESSION_SECRET=" + secrets[0] + "," + secrets[1] + "\n"
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte(dotenv), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"APP_ENV": config.Development, "DATABASE_URL": "postgres://portal:hunter2@db.example.com/portal", "LOG_LEVEL": "debug"}
	c := &cockpit{Server: s, dir: dir, getenv: func(name string) string { return env[name] }}
	s.echo.GET("/test/settings", c.listSettings)
	b := newBrowser(t, s)
	page := b.get("/test/settings").wantText(
		"APP_NAME From the file .env", "DATABASE_URL postgres://portal:xxxxx@db.example.com/portal environment", "sslmode=disable",
		"LOG_LEVEL debug environment", "SESSION_SECRET •••••", "SESSION_IDLE_TIMEOUT 168h0m0s default", "ADDR 127.0.0.1:8080 default")

	env["DATABASE_URL"] = "postgres://portal:correct%20horse@h:port/portal" // a port that is none
	again := b.get("/test/settings")
	env["SESSION_SECRET"] = secrets[1]
	env["DATABASE_URL"] = "postgres://portal:hunter2%zz@h/portal"
	if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
		t.Error("showing the settings has made a secret")
	}
	for _, page := range []*response{page, again, b.get("/test/settings")} {
		for _, secret := range secrets {
			if strings.Contains(page.body, secret) {
				t.Errorf("%q is shown:\n%s", secret, page.text())
			}
		}
	}
}

func TestAPendingMigrationIsAPageUntilItIsApplied(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, s := newDeveloper(t, d)
		developer := signedInAs(t, s, adaEmail, db.RoleMember)
		developer.host, developer.ip = b.host, b.ip
		rollBack(t, d)
		d.HoldMigrations()
		dbtest.Watch(t, d, io.Discard)
		eventually(t, "the migration waits", d.Waiting)

		for _, page := range []string{"/", "/notes?q=a", "/login", "/nope"} {
			answer := developer.get(page).wantStatus(http.StatusServiceUnavailable).wantText("A migration waits", "00006_outbox.sql", "CREATE TABLE outbox")
			values, ok := formValues(answer.parse(), "/_dev/migrations/apply")
			if !ok || values.Get("next") != page {
				t.Errorf("%s: %v", page, values)
			}
		}
		// A form that is sent meanwhile leads back to where it was.
		answer := developer.sendFrom("/notes/new", http.MethodPost, "/notes", url.Values{"title": {"A note"}}).wantStatus(http.StatusServiceUnavailable)
		if values, _ := formValues(answer.parse(), "/_dev/migrations/apply"); values.Get("next") != "/notes/new" {
			t.Errorf("got %v", values)
		}
		b.get("/_dev").wantText("4 applied", fmt.Sprint(pending(t, d), " pending"), "Mail can’t be read")
		b.get("/static/css/app.css").wantStatus(http.StatusOK)
		plain := httptest.NewRequest(http.MethodGet, "/readyz", nil)
		plain.Header.Set("Accept", "application/json")
		b.do(plain).wantStatus(http.StatusServiceUnavailable).wantText(fmt.Sprint(pending(t, d), " migrations are pending"))

		developer.post("/_dev/migrations/apply", url.Values{"next": {"/notes?q=a"}}).wantRedirect("/notes?q=a")
		developer.get("/notes?q=a").wantStatus(http.StatusOK).wantText("The migrations are applied.")
		developer.post("/_dev/migrations/apply", url.Values{"next": {"//evil.example"}}).wantRedirect("/_dev/migrations")
	})
}

func TestMigrationsWaitInTheDevelopmentLoop(t *testing.T) {
	t.Parallel()
	for _, loop := range []string{"", "1"} {
		d := dbtest.SQLite(t)
		_, s := newDeveloper(t, d)
		env := map[string]string{"PORTAL_DEV_LOOP": loop}
		if err := s.addCockpit(func(name string) string { return env[name] }, "."); err != nil {
			t.Fatal(err)
		}
		rollBack(t, d)
		d.Connect(t.Context(), true)
		if waits := pending(t, d) > 0; waits != (loop != "") {
			t.Errorf("PORTAL_DEV_LOOP=%s: waits is %v", loop, waits)
		}
	}
}

func TestAMigrationThatFailsIsShownWithItsLine(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, _ := newDeveloper(t, d)
		rollBack(t, d)
		pool := d.Pool() // of now, when it isn't down
		if _, err := pool.ExecContext(t.Context(), "CREATE INDEX outbox_waiting_idx ON users (name)"); err != nil {
			t.Fatal(err)
		}
		d.HoldMigrations()
		dbtest.Watch(t, d, io.Discard)
		eventually(t, "the migration waits", d.Waiting)

		failed := b.submit("/_dev/migrations", "/_dev/migrations/apply").wantStatus(http.StatusUnprocessableEntity)
		file, text, _ := d.Source("00006_outbox.sql")
		before, _, _ := strings.Cut(text, "CREATE INDEX outbox_waiting_idx")
		failed.wantText("That didn’t work", "outbox_waiting_idx", fmt.Sprint(file, ":", 1+strings.Count(before, "\n")))
		if _, ok := formValues(failed.parse(), "/_dev/migrations/apply"); !ok {
			t.Error("it can't be tried again")
		}
		b.get("/").wantStatus(http.StatusServiceUnavailable).wantText("A migration waits")
		if _, err := pool.ExecContext(t.Context(), "DROP INDEX outbox_waiting_idx"); err != nil {
			t.Fatal(err)
		}
		b.submit("/_dev/migrations", "/_dev/migrations/apply").wantRedirect("/_dev/migrations")
		b.get("/").wantStatus(http.StatusOK)
	})
}

func TestAMigrationThatFailsOnAFreshDatabaseIsAPage(t *testing.T) {
	t.Parallel()
	d, err := db.Open("sqlite:"+filepath.Join(t.TempDir(), "portal.db"), "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Connect(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	pool := d.Pool()
	if _, err := pool.ExecContext(t.Context(), "DELETE FROM goose_db_version WHERE version_id > 0"); err != nil {
		t.Fatal(err)
	}
	b, _ := newDeveloper(t, d)
	dbtest.Watch(t, d, io.Discard)
	eventually(t, "it fails", d.Waiting)
	b.get("/").wantStatus(http.StatusServiceUnavailable).wantText("users", "already exists", "db/migrations/sqlite/00001_users.sql")
}

func TestMigrationsAreTakenBackAndTheDatabaseIsReset(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, s := newDeveloper(t, d)
		member := signedInAs(t, s, adaEmail, db.RoleMember)
		member.host = b.host
		longAgo := db.Now().AddDate(-20, 0, 0)
		if _, err := d.AddMessage(t.Context(), db.AddMessageParams{Kind: "news", Recipient: "a@example.com", Now: longAgo, UselessAt: &longAgo, DueAt: &longAgo}); err != nil { // a column of the last one
			t.Fatal(err)
		}

		const page = "/_dev/migrations"
		b.submit(page, "/_dev/migrations/redo").wantRedirect(page)
		b.get(page).wantText("taken back and applied again")
		var left int
		if err := d.Pool().QueryRowContext(t.Context(), "SELECT count(*) FROM outbox WHERE useless_at = $1", longAgo).Scan(&left); err != nil || left != 0 {
			t.Errorf("the column is as it was, %v", err)
		}
		member.get("/notes").wantStatus(http.StatusOK)

		b.submit(page, "/_dev/migrations/back").wantRedirect(page)
		b.get(page).wantText("Pages wait", "Pending 00010_newest_links.sql")
		member.get("/notes").wantStatus(http.StatusServiceUnavailable)
		b.submit(page, "/_dev/migrations/apply").wantRedirect(page)
		member.get("/notes").wantStatus(http.StatusOK)

		b.get(page).wantText("Reset the database")
		b.get("/_dev/migrations/reset").wantText("Everything in", d.Where())
		member.wantUser(true) // asking has done nothing
		b.submit("/_dev/migrations/reset", "/_dev/migrations/reset").wantRedirect(page)
		member.wantUser(false)
		if n := pending(t, d); n != 0 {
			t.Errorf("%d are pending", n)
		}
	})
}

func TestWhatDestroysDataIsNotOfferedForADatabaseElsewhere(t *testing.T) {
	t.Parallel()
	d, err := db.Open("postgres://portal:hunter2@192.0.2.1/portal?connect_timeout=1", "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	b, _ := newDeveloper(t, d)
	page := b.get("/_dev/migrations/reset").wantStatus(http.StatusOK).wantText("192.0.2.1, which is not this machine")
	if _, ok := formValues(page.parse(), "/_dev/migrations/reset"); ok || strings.Contains(page.body, "hunter2") {
		t.Error(page.text())
	}
	for _, action := range []string{"back", "redo", "reset"} {
		b.post("/_dev/migrations/"+action, url.Values{}).wantStatus(http.StatusForbidden)
	}
}

// addMail adds a message with something of everything, and returns its path in the
// mailbox.
func addMail(t *testing.T, s *Server, to string) string {
	t.Helper()
	err := s.outbox.Add(t.Context(), s.db.Queries, mail.Message{
		Kind: "test", To: to, Subject: "A <b>test</b>", Preview: "Behind it", Paragraphs: []string{"<script>alert(1)</script>"},
		Action: mail.Action{Label: "Sign in", Path: "/login?next=%2Fnotes&x=1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.db.ListMessages(t.Context(), db.ListMessagesParams{MaxRows: 1})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint("/_dev/mail/", list[0].ID)
}

func TestTheMailboxShowsEveryMessage(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, s := newDeveloper(t, d)
		b.get("/_dev/mail").wantStatus(http.StatusOK).wantText("No messages yet", "SMTP_URL is not set")
		path := addMail(t, s, "ada@example.com")
		b.get("/_dev/mail").wantText("A <b>test</b>", "test, to ada@example.com").wantHarmless()
		page := b.get(path).wantStatus(http.StatusOK).wantHarmless().wantText("To ada@example.com", "State delivered", "<script>alert(1)</script>")
		link, frame := "", ""
		for n := range page.parse().Descendants() {
			if n.Data == "a" && strings.HasPrefix(attr(n, "href"), s.cfg.BaseURL+"/login") {
				link = strings.TrimPrefix(attr(n, "href"), s.cfg.BaseURL)
			}
			if n.Data == "iframe" {
				frame = attr(n, "src")
				if sandbox := attr(n, "sandbox"); strings.Contains(sandbox, "script") || strings.Contains(sandbox, "same-origin") || strings.Contains(sandbox, "top-navigation") {
					t.Errorf("the frame may %s", sandbox)
				}
			}
		}
		if link != "/login?next=%2Fnotes&x=1" || frame != path+"/html" {
			t.Errorf("the link leads to %q, the frame to %q", link, frame)
		}
		b.get(link).wantStatus(http.StatusOK)
		html := b.get(frame).wantStatus(http.StatusOK).wantText("A <b>test</b>", "<script>alert(1)</script>", "Sign in")
		if policy := html.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'") || !strings.Contains(policy, "sandbox") || strings.Contains(html.body, "<script") {
			t.Errorf("%s\n%s", policy, html.body)
		}
		b.get("/_dev/mail/4711").wantStatus(http.StatusNotFound)
		b.get("/_dev/mail/x/html").wantStatus(http.StatusNotFound)
	})
}

// TestAHostilePageCannotUseTheCockpit has a developer visit another site, which
// knows where portals are developed.
func TestAHostilePageCannotUseTheCockpit(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	b, s := newDeveloper(t, d)
	signedInAs(t, s, adaEmail, db.RoleMember)
	rollBack(t, d)
	waiting := pending(t, d)
	for name, attack := range map[string]struct {
		host, header, value string
		status              int
	}{
		"from its own name":                        {"localhost:8080", "Sec-Fetch-Site", "cross-site", http.StatusForbidden},
		"from another port of this machine":        {"localhost:8080", "Sec-Fetch-Site", "same-site", http.StatusForbidden},
		"from its own name, in an old browser":     {"localhost:8080", "Origin", "http://evil.example", http.StatusForbidden},
		"from a sandboxed frame":                   {"localhost:8080", "Origin", "null", http.StatusForbidden},
		"from its name, which leads here now":      {"evil.example:8080", "Sec-Fetch-Site", "same-origin", http.StatusMisdirectedRequest},
		"the same, in an old browser":              {"evil.example:8080", "Origin", "http://evil.example:8080", http.StatusMisdirectedRequest},
		"from a name that begins as ours":          {"localhost.evil.example", "Sec-Fetch-Site", "same-origin", http.StatusMisdirectedRequest},
		"from a name that looks like an address":   {"127.0.0.1.evil.example", "Sec-Fetch-Site", "same-origin", http.StatusMisdirectedRequest},
		"from a name that ends as ours, not quite": {"evillocalhost", "Sec-Fetch-Site", "same-origin", http.StatusMisdirectedRequest},
	} {
		for _, r := range s.routes {
			if !strings.HasPrefix(r.Path, "/_dev") || r.Method == http.MethodGet && attack.status == http.StatusForbidden {
				continue // that a page of another origin can't read what it gets is the browser's part
			}
			request := httptest.NewRequest(r.Method, r.Path, strings.NewReader(""))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set(attack.header, attack.value)
			request.Host = attack.host
			answer := b.do(request)
			if answer.StatusCode != attack.status || strings.Contains(answer.body, "00006_outbox") {
				t.Errorf("%s: %s %s: %d", name, r.Method, r.Path, answer.StatusCode)
			}
		}
	}
	users, err := d.ListUsers(t.Context())
	if err != nil || len(users) != 1 || pending(t, d) != waiting {
		t.Errorf("%d people, %d pending, %v", len(users), pending(t, d), err)
	}
}

// TestOnlyThisMachineChangesTheDatabase, while others on its network may look at
// the portal.
func TestOnlyThisMachineChangesTheDatabase(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	b, s := newDeveloper(t, d)
	signedInAs(t, s, adaEmail, db.RoleMember)
	rollBack(t, d)
	waiting := pending(t, d)
	b.host, b.ip = "192.168.1.7:8080", "192.168.1.20"
	post := func(path string) *response {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("next=/"))
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(192, 168, 1, 7), Port: 8080}))
		r.Host = b.host
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		return b.do(r)
	}
	for _, r := range s.routes {
		if r.Method == http.MethodPost && strings.HasPrefix(r.Path, "/_dev/") {
			post(r.Path).wantStatus(http.StatusForbidden).wantText("on the machine")
		}
	}
	b.get("/_dev/migrations").wantStatus(http.StatusOK)
	users, err := d.ListUsers(t.Context())
	if err != nil || len(users) != 1 || pending(t, d) != waiting {
		t.Errorf("%d people, %d pending, %v", len(users), pending(t, d), err)
	}

	b.ip = "192.168.1.7" // the machine itself, which calls itself by its address in the network
	post("/_dev/migrations/apply").wantStatus(http.StatusSeeOther)
}
