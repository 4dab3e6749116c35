package db_test

import (
	"database/sql"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// TestBehindAPoolerNothingStaysPrepared has many connections share the five
// that PgBouncer has. A statement that stayed prepared on one would be missing,
// or there already, on another.
func TestBehindAPoolerNothingStaysPrepared(t *testing.T) {
	t.Parallel()
	d := dbtest.Bounced(t)
	if !d.Pooled() {
		t.Error("the pooler wasn't found")
	}
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			for range 20 {
				if _, err := d.GetAttempts(t.Context(), db.GetAttemptsParams{Bucket: "none", Now: db.Now()}); !errors.Is(err, sql.ErrNoRows) {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := prepared(t, d); n != 0 {
		t.Errorf("%d statements are prepared", n)
	}
}

func TestOnADirectConnectionStatementsArePrepared(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t)
	if d.Pooled() {
		t.Error("a pooler was found that isn't there")
	}
	if n := prepared(t, d); n == 0 {
		t.Error("no statement is prepared")
	}
}

// prepared returns how many statements the server keeps on a connection.
func prepared(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	for range 2 {
		if err := d.Pool().QueryRowContext(t.Context(), "SELECT count(*) FROM pg_prepared_statements WHERE statement <> $1", "").Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func TestTheURLSettlesHowStatementsAreSent(t *testing.T) {
	t.Parallel()
	direct := dbtest.PostgresURL(t)
	for _, url := range []string{direct, dbtest.BouncedURL(t, direct)} {
		for _, mode := range []string{"exec", "simple_protocol", "cache_describe"} {
			d, err := db.Open(url+"&default_query_exec_mode="+mode, "")
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if err := d.Connect(t.Context(), true); err != nil {
				t.Fatal(err)
			}
			if d.Pooled() {
				t.Error("a pooler is looked for")
			}
			if n := prepared(t, d); n != 0 {
				t.Errorf("%s: %d statements are prepared", mode, n)
			}
		}
	}
}

// TestAnOutageBehindAPoolerIsOneAndEnds stops the server: PgBouncer accepts
// connections all the same.
func TestAnOutageBehindAPoolerIsOneAndEnds(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnServer(t)
	d, err := db.Open(dbtest.BouncedURL(t, server.URL("postgres")), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	dbtest.Watch(t, d, io.Discard)
	await := func(ready bool) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); (d.Ready() == nil) != ready; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("ready is not %v: %v", ready, d.Ready())
			}
		}
	}
	await(true)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	await(false)
	if _, err := d.ListUsers(t.Context()); !db.IsUnavailable(err) {
		t.Errorf("got %v", err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	await(true)
	if _, err := d.ListUsers(t.Context()); err != nil {
		t.Errorf("got %v", err)
	}
}
