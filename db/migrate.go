package db

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
)

// lookTimeout bounds a look at the state of migrations: a connection may say nothing
// for good. They themselves take as long as they need.
const lookTimeout = 5 * time.Second

//go:embed migrations
var migrations embed.FS

// Migration is one step of the schema.
type Migration struct {
	Name      string // its file's name
	Applied   bool
	AppliedAt time.Time
}

// Migrate applies the pending migrations and returns their number. Any number
// of processes may call it at once on the same database: one applies them, the
// others wait for it.
func (d *DB) Migrate(ctx context.Context) (int, error) {
	applied := 0
	err := d.migrating(ctx, func(p *goose.Provider) error {
		results, err := p.Up(ctx)
		applied = len(results)
		return err
	})
	return applied, err
}

// Rollback takes back the latest migration and returns its name.
func (d *DB) Rollback(ctx context.Context) (string, error) {
	name := ""
	err := d.migrating(ctx, func(p *goose.Provider) error {
		result, err := p.Down(ctx)
		if err == nil {
			name = result.Source.Path
		}
		return err
	})
	return name, err
}

// Migrations lists every migration in order, and whether it is applied to the
// database that the queries run on.
func (d *DB) Migrations(ctx context.Context) ([]Migration, error) {
	pool := d.target.unbounded()
	defer pool.Close()
	p, err := d.provider(pool)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	status, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the state of migrations: %w", err)
	}
	var list []Migration
	for _, s := range status {
		list = append(list, Migration{Name: s.Source.Path, Applied: s.State == goose.StateApplied, AppliedAt: s.AppliedAt})
	}
	return list, nil
}

// Pending returns the names of the migrations that aren't applied yet.
func (d *DB) Pending(ctx context.Context) ([]string, error) {
	list, err := d.Migrations(ctx)
	var names []string
	for _, m := range list {
		if !m.Applied {
			names = append(names, m.Name)
		}
	}
	return names, err
}

// migrating runs f while no other process migrates the same database.
func (d *DB) migrating(ctx context.Context, f func(*goose.Provider) error) error {
	pool := d.migrate.unbounded()
	defer pool.Close()
	p, err := d.provider(pool)
	if err != nil {
		return err
	}
	unlock, err := d.migrate.lock(ctx, pool)
	if err != nil {
		return fmt.Errorf("wait for another process that migrates: %w", err)
	}
	defer unlock()
	looking, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if _, err := p.GetDBVersion(looking); err != nil { // on the connection that f goes on with
		return fmt.Errorf("read the state of migrations: %w", err)
	}
	if err := f(p); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

func (d *DB) provider(pool *sql.DB) (*goose.Provider, error) {
	if d.migrate.postgres == nil {
		files, err := fs.Sub(migrations, "migrations/sqlite")
		if err != nil {
			return nil, err
		}
		return goose.NewProvider(goose.DialectSQLite3, pool, files)
	}
	files, err := fs.Sub(migrations, "migrations/postgres")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, pool, files)
}

// lock waits for its turn to migrate.
func (t target) lock(ctx context.Context, pool *sql.DB) (unlock func(), err error) {
	if t.postgres == nil {
		return lockSQLite(ctx, t.path)
	}
	for {
		if unlock, err := tryLockPostgres(ctx, pool); unlock != nil || err != nil {
			return unlock, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockInterval):
		}
	}
}

const (
	lockKey      = int64(0x6d69677261746573) // "migrates"
	lockInterval = 50 * time.Millisecond
)

// tryLockPostgres takes the lock in a transaction, which stays open: a lock of
// the connection would be lost or stay behind in PgBouncer, and somebody who
// waits for it in a statement would keep one of the few connections that
// PgBouncer has. The transaction is idle all the while, and must be let.
func tryLockPostgres(ctx context.Context, pool *sql.DB) (unlock func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	var tx *sql.Tx
	var locked bool
	var limit string
	err = bound(cancel, func() (err error) {
		if tx, err = pool.BeginTx(ctx, nil); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT pg_try_advisory_xact_lock($1), set_config('idle_in_transaction_session_timeout', '0', true)", lockKey).Scan(&locked, &limit)
	})
	unlock = func() {
		if tx != nil {
			bound(cancel, tx.Rollback)
		}
		cancel()
	}
	if err != nil || !locked {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// lockSQLite waits for its turn on a second file: a write transaction there is
// a lock that ends with its process, and that leaves the database free.
func lockSQLite(ctx context.Context, path string) (unlock func(), err error) {
	path += ".migrate"
	if err := createSQLite(path); err != nil {
		return nil, err
	}
	pool := openSQLite(path, "?_pragma=busy_timeout(60000)&_txlock=immediate") // the change to WAL doesn't wait for its turn
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return func() { tx.Rollback(); pool.Close() }, nil
}
