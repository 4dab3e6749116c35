//go:build dev

package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/pressly/goose/v3"
)

// developing is what a program for developers knows beyond: which migrations
// wait for them, and that they have changed the schema by hand.
type developing struct {
	hold    atomic.Bool // pending migrations, on a database that has some
	back    atomic.Bool // one was taken back by hand
	changed atomic.Bool
}

// HoldMigrations has pending migrations wait until Apply is called, except on a
// fresh database: a developer who is writing one doesn't want half of it.
func (d *DB) HoldMigrations() { d.dev.hold.Store(true) }

// Waiting reports whether the database is unavailable because of migrations:
// they wait for Apply, or failed. It is what prepare says that tells.
func (d *DB) Waiting() bool {
	unavailable := d.Ready()
	return unavailable != nil && strings.Contains(unavailable.Reason, "migrat")
}

func (v *developing) holdsBack(ctx context.Context, d *DB, migrate bool) bool {
	if !migrate || !v.hold.Load() && !v.back.Load() {
		return false
	}
	list, err := d.Migrations(ctx)
	fresh := !slices.ContainsFunc(list, func(m Migration) bool { return m.Applied })
	return err != nil || !fresh || v.back.Load()
}

func (v *developing) schemaChanged() bool { return v.changed.Swap(false) }

// Apply applies the pending migrations.
func (d *DB) Apply(ctx context.Context) error {
	_, err := d.Migrate(ctx)
	if err == nil {
		d.dev.back.Store(false)
	}
	d.look(ctx)
	return err
}

// TakeBack takes back the latest migration, which then waits for Apply.
func (d *DB) TakeBack(ctx context.Context) error {
	d.dev.back.Store(true)
	_, err := d.Rollback(ctx)
	d.look(ctx)
	return err
}

// Redo takes back the latest migration and applies it again, as it is now.
func (d *DB) Redo(ctx context.Context) error {
	d.dev.back.Store(true) // for when it can't be applied any more
	err := d.migrating(ctx, func(p *goose.Provider) error {
		result, err := p.Down(ctx)
		if err != nil {
			return err
		}
		_, err = p.ApplyVersion(ctx, result.Source.Version, true)
		return err
	})
	if err == nil {
		d.dev.back.Store(false)
	}
	d.look(ctx)
	return err
}

// Reset drops all that is in the database, and applies every migration. It
// refuses where Foreign has a reason.
func (d *DB) Reset(ctx context.Context) error {
	if reason := d.Foreign(); reason != "" {
		return errors.New(reason)
	}
	empty := d.emptySQLite
	if d.Postgres() {
		empty = d.emptyPostgres
	}
	if err := empty(ctx); err != nil {
		d.look(ctx)
		return fmt.Errorf("empty the database: %w", err)
	}
	return d.Apply(ctx)
}

func (d *DB) emptySQLite(ctx context.Context) error {
	unlock, err := lockSQLite(ctx, d.migrate.path)
	if err != nil {
		return err
	}
	defer unlock()
	pool := d.migrate.unbounded()
	defer pool.Close()
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// Else a table can't go before those that refer to it.
	if _, err := conn.ExecContext(ctx, "PRAGMA foreign_keys = OFF"); err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	// A virtual table takes the tables that it is made of with it.
	rows, err := tx.QueryContext(ctx, `SELECT type, name FROM sqlite_master
		WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
		ORDER BY type DESC, sql NOT LIKE 'CREATE VIRTUAL%', name`)
	if err != nil {
		return err
	}
	var drops []string
	for rows.Next() {
		var kind, name string
		if err := rows.Scan(&kind, &name); err != nil {
			return err
		}
		drops = append(drops, fmt.Sprintf(`DROP %s IF EXISTS "%s"`, kind, strings.ReplaceAll(name, `"`, `""`)))
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, drop := range drops {
		if _, err := tx.ExecContext(ctx, drop); err != nil {
			return fmt.Errorf("%s: %w", drop, err)
		}
	}
	return tx.Commit()
}

func (d *DB) emptyPostgres(ctx context.Context) error {
	pool := d.migrate.unbounded()
	defer pool.Close()
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1), set_config('lock_timeout', '5s', true)", lockKey); err != nil {
		return err
	}
	var schema string
	if err := tx.QueryRowContext(ctx, "SELECT quote_ident(coalesce(current_schema(), 'public'))").Scan(&schema); err != nil {
		return err
	}
	for _, statement := range []string{"DROP SCHEMA IF EXISTS " + schema + " CASCADE", "CREATE SCHEMA " + schema} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// look finds out at once what Watch would find out within a second.
func (d *DB) look(ctx context.Context) {
	d.dev.changed.Store(true)
	d.pool.SetMaxIdleConns(0) // they have prepared statements on what was there before
	d.pool.SetMaxIdleConns(d.pool.Stats().MaxOpenConnections)
	d.state.Store(d.prepare(ctx, slog.New(slog.DiscardHandler), false))
}

// Foreign returns why the database isn't this machine's own, or "". What
// destroys data is done to no other.
func (d *DB) Foreign() string {
	for _, t := range []target{d.target, d.migrate} {
		if t.postgres == nil {
			continue
		}
		hosts := []string{t.postgres.Host}
		for _, other := range t.postgres.Fallbacks {
			hosts = append(hosts, other.Host)
		}
		for _, host := range hosts {
			addr, _ := netip.ParseAddr(host)
			if host != "localhost" && !strings.HasPrefix(host, "/") && !addr.IsLoopback() {
				return "The database is on " + host + ", which is not this machine: others may use it."
			}
		}
	}
	return ""
}

// Where names the database, without a password.
func (d *DB) Where() string {
	if !d.Postgres() {
		return d.target.path
	}
	return d.target.postgres.Database + " on " + d.target.postgres.Host
}

// Source returns where in the project a migration's file is, and its text.
func (d *DB) Source(name string) (file, text string, err error) {
	engine := "sqlite"
	if d.Postgres() {
		engine = "postgres"
	}
	content, err := fs.ReadFile(migrations, path.Join("migrations", engine, name))
	return path.Join("db/migrations", engine, name), string(content), err
}

// MigrationFault is a migration that failed: what the database said, and the
// statement's line in the file, where they are known.
type MigrationFault struct {
	Message, File string
	Line          int
}

// Fault explains an error of Apply, TakeBack, Redo or Reset. t has traced it.
func (d *DB) Fault(err error, t *Trace) MigrationFault {
	fault := MigrationFault{Message: err.Error()}
	var partial *goose.PartialError
	if !errors.As(err, &partial) {
		return fault
	}
	fault.Message = partial.Err.Error()
	file, text, err := d.Source(partial.Failed.Source.Path)
	if err != nil {
		return fault
	}
	fault.File = file
	statements, _ := t.Statements()
	for _, s := range slices.Backward(statements) {
		first, _, _ := strings.Cut(s.Text, "\n")
		if at := cmp.Or(strings.Index(text, s.Text)+1, strings.Index(text, first)+1); s.Err != nil && at > 0 {
			fault.Line = 1 + strings.Count(text[:at-1], "\n")
			break
		}
	}
	return fault
}
