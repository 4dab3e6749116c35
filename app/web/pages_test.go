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
		"account/show":   &accountPage{},
		"dashboard/show": &dashboardPage{},
		"errors/show":    &errorPage{},
		"home/show":      &homePage{},
		"login/new":      &loginPage{},
		"register/new":   &registerPage{},
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
