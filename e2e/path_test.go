package e2e

import (
	"testing"

	"github.com/managethefans/portal/db/dbtest"
)

// Ada is the person in the tests. The common password is one that the portal
// refuses, and no browser does.
const (
	ada            = "ada@example.com"
	password       = "difference engine"
	commonPassword = "password123"
)

// TestTheMainPath goes through an account's life. On the second engine it does
// so on a phone in the dark, where menus may be closed and colours differ.
func TestTheMainPath(t *testing.T) {
	t.Parallel()
	for engine, on := range map[string]struct {
		url func(testing.TB) string
		look
	}{
		"sqlite":   {dbtest.SQLiteURL, wide},
		"postgres": {dbtest.PostgresURL, phoneDark},
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			b := newTab(t, startProgram(t, on.url(t)), on.look)
			mainPath(b)
			notesPath(b)
			addressPath(b)
		})
	}
}

// TestWithoutScripts goes the same way in a browser that runs none.
func TestWithoutScripts(t *testing.T) {
	t.Parallel()
	b := newTab(t, startProgram(t, dbtest.SQLiteURL(t)), noScripts)
	mainPath(b)
	notesPath(b)
	addressPath(b)
}

func mainPath(b *tab) {
	b.open("/").wantStatus(200).click("/register").wantPath("/register")
	b.fill("email", ada).press("/register").wantText("Look into your mail").wantText(ada)
	b.open(mailed(b.t, b.base, ada)).fill("name", "Ada Lovelace").fill("password", commonPassword).press("/register/confirm")
	b.wantFieldError("password").wantValue("name", "Ada Lovelace")
	b.fill("password", password).press("/register/confirm").wantPath("/dashboard").wantText("Ada Lovelace")

	b.click("/account").wantPath("/account").wantValue("name", "Ada Lovelace")
	b.fill("name", "Augusta King").press("/account/profile").wantPath("/account").wantValue("name", "Augusta King")
	b.open("/dashboard").wantText("Augusta King")

	b.press("/logout").wantPath("/")
	b.open("/account").wantPath("/login")
	b.fill("email", ada).fill("password", commonPassword).press("/login").wantPath("/login").wantStatus(422)
	b.fill("password", password).press("/login").wantPath("/account").wantValue("name", "Augusta King")

	b.press("/logout").open("/login").click("/forgot-password").fill("email", ada).press("/forgot-password").wantText("Look into your mail")
	link := mailed(b.t, b.base, ada)
	b.open(link).fill("new_password", commonPassword).press("/reset-password").wantFieldError("new_password")
	b.fill("new_password", password).press("/reset-password").wantPath("/dashboard").wantText("Your password is set.")
	b.open(link).wantStatus(404).wantText("This link has ended")
}

// addressPath has somebody change the address, the old one take that back, and the
// account go.
func addressPath(b *tab) {
	b.open("/account").click("/account/email").fill("email", "countess@example.com").press("/account/email").wantText("Look into your mail")
	b.open(mailed(b.t, b.base, "countess@example.com")).press("/account/email/confirm").wantPath("/account").wantText("Your address is changed.").wantText("countess@example.com")
	b.open(mailed(b.t, b.base, ada)).wantPath("/undo-email").press("/undo-email").wantPath("/reset-password")
	b.fill("new_password", password).press("/reset-password").wantPath("/dashboard")
	b.open("/account").wantText(ada).click("/account/delete").fill("email", "countess@example.com").press("Delete my account").wantFieldError("email")
	b.fill("email", ada).press("Delete my account").wantPath("/").wantText("Your account is deleted.")
	b.open("/login").fill("email", ada).fill("password", password).press("/login").wantStatus(422)
}

// notesPath goes through the life of notes, as somebody who has none.
func notesPath(b *tab) {
	b.open("/dashboard").click("/notes").wantText("No notes yet").click("/notes/new")
	b.fill("body", "First line").press("/notes").wantFieldError("title").wantValue("body", "First line")
	b.fill("title", "Quarterly report").setDate("due_on", "2031-02-03").tick("pinned").press("/notes")
	b.wantPath("/notes/1").wantText("Quarterly report").wantText("Due 3 Feb 2031").wantText("Pinned")
	b.click("/notes/1/edit").wantValue("body", "First line").wantValue("due_on", "2031-02-03")
	b.fill("title", "Yearly report").tick("pinned").press("/notes/1").wantPath("/notes/1").wantText("Yearly report")

	b.open("/notes/new").fill("title", "Contract").press("/notes").wantPath("/notes/2")
	b.open("/notes").fill("q", "YEARLY").press("Search").wantText("Yearly report").wantNoText("Contract")
	b.open("/notes").click("Title").wantText("Contract").click("Pinned").wantText("No note is pinned")
	b.click("Show all notes").click("Yearly report").wantPath("/notes/1")

	if b.look.noScripts {
		b.click("/notes/1/delete").wantPath("/notes/1/delete").wantText("Delete this note?")
		b.click("Keep it").wantPath("/notes/1").click("/notes/1/delete")
	} else {
		b.touch("link", "/notes/1/delete").wantText("Delete this note?")
		b.touch("link", "Keep it").wantNoText("Delete this note?")
		b.touch("link", "/notes/1/delete")
	}
	b.press("/notes/1/delete").wantPath("/notes").wantText("The note is deleted").wantNoText("Yearly report")
	b.open("/notes/1").wantStatus(404)
}

// TestTheThemeIsAChoiceWithAndWithoutScripts has somebody whose device is light
// choose dark, and leave it to the device again.
func TestTheThemeIsAChoiceWithAndWithoutScripts(t *testing.T) {
	t.Parallel()
	base := startProgram(t, dbtest.SQLiteURL(t))
	for _, l := range []look{wide, noScripts, phone} {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			b := newTab(t, base, l)
			background := func() string {
				return script[string](b, `() => getComputedStyle(document.querySelector("header")).backgroundColor`)
			}
			choose := b.press
			if !l.noScripts {
				choose = func(theme string) *tab { return b.touch("button", theme) }
			}
			b.open("/login?next=%2Faccount")
			light := background()
			b.fill("email", ada)
			choose("Dark").wantPath("/login")
			if !l.noScripts { // what is half typed stays
				b.wantValue("email", ada)
			}
			if dark := background(); dark == light {
				t.Errorf("dark is %s too", dark)
			}
			b.open("/register")
			if dark := background(); dark == light {
				t.Errorf("on the next page dark is %s too", dark)
			}
			choose("System").wantPath("/register")
			if got := background(); got != light {
				t.Errorf("left to a light device it is %s, want %s", got, light)
			}
		})
	}
}

// signIn opens the session of somebody who is there already.
func (b *tab) signIn(email, password string) *tab {
	b.t.Helper()
	b.open("/login").fill("email", email).fill("password", password).press("/login")
	return b.wantPath("/dashboard")
}

// askForAccount follows the link that is sent to an address.
func (b *tab) askForAccount(email string) *tab {
	b.t.Helper()
	b.open("/register").fill("email", email).press("/register").wantText("Look into your mail")
	return b.open(mailed(b.t, b.base, email)).wantPath("/register/confirm")
}

// signUp makes an account, and leads to the dashboard.
func (b *tab) signUp(email string) *tab {
	b.t.Helper()
	b.askForAccount(email)
	b.fill("name", "Ada Lovelace").fill("password", password).press("/register/confirm")
	return b.wantPath("/dashboard")
}
