package web

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// TestTheDatabaseGoesAndComesBack stops and freezes a real server under people
// who are signed in, with each store.
func TestTheDatabaseGoesAndComesBack(t *testing.T) {
	t.Parallel()
	for _, store := range []string{config.Cookie, config.Filesystem, config.Postgres} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			server := dbtest.OwnServer(t)
			if err := server.Stop(); err != nil {
				t.Fatal(err)
			}
			d, err := db.Open(server.URL("postgres"), "")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { d.Close() })
			dbtest.Watch(t, d, io.Discard)
			s := newServer(t, d, func(c *config.Config) { c.SessionStore = store })
			silence(s)

			// It starts while the database is away.
			b := newBrowser(t, s)
			b.get("/").wantStatus(http.StatusOK)
			b.get("/login").wantStatus(http.StatusOK)
			b.get("/dashboard").wantRedirect("/login?next=%2Fdashboard") // no cookie: nobody, whatever the database says
			b.submit("/login", "/login", "email", adaEmail, "password", adaPassword).wantStatus(http.StatusServiceUnavailable)
			b.get("/healthz").wantStatus(http.StatusOK)
			waitFor(t, b, http.StatusServiceUnavailable, "the database cannot be reached")

			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			waitFor(t, b, http.StatusOK, "ready")
			b.register(adaEmail)
			b.wantUser(true)

			for name, fault := range map[string]struct{ begin, end func() error }{
				"stopped": {server.Stop, server.Start},
				"frozen":  {server.Freeze, server.Thaw},
			} {
				if err := fault.begin(); err != nil {
					t.Fatal(err)
				}
				for range 3 {
					start := time.Now()
					answer := b.get("/dashboard").wantStatus(http.StatusServiceUnavailable).wantText("We will be right back")
					if took := time.Since(start); took > 3*time.Second {
						t.Errorf("%s: took %s", name, took)
					}
					if answer.Header.Get("Retry-After") == "" || len(answer.Cookies()) > 0 {
						t.Errorf("%s: Retry-After %q, cookies %v", name, answer.Header.Get("Retry-After"), answer.Cookies())
					}
					b.get("/").wantStatus(http.StatusOK)
					b.post("/logout", nil).wantStatus(http.StatusServiceUnavailable)
				}
				waitFor(t, b, http.StatusServiceUnavailable, "the database")
				if err := fault.end(); err != nil {
					t.Fatal(err)
				}
				waitFor(t, b, http.StatusOK, "ready")
				b.wantUser(true)
			}
		})
	}
}

// waitFor asks /readyz until it answers so.
func waitFor(t *testing.T, b *browser, status int, text string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		answer := b.get("/readyz")
		if answer.StatusCode == status && strings.Contains(answer.body, text) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("readyz is %d: %s", answer.StatusCode, answer.body)
		}
	}
}

// TestTwoInstancesShareASession in production, behind a proxy that speaks TLS.
func TestTwoInstancesShareASession(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t)
	instance := func() *Server {
		return newServer(t, d, func(c *config.Config) { c.Env, c.SessionStore = config.Production, config.Postgres })
	}
	b := newBrowser(t, instance())
	b.register(adaEmail)
	b.handler = instance()
	b.wantUser(true)
	b.submit("/dashboard", "/logout").wantRedirect("/")
	b.handler = instance()
	b.wantUser(false)
}

// TestTwoPeoplesRowsCantBeSwapped is somebody who can write to the table of
// sessions and puts one person's data in another's row.
func TestTwoPeoplesRowsCantBeSwapped(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t)
	s := newServer(t, d, func(c *config.Config) { c.SessionStore = config.Postgres })
	ada, eve := newBrowser(t, s), newBrowser(t, s)
	ada.register(adaEmail)
	eve.register("eve@example.com")
	_, err := d.Pool().ExecContext(t.Context(), `UPDATE http_sessions SET data = other.data FROM http_sessions other WHERE other.id <> http_sessions.id`)
	if err != nil {
		t.Fatal(err)
	}
	ada.wantUser(false)
	eve.wantUser(false)
}
