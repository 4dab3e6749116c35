// Package dbtest gives each test a database of its own, migrated and ready, on
// SQLite and on a real PostgreSQL.
//
// PostgreSQL is the server that TEST_DATABASE_URL names; where it names none,
// one is started from the programs on this machine, and ends with the test.
// Where there are no such programs the tests on PostgreSQL are skipped, and
// fail if CI is true: withpg says so loudly. The same goes for PgBouncer.
//
// On a server that is named, the template database stays: it is used again
// until the migrations change.
package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver

	"github.com/managethefans/portal/db"
)

// EnvURL is the variable that names a server on which tests may create
// databases.
const EnvURL = "TEST_DATABASE_URL"

// Each runs f on a fresh database of each engine.
func Each(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, Postgres(t))
	})
}

// SQLite returns a fresh database in a file.
func SQLite(t testing.TB) *db.DB {
	t.Helper()
	return Open(t, SQLiteURL(t))
}

// Postgres returns a fresh database on PostgreSQL.
func Postgres(t testing.TB) *db.DB {
	t.Helper()
	return Open(t, PostgresURL(t))
}

// Open opens the database at url, which may be open elsewhere too, and migrates
// it. A machine that is busy may take its time.
func Open(t testing.TB, url string) *db.DB {
	t.Helper()
	d, err := db.Open(url, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	end := time.Now().Add(30 * time.Second)
	for err = d.Connect(t.Context(), true); db.IsUnavailable(err) && time.Now().Before(end); err = d.Connect(t.Context(), true) {
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Watch keeps d's state until the test ends, as `portal serve` does. What there
// is to say of it goes to log.
func Watch(t testing.TB, d *db.DB, log io.Writer) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.Watch(ctx, slog.New(slog.NewTextHandler(log, nil)), true)
	}()
	t.Cleanup(func() { stop(); <-ended })
}

// FullDisk has PostgreSQL refuse to write rows of a table as if there were no
// room for them, until the function that it returns is called.
func FullDisk(t testing.TB, d *db.DB, table string) (free func()) {
	t.Helper()
	exec := func(statement string) {
		t.Helper()
		if _, err := d.Pool().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec(`CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no space left on device' USING ERRCODE = '53100'; END $$`)
	exec("CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON " + table + " EXECUTE FUNCTION full_disk()")
	return func() { exec("DROP TRIGGER full_disk ON " + table) }
}

// SQLiteURL returns the URL of a fresh database that is migrated.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	content, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "portal.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// sqliteTemplate is a migrated database, made once for all tests.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "portal-sqlite-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "portal.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// PostgresURL returns the URL of a fresh database that is migrated.
func PostgresURL(t testing.TB) string {
	t.Helper()
	need(t)
	name, ok := takeSpare()
	if !ok {
		var err error
		if name, err = newMigrated(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if ctx := context.Background(); !keepSpare(ctx, name) {
			if err := dropDatabase(ctx, name); err != nil {
				t.Error(err)
			}
		}
	})
	return urlOf(name)
}

// EmptyPostgresURL returns the URL of a fresh database in which nothing is.
func EmptyPostgresURL(t testing.TB) string {
	t.Helper()
	need(t)
	name, err := newDatabase(t.Context(), "template0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dropDatabase(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	return urlOf(name)
}

// need skips or fails the test where PostgreSQL can't be had.
func need(t testing.TB) {
	t.Helper()
	_, err := server()
	must(t, err)
}

// must skips or fails the test whose server couldn't be had.
func must(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case (errors.Is(err, ErrNoPostgres) || errors.Is(err, ErrNoBouncer)) && os.Getenv("CI") != "true":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}

// server returns the URL of the server's maintenance database.
var server = sync.OnceValues(func() (string, error) {
	if url := os.Getenv(EnvURL); url != "" {
		return url, nil
	}
	s, err := StartServer()
	if err != nil {
		return "", err
	}
	return s.URL("postgres"), nil // the server ends with this process
})

func newDatabase(ctx context.Context, template string) (name string, err error) {
	name = "portal_test_" + strings.ToLower(rand.Text())
	return name, onServer(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template)
}

func dropDatabase(ctx context.Context, name string) error {
	return onServer(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
}

// urlOf returns the URL of a database on the server.
func urlOf(name string) string {
	base, _ := server()
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	u.Path = "/" + name
	return u.String()
}

func onServer(ctx context.Context, statements ...string) error {
	base, err := server()
	if err != nil {
		return err
	}
	pool, err := sql.Open("pgx", base)
	if err != nil {
		return err
	}
	defer pool.Close()
	conn, err := pool.Conn(ctx) // one connection: a lock belongs to it
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, statement := range statements {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}
