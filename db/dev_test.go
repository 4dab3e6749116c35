//go:build dev

package db_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// watched runs Watch on d until the test ends, as `portal serve` does.
func watched(t *testing.T, d *db.DB) *dbtest.Output {
	t.Helper()
	out := &dbtest.Output{}
	dbtest.Watch(t, d, out)
	return out
}

// rollBack takes back the migration of notes, and those after it.
func rollBack(t *testing.T, d *db.DB) {
	t.Helper()
	for name := ""; name != "00005_notes.sql"; {
		var err error
		if name, err = d.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func execute(t *testing.T, d *db.DB, statements ...string) {
	t.Helper()
	pool := d.Pool()
	for _, statement := range statements {
		if _, err := pool.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func pending(t *testing.T, d *db.DB) int {
	t.Helper()
	names, err := d.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

func TestAPendingMigrationWaitsForTheDeveloper(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rollBack(t, d)
		d.HoldMigrations()
		out := watched(t, d)
		eventually(t, "the migration waits", d.Waiting)
		eventually(t, "the terminal names the remedy", func() bool { return out.Count("portal migrate up") > 0 })
		if n := pending(t, d); n == 0 {
			t.Error("none is pending")
		}
		if err := d.Apply(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d.Waiting() || d.Ready() != nil || pending(t, d) != 0 {
			t.Errorf("after it was applied: %v", d.Ready())
		}
	})
}

func TestAFreshDatabaseIsMigratedAtStart(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]func() string{
		"sqlite":   func() string { return "sqlite:" + filepath.Join(t.TempDir(), "portal.db") },
		"postgres": func() string { return dbtest.EmptyPostgresURL(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			d, err := db.Open(url(), "")
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			d.HoldMigrations()
			if err := d.Connect(t.Context(), true); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAMigrationThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rollBack(t, d)
		waiting := pending(t, d)
		d.HoldMigrations()
		pool := d.Pool()                                              // of now, when it isn't down
		execute(t, d, "CREATE INDEX notes_title_idx ON users (name)") // in the way of the migration's third statement
		watched(t, d)
		eventually(t, "the migration waits", d.Waiting)

		trace := &db.Trace{}
		fault := d.Fault(d.Apply(db.WithTrace(t.Context(), trace)), trace)
		file, text, err := d.Source("00005_notes.sql")
		if err != nil {
			t.Fatal(err)
		}
		if fault.File != file || !strings.Contains(fault.Message, "notes_title_idx") {
			t.Errorf("got %+v", fault)
		}
		if lines := strings.Split(text, "\n"); fault.Line < 1 || !strings.HasPrefix(lines[fault.Line-1], "CREATE INDEX notes_title_idx") {
			t.Errorf("line %d of\n%s", fault.Line, text)
		}
		if !d.Waiting() || pending(t, d) != waiting {
			t.Errorf("after the failure: %v", d.Ready())
		}

		// What of the migration went well before must not be there, else it fails
		// again.
		if _, err := pool.ExecContext(t.Context(), "DROP INDEX notes_title_idx"); err != nil {
			t.Fatal(err)
		}
		if err := d.Apply(t.Context()); err != nil || d.Ready() != nil {
			t.Errorf("%v, %v", err, d.Ready())
		}
	})
}

func TestTakingBackAndApplyingAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.TakeBack(t.Context()); err != nil || !d.Waiting() || pending(t, d) != 1 {
			t.Fatalf("%v, %v", err, d.Ready())
		}
		if err := d.Apply(t.Context()); err != nil || d.Ready() != nil {
			t.Fatalf("%v, %v", err, d.Ready())
		}

		addUser(t, d.Queries, "somebody")
		longAgo := db.Now().AddDate(-20, 0, 0)
		if _, err := d.AddMessage(t.Context(), db.AddMessageParams{Kind: "news", Recipient: "a@example.com", Now: longAgo, UselessAt: &longAgo, DueAt: &longAgo}); err != nil { // a column of the last one
			t.Fatal(err)
		}
		if err := d.Redo(t.Context()); err != nil || d.Ready() != nil || pending(t, d) != 0 {
			t.Errorf("%v, %v", err, d.Ready())
		}
		var left int
		if err := d.Pool().QueryRowContext(t.Context(), "SELECT count(*) FROM outbox WHERE useless_at = $1", longAgo).Scan(&left); err != nil || left != 0 {
			t.Errorf("the column is as it was, %v", err)
		}
		if users, err := d.ListUsers(t.Context()); err != nil || len(users) != 1 {
			t.Errorf("more than the last one was taken back: %d people, %v", len(users), err)
		}
	})
}

// TestWhatWasTakenBackWaits looks for a long time, on a clock of its own.
func TestWhatWasTakenBackWaits(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "portal.db")
	synctest.Test(t, func(t *testing.T) {
		d, err := db.Open("sqlite:"+path, "")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		ctx, cancel := context.WithCancel(t.Context())
		go d.Watch(ctx, slog.New(slog.DiscardHandler), true)
		time.Sleep(10 * time.Second)

		all, err := d.Migrations(ctx)
		if err != nil || d.Ready() != nil {
			t.Fatal(err, d.Ready())
		}
		for i := range all {
			if err := d.TakeBack(ctx); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
			if n := pending(t, d); n != i+1 || !d.Waiting() {
				t.Errorf("%d are pending, %v", n, d.Ready())
			}
		}
		if err := d.Apply(ctx); err != nil {
			t.Error(err)
		}
		time.Sleep(10 * time.Second)
		if d.Ready() != nil {
			t.Error(d.Ready())
		}
		cancel()
		synctest.Wait()
	})
}

func TestResettingTheDatabase(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		addUser(t, d.Queries, "somebody")
		execute(t, d, // what no migration knows of
			`CREATE TABLE "left ""over" (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id))`,
			`CREATE VIEW names AS SELECT name FROM users`)
		if err := d.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		if users, err := d.ListUsers(t.Context()); err != nil || len(users) != 0 || pending(t, d) != 0 {
			t.Errorf("%d people, %v", len(users), err)
		}
		for _, table := range []string{`"left ""over"`, "names"} {
			if _, err := d.Pool().ExecContext(t.Context(), "SELECT * FROM "+table); err == nil {
				t.Errorf("%s is still there", table)
			}
		}
	})
}

func TestADatabaseElsewhereIsNotReset(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		url, migrate string
		ours         bool
	}{
		{"sqlite:" + filepath.Join(t.TempDir(), "portal.db"), "", true},
		{"postgres://u@localhost/portal", "", true},
		{"postgres://u@127.0.0.1:6432/portal", "postgres://u@[::1]/portal", true},
		{"postgres:///portal?host=/run/postgresql&user=u", "", true},
		{"postgres://u@db.example.com/portal", "", false},
		{"postgres://u@localhost,db.example.com/portal", "", false},
		{"postgres://u@localhost/portal", "postgres://u@10.0.0.1/portal", false},
	} {
		d, err := db.Open(test.url, test.migrate)
		if err != nil {
			t.Fatal(err)
		}
		if reason := d.Foreign(); (reason == "") != test.ours {
			t.Errorf("%s %s: %q", test.url, test.migrate, reason)
		}
		if !test.ours {
			if err := d.Reset(t.Context()); err == nil || !strings.Contains(err.Error(), "not this machine") {
				t.Errorf("%s %s: %v", test.url, test.migrate, err)
			}
		}
		d.Close()
	}
}

func TestStatementsAreTraced(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		trace := &db.Trace{}
		ctx := db.WithTrace(t.Context(), trace)
		err := d.InTx(ctx, func(q *db.Queries) error {
			for _, email := range []string{"one", "two"} {
				if _, err := q.CreateUser(ctx, db.CreateUserParams{Email: email, Name: "a person's name", Role: db.RoleMember, Now: db.Now()}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.ListUsers(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := d.GetCredentials(ctx, "nobody"); !errors.Is(err, sql.ErrNoRows) {
			t.Fatal(err)
		}
		if _, err := d.Pool().ExecContext(ctx, "SELEKT"); err == nil {
			t.Fatal("SELEKT is SQL")
		}
		if _, err := d.Pool().Exec("DELETE FROM attempts"); err != nil { // without a context, as pgstore does it
			t.Fatal(err)
		}

		var got []string
		statements, count := trace.Statements()
		for _, s := range statements {
			what := s.Name
			if what == "" {
				what = s.Text
			}
			if s.Err != nil {
				what += " failed"
			}
			got = append(got, what)
			if strings.Contains(s.Text, "a person's name") || strings.Contains(s.Text, "-- name:") || s.Took <= 0 {
				t.Errorf("got %+v", s)
			}
			if want := map[string]int64{"ListUsers": 2, "CreateUser": 1}[s.Name]; s.Rows != want {
				t.Errorf("%s has %d rows, want %d", s.Name, s.Rows, want)
			}
		}
		if want := "BEGIN CreateUser CreateUser COMMIT ListUsers GetCredentials SELEKT failed"; strings.Join(got, " ") != want || count != 7 {
			t.Errorf("got %v, %d", got, count)
		}
		if stray, _ := d.Stray(); stray[len(stray)-1].Text != "DELETE FROM attempts" {
			t.Errorf("got %+v", stray)
		}
	})
}
