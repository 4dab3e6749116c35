package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func TestAnAdministratorLooksAfterAPerson(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		admin, ada := signedInAs(t, s, "admin@example.com", db.RoleAdmin), signedInMember(t, s, adaEmail)
		path := userPath(ada.userID())
		var last int64
		recorded(t, d, &last)
		want := func(lines ...string) {
			t.Helper()
			if got := recorded(t, d, &last); !slices.Equal(got, lines) {
				t.Errorf("got %q, want %q", got, lines)
			}
		}

		admin.get(path).wantStatus(http.StatusOK).wantText("Ada Lovelace", adaEmail, "Unknown device", "Signed in", "192.0.2.1")
		admin.submit(path, path+"/role", "role", db.RoleAdmin).wantRedirect(path)
		admin.get(path).wantText("The role of Ada Lovelace is changed.", "Administrator", "Role changed · admin", "by admin@example.com")
		want("admin: role_changed, ada, admin")
		ada.get(path).wantStatus(http.StatusOK)
		admin.submit(path, path+"/role", "role", "king").wantFieldError("role", "Choose a role")
		admin.submit(path, path+"/role", "role", db.RoleMember).wantRedirect(path)
		want("admin: role_changed, ada, member")

		admin.submit(path, path+"/disable").wantRedirect(path)
		want("admin: account_disabled, ada")
		ada.wantUser(false)
		newBrowser(t, s).login(adaEmail, adaPassword).wantText("This account is disabled.")
		admin.get(path).wantText("is signed in nowhere", "Disabled", "can’t get a new password")
		admin.post(path+"/reset", nil).wantRedirect(path) // the page was open before
		if list := mailTo(t, d, adaEmail); len(list) != 0 {
			t.Errorf("a disabled person is sent %q", list[0].Subject)
		}
		last++ // the refused sign-in
		recorded(t, d, &last)
		admin.submit(path, path+"/enable").wantRedirect(path)
		want("admin: account_enabled, ada")
		newBrowser(t, s).login(adaEmail, adaPassword).wantRedirect("/dashboard")
		want("ada: signed_in, ada")

		admin.submit(path, path+"/reset").wantRedirect(path)
		want("admin: reset_sent, ada")
		b := newBrowser(t, s)
		link := linkIn(t, lastMail(t, d, adaEmail))
		b.submit(link, "/reset-password", "new_password", "analytical engine").wantRedirect("/dashboard")
		newBrowser(t, s).login(adaEmail, "analytical engine").wantRedirect("/dashboard")

		for _, step := range []string{"", "/role", "/disable", "/enable", "/reset"} {
			admin.send(map[bool]string{true: http.MethodGet, false: http.MethodPost}[step == ""], "/admin/users/999999"+step, url.Values{}).wantStatus(http.StatusNotFound)
		}
	})
}

// TestChangingPeopleDemandsARecentPassword sends each form a while after the
// sign-in, and as a member.
func TestChangingPeopleDemandsARecentPassword(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	s := newServer(t, d, func(c *config.Config) { c.SessionStore = config.Cookie })
	ada, admin := signedInMember(t, s, adaEmail), signedInAs(t, s, "admin@example.com", db.RoleAdmin)
	age(t, d)
	path := userPath(ada.userID())
	for _, step := range []string{"/role", "/disable", "/reset"} {
		admin.submit(path, path+step).wantRedirect("/account/reauthenticate?" + url.Values{"next": {path}}.Encode())
	}
	admin.post(path+"/enable", nil).wantRedirect("/account/reauthenticate")
	for _, step := range []string{"/role", "/disable", "/enable", "/reset"} {
		ada.post(path+step, url.Values{"role": {db.RoleAdmin}}).wantStatus(http.StatusForbidden)
	}
	ada.wantUser(true)
	if person, err := d.GetUserByEmail(t.Context(), adaEmail); err != nil || person.Role != db.RoleMember || person.DisabledAt != nil || len(mailTo(t, d, adaEmail)) != 0 {
		t.Errorf("got %+v, %v", person, err)
	}
}

func TestTheLastAdministratorKeepsTheRole(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		admin, other := signedInAs(t, s, "admin@example.com", db.RoleAdmin), signedInAs(t, s, "other@example.com", db.RoleAdmin)
		own, others := userPath(admin.userID()), userPath(other.userID())

		if text := admin.get(own).text(); !strings.Contains(text, "another administrator has to disable your account") || strings.Contains(text, "Disable the account") {
			t.Errorf("oneself: %s", text)
		}
		admin.post(own+"/disable", nil).wantRedirect(own)
		admin.get(own).wantText("Another administrator has to disable your account.")
		admin.submit(others, others+"/disable").wantRedirect(others)
		// One who can't sign in doesn't count.
		admin.submit(own, own+"/role", "role", db.RoleMember).wantFieldError("role", "no other administrator who can sign in")
		admin.submit(others, others+"/enable").wantRedirect(others)
		admin.submit(own, own+"/role", "role", db.RoleMember).wantRedirect("/account")
		admin.get(own).wantStatus(http.StatusForbidden)
	})
}

// TestTwoAdministratorsWhoDemoteEachOtherLeaveOne sends both forms at once.
func TestTwoAdministratorsWhoDemoteEachOtherLeaveOne(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		pair := [2]*browser{signedInAs(t, s, "admin@example.com", db.RoleAdmin), signedInAs(t, s, "other@example.com", db.RoleAdmin)}
		paths := [2]string{userPath(pair[0].userID()), userPath(pair[1].userID())}
		var both sync.WaitGroup
		for i, b := range pair {
			both.Go(func() { b.post(paths[1-i]+"/role", url.Values{"role": {db.RoleMember}}) })
		}
		both.Wait()
		if left, err := d.HasAdministrator(t.Context()); !left || err != nil {
			t.Errorf("an administrator is left: %t, %v", left, err)
		}
	})
}

func TestWithoutMailNoLinkForAPasswordIsOffered(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t), func(c *config.Config) {
		c.Env, c.Registration, c.BaseURL = config.Production, config.Closed, ""
	})
	admin := signedInAs(t, s, "admin@example.com", db.RoleAdmin)
	path := userPath(admin.userID())
	admin.get(path).wantText("There is no mail, so no link to set a new password can be sent: portal user reset prints one")
	admin.post(path+"/reset", nil).wantStatus(http.StatusNotFound)
}

// TestAnActThatChangesNothingIsNone sends forms of pages that are old by now.
func TestAnActThatChangesNothingIsNone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		admin, ada := signedInAs(t, s, "admin@example.com", db.RoleAdmin), signedInMember(t, s, adaEmail)
		path := userPath(ada.userID())
		state := func() (text string) {
			t.Helper()
			if err := d.Pool().QueryRowContext(t.Context(), "SELECT role || ', ' || CAST(updated_at AS text) || COALESCE(CAST(disabled_at AS text), '') FROM users WHERE email = $1", adaEmail).Scan(&text); err != nil {
				t.Fatal(err)
			}
			return text
		}
		var last int64
		nothing := func(name, said string, act func()) {
			t.Helper()
			recorded(t, d, &last)
			before := state()
			act()
			if got := recorded(t, d, &last); len(got) > 0 {
				t.Errorf("%s: recorded %q", name, got)
			}
			if after := state(); after != before {
				t.Errorf("%s: %s is %s", name, before, after)
			}
			if said != "" {
				admin.get(path).wantText(said)
			}
		}
		nothing("the same role", "Ada Lovelace has this role already.", func() {
			admin.post(path+"/role", url.Values{"role": {db.RoleMember}}).wantRedirect(path)
		})
		nothing("enabling", "Ada Lovelace isn’t disabled.", func() { admin.post(path+"/enable", nil).wantRedirect(path) })
		nothing("the same name", "", func() {
			ada.submit("/account", "/account/profile", "name", "Ada Lovelace").wantRedirect("/account")
		})
		nothing("other devices, of which there are none", "", func() {
			ada.post("/account/sessions/revoke-others", nil).wantRedirect("/account/sessions")
		})
		admin.post(path+"/disable", nil).wantRedirect(path)
		admin.get(path)
		nothing("disabling", "Ada Lovelace is disabled already.", func() { admin.post(path+"/disable", nil).wantRedirect(path) })
		nothing("signing out", "is signed out on 0 devices", func() { admin.post(path+"/sign-out", nil).wantRedirect(path) })
		nothing("everybody", "", func() { admin.post("/admin/sign-out-everybody", nil).wantRedirect("/admin/users") })
	})
}
