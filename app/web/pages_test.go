package web

import (
	"maps"
	"slices"
	"testing"

	"github.com/jba/templatecheck"

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
