package web

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// manyNotes is how many notes one person has in the benchmark.
var manyNotes = flag.Int("notes", 100_000, "how many notes one person has in BenchmarkNotes")

// BenchmarkNotes asks for pages of a list of manyNotes, from the request to the
// page. With VERBOSE=1 it shows how the database finds them:
//
//	make bench BENCH=Notes VERBOSE=1
//	make bench BENCH=Notes/postgres PKG=./app/web ARGS='-notes 1000000'
func BenchmarkNotes(b *testing.B) {
	for engine, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			d := open(b)
			cookies := fillNotebook(b, d)
			for name, query := range map[string]string{
				"first page":        "",
				"page 1000":         "page=1000",
				"last page":         fmt.Sprintf("page=%d", *manyNotes/pageSize),
				"by title":          "sort=title",
				"by title, down":    "sort=-title",
				"by date":           "sort=due",
				"by date, down":     "sort=-due",
				"by change":         "sort=updated",
				"title, page 1000":  "sort=title&page=1000",
				"pinned":            "pinned=yes",
				"search, many rows": "q=report",
				"search, one row":   "q=note+number+77777",
				"search, no row":    "q=nothing+of+that+name",
			} {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						r := httptest.NewRequest(http.MethodGet, "/notes?"+query, nil)
						for _, cookie := range cookies.list {
							r.AddCookie(cookie)
						}
						w := httptest.NewRecorder()
						cookies.server.ServeHTTP(w, r)
						if w.Code != http.StatusOK {
							b.Fatal(w.Code)
						}
					}
					explainNotes(b, d, query)
				})
			}
		})
	}
}

type notebook struct {
	server *Server
	list   []*http.Cookie
}

// newNotebook adds one person, whose id is 1 on an empty database.
func newNotebook(b *testing.B, d *db.DB) notebook {
	cfg := config.Config{Env: config.Test, AppName: "Meadow", SessionStore: config.Cookie, SessionSecrets: benchConfig.SessionSecrets,
		SessionIdle: benchConfig.SessionIdle, SessionAbsolute: benchConfig.SessionAbsolute}
	s, err := New(cfg, slog.New(slog.DiscardHandler), d)
	if err != nil {
		b.Fatal(err)
	}
	s.hasher = auth.NewHasher(cheap)
	_, err = d.CreateUser(b.Context(), db.CreateUserParams{Email: adaEmail, Name: "Ada Lovelace", PasswordHash: adaHash(), Role: db.RoleMember, Now: db.Now()})
	if err != nil {
		b.Fatal(err)
	}
	form := url.Values{"email": {adaEmail}, "password": {adaPassword}}
	r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusSeeOther {
		b.Fatal(w.Code, w.Body)
	}
	return notebook{s, w.Result().Cookies()}
}

// fillNotebook gives one person manyNotes.
func fillNotebook(b *testing.B, d *db.DB) notebook {
	n := newNotebook(b, d)
	for first := 0; first < *manyNotes; first += 1000 {
		err := d.InTx(b.Context(), func(q *db.Queries) error {
			for i := first; i < first+1000; i++ {
				title := fmt.Sprintf("%s, note number %d", []string{"Report", "Contract", "Idea", "Letter"}[i%4], i*7919%*manyNotes)
				note := db.CreateNoteParams{UserID: 1, Title: title, Body: strings.Repeat("Some words about it. ", 10), Pinned: i%1000 == 0, Now: db.Now()}
				note.SearchText = db.SearchText(note.Title, note.Body)
				if i%3 == 0 {
					day := note.Now.AddDate(0, 0, i*31%5000)
					note.DueOn = &day
				}
				if _, err := q.CreateNote(b.Context(), note); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	settle := "ANALYZE"
	if d.Postgres() {
		settle = "VACUUM ANALYZE" // as it does by itself in time
	}
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	if _, err := d.Pool().ExecContext(ctx, settle); err != nil {
		b.Fatal(err)
	}
	return n
}

// explainNotes logs how the database finds the rows of a list.
func explainNotes(b *testing.B, d *db.DB, query string) {
	if !testing.Verbose() {
		return
	}
	source, err := os.ReadFile("../../db/notes.sql.go")
	if err != nil {
		b.Fatal(err)
	}
	_, text, _ := strings.Cut(string(source), "const listNotes = `")
	text, _, _ = strings.Cut(text, "`")
	l := newList(echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/notes?"+query, nil), nil), noteSorts, "-updated", "pinned")
	l.setTotal(int64(*manyNotes))
	order := map[string]string{
		"title": "lower(title), id", "-title": "lower(title) DESC, id DESC",
		"due": "due_on NULLS LAST, id", "-due": "due_on DESC NULLS LAST, id DESC",
		"updated": "updated_at, id", "-updated": "updated_at DESC, id DESC",
	}[l.Sort]
	text = strings.Replace(text, "ORDER BY updated_at DESC, id DESC", "ORDER BY "+order, 1)
	explain := "EXPLAIN QUERY PLAN "
	if d.Postgres() {
		explain = "EXPLAIN (ANALYZE, COSTS OFF, SUMMARY OFF) "
	}
	logRows(b, d, explain+text, 1, l.Filter("pinned"), db.SearchPattern(l.Search), l.skip(), pageSize)
}

// logRows logs the last column of what a query finds.
func logRows(b *testing.B, d *db.DB, query string, args ...any) {
	b.Helper()
	rows, err := d.Pool().QueryContext(b.Context(), query, args...)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		b.Fatal(err)
	}
	for rows.Next() {
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(any)
		}
		if err := rows.Scan(cells...); err != nil {
			b.Fatal(err)
		}
		b.Log(*cells[len(cells)-1].(*any))
	}
}
