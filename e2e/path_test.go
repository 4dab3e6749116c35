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
			mainPath(newTab(t, startPortal(t, on.url(t)), on.look))
		})
	}
}

// TestWithoutScripts goes the same way in a browser that runs none.
func TestWithoutScripts(t *testing.T) {
	t.Parallel()
	mainPath(newTab(t, startPortal(t, dbtest.SQLiteURL(t)), noScripts))
}

func mainPath(b *tab) {
	b.open("/").wantStatus(200).click("/register").wantPath("/register")
	b.fill("name", "Ada Lovelace").fill("email", ada).fill("password", commonPassword).press("/register")
	b.wantFieldError("password").wantValue("name", "Ada Lovelace").wantValue("email", ada)
	b.fill("password", password).press("/register").wantPath("/dashboard").wantText("Ada Lovelace")

	b.click("/account").wantPath("/account").wantValue("name", "Ada Lovelace")
	b.fill("name", "Augusta King").press("/account/profile").wantPath("/account").wantValue("name", "Augusta King")
	b.open("/dashboard").wantText("Augusta King")

	b.press("/logout").wantPath("/")
	b.open("/account").wantPath("/login")
	b.fill("email", ada).fill("password", commonPassword).press("/login").wantPath("/login").wantStatus(422)
	b.fill("password", password).press("/login").wantPath("/account").wantValue("name", "Augusta King")
}

// signUp makes an account, and leads to the dashboard.
func (b *tab) signUp(email string) *tab {
	b.t.Helper()
	b.open("/register")
	b.fill("name", "Ada Lovelace").fill("email", email).fill("password", password).press("/register")
	return b.wantPath("/dashboard")
}
