package web

import (
	"net/http"
	"testing"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func TestChangingTheName(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, newServer(t, d))
		b.register(adaEmail)
		b.submit("/account", "/account/profile", "name", " Augusta Ada King ").wantRedirect("/account")
		page := b.get("/account").wantText("Your name is changed.", adaEmail)
		if values, _ := formValues(page.parse(), "/account/profile"); values.Get("name") != "Augusta Ada King" {
			t.Errorf("the form has %v", values)
		}
		b.submit("/account", "/account/profile", "name", " ").wantFieldError("name", "Enter a name")
		b.get("/dashboard").wantText("Augusta Ada King")
	})
}

func TestMarkupInANameIsText(t *testing.T) {
	t.Parallel()
	const name = `<script>alert("x")</script>`
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	b.register(adaEmail)
	b.submit("/account", "/account/profile", "name", name).wantRedirect("/account")
	for _, path := range []string{"/account", "/dashboard", "/"} {
		for n := range b.get(path).parse().Descendants() {
			if n.Data == "script" {
				t.Errorf("%s has a script", path)
			}
		}
	}
	b.get("/account").wantText(adaEmail)
}

func TestChangingThePassword(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Server) {
		here, elsewhere := newBrowser(t, s), newBrowser(t, s)
		here.register(adaEmail)
		elsewhere.login(adaEmail, adaPassword).wantRedirect("/dashboard")
		stolen := here.clone()

		const newPassword = "analytical engine"
		here.submit("/account", "/account/password", "current_password", adaPassword, "new_password", newPassword).wantRedirect("/account")
		here.get("/account").wantStatus(http.StatusOK).wantText("Your password is changed.")
		elsewhere.wantUser(false)
		stolen.wantUser(false)
		elsewhere.login(adaEmail, adaPassword).wantStatus(http.StatusUnprocessableEntity)
		elsewhere.login(adaEmail, newPassword).wantRedirect("/dashboard")
	})
}

func TestChangingThePasswordWithFaults(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, newServer(t, d))
		b.register(adaEmail)
		change := func(current, new string) *response {
			return b.submit("/account", "/account/password", "current_password", current, "new_password", new)
		}
		change("wrong password", "analytical engine").wantFieldError("current_password", "not your current password")
		change("", "analytical engine").wantFieldError("current_password", "not your current password")
		change(adaPassword, "short").wantFieldError("new_password", "at least 8")
		change(adaPassword, "lovelace7").wantFieldError("new_password", "mostly a name")
		change("wrong password", "short").wantFieldError("new_password", "at least 8").wantFieldError("current_password", "not your current")
		b.wantUser(true)
		newBrowser(t, b.handler).login(adaEmail, adaPassword).wantRedirect("/dashboard")
	})
}
