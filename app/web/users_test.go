package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func TestRegistering(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, newServer(t, d))
		b.submit("/register", "/register", "name", " Ada Lovelace ", "email", " Ada@Example.COM ", "password", adaPassword).
			wantRedirect("/dashboard")
		b.get("/dashboard").wantStatus(http.StatusOK).wantText("Ada Lovelace", "Welcome, Ada Lovelace.")
		if text := b.get("/dashboard").text(); strings.Contains(text, "Welcome, Ada Lovelace.") {
			t.Error("the welcome is shown twice")
		}

		user, err := d.GetCredentials(t.Context(), adaEmail)
		if err != nil {
			t.Fatalf("the address isn't kept in lower case: %v", err)
		}
		if !strings.HasPrefix(user.PasswordHash, "$argon2id$") {
			t.Errorf("password kept as %q", user.PasswordHash)
		}
	})
}

func TestRegisteringWithFaults(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		newBrowser(t, s).register("taken@example.com")
		for name, test := range map[string]struct{ name, email, password, field, message string }{
			"no name":             {"", adaEmail, adaPassword, "name", "Enter a name"},
			"a name of spaces":    {"  ", adaEmail, adaPassword, "name", "Enter a name"},
			"a long name":         {strings.Repeat("x", 101), adaEmail, adaPassword, "name", "at most 100"},
			"no address":          {"Ada", "", adaPassword, "email", "Enter an e-mail address"},
			"no real address":     {"Ada", "ada", adaPassword, "email", "Enter an e-mail address"},
			"a taken address":     {"Ada", "Taken@example.com", adaPassword, "email", "already has an account"},
			"a short password":    {"Ada", adaEmail, "1234567", "password", "at least 8"},
			"a long password":     {"Ada", adaEmail, strings.Repeat("ab", 65), "password", "at most 128"},
			"a common password":   {"Ada", adaEmail, "password1", "password", "attacker tries"},
			"the product's name":  {"Ada", adaEmail, "meadow2026", "password", "mostly a name"},
			"the person's own":    {"Ada Lovelace", adaEmail, "my lovelace", "password", "mostly a name"},
			"the address as such": {"Ada", adaEmail, adaEmail, "password", "mostly a name"},
		} {
			t.Run(name, func(t *testing.T) {
				b := newBrowser(t, s)
				page := b.submit("/register", "/register", "name", test.name, "email", test.email, "password", test.password)
				page.wantFieldError(test.field, test.message)
				values, _ := formValues(page.parse(), "/register")
				if values.Get("name") != strings.TrimSpace(test.name) || values.Get("email") != strings.ToLower(test.email) {
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

func TestSignedInPeopleNeedNoSignInPage(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	b.register(adaEmail)
	b.get("/register").wantRedirect("/dashboard")
	b.get("/login").wantRedirect("/dashboard")
}

func TestTextThatADatabaseCantHoldIsRefused(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, newServer(t, d))
		for _, name := range []string{"a\x00b", "a\xffb"} {
			b.post("/register", map[string][]string{"name": {name}, "email": {adaEmail}, "password": {adaPassword}}).
				wantStatus(http.StatusBadRequest)
			b.post("/login", map[string][]string{"email": {name}, "password": {name}}).wantStatus(http.StatusBadRequest)
		}
	})
}
