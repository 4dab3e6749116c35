package web

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

var update = flag.Bool("update", false, "write docs/access.md anew")

const accessFile = "../../docs/access.md"

const accessHead = `# Who may do what

Each route, as each kind of visitor: what the program answered when the test asked it. Made by ` + "`make generate`" + `; ` + "`TestAccess`" + ` compares it, so that a changed permission is a changed line in a review.

A form is sent empty: 422 means that the visitor may, and that the form was wrong.

| route | access | anonymous | member | administrator |
|---|---|---|---|---|
`

// TestAccess sends every route's request as every kind of visitor.
func TestAccess(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	visitors := 0
	actors := []func() *browser{
		func() *browser { return newBrowser(t, s) },
		func() *browser { return person(t, s, &visitors, db.RoleMember) },
		func() *browser { return person(t, s, &visitors, db.RoleAdmin) },
	}
	text := accessHead
	for _, route := range s.routes {
		text += fmt.Sprintf("| %s %s | %s", route.Method, route.Path, route.Access)
		for _, actor := range actors {
			text += " | " + outcome(actor(), route)
		}
		text += " |\n"
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
	if text == string(want) {
		return
	}
	before, after := strings.Split(string(want), "\n"), strings.Split(text, "\n")
	for _, line := range before {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("- %s", line)
		}
	}
	for _, line := range after {
		if !strings.Contains(string(want), line+"\n") {
			t.Errorf("+ %s", line)
		}
	}
	t.Error("access has changed: if that is meant, run make generate and have docs/access.md reviewed")
}

// person returns the browser of somebody new, with this role.
func person(t *testing.T, s *Server, n *int, role string) *browser {
	t.Helper()
	*n++
	email := fmt.Sprintf("person%d@example.com", *n)
	b := newBrowser(t, s)
	b.register(email)
	b.get("/dashboard")
	if _, err := s.db.UpdateUserRole(t.Context(), db.UpdateUserRoleParams{Email: email, Role: role, Now: db.Now()}); err != nil {
		t.Fatal(err)
	}
	return b
}

// outcome sends a route's request and says what came of it.
func outcome(b *browser, route Route) string {
	b.t.Helper()
	path := strings.Replace(route.Path, "*", "css/app.css", 1)
	var answer *response
	if route.Method == http.MethodGet {
		answer = b.get(path)
	} else {
		answer = b.post(path, nil)
	}
	if to := answer.Header.Get("Location"); to != "" {
		return fmt.Sprintf("%d to %s", answer.StatusCode, to)
	}
	return fmt.Sprint(answer.StatusCode)
}
