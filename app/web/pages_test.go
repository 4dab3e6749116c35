package web

import (
	"bytes"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jba/templatecheck"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
	"github.com/managethefans/portal/static"
	"github.com/managethefans/portal/templates"
)

// pageTypes are the pages by the names of their templates. A new page is a new
// line here.
func pageTypes() map[string]any {
	aList := &list{path: "/notes", Search: `"<&`, Page: 5, Pages: 9, Total: 220}
	pages := map[string]any{
		"account/delete":           &leavePage{},
		"account/email":            &emailPage{},
		"account/email-confirm":    &emailLinkPage{},
		"account/email-undo":       &emailLinkPage{},
		"account/reauthenticate":   &reauthenticatePage{},
		"account/show":             &accountPage{},
		"activity/list":            &activityPage{},
		"audit/list":               &auditPage{},
		"dashboard/show":           &dashboardPage{},
		"design/show":              &designPage{List: aList},
		"devices/list":             &devicesPage{},
		"errors/show":              &errorPage{},
		"home/show":                &homePage{},
		"invitations/list":         &invitationsPage{List: aList},
		"invitations/new":          &invitationFormPage{},
		"links/ended":              &linkEndedPage{},
		"links/sent":               &linkSentPage{},
		"login/new":                &loginPage{},
		"mail/list":                &mailPage{},
		"notes/delete":             &notePage{},
		"notes/edit":               &noteFormPage{},
		"notes/list":               &notesPage{List: aList},
		"notes/new":                &noteFormPage{},
		"notes/show":               &notePage{},
		"passwords/forgot":         &forgotPage{},
		"passwords/reset":          &newPasswordPage{},
		"register/closed":          &closedPage{},
		"register/confirm":         &joinPage{},
		"register/new":             &registerPage{},
		"users/sign-out":           &signOutPage{},
		"users/sign-out-everybody": &signOutEverybodyPage{},
		"users/list":               &usersPage{List: aList},
		"users/show":               &userDetailsPage{},
		// gen adds lines above this one.
	}
	maps.Copy(pages, developersPages)
	return pages
}

// TestTemplatesMatchTheTypesOfTheirPages checks every field that a template
// names, also in branches that no other test renders.
func TestTemplatesMatchTheTypesOfTheirPages(t *testing.T) {
	t.Parallel()
	pages := pageTypes()
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

// TestPagesAreWrittenAsByHTMLTemplate fills the type of each page with text that
// is dangerous, and with nothing, and compares what html/template makes of it
// with what the program does that takes its place.
func TestPagesAreWrittenAsByHTMLTemplate(t *testing.T) {
	t.Parallel()
	set, err := templates.Load(static.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range pageTypes() {
		written := 0
		for depth := range 7 {
			p := reflect.New(reflect.TypeOf(page).Elem())
			p.Elem().Set(reflect.ValueOf(page).Elem())
			fill(p.Elem(), depth)
			var want, got bytes.Buffer
			if set.Render(&want, name, p.Interface()) != nil {
				continue // something that is too empty
			}
			want.Reset()
			if err := set.Lookup(name).Execute(&want, p.Interface()); err != nil {
				t.Fatal(err)
			}
			program := set.Program(name)
			if program == nil || !program.Execute(&got, p.Interface()) {
				continue
			}
			if written++; got.String() != want.String() {
				t.Errorf("%s, filled %d deep, should be\n%s\nand is\n%s", name, depth, want.String(), got.String())
			}
		}
		if written == 0 {
			t.Errorf("%s is left to html/template, which is slower: see templates/program", name)
		}
	}
}

// fill puts something into v, and into what it holds down to a depth.
func fill(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString([]string{`<a href="javascript:x">'&+`, "/a?b=c&d"}[depth%2])
	case reflect.Bool:
		v.SetBool(depth%2 == 0)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(depth))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Anonymous {
				fill(v.Field(i), depth)
			} else if v.Field(i).CanSet() && depth > 0 {
				fill(v.Field(i), depth-1)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), min(depth, 2), 2))
		for i := range v.Len() {
			fill(v.Index(i), depth-1)
		}
	case reflect.Pointer:
		if depth > 0 && v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), depth-1)
		}
	}
}

// TestEveryPageOffersToSignOut opens each page as an administrator, who may see
// them all.
func TestEveryPageOffersToSignOut(t *testing.T) {
	t.Parallel()
	b := signedInAs(t, newServer(t, dbtest.SQLite(t)), adaEmail, db.RoleAdmin)
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
	if pages < 8 {
		t.Errorf("only %d pages were looked at", pages)
	}
}
