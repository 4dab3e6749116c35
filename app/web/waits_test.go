package web

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// TestARequestWaitsForAHangingDatabaseOnce has the database hang at different
// moments of a request. Nobody watches it here, so each request finds that out
// by itself, and what comes after the first wait must not wait again.
func TestARequestWaitsForAHangingDatabaseOnce(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnServer(t)
	d := dbtest.Open(t, server.URL("postgres"))
	s := newServer(t, d, func(c *config.Config) { c.SessionStore = config.Postgres })
	silence(s)
	newBrowser(t, s).register(adaEmail)
	other, err := pgx.Connect(t.Context(), server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.Background())
	execute := func(query string) {
		t.Helper()
		if _, err := other.Exec(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}

	for _, ask := range []struct {
		what, path string
		form       url.Values
		lock       string // has the request wait in the middle when the database begins to hang
	}{
		{"a page", "/dashboard", nil, ""},
		{"a sign-in", "/login", url.Values{"email": {adaEmail}, "password": {adaPassword}}, ""},
		{"a sign-in in its transaction", "/login", url.Values{"email": {adaEmail}, "password": {adaPassword}}, "SELECT FROM users FOR UPDATE"},
		{"a registration", "/register", url.Values{"name": {"Eve"}, "email": {"eve@example.com"}, "password": {adaPassword}}, ""},
		{"a password given again", "/account/reauthenticate", url.Values{"current_password": {adaPassword}}, "SELECT FROM users FOR UPDATE"},
		{"a page that prolongs the session", "/dashboard", nil, "SELECT FROM user_sessions FOR UPDATE"},
		{"a note", "/notes", url.Values{"title": {"A note"}}, "LOCK TABLE notes"},
		{"a message that is kept", "/account/profile", url.Values{"name": {"Ada L."}}, "LOCK TABLE http_sessions IN SHARE MODE"},
	} {
		b := newBrowser(t, s)
		b.login(adaEmail, adaPassword)
		execute("UPDATE user_sessions SET last_seen_at = now() - interval '5 minutes'")
		took := make(chan time.Duration)
		begin := func() {
			go func() {
				begun := time.Now()
				if ask.form == nil {
					b.get(ask.path)
				} else if answer := b.post(ask.path, ask.form); answer.StatusCode != http.StatusServiceUnavailable && answer.StatusCode != http.StatusSeeOther {
					t.Errorf("%s: %d", ask.what, answer.StatusCode)
				}
				took <- time.Since(begun)
			}()
		}
		if ask.lock != "" {
			execute("BEGIN")
			execute(ask.lock)
			begin()
			waitForLock(t, other)
		}
		if err := server.Freeze(); err != nil {
			t.Fatal(err)
		}
		if ask.lock == "" {
			begin()
		}
		if waited := <-took; waited > db.Timeout+700*time.Millisecond {
			t.Errorf("%s waited %s", ask.what, waited)
		}
		if err := server.Thaw(); err != nil {
			t.Fatal(err)
		}
		if ask.lock != "" {
			execute("ROLLBACK")
		}
		if err := d.Ping(t.Context()); err != nil { // also forgets that connecting has just failed
			t.Fatal(err)
		}
	}
}

// waitForLock waits until somebody waits for a lock.
func waitForLock(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		var waiting bool
		err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)").Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
		if waiting {
			return
		}
		if time.Now().After(end) {
			t.Fatal("nobody waits for the lock")
		}
	}
}
