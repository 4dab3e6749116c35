package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

const countess = "countess@example.com"

// askForAddress has a link sent to another address, and returns it.
func (b *browser) askForAddress(email string) string {
	b.t.Helper()
	b.submit("/account/email", "/account/email", "email", email).wantStatus(http.StatusOK).wantText("Look into your mail", email)
	return linkIn(b.t, lastMail(b.t, b.handler.(*Server).db, email))
}

func TestChangingTheAddress(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		b := newBrowser(t, s)
		b.register(adaEmail)
		reset := newBrowser(t, s).forget(adaEmail)
		var last int64
		recorded(t, d, &last)
		link := b.askForAddress(countess)
		for range 2 { // looking changes nothing
			b.get(link).wantStatus(http.StatusOK).wantText("Use this address?", countess, adaEmail)
		}
		b.submit(link, "/account/email/confirm").wantRedirect("/account")
		b.get("/account").wantText("Your address is changed.", countess)
		if got := recorded(t, d, &last); !slices.Equal(got, []string{"countess: address_changed, countess"}) {
			t.Errorf("got %q", got)
		}
		b.get(link).wantStatus(http.StatusNotFound)
		b.get(reset).wantStatus(http.StatusNotFound) // it was sent to the address before
		other := newBrowser(t, s)
		other.login(adaEmail, adaPassword).wantStatus(http.StatusUnprocessableEntity)
		other.login(countess, adaPassword).wantRedirect("/dashboard")

		m := lastMail(t, d, adaEmail)
		if m.Subject != "Your e-mail address was changed" || strings.Contains(m.TextBody, countess) || !strings.Contains(m.TextBody, "Address: 192.0.2.1") {
			t.Errorf("the notice is %q", m.TextBody)
		}
	})
}

// TestTheOldAddressTakesTheAccountBack has a thief move Ada's account, twice.
func TestTheOldAddressTakesTheAccountBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		thief := newBrowser(t, s)
		thief.register(adaEmail)
		thief.submit(thief.askForAddress("thief@example.com"), "/account/email/confirm").wantRedirect("/account")
		thief.submit(thief.askForAddress("other@example.com"), "/account/email/confirm").wantRedirect("/account")
		thiefs := linkIn(t, lastMail(t, d, "thief@example.com"))
		pending := thief.askForAddress("third@example.com")

		ada := newBrowser(t, s)
		link := linkIn(t, lastMail(t, d, adaEmail))
		for range 2 {
			ada.get(link).wantStatus(http.StatusOK).wantText("Take your account back?", adaEmail)
		}
		thief.wantUser(true)
		answer := ada.submit(link, "/undo-email").wantStatus(http.StatusSeeOther)
		thief.wantUser(false)
		if m := lastMail(t, d, "other@example.com"); m.Subject != "The account has its address before back" || strings.Contains(m.TextBody, adaEmail) || strings.Contains(m.TextBody, "token=") || !strings.Contains(m.TextBody, "Device: ") {
			t.Errorf("who loses the account is told %q", m.TextBody)
		}
		thief.login("other@example.com", adaPassword).wantStatus(http.StatusUnprocessableEntity)
		thief.login(adaEmail, adaPassword).wantStatus(http.StatusUnprocessableEntity)
		reset := answer.Header.Get("Location")
		ada.submit(reset, "/reset-password", "new_password", newPassword).wantRedirect("/dashboard")
		ada.get("/account").wantText(adaEmail)

		thief.get(thiefs).wantStatus(http.StatusNotFound)
		thief.post("/undo-email", url.Values{"token": {tokenOf(t, thiefs)}}).wantStatus(http.StatusNotFound)
		ada.get(pending).wantStatus(http.StatusNotFound)
		ada.get(link).wantStatus(http.StatusNotFound)
	})
}

// TestALinkForAnAddressIsGoodForItsPersonAlone has Mallory try to move his account
// to Ada's address by her hand, and hers to his.
func TestALinkForAnAddressIsGoodForItsPersonAlone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		ada, mallory := newBrowser(t, s), newBrowser(t, s)
		ada.register(adaEmail)
		mallory.register("mallory@example.com")
		link := mallory.askForAddress(countess)
		token := tokenOf(t, link)
		ada.get(link).wantStatus(http.StatusNotFound)
		ada.post("/account/email/confirm", url.Values{"token": {token}}).wantStatus(http.StatusNotFound)
		newBrowser(t, s).get(link).wantStatus(http.StatusSeeOther) // to sign in
		for _, other := range []string{"", token[:20] + string('A'+('B'-token[20]&1)) + token[21:]} {
			mallory.post("/account/email/confirm", url.Values{"token": {other}}).wantStatus(http.StatusNotFound)
			mallory.post("/undo-email", url.Values{"token": {other}}).wantStatus(http.StatusNotFound)
		}
		mallory.post("/undo-email", url.Values{"token": {token}}).wantStatus(http.StatusNotFound) // of another purpose
		ada.get("/account").wantText(adaEmail)
		mallory.submit(link, "/account/email/confirm").wantRedirect("/account")
		if person, err := d.GetUserByEmail(t.Context(), countess); err != nil || person.ID != mallory.userID() {
			t.Errorf("got %+v, %v", person, err)
		}
	})
}

// TestNobodyKeepsOthersFromAnAddress has Mallory ask for Ada's new one first, as often
// as he may: links for it are good for his account alone.
func TestNobodyKeepsOthersFromAnAddress(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		ada, mallory := signedInMember(t, s, adaEmail), signedInMember(t, s, "mallory@example.com")
		for mallory.post("/account/email", url.Values{"email": {countess}}).StatusCode == http.StatusOK {
		}
		ada.submit(ada.askForAddress(countess), "/account/email/confirm").wantRedirect("/account")
	})
}

// TestAPasswordEndsAChangeOfAddress that was begun before it.
func TestAPasswordEndsAChangeOfAddress(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, newServer(t, d))
		b.register(adaEmail)
		link := b.askForAddress(countess)
		b.submit("/account", "/account/password", "current_password", adaPassword, "new_password", newPassword).wantRedirect("/account")
		b.get(link).wantStatus(http.StatusNotFound)
	})
}

func TestAnAddressThatIsTakenIsToldToItsOwnerAlone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		b := newBrowser(t, s)
		b.register(adaEmail)
		signedInMember(t, s, "eve@example.com")
		b.get("/dashboard") // takes the message that welcomes her
		ask := func(email string) string {
			return told(b.post("/account/email", url.Values{"email": {email}}), email)
		}
		if free, taken := ask(countess), ask("eve@example.com"); free != taken {
			t.Errorf("told\n%s\nand\n%s", free, taken)
		}
		if m := lastMail(t, d, "eve@example.com"); m.Subject != "This address has an account already" || strings.Contains(m.TextBody, "token=") || strings.Contains(m.TextBody, "Ada") {
			t.Errorf("Eve is written %q", m.TextBody)
		}
		// It is taken after the link was sent.
		path, err := links.New(t.Context(), d.Queries, links.Link{Purpose: links.ChangeEmail, UserID: b.userID(), Email: "eve@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		b.submit(path, "/account/email/confirm").wantRedirect("/account")
		b.get("/account").wantText("This address has an account of its own.", adaEmail)
		for email, message := range map[string]string{"": "Enter an e-mail address", "ada": "Enter an e-mail address", "ADA@example.com": "your address already"} {
			b.submit("/account/email", "/account/email", "email", email).wantFieldError("email", message)
		}
	})
}

// TestTheWayBackOfADisabledAccountSaysSo, and is there again once it is enabled.
func TestTheWayBackOfADisabledAccountSaysSo(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		b := newBrowser(t, s)
		b.register(adaEmail)
		b.submit(b.askForAddress(countess), "/account/email/confirm").wantRedirect("/account")
		link := linkIn(t, lastMail(t, d, adaEmail))
		if _, err := d.DisableUser(t.Context(), db.DisableUserParams{Email: countess, Now: db.Now()}); err != nil {
			t.Fatal(err)
		}
		ada := newBrowser(t, s)
		ada.get(link).wantStatus(http.StatusNotFound).wantText("The account is disabled", "Ask an administrator")
		ada.post("/undo-email", url.Values{"token": {tokenOf(t, link)}}).wantStatus(http.StatusNotFound).wantText("The account is disabled")
		if _, err := d.EnableUser(t.Context(), db.EnableUserParams{Email: countess, Now: db.Now()}); err != nil {
			t.Fatal(err)
		}
		ada.submit(link, "/undo-email").wantStatus(http.StatusSeeOther)
	})
}

// TestTheWayBackToAnAddressThatIsTakenSaysWhatThereIsToDo, and stays.
func TestTheWayBackToAnAddressThatIsTakenSaysWhatThereIsToDo(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		b := newBrowser(t, s)
		b.register(adaEmail)
		b.submit(b.askForAddress(countess), "/account/email/confirm").wantRedirect("/account")
		link := linkIn(t, lastMail(t, d, adaEmail))
		again := newBrowser(t, s)
		again.register(adaEmail)
		ada := newBrowser(t, s)
		ada.submit(link, "/undo-email").wantRedirect("/login")
		ada.get("/login").wantText("This address has an account of its own by now", "delete it", "open the link once more")
		again.submit("/account/delete", "/account/delete", "email", adaEmail).wantRedirect("/")
		ada.submit(link, "/undo-email").wantStatus(http.StatusSeeOther)
		b.wantUser(false)
	})
}

func TestWithoutMailAnAddressStays(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t), func(c *config.Config) { c.Env = config.Production })
	b := signedInMember(t, s, adaEmail)
	if page := b.get("/account/email").wantStatus(http.StatusOK).wantText("stays as it is"); strings.Contains(page.body, "Ask an administrator") {
		t.Error("it sends to an administrator, who can't change an address")
	}
	b.post("/account/email", url.Values{"email": {countess}}).wantStatus(http.StatusNotFound)
}
