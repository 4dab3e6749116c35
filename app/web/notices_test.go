package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func TestASignInFromANewDeviceIsTold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		home := newBrowser(t, s)
		home.register(adaEmail)
		before := len(mailTo(t, d, adaEmail))
		told := func() int { return len(mailTo(t, d, adaEmail)) - before }
		home.submit("/dashboard", "/logout")
		home.login(adaEmail, adaPassword).wantRedirect("/dashboard")
		if told() != 0 {
			t.Errorf("of the device where she registered: %q", lastMail(t, d, adaEmail).TextBody)
		}

		thief := newBrowser(t, s)
		thief.ip = "198.51.100.7"
		thief.login(adaEmail, "wrong").wantStatus(http.StatusUnprocessableEntity)
		if told() != 0 {
			t.Error("of a sign-in that failed")
		}
		r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(url.Values{"email": {adaEmail}, "password": {adaPassword}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("User-Agent", firefox)
		thief.do(r).wantRedirect("/dashboard")
		m := lastMail(t, d, adaEmail)
		for _, want := range []string{"Device: Firefox on Linux", "Address: 198.51.100.7", "When: ", "UTC", "http://localhost:8080/account/sessions", "http://localhost:8080/forgot-password"} {
			if !strings.Contains(m.TextBody, want) {
				t.Errorf("no %q in %s", want, m.TextBody)
			}
		}
		thief.submit("/dashboard", "/logout")
		thief.login(adaEmail, adaPassword).wantRedirect("/dashboard")
		if told() != 1 {
			t.Errorf("%d messages of one new device", told())
		}

		// Who else has signed in there makes it no device of hers.
		shared := newBrowser(t, s)
		shared.register("eve@example.com")
		shared.submit("/dashboard", "/logout")
		shared.cookies["portal_devices"] += "x"
		shared.login(adaEmail, adaPassword).wantRedirect("/dashboard")
		if told() != 2 {
			t.Errorf("%d messages of two new devices", told())
		}
	})
}

// TestNoNoticeIsWrittenOfWhatDidntHappen takes the audit log away: then nobody can
// sign in, and no message may say so.
func TestNoNoticeIsWrittenOfWhatDidntHappen(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		b := signedInMember(t, s, adaEmail)
		silence(s)
		if _, err := d.Pool().ExecContext(t.Context(), "ALTER TABLE audit_events RENAME TO taken_away"); err != nil {
			t.Fatal(err)
		}
		newBrowser(t, s).post("/login", url.Values{"email": {adaEmail}, "password": {adaPassword}}).wantStatus(http.StatusInternalServerError)
		b.post("/account/password", url.Values{"current_password": {adaPassword}, "new_password": {newPassword}}).wantStatus(http.StatusInternalServerError)
		if list := mailTo(t, d, adaEmail); len(list) > 0 {
			t.Errorf("got %q", list[0].TextBody)
		}
	})
}

func TestAChangedPasswordIsTold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		b := signedInMember(t, s, adaEmail)
		b.submit("/account", "/account/password", "current_password", adaPassword, "new_password", newPassword).wantRedirect("/account")
		if m := lastMail(t, d, adaEmail); m.Subject != "Your password was changed" || !strings.Contains(m.TextBody, "Address: 192.0.2.1") {
			t.Errorf("got %q", m.TextBody)
		}
	})
}

func TestWithoutMailPeopleSignInAndChangePasswordsAllTheSame(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t), func(c *config.Config) { c.Env = config.Production })
	signedInMember(t, s, adaEmail)
	b := newBrowser(t, s)
	b.login(adaEmail, adaPassword).wantRedirect("/dashboard")
	b.submit("/account", "/account/password", "current_password", adaPassword, "new_password", newPassword).wantRedirect("/account")
	for range 11 {
		newBrowser(t, s).post("/login", url.Values{"email": {adaEmail}, "password": {"wrong"}})
	}
	newBrowser(t, s).login(adaEmail, newPassword).wantStatus(http.StatusTooManyRequests)
	if list := mailTo(t, s.db, adaEmail); len(list) > 0 {
		t.Errorf("got %q", list[0].TextBody)
	}
}

// TestTriesThatReachTheLimitAreTold to the owner of the account, once a day, and to
// nobody else.
func TestTriesThatReachTheLimitAreTold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		signedInMember(t, s, adaEmail)
		const gone, nobody = "gone@example.com", "nobody@example.com"
		signedInMember(t, s, gone)
		if _, err := d.DisableUser(t.Context(), db.DisableUserParams{Email: gone, Now: db.Now()}); err != nil {
			t.Fatal(err)
		}
		thief := newBrowser(t, s)
		try := func(ip, email string, times int) (answers []string) {
			t.Helper()
			thief.ip = ip
			for range times {
				answer := thief.post("/login", url.Values{"email": {email}, "password": {"wrong"}})
				answers = append(answers, answer.Status)
			}
			return answers
		}
		try("198.51.100.7", adaEmail, 9)
		if n := len(mailTo(t, d, adaEmail)); n != 0 {
			t.Errorf("%d messages below the limit", n)
		}
		known := try("198.51.100.7", adaEmail, 6)
		m := lastMail(t, d, adaEmail)
		for _, want := range []string{
			"Somebody has tried to sign in to your account", "10 times", "nothing has happened", "When: ", "UTC", "Address: 198.51.100.7", "http://localhost:8080/forgot-password",
		} {
			if !strings.Contains(m.Subject+m.TextBody, want) {
				t.Errorf("no %q in %s", want, m.TextBody)
			}
		}
		try("198.51.100.8", adaEmail, 15)
		if n := len(mailTo(t, d, adaEmail)); n != 1 {
			t.Errorf("%d messages of a day", n)
		}
		try("198.51.100.9", nobody, 9)
		if unknown := try("198.51.100.9", nobody, 6); !slices.Equal(known, unknown) {
			t.Errorf("for an account %q, for none %q", known, unknown)
		}
		try("198.51.100.10", gone, 15)
		if n := len(mailTo(t, d, gone)) + len(mailTo(t, d, nobody)); n != 0 {
			t.Errorf("%d messages to those who have nothing to guard", n)
		}
		if _, err := d.Pool().ExecContext(t.Context(), "DELETE FROM attempts"); err != nil { // a day later
			t.Fatal(err)
		}
		try("198.51.100.7", adaEmail, 15)
		if n := len(mailTo(t, d, adaEmail)); n != 2 {
			t.Errorf("%d messages of two days", n)
		}
	})
}

// TestALimitThatOtherAccountsReachedIsNotTold has a network come to its end with one
// try at this account.
func TestALimitThatOtherAccountsReachedIsNotTold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		signedInMember(t, s, adaEmail)
		thief := newBrowser(t, s)
		for i := range 99 {
			thief.post("/login", url.Values{"email": {fmt.Sprintf("nobody%d@example.com", i)}, "password": {"wrong"}})
		}
		thief.post("/login", url.Values{"email": {adaEmail}, "password": {"wrong"}})
		thief.post("/login", url.Values{"email": {adaEmail}, "password": {"wrong"}}).wantStatus(http.StatusTooManyRequests)
		if list := mailTo(t, d, adaEmail); len(list) > 0 {
			t.Errorf("got %q", list[0].TextBody)
		}
	})
}
