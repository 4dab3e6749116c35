package web

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/app/people"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

const newPassword = "analytical engine"

// forget asks for a link to set a new password, and returns it.
func (b *browser) forget(email string) string {
	b.t.Helper()
	b.submit("/forgot-password", "/forgot-password", "email", email).wantStatus(http.StatusOK).wantText("Look into your mail", email)
	return linkIn(b.t, lastMail(b.t, b.handler.(*Server).db, email))
}

// TestRegistrationsKeepNobodyFromANewPassword: in an office, others may ask for other
// messages to the same address.
func TestRegistrationsKeepNobodyFromANewPassword(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, newServer(t, d))
		b.register(adaEmail)
		for newBrowser(t, b.handler.(*Server)).post("/register", url.Values{"email": {adaEmail}}).StatusCode == http.StatusOK {
		}
		b.forget(adaEmail)
	})
}

func TestAForgottenPassword(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		elsewhere, b := signedInMember(t, s, adaEmail), newBrowser(t, s)
		b.get("/login").wantText("Forgotten your password?")
		link := b.forget(adaEmail)
		var last int64
		recorded(t, d, &last)

		// Programs that look through mail open links too.
		for range 2 {
			page := newBrowser(t, s).get(link).wantStatus(http.StatusOK).wantText(adaEmail)
			if page.Header.Get("Cache-Control") != "no-store" || page.Header.Get("Referrer-Policy") != "strict-origin" || page.Header.Get("Content-Encoding") != "" {
				t.Errorf("the page may be kept or told of: %v", page.Header)
			}
		}
		elsewhere.wantUser(true)
		b.submit(link, "/reset-password", "new_password", "1234567").wantFieldError("new_password", "at least 8")
		b.submit(link, "/reset-password", "new_password", newPassword).wantRedirect("/dashboard")
		b.get("/dashboard").wantText("Your password is set.")
		elsewhere.wantUser(false)
		if got, want := recorded(t, d, &last), []string{"ada: password_changed, ada, by a link in a message", "ada: signed_in, ada"}; !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
		if m := lastMail(t, d, adaEmail); m.Subject != "Your password was changed" || !strings.Contains(m.TextBody, "Address: 192.0.2.1") || linkIn(t, m) != "/forgot-password" {
			t.Errorf("the notice is %q", m.TextBody)
		}
		other := newBrowser(t, s)
		other.get(link).wantStatus(http.StatusNotFound).wantText("This link has ended")
		other.login(adaEmail, adaPassword).wantStatus(http.StatusUnprocessableEntity)
		other.login(adaEmail, newPassword).wantRedirect("/dashboard")
	})
}

// TestAResetLinkIsGoodForItsPersonOnce tries what could go wrong with it.
func TestAResetLinkIsGoodForItsPersonOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		ada := signedInMember(t, s, adaEmail)
		signedInMember(t, s, "eve@example.com")
		b := newBrowser(t, s)
		refused := func(name, token string) {
			t.Helper()
			b.get("/reset-password?token=" + url.QueryEscape(token)).wantStatus(http.StatusNotFound)
			b.post("/reset-password", url.Values{"token": {token}, "new_password": {newPassword}}).wantStatus(http.StatusNotFound)
			b.wantUser(false)
			if _, err := d.GetCredentials(t.Context(), adaEmail); err != nil {
				t.Error(name, err)
			}
			ada.wantUser(true)
		}
		refused("none", "")
		token := tokenOf(t, b.forget(adaEmail))
		refused("one character changed", token[:20]+string('A'+('B'-token[20]&1))+token[21:])
		other, err := links.New(t.Context(), d.Queries, links.Link{Purpose: links.ChangeEmail, UserID: ada.userID(), Email: adaEmail})
		if err != nil {
			t.Fatal(err)
		}
		refused("of another purpose", tokenOf(t, other))
		if _, err := d.Pool().ExecContext(t.Context(), "UPDATE user_tokens SET expires_at = $1", db.Now()); err != nil {
			t.Fatal(err)
		}
		refused("expired", token)

		// The address has become another's since.
		token = tokenOf(t, b.forget(adaEmail))
		for _, change := range []string{"UPDATE users SET email = 'countess@example.com' WHERE email = 'ada@example.com'", "UPDATE users SET email = 'ada@example.com' WHERE email = 'eve@example.com'"} {
			if _, err := d.Pool().ExecContext(t.Context(), change); err != nil {
				t.Fatal(err)
			}
		}
		b.post("/reset-password", url.Values{"token": {token}, "new_password": {newPassword}}).wantStatus(http.StatusNotFound)
		b.wantUser(false)
		newBrowser(t, s).login(adaEmail, adaPassword).wantRedirect("/dashboard") // Eve's, and still her password

		// What changes the password in another way ends it too.
		token = tokenOf(t, b.forget("countess@example.com"))
		ada.submit("/account", "/account/password", "current_password", adaPassword, "new_password", newPassword).wantRedirect("/account")
		b.get("/reset-password?token=" + token).wantStatus(http.StatusNotFound)
	})
}

func TestAResetLinkThatTwentyUseAtOnceIsGoodForOne(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		signedInMember(t, s, adaEmail)
		token := tokenOf(t, newBrowser(t, s).forget(adaEmail))
		var won atomic.Int64
		var group sync.WaitGroup
		for range 20 {
			b := newBrowser(t, s)
			group.Go(func() {
				switch answer := b.post("/reset-password", url.Values{"token": {token}, "new_password": {newPassword}}); answer.StatusCode {
				case http.StatusSeeOther:
					won.Add(1)
				case http.StatusNotFound:
				default:
					t.Errorf("status %d", answer.StatusCode)
				}
			})
		}
		group.Wait()
		if won.Load() != 1 {
			t.Errorf("%d were signed in", won.Load())
		}
	})
}

// TestOfManyAskedForAtOnceOneIsGood asks for a password from eight places.
func TestOfManyAskedForAtOnceOneIsGood(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		signedInMember(t, s, adaEmail)
		var group sync.WaitGroup
		for i := range 8 {
			b := newBrowser(t, s)
			b.ip = "198.51.100." + string(rune('0'+i))
			group.Go(func() { b.post("/forgot-password", url.Values{"email": {adaEmail}}).wantStatus(http.StatusOK) })
		}
		group.Wait()
		good := 0
		for _, m := range mailTo(t, d, adaEmail) {
			if newBrowser(t, s).get(linkIn(t, m)).StatusCode == http.StatusOK {
				good++
			}
		}
		if good != 1 {
			t.Errorf("%d are good", good)
		}
	})
}

// TestAskingForAPasswordTellsNothingOfWhoHasAnAccount compares all but the time.
func TestAskingForAPasswordTellsNothingOfWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		signedInMember(t, s, adaEmail)
		signedInMember(t, s, "off@example.com")
		if _, err := d.DisableUser(t.Context(), db.DisableUserParams{Email: "off@example.com", Now: db.Now()}); err != nil {
			t.Fatal(err)
		}
		ask := func(email string) string {
			return told(newBrowser(t, s).post("/forgot-password", url.Values{"email": {email}}), email)
		}
		known := ask(adaEmail)
		for _, email := range []string{"nobody@example.com", "off@example.com"} {
			if got := ask(email); got != known {
				t.Errorf("%s is told\n%s\nand Ada\n%s", email, got, known)
			}
		}
		for email, subject := range map[string]string{adaEmail: "Set a new password", "nobody@example.com": "There is no account with this address", "off@example.com": "Your account is disabled"} {
			if m := lastMail(t, d, email); m.Subject != subject || (email != adaEmail) == strings.Contains(m.TextBody, "token=") {
				t.Errorf("%s is written %q", email, m.TextBody)
			}
		}
	})
}

// told returns all that an answer tells, but for what differs each time and the
// address that was typed.
func told(r *response, email string) string {
	var text bytes.Buffer
	number := r.Header.Get("X-Request-Id")
	r.Header.Set("X-Request-Id", "…")
	r.Header.Write(&text)
	return r.Status + "\n" + text.String() + strings.NewReplacer(email, "…", number, "…").Replace(r.body)
}

func TestAskingForAPasswordHasLimits(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		signedInMember(t, s, adaEmail)
		ask := func(b *browser, email string) *response {
			return b.post("/forgot-password", url.Values{"email": {email}})
		}
		for _, email := range []string{adaEmail, "nobody@example.com"} {
			b := newBrowser(t, s)
			for range auth.MailLimit.Failures {
				ask(b, email).wantStatus(http.StatusOK)
			}
			ask(b, email).wantStatus(http.StatusTooManyRequests)
		}
	})
}

// TestWhoFloodsAMailboxLocksNobodyOut asks from everywhere for all that can be sent
// to Ada. She isn't kept from any of it: what came last is good, or another comes.
func TestWhoFloodsAMailboxLocksNobodyOut(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		signedInMember(t, s, adaEmail)
		eve := signedInMember(t, s, "eve@example.com")
		networks := 0
		ask := func(path, email string) int {
			t.Helper()
			b := newBrowser(t, s)
			if path == "/account/email" {
				b = eve
			}
			b.ip = fmt.Sprintf("198.51.100.%d", networks)
			networks++
			before := len(mailTo(t, d, email))
			b.post(path, url.Values{"email": {email}}).wantStatus(http.StatusOK)
			return len(mailTo(t, d, email)) - before
		}
		for _, path := range []string{"/register", "/account/email", "/forgot-password"} {
			sent := 0
			for range 10 {
				sent += ask(path, adaEmail)
			}
			if sent != int(auth.MailboxLimit.Number) {
				t.Errorf("%s: %d messages", path, sent)
			}
		}
		newBrowser(t, s).get(linkIn(t, lastMail(t, d, adaEmail))).wantStatus(http.StatusOK)

		// Addresses that lead to the same mailbox don't fill it, nor take a place of Ada's.
		sent := 0
		for i := range 10 {
			sent += ask("/forgot-password", fmt.Sprintf("ada+%d@example.com", i))
		}
		if sent != int(auth.MailboxLimit.Number) {
			t.Errorf("%d messages to other addresses of the mailbox", sent)
		}

		// One place after the other comes free, each in less time than a link is good for.
		later := func(waits time.Duration) {
			t.Helper()
			full := auth.MailboxLimit.Each * time.Duration(auth.MailboxLimit.Number)
			if _, err := d.Pool().ExecContext(t.Context(), "UPDATE attempts SET expires_at = $1 WHERE bucket LIKE 'mailbox:%'", db.Now().Add(full-waits)); err != nil {
				t.Fatal(err)
			}
		}
		for places := range 3 {
			later(time.Duration(places)*auth.MailboxLimit.Each + time.Second)
			sent = 0
			for range 5 {
				sent += ask("/forgot-password", adaEmail)
			}
			if sent != places {
				t.Errorf("%d messages where %d places were free", sent, places)
			}
		}
		if auth.MailboxLimit.Each >= links.Reset.GoodFor() {
			t.Errorf("a place comes free after %s", auth.MailboxLimit.Each)
		}
	})
}

// TestLinksLeadToUsWhateverTheHost has somebody send the Host of another site: the
// link in Ada's mail must not lead there.
func TestLinksLeadToUsWhateverTheHost(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t), func(c *config.Config) {
		c.Env, c.BaseURL, c.SMTPURL = config.Production, "https://meadow.example.com", "smtp://localhost:1"
	})
	signedInMember(t, s, adaEmail)
	b := newBrowser(t, s)
	b.host = "evil.example.com"
	for _, path := range []string{"/forgot-password", "/register"} {
		b.post(path, url.Values{"email": {adaEmail}}).wantStatus(http.StatusOK)
		m := lastMail(t, s.db, adaEmail)
		if !strings.Contains(m.TextBody, "https://meadow.example.com"+"/") || strings.Contains(m.TextBody+m.HtmlBody, "evil") {
			t.Errorf("%s writes %s", path, m.TextBody)
		}
	}
}

func TestNoTokenIsLogged(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	signedInMember(t, s, adaEmail)
	b := newBrowser(t, s)
	link := b.forget(adaEmail)
	var log bytes.Buffer
	s.log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b.get(link).wantStatus(http.StatusOK)
	b.submit(link, "/reset-password", "new_password", newPassword).wantRedirect("/dashboard")
	b.get(link).wantStatus(http.StatusNotFound)
	if text := log.String(); !strings.Contains(text, "/reset-password") || strings.Contains(text, tokenOf(t, link)) {
		t.Errorf("logged: %s", text)
	}
}

func TestWithoutMailNobodyIsPromisedAny(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t), func(c *config.Config) { c.Env = config.Production })
	b := newBrowser(t, s)
	b.get("/forgot-password").wantStatus(http.StatusOK).wantText("Ask an administrator for a link")
	b.post("/forgot-password", url.Values{"email": {adaEmail}}).wantStatus(http.StatusNotFound)

	// That is what `portal user reset` prints, and it is all that is needed.
	elsewhere := signedInMember(t, s, adaEmail)
	_, link, err := people.SendReset(t.Context(), s.db.Queries, s.outbox, "Meadow", adaEmail)
	if err != nil {
		t.Fatal(err)
	}
	b.submit(link, "/reset-password", "new_password", newPassword).wantRedirect("/dashboard")
	elsewhere.wantUser(false)
	newBrowser(t, s).login(adaEmail, newPassword).wantRedirect("/dashboard")
}

// TestPasswordsAreMaskedAndManaged looks at each field that takes one: nothing
// keeps a password manager, or somebody who pastes, from filling it in.
func TestPasswordsAreMaskedAndManaged(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	s := newServer(t, d)
	guest, member := newBrowser(t, s), signedInMember(t, s, adaEmail)
	for _, page := range []struct {
		b          *browser
		path, want string
	}{
		{guest, "/login", "current-password"},
		{guest, guest.registrationLink("new@example.com"), "new-password"},
		{guest, guest.forget(adaEmail), "new-password"},
		{member, "/account", "current-password new-password"},
		{member, "/account/reauthenticate", "current-password"},
	} {
		var fields []string
		for n := range page.b.get(page.path).wantStatus(http.StatusOK).parse().Descendants() {
			if n.Data != "input" || !strings.Contains(attr(n, "name"), "password") {
				continue
			}
			if attr(n, "type") != "password" || has(n, "maxlength") || has(n, "readonly") || has(n, "onpaste") {
				t.Errorf("%s: %v", page.path, n.Attr)
			}
			fields = append(fields, attr(n, "autocomplete"))
		}
		if got := strings.Join(fields, " "); got != page.want {
			t.Errorf("%s: got %q, want %q", page.path, got, page.want)
		}
	}
}
