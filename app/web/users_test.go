package web

import (
	"net/http"
	"slices"
	"testing"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

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
			b.post("/register", map[string][]string{"email": {name}}).wantStatus(http.StatusBadRequest)
			b.post("/login", map[string][]string{"email": {name}, "password": {name}}).wantStatus(http.StatusBadRequest)
		}
	})
}

func TestPeopleAreFoundFilteredAndSorted(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		now := db.Now()
		for i, person := range []struct{ email, name, role string }{
			{"ada@example.com", "Ada Lovelace", db.RoleMember}, {"grace@example.org", "grace Hopper", db.RoleAdmin}, {"x_100%@example.com", "Bob", db.RoleMember},
		} {
			_, err := d.CreateUser(t.Context(), db.CreateUserParams{Email: person.email, Name: person.name, PasswordHash: "x", Role: person.role, Now: now.AddDate(0, 0, -i-1)})
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.DisableUser(t.Context(), db.DisableUserParams{Email: "grace@example.org", Now: now}); err != nil {
			t.Fatal(err)
		}
		admin := signedInAs(t, s, "zoe@example.com", db.RoleAdmin)
		admin.submit("/account", "/account/profile", "name", "Zoe").wantRedirect("/account")
		for query, want := range map[string][]string{
			"":                        {"Ada", "grace", "Bob", "Zoe"},
			"sort=name":               {"Ada", "Bob", "grace", "Zoe"},
			"sort=-joined":            {"Zoe", "Ada", "grace", "Bob"},
			"sort=-seen":              {"Zoe", "Bob", "grace", "Ada"},
			"sort=seen":               {"Ada", "grace", "Bob", "Zoe"},
			"q=LOVE":                  {"Ada"},
			"q=example.ORG":           {"grace"},
			"q=_100%25":               {"Bob"},
			"q=%25%25":                nil,
			"admins=yes":              {"grace", "Zoe"},
			"disabled=yes":            {"grace"},
			"admins=yes&q=zoe":        {"Zoe"},
			"disabled=yes&q=lovelace": nil,
		} {
			if got := titles(admin.get("/admin/users?" + query)); !slices.Equal(got, want) {
				t.Errorf("%q: got %q, want %q", query, got, want)
			}
		}
		admin.get("/admin/users?q=%3Cb%3E").wantText("Nobody has “<b>” in their name or address.", "Show everybody")
		admin.get("/admin/users?q=zoe").wantText("just now")
		admin.get("/admin/users?q=love").wantText("Never")
	})
}

func TestEveryOrderOfUsersIsGood(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := signedInAs(t, newServer(t, d), adaEmail, db.RoleAdmin)
		for column := range userSorts {
			for _, direction := range []string{"", "-"} {
				if got := rowHeadings(b.get("/admin/users?sort=" + direction + column)); len(got) != 1 {
					t.Errorf("by %s%s: %v", direction, column, got)
				}
			}
		}
	})
}
