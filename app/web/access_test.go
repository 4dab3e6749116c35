package web

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

var update = flag.Bool("update", false, "write docs/access.md anew")

// otherRoles have a column each. A new role is a word here, and a column in
// accessHead.
var otherRoles = []string{db.RoleAdmin}

const accessFile = "../../docs/access.md"

const accessHead = `# Who may do what

Each route, as each kind of visitor: what the program answered when the test asked it. Made by ` + "`make generate`" + `; ` + "`TestAccess`" + ` compares it, so that a changed permission is a changed line in a review.

A form is sent empty: 422 means that the visitor may, and that the form was wrong. Where a route names a row, members are its owner and another; where it names none, there is but one kind. All have signed in within 15 minutes, which is what "recently authenticated" asks for. HEAD is answered as GET, OPTIONS with the methods that a path has; every other request is a 404 or a 405.

| route | access | anonymous | member | owner of the row | another member | administrator |
|---|---|---|---|---|---|---|
`

// TestAccess sends every route's request as every kind of visitor.
func TestAccess(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	people := 0
	person := func(role string) *browser {
		people++
		return signedInAs(t, s, fmt.Sprintf("person%d@example.com", people), role)
	}
	text := accessHead
	for _, route := range s.routes {
		owner := person(db.RoleMember)
		send := func(b *browser) string { return outcome(b, route, owner) }
		cells := []string{route.Method + " " + route.Path, route.Access, send(newBrowser(t, s))}
		if strings.Contains(route.Path, ":id") {
			cells = append(cells, "–", send(owner), send(person(db.RoleMember)))
		} else {
			cells = append(cells, send(owner), "–", "–")
		}
		for _, role := range otherRoles {
			cells = append(cells, send(person(role)))
		}
		text += "| " + strings.Join(cells, " | ") + " |\n"
	}

	if t.Failed() { // what was asked ended in an error: that is nobody's access
		return
	}
	if *update {
		if err := os.WriteFile(accessFile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(accessFile)
	if err != nil {
		t.Fatal(err)
	}
	if changes := changedCells(string(want), text); len(changes) > 0 {
		t.Error("access has changed: if that is meant, run make generate and have docs/access.md reviewed\n" + strings.Join(changes, "\n"))
	}
}

// changedCells says what is different between two tables of access: each
// changed cell, and each line that came or went.
func changedCells(before, after string) []string {
	was, is := accessRows(before), accessRows(after)
	var changes []string
	for _, route := range is.names {
		old, ok := was.cells[route]
		if !ok || len(old) != len(is.cells[route]) {
			changes = append(changes, "+ "+route+": "+strings.Join(is.cells[route], " | "))
			continue
		}
		for i, now := range is.cells[route] {
			if old[i] != now {
				changes = append(changes, fmt.Sprintf("%s, %s: was %q, is %q", route, is.cells["route"][i], old[i], now))
			}
		}
	}
	for _, route := range was.names {
		if _, ok := is.cells[route]; !ok {
			changes = append(changes, "- "+route+": "+strings.Join(was.cells[route], " | "))
		}
	}
	if len(changes) == 0 && before != after {
		changes = append(changes, "the text around the table, or the order of its lines")
	}
	return changes
}

type accessTable struct {
	names []string
	cells map[string][]string // by route
}

func accessRows(text string) accessTable {
	table := accessTable{cells: map[string][]string{}}
	for line := range strings.Lines(text) {
		if fields := strings.Split(strings.Trim(line, "|\n "), " | "); len(fields) > 1 {
			table.names = append(table.names, fields[0])
			table.cells[fields[0]] = fields[1:]
		}
	}
	return table
}

// outcome sends a route's request and says what came of it. A row that it
// names is the owner's.
func outcome(b *browser, route Route, owner *browser) string {
	b.t.Helper()
	path := strings.Replace(route.Path, "*", "css/app.css", 1)
	id := newRow(owner, route.Path)
	path = strings.Replace(path, ":id", id, 1)
	answer := b.send(route.Method, path, url.Values{})
	if to := answer.Header.Get("Location"); to != "" {
		to = strings.ReplaceAll(to, strings.ReplaceAll(path, "/", "%2F"), "…")
		if id != "" {
			to = strings.ReplaceAll(to, "/"+id, "/:id")
		}
		return fmt.Sprintf("%d to %s", answer.StatusCode, to)
	}
	return fmt.Sprint(answer.StatusCode)
}

// newRow adds the row of the owner that a route names, and returns its id. A
// new resource is a line here.
func newRow(owner *browser, path string) string {
	switch {
	case !strings.Contains(path, ":id"):
		return ""
	case strings.HasPrefix(path, "/account/sessions/"):
		return strconv.FormatInt(newDevice(owner, firefox).id(), 10)
	case strings.HasPrefix(path, "/_dev/mail/"):
		return "1" // which nobody has written
	case strings.HasPrefix(path, "/admin/mail/"):
		return "1" // which nobody has written
	case strings.HasPrefix(path, "/admin/invitations/"):
		return strconv.FormatInt(newInvitation(owner, "guest@example.com"), 10)
	case strings.HasPrefix(path, "/admin/users/"):
		return strconv.FormatInt(owner.userID(), 10)
	case strings.HasPrefix(path, "/notes/"):
		return strconv.FormatInt(newNote(owner), 10)
		// gen adds cases above this line.
	}
	owner.t.Fatalf("newRow knows no row for %s", path)
	return ""
}

func TestAChangedPermissionIsNamedByItsCell(t *testing.T) {
	t.Parallel()
	const head = "| route | access | anonymous | member | owner of the row | another member | administrator |\n"
	before := head + "| GET /a | signed in | 303 | 200 | – | – | 200 |\n| GET /b | public | 200 | 200 | – | – | 200 |\n"
	after := head + "| GET /a | public | 200 | 200 | – | – | 200 |\n| GET /c | public | 200 | 200 | – | – | 200 |\n"
	want := []string{
		`GET /a, access: was "signed in", is "public"`,
		`GET /a, anonymous: was "303", is "200"`,
		"+ GET /c: public | 200 | 200 | – | – | 200",
		"- GET /b: public | 200 | 200 | – | – | 200",
	}
	if got := changedCells(before, after); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestARouteAnswersNoOtherMethod(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	b := signedInAs(t, s, adaEmail, db.RoleAdmin)
	declared := map[string][]string{}
	for _, route := range s.routes {
		declared[route.Path] = append(declared[route.Path], route.Method)
		if route.Method == http.MethodGet {
			declared[route.Path] = append(declared[route.Path], http.MethodHead)
		}
	}
	for path, methods := range declared {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
			if slices.Contains(methods, method) {
				continue
			}
			r := httptest.NewRequest(method, strings.NewReplacer(":id", "1", "*", "css/app.css").Replace(path), nil)
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.Header.Set("X-HTTP-Method-Override", "POST") // ASVS 4.1.4: nothing tunnels another method
			answer := b.do(r)
			switch answer.StatusCode {
			case http.StatusMethodNotAllowed:
			case http.StatusNotFound: // POST /…/new is POST /…/:id, of a row that isn’t there
			case http.StatusNoContent:
				if method != http.MethodOptions {
					t.Errorf("%s %s does something", method, path)
				}
			default:
				t.Errorf("%s %s: %d", method, path, answer.StatusCode)
			}
		}
	}
}

func TestPagesForDevelopersAreNotInProduction(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	for env, status := range map[string]int{config.Production: http.StatusNotFound, config.Development: http.StatusOK} {
		s := newServer(t, d, func(c *config.Config) { c.Env = env })
		for _, route := range s.routes {
			if route.Access == string(development) && route.Method == http.MethodGet && !strings.Contains(route.Path, ":id") {
				b := newBrowser(t, s)
				b.host = "localhost"
				b.get(route.Path).wantStatus(status)
			}
		}
	}
}

func TestARouteThatDeclaresNoAccessDoesntStart(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	if err := s.handle(http.MethodGet, "/open", "", s.showHome); err == nil || !strings.Contains(err.Error(), "GET /open declares no access") {
		t.Errorf("got %v", err)
	}
	s.echo.GET("/past", s.showHome)
	if err := s.undeclared(); err == nil || !strings.Contains(err.Error(), "GET /past declares no access") {
		t.Errorf("a route that was added past handle: %v", err)
	}
	newBrowser(t, s).get("/open").wantStatus(http.StatusNotFound)
}

func TestASensitiveStepDemandsARecentPassword(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		if err := s.handle(http.MethodGet, "/sensitive", recentlyAuthenticated, s.showHome); err != nil {
			t.Fatal(err)
		}
		b, elsewhere := newBrowser(t, s), newBrowser(t, s)
		b.register(adaEmail)
		elsewhere.login(adaEmail, adaPassword).wantRedirect("/dashboard")
		b.get("/sensitive").wantStatus(http.StatusOK)

		if _, err := d.Pool().ExecContext(t.Context(), "UPDATE user_sessions SET created_at = $1", db.Now().Add(-recent)); err != nil {
			t.Fatal(err)
		}
		b.get("/dashboard").wantStatus(http.StatusOK)
		b.submit("/account", "/account/sessions/revoke-others").wantRedirect("/account/reauthenticate?next=%2Faccount")
		elsewhere.wantUser(true)

		const page = "/account/reauthenticate?next=%2Fsensitive%3Fa%3Db"
		b.get("/sensitive?a=b").wantRedirect(page)
		before := b.clone()
		b.submit(page, "/account/reauthenticate", "current_password", "wrong").wantFieldError("current_password", "not your current password")
		b.submit(page, "/account/reauthenticate", "current_password", adaPassword).wantRedirect("/sensitive?a=b")
		b.get("/sensitive").wantStatus(http.StatusOK)
		before.wantUser(false)
		b.submit("/account", "/account/sessions/revoke-others").wantRedirect("/account/sessions")
		elsewhere.wantUser(false)
		b.wantUser(true)
	})
}

func TestAnAdministratorsPageIsRefusedToMembers(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	member, admin := signedInMember(t, s, "member@example.com"), signedInAs(t, s, "admin@example.com", db.RoleAdmin)
	member.get("/admin/users").wantStatus(http.StatusForbidden).wantText("ask an administrator")
	if strings.Contains(member.get("/dashboard").text(), "People") {
		t.Error("a member is shown the way to it")
	}
	admin.get("/dashboard").wantText("People")
	admin.get("/admin/users?sort=-email").wantText("member@example.com", "admin@example.com", "Administrator")

	if _, err := s.db.UpdateUserRole(t.Context(), db.UpdateUserRoleParams{Email: "admin@example.com", Role: db.RoleMember, Now: db.Now()}); err != nil {
		t.Fatal(err)
	}
	admin.get("/admin/users").wantStatus(http.StatusForbidden)
}
