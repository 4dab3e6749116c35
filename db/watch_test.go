package db_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// eventually waits until condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: it never came", what)
		}
	}
}

// inTime checks that call ends, with the database unavailable, within 3 s.
func inTime(t *testing.T, what string, call func() error) {
	t.Helper()
	within(t, what, 3*time.Second, call)
}

func within(t *testing.T, what string, limit time.Duration, call func() error) {
	t.Helper()
	start := time.Now()
	err := call()
	if !db.IsUnavailable(err) {
		t.Errorf("%s: got %v", what, err)
	}
	if took := time.Since(start); took > limit {
		t.Errorf("%s: took %s", what, took)
	}
}

func watch(t *testing.T, url string) (*db.DB, *dbtest.Output) {
	t.Helper()
	d, err := db.Open(url, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	out := &dbtest.Output{}
	dbtest.Watch(t, d, out)
	return d, out
}

func isReady(d *db.DB) func() bool { return func() bool { return d.Ready() == nil } }

func isDown(d *db.DB) func() bool { return func() bool { return d.Ready() != nil } }

func TestAServerThatStopsAndComesBack(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnServer(t)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	d, out := watch(t, server.URL("postgres"))
	inTime(t, "before it is there", func() error { _, err := d.GetCredentials(context.Background(), "a"); return err })
	eventually(t, "the outage is logged", func() bool { return out.Count("cannot be reached") > 0 })

	for range 2 {
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "ready by itself", isReady(d))
		listAtOnce(t, d) // also on the connections from before
		if err := server.Stop(); err != nil {
			t.Fatal(err)
		}
		inTime(t, "just stopped", func() error { _, err := d.ListUsers(context.Background()); return err })
		eventually(t, "noticed", isDown(d))
	}
	eventually(t, "each change is logged once", func() bool {
		return out.Count("database ready") == 2 && out.Count("database unavailable") == 3
	})
}

func TestAWarmPoolHasConnections(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t)
	d.Warm(t.Context())
	if n := d.Pool().Stats().Idle; n < 8 {
		t.Errorf("%d connections", n)
	}
}

// TestAServerThatRestartsIsUsedAtOnce is a restart that is over before anybody
// looks: those who were refused meanwhile hold up nobody afterwards.
func TestAServerThatRestartsIsUsedAtOnce(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnServer(t)
	d := dbtest.Open(t, server.URL("postgres"))
	for range 2 {
		if err := server.Stop(); err != nil {
			t.Fatal(err)
		}
		var refused error
		ended := make(chan struct{})
		done := make(chan struct{})
		go func() { // asks until the server is there again
			defer close(done)
			for {
				select {
				case <-ended:
					return
				default:
					if _, err := d.ListUsers(context.Background()); err != nil {
						refused = err
					}
				}
			}
		}()
		err := server.Start()
		close(ended)
		<-done
		if err != nil || !db.IsUnavailable(refused) {
			t.Fatalf("%v, and meanwhile %v", err, refused)
		}
		listAtOnce(t, d)
	}
}

func TestAServerThatFreezes(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnServer(t)
	d, out := watch(t, server.URL("postgres"))
	eventually(t, "ready", isReady(d))
	listAtOnce(t, d)
	tx, err := d.Pool().BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}

	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 30 { // more than the pool has connections
		group.Go(func() {
			inTime(t, "a query", func() error { _, err := d.ListUsers(context.Background()); return err })
		})
	}
	group.Go(func() { inTime(t, "a commit", tx.Commit) })
	group.Go(func() {
		// InTx allows itself two statements' time.
		within(t, "a transaction", 2*db.Timeout+time.Second, func() error {
			return d.InTx(context.Background(), func(q *db.Queries) error { _, err := q.ListUsers(context.Background()); return err })
		})
	})
	group.Wait()
	eventually(t, "noticed", isDown(d))
	// A second look says the same as the first, so that it isn't logged again.
	var again *db.UnavailableError
	if first, err := d.Ready(), d.Ping(t.Context()); !errors.As(err, &again) || again.Reason != first.Reason {
		t.Errorf("first %v, then %v", first, err)
	}
	start := time.Now()
	inTime(t, "known to be away", func() error { _, err := d.ListUsers(context.Background()); return err })
	if took := time.Since(start); took > 100*time.Millisecond {
		t.Errorf("known to be away, and still waited %s", took)
	}

	if err := server.Thaw(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "ready by itself", isReady(d))
	listAtOnce(t, d)
	eventually(t, "the return is logged", func() bool { return out.Count("database ready") == 2 })
	if n := out.Count("database unavailable"); n != 1 {
		t.Errorf("unavailable is logged %d times", n)
	}
}

// TestAnOutageThatChangesIsOne hangs first, and is killed then.
func TestAnOutageThatChangesIsOne(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnServer(t)
	d, out := watch(t, server.URL("postgres"))
	eventually(t, "ready", isReady(d))
	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "noticed", isDown(d))
	first := d.Ready().Reason
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the reason changes", func() bool { return d.Ready().Reason != first })
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the return is logged", func() bool { return out.Count("database ready") == 2 })
	if n, changed := out.Count("database unavailable"), out.Count("for another reason"); n != 1 || changed != 1 {
		t.Errorf("the begin is logged %d times, the other reason %d times", n, changed)
	}
}

// listAtOnce uses every connection of the pool, or opens new ones.
func listAtOnce(t *testing.T, d *db.DB) {
	t.Helper()
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := d.ListUsers(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// TestACallWithoutAContextEndsToo is about pgstore, which passes none.
func TestACallWithoutAContextEndsToo(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnServer(t)
	d := dbtest.Open(t, server.URL("postgres"))
	// The pool would check a connection first. These are past that.
	var open [3]*sql.Conn
	for i := range open {
		var err error
		if open[i], err = d.Pool().Conn(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer open[i].Close()
	}
	if err := d.Pool().Ping(); err != nil { // leaves one in the pool
		t.Fatal(err)
	}
	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	var n int
	ctx := context.Background()
	for name, call := range map[string]func() error{
		"a query":              func() error { return open[0].QueryRowContext(ctx, "SELECT 1").Scan(&n) },
		"a statement":          func() error { _, err := open[1].ExecContext(ctx, "DELETE FROM http_sessions"); return err },
		"a preparation":        func() error { _, err := open[2].PrepareContext(ctx, "SELECT 1"); return err },
		"a query of the pool":  func() error { return d.Pool().QueryRow("SELECT 1").Scan(&n) },
		"another, to be sure":  func() error { return d.Pool().QueryRow("SELECT 1").Scan(&n) },
		"the pool's statement": func() error { _, err := d.Pool().Exec("DELETE FROM http_sessions"); return err },
	} {
		inTime(t, name, call)
	}
}

func TestASQLiteFileThatIsGoneIsNoticed(t *testing.T) {
	t.Parallel()
	url := dbtest.SQLiteURL(t)
	d, _ := watch(t, url)
	eventually(t, "ready", isReady(d))
	if err := os.Remove(strings.TrimPrefix(url, "sqlite:")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "noticed", isDown(d))
	if reason := d.Ready().Reason; reason != "the database's file is gone" {
		t.Error(reason)
	}
}

func TestMigrationsOfAnotherDatabaseAreNoticed(t *testing.T) {
	t.Parallel()
	d, err := db.Open(dbtest.EmptyPostgresURL(t), dbtest.EmptyPostgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Connect(t.Context(), true); err == nil || !strings.Contains(err.Error(), "have MIGRATE_DATABASE_URL lead to the same database") {
		t.Errorf("got %v", err)
	}
}

// TestEachChangeIsLoggedOnce looks for a long time, on a clock of its own.
func TestEachChangeIsLoggedOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "portal.db")
	synctest.Test(t, func(t *testing.T) {
		d, err := db.Open("sqlite:"+path, "")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		ctx, cancel := context.WithCancel(t.Context())
		out := &dbtest.Output{}
		go d.Watch(ctx, slog.New(slog.NewTextHandler(out, nil)), false)

		time.Sleep(10 * time.Second)
		if n := out.Count("migrations are pending"); n != 1 || d.Ready() == nil {
			t.Errorf("logged %d times, ready is %v", n, d.Ready())
		}
		if _, err := d.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if n := out.Count("database ready"); n != 1 || d.Ready() != nil {
			t.Errorf("logged %d times, ready is %v", n, d.Ready())
		}
		cancel()
		synctest.Wait()
	})
}

// TestACancelledRequestIsNoOutage gives up waiting, wherever it waits. Nobody
// watches here, so that errors come as the driver makes them.
func TestACancelledRequestIsNoOutage(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnServer(t)
	d := dbtest.Open(t, server.URL("postgres"))
	list := func(ctx context.Context) error { _, err := d.ListUsers(ctx); return err }
	transaction := func(ctx context.Context) error { return d.InTx(ctx, func(*db.Queries) error { return nil }) }
	for name, call := range map[string]func(context.Context) error{"a query": list, "a transaction": transaction} {
		for range 2 { // used a moment ago, a connection isn't checked by the pool
			if err := list(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := server.Freeze(); err != nil {
			t.Fatal(err)
		}
		for _, where := range []string{"an open connection", "a new connection"} {
			ctx, cancel := context.WithCancel(t.Context())
			timer := time.AfterFunc(100*time.Millisecond, cancel)
			if err := call(ctx); !errors.Is(err, context.Canceled) || db.IsUnavailable(err) {
				t.Errorf("%s on %s: unavailable is %v: %v", name, where, db.IsUnavailable(err), err)
			}
			timer.Stop()
			cancel()
		}
		if err := server.Thaw(); err != nil {
			t.Fatal(err)
		}
	}

	if err := list(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"an open connection", "a new connection"} {
		inTime(t, "stopped, on "+where, func() error { return list(t.Context()) })
	}
}

// TestAConnectionThatSaysNothingAtTheStartIsGivenUp loses all that one connection
// sends, from the lock of migrations on or from the look at their state; other
// connections are good.
func TestAConnectionThatSaysNothingAtTheStartIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]func(testing.TB) string{"migrated": dbtest.PostgresURL, "empty": dbtest.EmptyPostgresURL} {
		for _, from := range []string{"pg_try_advisory_xact_lock", "goose_db_version"} {
			t.Run(name+" "+from, func(t *testing.T) {
				t.Parallel()
				d, _ := watch(t, losing(t, address(t), from))
				eventually(t, "ready", isReady(d))
			})
		}
	}
}

// losing returns another address of a database. One connection loses what it
// sends, from the first message on that has text in it.
func losing(t *testing.T, address, text string) string {
	t.Helper()
	var lost atomic.Bool
	return dbtest.Through(t, address, func(client, server net.Conn) {
		buf, silent := make([]byte, 64<<10), false
		for {
			n, err := client.Read(buf)
			if err != nil {
				return
			}
			silent = silent || bytes.Contains(buf[:n], []byte(text)) && lost.CompareAndSwap(false, true)
			if !silent {
				server.Write(buf[:n])
			}
		}
	})
}
