package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// BenchmarkPeople asks for pages of a list of manyPeople, from the request to the
// page. With VERBOSE=1 it shows how the database finds them:
//
//	make bench BENCH=People PKG=./app/web VERBOSE=1
func BenchmarkPeople(b *testing.B) {
	d := dbtest.Postgres(b)
	cookies := fillTown(b, d)
	pages := []struct{ name, query string }{
		{"first page", ""},
		{"page 1000", "page=1000"},
		{"last page", fmt.Sprintf("page=%d", maxCount/pageSize)},
		{"by name", "sort=name"},
		{"by name, down", "sort=-name"},
		{"by address, down", "sort=-email"},
		{"by when they joined", "sort=joined"},
		{"by when they joined, down", "sort=-joined"},
		{"by when they were seen", "sort=seen"},
		{"by when they were seen, down", "sort=-seen"},
		{"administrators", "admins=yes"},
		{"administrators, by name", "admins=yes&sort=name"},
		{"disabled", "disabled=yes"},
		{"disabled, by when they were seen", "disabled=yes&sort=-seen"},
		{"search, many people", "q=example"},
		{"search, one person", "q=person+777777"},
		{"search, an address", "q=person777777@example.com"},
		{"search, nobody", "q=nothing+of+that+name"},
	}
	for _, page := range pages {
		b.Run(page.name, func(b *testing.B) {
			for b.Loop() {
				cookies.ask(b, http.MethodGet, "/admin/users?"+page.query)
			}
			explainPeople(b, d, page.query)
		})
	}
	b.Run("one person", func(b *testing.B) {
		for b.Loop() {
			cookies.ask(b, http.MethodGet, userPath(int64(*manyPeople)))
		}
	})
}

// fillTown adds people: of ten thousand, one is an administrator, and of a
// thousand, one is disabled; one in four was never seen.
func fillTown(b *testing.B, d *db.DB) notebook {
	n := newNotebook(b, d)
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	for _, statement := range []string{
		fmt.Sprintf(`INSERT INTO users (email, name, password_hash, role, disabled_at, created_at, updated_at, last_seen_at)
			SELECT 'person' || n || '@example.com', 'Person ' || (n * 7919 %% %[1]d), 'x', CASE WHEN n %% 10000 = 0 THEN 'admin' ELSE 'member' END,
				CASE WHEN n %% 1000 = 1 THEN now() END, now() - n * INTERVAL '1 minute', now(), CASE WHEN n %% 4 > 0 THEN now() - (n * 31 %% %[1]d) * INTERVAL '1 second' END
			FROM generate_series(2::bigint, %[1]d) AS n`, *manyPeople),
		"UPDATE users SET role = 'admin' WHERE id = 1",
		"VACUUM ANALYZE",
	} {
		if _, err := d.Pool().ExecContext(ctx, statement); err != nil {
			b.Fatal(err)
		}
	}
	return n
}

// explainPeople logs how the database finds the people of a page.
func explainPeople(b *testing.B, d *db.DB, query string) {
	if !testing.Verbose() {
		return
	}
	source, err := os.ReadFile("../../db/users.sql.go")
	if err != nil {
		b.Fatal(err)
	}
	_, text, _ := strings.Cut(string(source), "const listUserPage = `")
	text, _, _ = strings.Cut(text, "`")
	l := newList(echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/admin/users?"+query, nil), nil), userSorts, "email", "admins", "disabled")
	l.setTotal(maxCount)
	order := map[string]string{
		"name": "lower(name), id", "-name": "lower(name) DESC, id DESC", "email": "email", "-email": "email DESC",
		"joined": "created_at, id", "-joined": "created_at DESC, id DESC",
		"seen": "last_seen_at NULLS FIRST, id", "-seen": "last_seen_at DESC NULLS LAST, id DESC",
	}[l.Sort]
	text = strings.Replace(text, "ORDER BY email", "ORDER BY "+order, 1)
	b.Log(url.QueryEscape(query))
	logRows(b, d, "EXPLAIN (ANALYZE, COSTS OFF, SUMMARY OFF) "+text, l.Filter("admins"), l.Filter("disabled"), db.SearchPattern(l.Search), l.skip(), pageSize)
}
