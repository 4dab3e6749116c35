package web

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/session"
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
			if n.Data == "script" && attr(n, "src") == "" {
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

// TestAChangeOfThePasswordThatFailsChangesNothing has the disk run full for the
// new sign-in.
func TestAChangeOfThePasswordThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t)
	s := newServer(t, d, func(c *config.Config) { c.SessionStore = config.Postgres })
	silence(s)
	here, elsewhere := newBrowser(t, s), newBrowser(t, s)
	here.register(adaEmail)
	elsewhere.login(adaEmail, adaPassword).wantRedirect("/dashboard")
	free := dbtest.FullDisk(t, d, "user_sessions")
	here.submit("/account", "/account/password", "current_password", adaPassword, "new_password", "analytical engine").wantStatus(http.StatusServiceUnavailable)
	here.wantUser(true)
	elsewhere.wantUser(true)
	free()
	newBrowser(t, s).login(adaEmail, adaPassword).wantRedirect("/dashboard")
}

// TestASignInUnderWayDoesntOutliveAChangeOfThePassword has sign-ins with the old
// password arrive while it is changed.
func TestASignInUnderWayDoesntOutliveAChangeOfThePassword(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Server) {
		owner := newBrowser(t, s)
		owner.register(adaEmail)
		var group sync.WaitGroup
		others := make([]*browser, 8)
		for i := range others {
			others[i] = newBrowser(t, s)
			group.Go(func() {
				others[i].post("/login", url.Values{"email": {adaEmail}, "password": {adaPassword}})
			})
		}
		group.Go(func() {
			owner.post("/account/password", url.Values{"current_password": {adaPassword}, "new_password": {"analytical engine"}}).wantRedirect("/account")
		})
		group.Wait()
		for _, b := range others {
			b.wantUser(false)
		}
		owner.wantUser(true)
	})
}

func TestAProofOfIdentityHoldsOnlyWhileTheAccountIsAsItWas(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		newBrowser(t, s).register(adaEmail)
		verified, err := d.GetCredentials(t.Context(), adaEmail)
		if err != nil {
			t.Fatal(err)
		}
		s.echo.GET("/prove", func(c echo.Context) error {
			err := session.From(c).SignIn(verified.ID, verified.PasswordHash)
			session.From(c).Discard()
			if errors.Is(err, session.ErrChanged) {
				return c.NoContent(http.StatusConflict)
			}
			return cmp.Or(err, c.NoContent(http.StatusOK))
		})
		newBrowser(t, s).get("/prove").wantStatus(http.StatusOK)
		if _, err := d.DisableUser(t.Context(), db.DisableUserParams{Email: adaEmail, Now: db.Now()}); err != nil {
			t.Fatal(err)
		}
		newBrowser(t, s).get("/prove").wantStatus(http.StatusConflict)
		if _, err := d.EnableUser(t.Context(), db.EnableUserParams{Email: adaEmail, Now: db.Now()}); err != nil {
			t.Fatal(err)
		}
		newBrowser(t, s).get("/prove").wantStatus(http.StatusOK)
		n, err := d.ReplacePasswordHash(t.Context(), db.ReplacePasswordHashParams{ID: verified.ID, VerifiedHash: verified.PasswordHash, PasswordHash: "other", Now: db.Now()})
		if n != 1 || err != nil {
			t.Fatal(n, err)
		}
		newBrowser(t, s).get("/prove").wantStatus(http.StatusConflict)
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
		change(adaPassword, "my lovelace").wantFieldError("new_password", "mostly a name")
		change("wrong password", "short").wantFieldError("new_password", "at least 8").wantFieldError("current_password", "not your current")
		b.wantUser(true)
		newBrowser(t, b.handler).login(adaEmail, adaPassword).wantRedirect("/dashboard")
	})
}
