package dbtest

import (
	"database/sql"
	"strings"
	"testing"
	"time"
)

// TestADatabaseIsUsedAgain isn't parallel, so that nobody else takes what it
// leaves.
func TestADatabaseIsUsedAgain(t *testing.T) {
	need(t)
	if base, _ := server(); !isOurs(base) {
		t.Skip("the server isn't ours")
	}
	const add = `INSERT INTO users (email, name, password_hash, role, created_at, updated_at) VALUES ('ada@example.com', 'Ada', 'x', 'member', now(), now()) RETURNING id`
	for name, test := range map[string]struct {
		statement string
		again     bool
	}{
		"after rows":       {add, true},
		"a new table":      {"CREATE TABLE things (id BIGINT)", false},
		"a column":         {"ALTER TABLE users ADD COLUMN phone TEXT", false},
		"a setting":        {"ALTER DATABASE this SET statement_timeout = 1000", false},
		"rows of a role":   {"INSERT INTO roles VALUES ('guest')", false},
		"a function":       {"CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'", false},
		"without an index": {"DROP INDEX user_sessions_user_id_idx", false},
	} {
		t.Run(name, func(t *testing.T) {
			database, err := newMigrated(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			pool, err := sql.Open("pgx", urlOf(database))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := pool.ExecContext(t.Context(), strings.ReplaceAll(test.statement, "this", database)); err != nil {
				t.Fatal(err)
			}
			if keepSpare(t.Context(), database) {
				t.Error("it was kept while somebody was connected to it")
			}
			if err := pool.Close(); err != nil {
				t.Fatal(err)
			}
			again := keepSpare(t.Context(), database)
			for end := time.Now().Add(10 * time.Second); again != test.again && time.Now().Before(end); again = keepSpare(t.Context(), database) {
				time.Sleep(10 * time.Millisecond) // the server has yet to see that the connection is closed
			}
			if again != test.again {
				t.Errorf("used again: %v", again)
			}
			if !test.again {
				if err := dropDatabase(t.Context(), database); err != nil {
					t.Error(err)
				}
				return
			}
			d := Postgres(t)
			var id int64
			if err := d.Pool().QueryRowContext(t.Context(), add).Scan(&id); err != nil || id != 1 {
				t.Errorf("the next test's first person has id %d, %v", id, err)
			}
		})
	}
}
