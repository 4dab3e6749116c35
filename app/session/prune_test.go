package session_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// week is how long a session lasts that nobody uses.
const week = 7 * 24 * time.Hour

// fill adds n sign-ins and as many sessions of visitors, which end at the same
// time.
func fill(t *testing.T, d *db.DB, n int, ends time.Time) {
	t.Helper()
	name := ends.Format(time.RFC3339Nano)
	user, err := d.CreateUser(t.Context(), db.CreateUserParams{Email: name, Name: "Ada", PasswordHash: "hash", Role: db.RoleMember, Now: db.Now()})
	if err != nil {
		t.Fatal(err)
	}
	const numbers = "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < CAST($1 AS bigint)) "
	const key = "CAST(CAST(CAST($2 AS bigint) * 1000000 + n AS text) AS bytea)"
	for statement, args := range map[string][]any{
		"INSERT INTO user_sessions (token_hash, user_id, key_id, address, device, created_at, last_seen_at, expires_at) " +
			numbers + "SELECT " + key + ", CAST($2 AS bigint), '', '', '', $3, $3, $3 FROM number": {n, user, ends},
		"INSERT INTO http_sessions (key, data, modified_on, expires_on) " +
			numbers + "SELECT " + key + ", CAST('' AS bytea), $3, $3 FROM number": {n, user, ends},
	} {
		if _, err := d.Pool().ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatal(err)
		}
	}
}

// left returns how many sign-ins and sessions of visitors there are.
func left(t *testing.T, d *db.DB) (signIns, rows int64) {
	t.Helper()
	err := d.Pool().QueryRowContext(t.Context(), "SELECT (SELECT count(*) FROM user_sessions), (SELECT count(*) FROM http_sessions)").Scan(&signIns, &rows)
	if err != nil {
		t.Fatal(err)
	}
	return signIns, rows
}

func TestOnlyWhatHasExpiredIsPruned(t *testing.T) {
	t.Parallel()
	dbtest.Everywhere(t, func(t *testing.T, d *db.DB) {
		fill(t, d, 2500, db.Now().Add(-time.Minute)) // more than one batch, and no whole number of them
		fill(t, d, 1, db.Now())
		fill(t, d, 7, db.Now().Add(time.Minute))
		got, err := session.Prune(t.Context(), d, t.TempDir(), week, 0)
		if want := (session.Pruned{SignIns: 2501, Rows: 2501}); err != nil || got != want {
			t.Errorf("got %+v, %v", got, err)
		}
		if signIns, rows := left(t, d); signIns != 7 || rows != 7 {
			t.Errorf("%d sign-ins and %d rows are left", signIns, rows)
		}
		if again, err := session.Prune(t.Context(), d, t.TempDir(), week, 0); err != nil || again != (session.Pruned{}) {
			t.Errorf("again: %+v, %v", again, err)
		}
	})
}

func TestEventsAreKeptForTheirTime(t *testing.T) {
	t.Parallel()
	dbtest.Everywhere(t, func(t *testing.T, d *db.DB) {
		const numbers = "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < CAST($1 AS bigint)) "
		for age, n := range map[time.Duration]int{week + time.Minute: 2500, week - time.Minute: 3, 0: 4} {
			_, err := d.Pool().ExecContext(t.Context(), "INSERT INTO audit_events (happened_at, action, address, device, request_id, details) "+
				numbers+"SELECT $2, 'signed_in', '', '', '', '' FROM number", n, db.Now().Add(-age))
			if err != nil {
				t.Fatal(err)
			}
		}
		if got, err := session.Prune(t.Context(), d, t.TempDir(), week, 0); err != nil || got != (session.Pruned{}) {
			t.Errorf("for ever: %+v, %v", got, err)
		}
		if got, err := session.Prune(t.Context(), d, t.TempDir(), week, week); err != nil || got != (session.Pruned{Events: 2500}) {
			t.Errorf("for a week: %+v, %v", got, err)
		}
		var left int
		if err := d.Pool().QueryRowContext(t.Context(), "SELECT count(*) FROM audit_events").Scan(&left); err != nil || left != 7 {
			t.Errorf("%d are left, %v", left, err)
		}
	})
}

func TestTwoInstancesThatPruneAtOnceShareTheWork(t *testing.T) {
	t.Parallel()
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		pruneByTwo(t, dbtest.PostgresURL(t))
	})
	t.Run("pgbouncer", func(t *testing.T) {
		t.Parallel()
		pruneByTwo(t, dbtest.BouncedURL(t, dbtest.PostgresURL(t)))
	})
}

func pruneByTwo(t *testing.T, url string) {
	var instances [2]*db.DB
	for i := range instances {
		d, err := db.Open(url, "")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.Connect(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		instances[i] = d
	}
	fill(t, instances[0], 6000, db.Now().Add(-time.Minute))
	var pruned [2]session.Pruned
	var group sync.WaitGroup
	for i, d := range instances {
		group.Go(func() {
			var err error
			if pruned[i], err = session.Prune(t.Context(), d, t.TempDir(), week, 0); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := pruned[0].SignIns + pruned[1].SignIns; n != 6000 {
		t.Errorf("%d sign-ins counted: %+v", n, pruned)
	}
	if n := pruned[0].Rows + pruned[1].Rows; n != 6000 {
		t.Errorf("%d rows counted: %+v", n, pruned)
	}
	if signIns, rows := left(t, instances[0]); signIns != 0 || rows != 0 {
		t.Errorf("%d sign-ins and %d rows are left", signIns, rows)
	}
}

func TestAnInstanceLeavesTheTablesToTheOneThatIsAtWork(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) *db.DB{"postgres": dbtest.Postgres, "pgbouncer": dbtest.Bounced} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			leaveToOther(t, open(t))
		})
	}
}

func leaveToOther(t *testing.T, d *db.DB) {
	fill(t, d, 3, db.Now().Add(-time.Minute))
	other, err := d.Pool().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Rollback()
	if _, err := other.ExecContext(t.Context(), "SELECT pg_advisory_xact_lock($1)", int64(0x7072756e65)); err != nil {
		t.Fatal(err)
	}
	if got, err := session.Prune(t.Context(), d, t.TempDir(), week, 0); err != nil || got != (session.Pruned{Elsewhere: true}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if signIns, rows := left(t, d); signIns != 3 || rows != 3 {
		t.Errorf("%d sign-ins and %d rows are left", signIns, rows)
	}
}

// TestASessionThatIsProlongedMeanwhileStays has a request hold the row when
// pruning comes to it.
func TestASessionThatIsProlongedMeanwhileStays(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t)
	fill(t, d, 1, db.Now().Add(-time.Minute))
	request, err := d.Pool().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer request.Rollback()
	if _, err := request.ExecContext(t.Context(), "UPDATE user_sessions SET expires_at = $1", db.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := session.Prune(t.Context(), d, t.TempDir(), week, 0)
		done <- err
	}()
	eventually(t, "pruning waits for the row", func() bool {
		var waits bool
		err := d.Pool().QueryRowContext(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')").Scan(&waits)
		if err != nil {
			t.Fatal(err)
		}
		return waits || len(done) > 0 // it waits for half a second only
	})
	if err := request.Commit(); err != nil {
		t.Fatal(err)
	}
	err = <-done
	if signIns, _ := left(t, d); signIns != 1 {
		t.Errorf("it was deleted, and pruning returned %v", err)
	}
}

func TestPruningGivesWayToARequestThatHoldsARow(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t)
	fill(t, d, 1, db.Now().Add(-time.Minute))
	request, err := d.Pool().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer request.Rollback()
	if _, err := request.ExecContext(t.Context(), "UPDATE user_sessions SET device = 'new'"); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Prune(t.Context(), d, t.TempDir(), week, 0); err == nil || !strings.Contains(err.Error(), "lock timeout") {
		t.Errorf("got %v", err)
	}
	if err := request.Commit(); err != nil {
		t.Fatal(err)
	}
	if got, err := session.Prune(t.Context(), d, t.TempDir(), week, 0); err != nil || got.SignIns != 1 || got.Rows != 1 {
		t.Errorf("the next time: %+v, %v", got, err)
	}
}

func TestPruningEndsInTheMiddleWhenItsContextDoes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const all = 20_000
		fill(t, d, all, db.Now().Add(-time.Minute))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error, 1)
		var got session.Pruned
		go func() {
			var err error
			got, err = session.Prune(ctx, d, t.TempDir(), week, 0)
			done <- err
		}()
		eventually(t, "it has begun", func() bool { signIns, _ := left(t, d); return signIns < all })
		cancel()
		start := time.Now()
		err := <-done
		if took := time.Since(start); err == nil || took > time.Second {
			t.Errorf("after %s: %v", took, err)
		}
		// A batch that was being committed just then may have gone uncounted.
		signIns, _ := left(t, d)
		if uncounted := all - signIns - got.SignIns; signIns == 0 || uncounted != 0 && uncounted != 1000 {
			t.Errorf("%d sign-ins are left, and %d were counted", signIns, got.SignIns)
		}
	})
}

// eventually waits until condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: it never came", what)
		}
	}
}

func TestFilesOfExpiredSessionsArePruned(t *testing.T) {
	t.Parallel()
	d, dir := dbtest.SQLite(t), t.TempDir()
	id := func(last string) string { return "session_" + strings.Repeat("A", 51) + last }
	const young, old = week - time.Minute, week + time.Minute
	if err := os.Mkdir(filepath.Join(dir, "drafts"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{
		id("A"): old, id("7"): old, id("B"): young,
		"session_notes.txt": old, "session.secret": old, id("A") + ".bak": old, "portal.db": old,
		"drafts/" + id("A"): old, "drafts/" + id("B"): young,
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		saved := time.Now().Add(-age)
		if err := os.Chtimes(path, saved, saved); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, id("C")), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := session.Prune(t.Context(), d, dir, week, 0); err != nil || got != (session.Pruned{Files: 3}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, name := range []string{id("B"), id("C"), "session_notes.txt", "session.secret", id("A") + ".bak", "portal.db", "drafts/" + id("B")} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := session.Prune(t.Context(), d, filepath.Join(dir, "nowhere"), week, 0); err != nil {
		t.Errorf("without a folder: %v", err)
	}
}

func TestNothingIsPrunedWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]string{"sqlite": dbtest.SQLiteURL(t), "postgres": dbtest.PostgresURL(t)} {
		t.Run(engine, func(t *testing.T) {
			d, err := db.Open(url, "") // not connected yet
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			dir := t.TempDir()
			file := filepath.Join(dir, "session_"+strings.Repeat("A", 52))
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(file, time.Unix(0, 0), time.Unix(0, 0)); err != nil {
				t.Fatal(err)
			}
			if got, err := session.Prune(t.Context(), d, dir, week, 0); !db.IsUnavailable(err) || got != (session.Pruned{}) {
				t.Errorf("got %+v, %v", got, err)
			}
			if _, err := os.Stat(file); err != nil {
				t.Error(err)
			}
			if err := d.Connect(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			if got, err := session.Prune(t.Context(), d, dir, week, 0); err != nil || got.Files != 1 {
				t.Errorf("afterwards: %+v, %v", got, err)
			}
		})
	}
}

// TestPruningGoesOnByItself watches it for a while, on a clock of its own.
func TestPruningGoesOnByItself(t *testing.T) {
	t.Parallel()
	url := dbtest.SQLiteURL(t)
	synctest.Test(t, func(t *testing.T) {
		d, err := db.Open(url, "")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		ctx, cancel := context.WithCancel(t.Context())
		out := &dbtest.Output{}
		go session.PruneLoop(ctx, slog.New(slog.NewTextHandler(out, nil)), d, filepath.Dir(strings.TrimPrefix(url, "sqlite:")), week, 0)
		logged := func(after time.Duration) string {
			time.Sleep(after)
			synctest.Wait()
			return out.Take()
		}

		if got := logged(20 * time.Second); got != "" {
			t.Errorf("while the database is away: %s", got)
		}
		if err := d.Connect(ctx, false); err != nil {
			t.Fatal(err)
		}
		fill(t, d, 3, db.Now())
		if got := logged(2 * time.Minute); got != "" {
			t.Errorf("too soon: %s", got)
		}
		got := logged(10 * time.Minute)
		if !strings.Contains(got, `level=INFO msg="expired sessions deleted" sign_ins=3 rows=3 files=0`) || strings.Count(got, "\n") != 1 {
			t.Errorf("got %s", got)
		}
		if got := logged(time.Hour); got != "" {
			t.Errorf("with nothing to do: %s", got)
		}
		if _, err := d.Pool().ExecContext(ctx, "ALTER TABLE http_sessions RENAME TO gone"); err != nil {
			t.Fatal(err)
		}
		runs := strings.Count(logged(time.Hour), "level=WARN") // pauses of 2.5 to 7.5 minutes
		if runs < 8 || runs > 24 {
			t.Errorf("%d failures in an hour", runs)
		}
		cancel()
		synctest.Wait()
		if got := logged(time.Hour); got != "" {
			t.Errorf("after its end: %s", got)
		}
	})
}
