package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// recorded returns the events since the last call, each as "who: what, on whom,
// details", the first one first.
func recorded(t *testing.T, d *db.DB, since *int64) []string {
	t.Helper()
	events, err := d.ListAuditEvents(t.Context(), db.ListAuditEventsParams{Before: db.Now().AddDate(1, 0, 0), MaxRows: 1000})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(events)
	var lines []string
	for _, e := range events {
		if e.ID <= *since {
			continue
		}
		*since = e.ID
		if e.RequestID == "" || e.Address != "192.0.2.1" {
			t.Errorf("it isn't known where this came from: %+v", e)
		}
		who := func(id *int64, email *string) string {
			if id == nil {
				return "nobody"
			}
			name, _, _ := strings.Cut(*email, "@")
			return name
		}
		lines = append(lines, strings.TrimSuffix(fmt.Sprintf("%s: %s, %s, %s", who(e.ActorID, e.ActorEmail), e.Action, who(e.SubjectID, e.SubjectEmail), e.Details), ", "))
	}
	return lines
}

func TestEveryActIsInTheAuditLog(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		var last int64
		want := func(lines ...string) {
			t.Helper()
			if got := recorded(t, d, &last); !slices.Equal(got, lines) {
				t.Errorf("got %q, want %q", got, lines)
			}
		}
		b := newBrowser(t, s)
		b.register(adaEmail)
		want("ada: account_created, ada", "ada: signed_in, ada")
		b.submit("/dashboard", "/logout").wantRedirect("/")
		want("ada: signed_out, ada")
		b.login(adaEmail, "wrong").wantStatus(http.StatusUnprocessableEntity)
		b.login("nobody@example.com", adaPassword).wantStatus(http.StatusUnprocessableEntity)
		want("nobody: sign_in_failed, ada", "nobody: sign_in_failed, nobody")
		b.login(adaEmail, adaPassword).wantRedirect("/dashboard")
		want("ada: signed_in, ada")

		const again = "/account/reauthenticate"
		b.submit(again, again, "current_password", "wrong").wantStatus(http.StatusUnprocessableEntity)
		b.submit(again, again, "current_password", adaPassword).wantRedirect("/account")
		want("ada: sign_in_failed, ada", "ada: reauthenticated, ada")
		b.submit("/account", "/account/profile", "name", "Ada King").wantRedirect("/account")
		want("ada: name_changed, ada")
		b.submit("/account", "/account/password", "current_password", "wrong", "new_password", "analytical engine").wantStatus(http.StatusUnprocessableEntity)
		b.submit("/account", "/account/password", "current_password", adaPassword, "new_password", "analytical engine").wantRedirect("/account")
		want("ada: sign_in_failed, ada", "ada: password_changed, ada")

		eve := signedInMember(t, s, "eve@example.com")
		other, third := newDevice(eve, firefox), newDevice(eve, firefox)
		want("eve: signed_in, eve", "eve: signed_in, eve", "eve: signed_in, eve")
		path := other.revokePath()
		eve.submit("/account/sessions", path).wantRedirect("/account/sessions")
		eve.submit("/account/sessions", "/account/sessions/revoke-others").wantRedirect("/account/sessions")
		third.wantUser(false)
		want("eve: device_signed_out, eve, Firefox on Linux", "eve: others_signed_out, eve, 1 device")
		eve.submit("/account/sessions", eve.revokePath()).wantRedirect("/")
		want("eve: device_signed_out, eve, Unknown device")
		eve.post(path, nil).wantStatus(http.StatusSeeOther)
		b.post(path, nil).wantStatus(http.StatusNotFound) // somebody else's: nothing has happened
		want()

		admin := signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		eve = newBrowser(t, s)
		eve.login("eve@example.com", adaPassword).wantRedirect("/dashboard")
		want("admin: signed_in, admin", "eve: signed_in, eve")
		signOut := fmt.Sprintf("/admin/users/%d/sign-out", eve.userID())
		admin.submit(signOut, signOut).wantRedirect(strings.TrimSuffix(signOut, "/sign-out"))
		admin.submit("/admin/sign-out-everybody", "/admin/sign-out-everybody").wantRedirect("/admin/users")
		want("admin: user_signed_out, eve, 1 device", "admin: everybody_signed_out, nobody, 1 device")

		if _, err := d.DisableUser(t.Context(), db.DisableUserParams{Email: "eve@example.com", Now: db.Now()}); err != nil {
			t.Fatal(err)
		}
		newBrowser(t, s).login("eve@example.com", adaPassword).wantText("This account is disabled.")
		want("nobody: sign_in_refused, eve, the account is disabled")
		// Who is signed in isn't whoever tries.
		admin.post("/login", url.Values{"email": {"eve@example.com"}, "password": {"wrong"}}).wantStatus(http.StatusUnprocessableEntity)
		want("nobody: sign_in_failed, eve")
	})
}

// TestWhoeverIsReplacedInABrowserHasSignedOut has somebody come in by password and
// by links where another is signed in.
func TestWhoeverIsReplacedInABrowserHasSignedOut(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		eve := signedInMember(t, s, "eve@example.com")
		reset := eve.forget("eve@example.com")
		var last int64
		for _, test := range []struct {
			name  string
			enter func(b *browser) *response
			want  []string
		}{
			{"a password", func(b *browser) *response {
				return b.post("/login", url.Values{"email": {"eve@example.com"}, "password": {adaPassword}})
			}, []string{"eve: signed_in, eve", "ada: signed_out, ada"}},
			{"a link to register", func(b *browser) *response {
				link := newBrowser(t, s).registrationLink("bob@example.com")
				return b.post("/register/confirm", url.Values{"token": {tokenOf(t, link)}, "name": {"Bob"}, "password": {newPassword}})
			}, []string{"bob: account_created, bob", "bob: signed_in, bob", "ada: signed_out, ada"}},
			{"a link for a password", func(b *browser) *response {
				return b.post("/reset-password", url.Values{"token": {tokenOf(t, reset)}, "new_password": {adaPassword + "!"}})
			}, []string{"eve: password_changed, eve, by a link in a message", "eve: signed_in, eve", "ada: signed_out, ada"}},
		} {
			ada := signedInMember(t, s, "ada@"+strings.ReplaceAll(test.name, " ", "-")+".example")
			before := ada.clone()
			recorded(t, d, &last)
			test.enter(ada).wantRedirect("/dashboard")
			if got := recorded(t, d, &last); !slices.Equal(got, test.want) {
				t.Errorf("%s: got %q, want %q", test.name, got, test.want)
			}
			before.wantUser(false)
		}
	})
}

// TestNoActIsThereWithoutItsEvent takes the log away: nothing may happen then.
func TestNoActIsThereWithoutItsEvent(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		ada, admin := signedInMember(t, s, adaEmail), signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		other, path := newDevice(ada, firefox), ""
		path = other.revokePath()
		silence(s)
		if _, err := d.Pool().ExecContext(t.Context(), "ALTER TABLE audit_events RENAME TO taken_away"); err != nil {
			t.Fatal(err)
		}
		state := func() (text string) {
			t.Helper()
			row := d.Pool().QueryRowContext(t.Context(), "SELECT (SELECT count(*) FROM users) || ' people, ' || (SELECT count(*) FROM user_sessions) || ' signed in, ' || (SELECT count(*) FROM attempts) || ' attempts, ' || name || password_hash FROM users WHERE email = $1", adaEmail)
			if err := row.Scan(&text); err != nil {
				t.Fatal(err)
			}
			return text
		}
		stranger := newBrowser(t, s)
		link := stranger.registrationLink("eve@example.com")
		before := state()
		for name, act := range map[string]func() *response{
			"registering": func() *response {
				return stranger.submit(link, "/register/confirm", "name", "Eve", "password", adaPassword)
			},
			"signing in":  func() *response { return stranger.login(adaEmail, adaPassword) },
			"failing to":  func() *response { return stranger.login(adaEmail, "wrong") },
			"signing out": func() *response { return ada.post("/logout", nil) },
			"again": func() *response {
				return ada.post("/account/reauthenticate", url.Values{"current_password": {adaPassword}})
			},
			"another name": func() *response { return ada.post("/account/profile", url.Values{"name": {"Ada King"}}) },
			"a new password": func() *response {
				return ada.post("/account/password", url.Values{"current_password": {adaPassword}, "new_password": {"analytical engine"}})
			},
			"one device":    func() *response { return ada.post(path, nil) },
			"other devices": func() *response { return ada.post("/account/sessions/revoke-others", nil) },
			"one person":    func() *response { return admin.post("/admin/users/1/sign-out", nil) },
			"everybody":     func() *response { return admin.post("/admin/sign-out-everybody", nil) },
		} {
			answer := act()
			if answer.StatusCode != http.StatusInternalServerError {
				t.Errorf("%s: %d", name, answer.StatusCode)
			}
			if after := state(); after != before {
				t.Errorf("%s: before %s, after %s", name, before, after)
			}
		}
		ada.wantUser(true)
		other.wantUser(true)
		admin.wantUser(true)
		stranger.wantUser(false)
	})
}

func TestAnActThatIsTakenBackHasNoEvent(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		b := signedInMember(t, s, adaEmail)
		var last int64
		recorded(t, d, &last)
		failed := errors.New("something later in the transaction")
		s.echo.POST("/test/taken-back", func(c echo.Context) error {
			if _, err := session.From(c).User(); err != nil {
				return err
			}
			err := s.db.InTx(c.Request().Context(), func(q *db.Queries) error {
				if err := record(c, q, audit.RoleChanged, 1, db.RoleAdmin); err != nil {
					t.Error(err)
				}
				return failed
			})
			if !errors.Is(err, failed) {
				t.Errorf("got %v", err)
			}
			if err := session.From(c).SignIn(1, "another hash"); !errors.Is(err, session.ErrChanged) {
				t.Errorf("got %v", err)
			}
			return c.NoContent(http.StatusNoContent)
		})
		b.post("/test/taken-back", nil).wantStatus(http.StatusNoContent)
		link, err := links.New(t.Context(), d.Queries, links.Link{Purpose: links.Register, Email: adaEmail})
		if err != nil {
			t.Fatal(err)
		}
		newBrowser(t, s).submit(link, "/register/confirm", "name", "Eve", "password", adaPassword).wantRedirect("/login")
		if got := recorded(t, d, &last); len(got) > 0 {
			t.Errorf("got %q", got)
		}
	})
}

// TestAFailedSignInKeepsNothingOfWhatWasTyped types a password where the address
// belongs, as people do.
func TestAFailedSignInKeepsNothingOfWhatWasTyped(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	signedInMember(t, s, adaEmail)
	b := newBrowser(t, s)
	b.post("/login", url.Values{"email": {"hunter2hunter2"}, "password": {"hunter2hunter2"}}).wantStatus(http.StatusUnprocessableEntity)
	b.post("/login", url.Values{"email": {"hunter2@example.com"}, "password": {"hunter2"}}).wantStatus(http.StatusUnprocessableEntity)
	b.post("/login", url.Values{"email": {adaEmail}, "password": {"hunter2"}}).wantStatus(http.StatusUnprocessableEntity)
	rows, err := s.db.ListAuditEvents(t.Context(), db.ListAuditEventsParams{Before: db.Now().AddDate(1, 0, 0), MaxRows: 10})
	if text := fmt.Sprintf("%+v", rows); err != nil || len(rows) != 4 || strings.Contains(text, "hunter2") {
		t.Errorf("%v, %s", err, text)
	}
}

// TestTheLogCantBeFilledByTryingOn has an attacker go on after the limit.
func TestTheLogCantBeFilledByTryingOn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		signedInMember(t, s, adaEmail)
		b := newBrowser(t, s)
		var last int64
		recorded(t, d, &last)
		for range 15 {
			b.post("/login", url.Values{"email": {adaEmail}, "password": {"wrong"}})
		}
		want := slices.Repeat([]string{"nobody: sign_in_failed, ada"}, 10)
		want = append(want, "nobody: sign_in_limited, ada, no more tries from there for 15 minutes")
		if got := recorded(t, d, &last); !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
}
