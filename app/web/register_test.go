package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func TestRegistering(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		b := newBrowser(t, s)
		b.submit("/register", "/register", "email", " Ada@Example.COM ").wantStatus(http.StatusOK).wantText("Look into your mail", adaEmail)
		link := linkIn(t, lastMail(t, d, adaEmail))
		for range 2 { // programs that look through mail
			page := newBrowser(t, s).get(link).wantStatus(http.StatusOK).wantText("Create your account", adaEmail)
			if page.Header.Get("Cache-Control") != "no-store" || page.Header.Get("Referrer-Policy") != "strict-origin" {
				t.Errorf("the page may be kept or told of: %v", page.Header)
			}
		}
		if n, err := d.CountUsers(t.Context(), db.CountUsersParams{MaxRows: 10}); err != nil || n != 0 {
			t.Errorf("there are %d people before the link is used, %v", n, err)
		}
		b = newBrowser(t, s) // on another device
		b.submit(link, "/register/confirm", "name", " Ada Lovelace ", "password", adaPassword).wantRedirect("/dashboard")
		b.get("/dashboard").wantStatus(http.StatusOK).wantText("Ada Lovelace", "Welcome, Ada Lovelace.")
		if text := b.get("/dashboard").text(); strings.Contains(text, "Welcome, Ada Lovelace.") {
			t.Error("the welcome is shown twice")
		}
		user, err := d.GetUserByEmail(t.Context(), adaEmail)
		if err != nil || user.Role != db.RoleMember || !strings.HasPrefix(user.PasswordHash, "$argon2id$") {
			t.Errorf("got %+v, %v", user, err)
		}
		newBrowser(t, s).get(link).wantStatus(http.StatusNotFound).wantText("This link has ended")
		newBrowser(t, s).login(adaEmail, adaPassword).wantRedirect("/dashboard")
	})
}

func TestRegisteringWithFaults(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		for _, email := range []string{"", "ada", "Ada <ada@example.com>", "ada@example.com, eve@example.com"} {
			page := newBrowser(t, s).submit("/register", "/register", "email", email)
			page.wantFieldError("email", "Enter an e-mail address")
			if values, _ := formValues(page.parse(), "/register"); values.Get("email") != strings.ToLower(email) {
				t.Errorf("what was typed is lost: %v", values)
			}
		}
		link := newBrowser(t, s).registrationLink(adaEmail)
		for name, test := range map[string]struct{ name, password, field, message string }{
			"no name":             {"", adaPassword, "name", "Enter a name"},
			"a name of spaces":    {"  ", adaPassword, "name", "Enter a name"},
			"a long name":         {strings.Repeat("x", 101), adaPassword, "name", "at most 100"},
			"a short password":    {"Ada", "1234567", "password", "at least 8"},
			"a long password":     {"Ada", strings.Repeat("ab", 65), "password", "at most 128"},
			"a common password":   {"Ada", "password1", "password", "attacker tries"},
			"the product's name":  {"Ada", "meadow2026", "password", "mostly a name"},
			"the person's own":    {"Ada Lovelace", "my lovelace", "password", "mostly a name"},
			"the address as such": {"Ada", adaEmail, "password", "mostly a name"},
		} {
			t.Run(name, func(t *testing.T) {
				b := newBrowser(t, s)
				page := b.submit(link, "/register/confirm", "name", test.name, "password", test.password)
				page.wantFieldError(test.field, test.message)
				values, _ := formValues(page.parse(), "/register/confirm")
				if values.Get("name") != strings.TrimSpace(test.name) || values.Get("token") != tokenOf(t, link) {
					t.Errorf("what was typed is lost: %v", values)
				}
				if values.Get("password") != "" {
					t.Error("the password is sent back")
				}
				b.wantUser(false)
			})
		}
	})
}

// TestRegisteringTellsNothingOfWhoHasAnAccount compares all but the time.
func TestRegisteringTellsNothingOfWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		signedInMember(t, s, adaEmail)
		newBrowser(t, s).registrationLink("waiting@example.com")
		ask := func(email string) string {
			return told(newBrowser(t, s).post("/register", url.Values{"email": {email}}), email)
		}
		unknown := ask("nobody@example.com")
		for _, email := range []string{adaEmail, "waiting@example.com"} {
			if got := ask(email); got != unknown {
				t.Errorf("%s is told\n%s\nand nobody\n%s", email, got, unknown)
			}
		}
		m := lastMail(t, d, adaEmail)
		if m.Subject != "You have an account already" || !strings.Contains(m.TextBody, "http://localhost:8080/login") || !strings.Contains(m.HtmlBody, "http://localhost:8080/forgot-password") || strings.Contains(m.TextBody, "token=") {
			t.Errorf("Ada is written %q", m.TextBody)
		}
	})
}

// TestSigningInTellsNothingOfWhoHasAnAccount compares all but the time.
func TestSigningInTellsNothingOfWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		signedInMember(t, s, adaEmail)
		signedInMember(t, s, "off@example.com")
		if _, err := d.DisableUser(t.Context(), db.DisableUserParams{Email: "off@example.com", Now: db.Now()}); err != nil {
			t.Fatal(err)
		}
		try := func(email string) string {
			return told(newBrowser(t, s).post("/login", url.Values{"email": {email}, "password": {"wrong"}}), email)
		}
		unknown := try("nobody@example.com")
		for _, email := range []string{adaEmail, "off@example.com"} {
			if got := try(email); got != unknown {
				t.Errorf("%s is told\n%s\nand nobody\n%s", email, got, unknown)
			}
		}
	})
}

// TestARegistrationLinkIsGoodForItsAddressOnce tries what could go wrong with it.
func TestARegistrationLinkIsGoodForItsAddressOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		ada, b := signedInMember(t, s, adaEmail), newBrowser(t, s)
		refused := func(token string) {
			t.Helper()
			b.get("/register/confirm?token=" + url.QueryEscape(token)).wantStatus(http.StatusNotFound)
			b.post("/register/confirm", url.Values{"token": {token}, "name": {"Eve"}, "password": {adaPassword}}).wantStatus(http.StatusNotFound)
			b.wantUser(false)
		}
		refused("")
		first := tokenOf(t, b.registrationLink("eve@example.com"))
		token := tokenOf(t, b.registrationLink("eve@example.com"))
		refused(first) // a newer one has taken its place
		refused(token[:20] + string('A'+('B'-token[20]&1)) + token[21:])
		for _, l := range []links.Link{{Purpose: links.Invite, Email: "eve@example.com", Role: db.RoleAdmin}, {Purpose: links.Reset, UserID: ada.userID(), Email: adaEmail}} {
			path, err := links.New(t.Context(), d.Queries, l)
			if err != nil {
				t.Fatal(err)
			}
			refused(tokenOf(t, path))
		}
		// Another address with it changes nothing of whom it is for.
		b.post("/register/confirm", url.Values{"token": {token}, "name": {"Eve"}, "password": {adaPassword}, "email": {"mallory@example.com"}, "role": {db.RoleAdmin}}).wantRedirect("/dashboard")
		if person, err := d.GetUserByEmail(t.Context(), "eve@example.com"); err != nil || person.Role != db.RoleMember {
			t.Errorf("got %+v, %v", person, err)
		}
		newBrowser(t, s).get("/register/confirm?token=" + token).wantStatus(http.StatusNotFound)
	})
}

func TestARegistrationLinkThatTwentyUseAtOnceIsGoodForOne(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		token := tokenOf(t, newBrowser(t, s).registrationLink(adaEmail))
		var won atomic.Int64
		var group sync.WaitGroup
		for range 20 {
			b := newBrowser(t, s)
			group.Go(func() {
				switch answer := b.post("/register/confirm", url.Values{"token": {token}, "name": {"Ada"}, "password": {adaPassword}}); {
				case answer.Header.Get("Location") == "/dashboard":
					won.Add(1)
				case answer.StatusCode != http.StatusNotFound:
					t.Errorf("status %d", answer.StatusCode)
				}
			})
		}
		group.Wait()
		if n, err := d.CountUsers(t.Context(), db.CountUsersParams{MaxRows: 10}); won.Load() != 1 || n != 1 || err != nil {
			t.Errorf("%d were signed in, and there are %d people, %v", won.Load(), n, err)
		}
	})
}

// TestWhatAStrangerTypesNeverBecomesTheOwners has Mallory ask for Ada's link before
// she does: neither a password nor a name of his may be hers.
func TestWhatAStrangerTypesNeverBecomesTheOwners(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	mallory := newBrowser(t, s)
	mallory.post("/register", url.Values{"email": {adaEmail}, "name": {"Visit evil.example.com"}, "password": {"mallorys password"}}).wantStatus(http.StatusOK)
	m := lastMail(t, s.db, adaEmail)
	if strings.Contains(m.TextBody+m.HtmlBody+m.Subject, "evil") {
		t.Errorf("what he typed is in the message: %s", m.TextBody)
	}
	newBrowser(t, s).submit(linkIn(t, m), "/register/confirm", "name", "Ada", "password", adaPassword).wantRedirect("/dashboard")
	mallory.login(adaEmail, "mallorys password").wantStatus(http.StatusUnprocessableEntity)
	mallory.wantUser(false)
}

func TestRegistrationByInvitationIsClosedToOthers(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	for who, text := range map[string]string{config.Invite: "By invitation", config.Closed: "takes no new accounts"} {
		s := newServer(t, d, func(c *config.Config) { c.Registration = who })
		b := newBrowser(t, s)
		for _, page := range []string{"/", "/login"} {
			if strings.Contains(b.get(page).body, "/register") {
				t.Errorf("%s leads to where nobody can register", page)
			}
		}
		b.get("/register").wantStatus(http.StatusForbidden).wantText(text)
		b.post("/register", url.Values{"email": {adaEmail}}).wantStatus(http.StatusForbidden)
		path, err := links.New(t.Context(), d.Queries, links.Link{Purpose: links.Register, Email: adaEmail})
		if err != nil {
			t.Fatal(err)
		}
		b.get(path).wantStatus(http.StatusForbidden)
		b.post("/register/confirm", url.Values{"token": {tokenOf(t, path)}, "name": {"Ada"}, "password": {adaPassword}}).wantStatus(http.StatusForbidden)
	}
	if list := mailTo(t, d, adaEmail); len(list) > 0 {
		t.Errorf("%d messages", len(list))
	}
}

func TestANewAccountIsInTheAuditLogOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	b := newBrowser(t, s)
	var last int64
	b.registrationLink(adaEmail)
	if got := recorded(t, s.db, &last); len(got) > 0 {
		t.Errorf("before there is an account: %q", got)
	}
	b.register(adaEmail)
	if got := recorded(t, s.db, &last); !slices.Equal(got, []string{"ada: account_created, ada", "ada: signed_in, ada"}) {
		t.Errorf("got %q", got)
	}
}
