package db_test

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func TestInTx(t *testing.T) {
	t.Parallel()
	dbtest.Everywhere(t, func(t *testing.T, d *db.DB) {
		count := func() int {
			users, err := d.ListUsers(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return len(users)
		}
		if err := d.InTx(t.Context(), func(q *db.Queries) error { addUser(t, q, "kept"); return nil }); err != nil {
			t.Fatal(err)
		}
		if n := count(); n != 1 {
			t.Errorf("after a commit: %d", n)
		}
		cause := errors.New("no")
		if err := d.InTx(t.Context(), func(q *db.Queries) error { addUser(t, q, "lost"); return cause }); !errors.Is(err, cause) {
			t.Errorf("got %v", err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic is swallowed")
				}
			}()
			d.InTx(t.Context(), func(q *db.Queries) error { addUser(t, q, "lost"); panic("no") })
		}()
		if n := count(); n != 1 {
			t.Errorf("after a failure and a panic: %d", n)
		}
	})
}

func TestManyWritersAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Everywhere(t, func(t *testing.T, d *db.DB) {
		var group sync.WaitGroup
		for i := range 32 {
			group.Go(func() {
				for j := range 10 {
					err := d.InTx(t.Context(), func(q *db.Queries) error {
						_, err := q.AddAttempt(t.Context(), db.AddAttemptParams{Bucket: "all", Now: db.Now(), ExpiresAt: db.Now().AddDate(0, 0, 1)})
						return err
					})
					if err != nil {
						t.Errorf("writer %d, %d: %v", i, j, err)
					}
				}
			})
		}
		group.Wait()
		row, err := d.GetAttempts(t.Context(), db.GetAttemptsParams{Bucket: "all", Now: db.Now()})
		if err != nil || row.Failures != 320 {
			t.Errorf("%d, %v", row.Failures, err)
		}
	})
}

func TestErrorsAreToldApart(t *testing.T) {
	t.Parallel()
	dbtest.Everywhere(t, func(t *testing.T, d *db.DB) {
		addUser(t, d.Queries, "taken")
		_, taken := d.CreateUser(t.Context(), db.CreateUserParams{Email: "taken", Name: "x", Role: db.RoleMember, Now: db.Now()})
		_, missing := d.GetCredentials(t.Context(), "nobody")
		_, syntax := d.Pool().ExecContext(t.Context(), "SELEKT")
		_, role := d.UpdateUserRole(t.Context(), db.UpdateUserRoleParams{Email: "taken", Role: "king"})
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, cancelled := d.GetCredentials(gone, "nobody")
		_, gonefile := os.Open(filepath.Join(t.TempDir(), "gone"))
		_, refused := pgx.Connect(t.Context(), "postgres://somebody@"+closedPort(t)+"/none")
		for name, test := range map[string]struct {
			err                 error
			unique, unavailable bool
		}{
			"a taken address":       {taken, true, false},
			"no row":                {missing, false, false},
			"a syntax error":        {syntax, false, false},
			"another constraint":    {role, false, false},
			"a request that is off": {cancelled, false, false},
			"no error":              {nil, false, false},
			"a file that is gone":   {gonefile, false, false},
			"a refused connection":  {refused, false, true},
			"a deadline":            {context.DeadlineExceeded, false, true},
			"not ready":             {&db.UnavailableError{Reason: "x"}, false, true},
		} {
			if test.err == nil && name != "no error" {
				t.Errorf("%s: no error", name)
			}
			if got := db.IsUniqueViolation(test.err); got != test.unique {
				t.Errorf("%s: unique is %v: %v", name, got, test.err)
			}
			if got := db.IsUnavailable(test.err); got != test.unavailable {
				t.Errorf("%s: unavailable is %v: %v", name, got, test.err)
			}
		}
		if !errors.Is(missing, sql.ErrNoRows) {
			t.Errorf("got %v", missing)
		}
	})
}

// closedPort returns an address at which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func TestADatabaseThatIsntConnectedFailsAtOnce(t *testing.T) {
	t.Parallel()
	d, err := db.Open("postgres://somebody:hunter2@192.0.2.1/none", "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	_, err = d.GetCredentials(t.Context(), "a")
	if !db.IsUnavailable(err) {
		t.Errorf("got %v", err)
	}
	if err := d.InTx(t.Context(), func(*db.Queries) error { return nil }); !db.IsUnavailable(err) {
		t.Errorf("got %v", err)
	}
}

func TestURLsThatCantBeUnderstood(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "portal.db", "sqlite:", "mysql://h/d", "postgres://u:hunter2@h:port/d", "postgres://u:hunter2@h/d?sslmode=perhaps"} {
		d, err := db.Open(url, "")
		if err == nil {
			d.Close()
			t.Errorf("%q is taken", url)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the password is shown: %v", err)
		}
	}
}

func TestASQLiteDatabaseIsForItsOwnersEyes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new folder?", "portal 100%.db")
	d, err := db.Open("sqlite:"+path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Connect(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	addUser(t, d.Queries, "a")
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) == 0 {
		t.Fatal(entries, err)
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", entry.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
}

// TestATransactionWhoseTimeIsUpIsUnavailable: that is no fault of ours.
func TestATransactionWhoseTimeIsUpIsUnavailable(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		err := d.InTx(ctx, func(*db.Queries) error {
			<-ctx.Done()
			time.Sleep(50 * time.Millisecond) // until it is rolled back
			return nil
		})
		if !db.IsUnavailable(err) {
			t.Errorf("got %v", err)
		}
	})
}

// TestADeadlockIsNobodysFault has two transactions wait for each other: PostgreSQL
// ends one of them, which is done again.
func TestADeadlockIsNobodysFault(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t)
	ids := []int64{addUser(t, d.Queries, "ada"), addUser(t, d.Queries, "eve")}
	var both, held sync.WaitGroup
	var calls atomic.Int64
	held.Add(2)
	for i := range ids {
		first := true
		both.Go(func() {
			err := d.InTx(t.Context(), func(q *db.Queries) error {
				calls.Add(1)
				if _, err := q.SetPasswordHash(t.Context(), db.SetPasswordHashParams{ID: ids[i], Now: db.Now()}); err != nil {
					return err
				}
				if first {
					first = false
					held.Done()
					held.Wait()
				}
				_, err := q.SetPasswordHash(t.Context(), db.SetPasswordHashParams{ID: ids[1-i], Now: db.Now()})
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if n := calls.Load(); n < 3 {
		t.Errorf("%d calls", n)
	}
}

func TestWhatFollowsACommitFollowsNoRollback(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		called := 0
		call := func(q *db.Queries) { db.AfterCommit(q, func() { called++ }) }
		failed := errors.New("failed")
		if err := d.InTx(t.Context(), func(q *db.Queries) error { call(q); return failed }); !errors.Is(err, failed) || called != 0 {
			t.Errorf("rolled back: %v, called %d times", err, called)
		}
		err := d.InTx(t.Context(), func(q *db.Queries) error {
			call(q)
			call(q)
			if called != 0 {
				t.Error("called before the commit")
			}
			return nil
		})
		if err != nil || called != 2 {
			t.Errorf("committed: %v, called %d times", err, called)
		}
		if call(d.Queries); called != 3 {
			t.Error("without a transaction it isn't called")
		}
	})
}
