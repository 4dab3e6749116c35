package db_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// TestManyProcessesMigrateAtOnce starts this test program eight times on an
// empty database.
func TestManyProcessesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	if url := os.Getenv("PORTAL_MIGRATE_URL"); url != "" { // in one of the eight
		d, err := db.Open(url, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Connect(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		return
	}
	run := func(t *testing.T, url string) {
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				cmd := exec.Command(os.Args[0], "-test.run=^TestManyProcessesMigrateAtOnce$")
				cmd.Env = append(os.Environ(), "PORTAL_MIGRATE_URL="+url)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("process %d: %v\n%s", i, err, out)
				}
			})
		}
		group.Wait()
		d, err := db.Open(url, "")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if pending, err := d.Pending(t.Context()); len(pending) > 0 || err != nil {
			t.Errorf("pending: %v, %v", pending, err)
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, "sqlite:"+filepath.Join(t.TempDir(), "portal.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		run(t, dbtest.EmptyPostgresURL(t))
	})
	t.Run("pgbouncer", func(t *testing.T) {
		t.Parallel()
		run(t, dbtest.BouncedURL(t, dbtest.EmptyPostgresURL(t)))
	})
}

func TestMigratingDownAndUpAgain(t *testing.T) {
	t.Parallel()
	dbtest.Everywhere(t, func(t *testing.T, d *db.DB) {
		all, err := d.Migrations(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for range all {
			if _, err := d.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if pending, err := d.Pending(t.Context()); len(pending) != len(all) || err != nil {
			t.Errorf("pending %v, %v", pending, err)
		}
		if err := d.Connect(t.Context(), false); err == nil || !strings.Contains(err.Error(), "migrations are pending: run `portal migrate up`") {
			t.Errorf("got %v", err)
		}
		if n, err := d.Migrate(t.Context()); n != len(all) || err != nil {
			t.Errorf("%d applied, %v", n, err)
		}
		if n, err := d.Migrate(t.Context()); n != 0 || err != nil {
			t.Errorf("%d applied again, %v", n, err)
		}
	})
}

// TestOfSeveralLinksTheNewestStays: before a migration there could be several for one
// purpose, of which only one was good.
func TestOfSeveralLinksTheNewestStays(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for name := ""; !strings.HasSuffix(name, "_newest_links.sql"); {
			var err error
			if name, err = d.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ada, eve := addUser(t, d.Queries, "ada"), addUser(t, d.Queries, "eve")
		now := db.Now()
		for i, link := range []struct {
			purpose, email string
			user           any
		}{
			{"reset", "ada@example.com", ada}, {"reset", "ada@example.net", ada}, {"reset", "eve@example.com", eve},
			{"invite", "max@example.com", nil}, {"invite", "max@example.com", nil}, {"invite", "mia@example.com", nil}, {"register", "max@example.com", nil},
			{"undo_email", "ada@example.com", ada}, {"undo_email", "ada@example.com", ada},
		} {
			const insert = "INSERT INTO user_tokens (token_hash, purpose, user_id, email, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $5)"
			if _, err := d.Pool().ExecContext(t.Context(), insert, []byte{byte(i)}, link.purpose, link.user, link.email, now); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		rows, err := d.Pool().QueryContext(t.Context(), "SELECT token_hash FROM user_tokens ORDER BY id")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var left []byte
		for rows.Next() {
			var hash []byte
			if err := rows.Scan(&hash); err != nil {
				t.Fatal(err)
			}
			left = append(left, hash...)
		}
		if want := []byte{1, 2, 4, 5, 6, 7, 8}; rows.Err() != nil || !bytes.Equal(left, want) {
			t.Errorf("left are %v, want %v, %v", left, want, rows.Err())
		}
	})
}

// TestBothEnginesHaveTheSameSchema compares tables, columns, what may be NULL,
// and what is unique or indexed.
func TestBothEnginesHaveTheSameSchema(t *testing.T) {
	t.Parallel()
	names := func(engine string) []string {
		files, err := filepath.Glob("migrations/" + engine + "/*.sql")
		if err != nil {
			t.Fatal(err)
		}
		for i := range files {
			files[i] = filepath.Base(files[i])
		}
		return files
	}
	if a, b := names("postgres"), names("sqlite"); !slices.Equal(a, b) {
		t.Errorf("migrations differ: %v and %v", a, b)
	}

	postgres := schema(t, dbtest.Postgres(t),
		`SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'YES' THEN ' NULL' ELSE '' END
		 FROM information_schema.columns WHERE table_schema = 'public'`,
		`SELECT c.relname || ' (' || string_agg(a.attname, ', ' ORDER BY k.n) || ')' || CASE WHEN i.indisunique THEN ' UNIQUE' ELSE '' END
		 FROM pg_index i
		 JOIN pg_class c ON c.oid = i.indrelid
		 JOIN pg_namespace s ON s.oid = c.relnamespace AND s.nspname = 'public'
		 CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (column_number, n)
		 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.column_number
		 GROUP BY c.relname, i.indexrelid, i.indisunique`)
	sqlite := schema(t, dbtest.SQLite(t),
		`SELECT m.name || '.' || c.name || CASE WHEN c."notnull" = 0 AND c.pk = 0 THEN ' NULL' ELSE '' END
		 FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`,
		`SELECT t.name || ' (' || (SELECT group_concat(x.name, ', ') FROM pragma_index_info(i.name) x) || ')' || CASE WHEN i."unique" THEN ' UNIQUE' ELSE '' END
		 FROM sqlite_master t JOIN pragma_index_list(t.name) i WHERE t.type = 'table'`,
		// A primary key of one integer is the table itself, without an index.
		`SELECT m.name || ' (' || c.name || ') UNIQUE'
		 FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.pk = 1 AND c.type = 'INTEGER' AND m.name NOT LIKE 'sqlite_%'
		   AND (SELECT count(*) FROM pragma_table_info(m.name) WHERE pk > 0) = 1`)
	for _, line := range postgres {
		if !slices.Contains(sqlite, line) {
			t.Errorf("only PostgreSQL has %s", line)
		}
	}
	for _, line := range sqlite {
		if !slices.Contains(postgres, line) {
			t.Errorf("only SQLite has %s", line)
		}
	}
	if len(postgres) < 30 {
		t.Errorf("only %d lines: %v", len(postgres), postgres)
	}
}

func schema(t *testing.T, d *db.DB, queries ...string) []string {
	t.Helper()
	var lines []string
	for _, query := range queries {
		rows, err := d.Pool().QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(line, "goose_") {
				lines = append(lines, fmt.Sprint(line))
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
	}
	return lines
}
