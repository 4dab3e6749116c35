package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jba/templatecheck"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
	"github.com/managethefans/portal/static"
	"github.com/managethefans/portal/templates"
)

// TestTemplatesMatchTheTypesOfTheirPages checks every field that a template
// names, also in branches that no other test renders. A new page is a new line
// here.
func TestTemplatesMatchTheTypesOfTheirPages(t *testing.T) {
	t.Parallel()
	pages := map[string]any{
		"account/reauthenticate":   &reauthenticatePage{},
		"account/show":             &accountPage{},
		"dashboard/show":           &dashboardPage{},
		"design/show":              &designPage{},
		"devices/list":             &devicesPage{},
		"errors/show":              &errorPage{},
		"home/show":                &homePage{},
		"login/new":                &loginPage{},
		"notes/delete":             &notePage{},
		"notes/edit":               &noteFormPage{},
		"notes/list":               &notesPage{},
		"notes/new":                &noteFormPage{},
		"notes/show":               &notePage{},
		"register/new":             &registerPage{},
		"users/sign-out":           &signOutPage{},
		"users/sign-out-everybody": &signOutEverybodyPage{},
		"users/list":               &usersPage{},
	}
	maps.Copy(pages, developersPages)
	set, err := templates.Load(static.URL)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := set.Names(), slices.Sorted(maps.Keys(pages)); !slices.Equal(got, want) {
		t.Errorf("templates %v, page types for %v", got, want)
	}
	for name, page := range pages {
		if err := templatecheck.CheckHTML(set.Lookup(name), page); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEveryPageOffersToSignOut opens each page as an administrator, who may see
// them all.
func TestEveryPageOffersToSignOut(t *testing.T) {
	t.Parallel()
	b := newPerson(t, newServer(t, dbtest.SQLite(t)), adaEmail, db.RoleAdmin)
	routes, err := Routes()
	if err != nil {
		t.Fatal(err)
	}
	pages := 0
	for _, route := range routes {
		if route.Method != http.MethodGet {
			continue
		}
		path := strings.Replace(route.Path, ":id", newRow(b, route.Path), 1)
		page := b.get(path)
		if !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
			continue
		}
		if _, ok := formValues(page.parse(), "/logout"); !ok {
			t.Errorf("%s has no form to sign out", path)
		}
		pages++
	}
	if pages < 10 {
		t.Errorf("only %d pages were looked at", pages)
	}
}
