package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"
)

// watchInterval is the time between two looks at the database.
const watchInterval = time.Second

const notYet = "the database is not connected yet"

const noAnswer = "the database does not answer"

// Ready returns nil when queries can run, else why they can't.
func (d *DB) Ready() *UnavailableError { return d.state.Load() }

// Looked returns a channel that is closed when Watch has had its first look at
// the database, whatever it has found.
func (d *DB) Looked() <-chan struct{} { return d.looked }

// Watch makes the database ready and keeps its state until ctx ends: it
// connects, applies the pending migrations (or, when migrate is false, waits
// until somebody has), and looks again every second. The begin and the end of an
// outage are logged once each, and a reason that changes meanwhile. While the database is away, queries fail at once instead of
// waiting for it.
func (d *DB) Watch(ctx context.Context, log *slog.Logger, migrate bool) {
	prepared := false
	for {
		var unavailable *UnavailableError
		if !prepared || d.dev.schemaChanged() {
			unavailable = d.prepare(ctx, log, migrate)
			prepared = unavailable == nil
		} else {
			unavailable = d.ping(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		d.setState(unavailable, log)
		d.lookedOnce.Do(func() { close(d.looked) })
		select {
		case <-ctx.Done():
			return
		case <-time.After(watchInterval):
		}
	}
}

func (d *DB) prepare(ctx context.Context, log *slog.Logger, migrate bool) *UnavailableError {
	if d.Postgres() { // says more clearly than a migration what is wrong
		if unavailable := d.ping(ctx); unavailable != nil {
			return unavailable
		}
	}
	if d.dev.holdsBack(ctx, d, migrate) {
		migrate = false
	}
	if migrate {
		n, err := d.Migrate(ctx)
		if err != nil {
			return &UnavailableError{Reason: "the database could not be migrated", Cause: err}
		}
		if n > 0 {
			log.Info("database migrated", "migrations", n)
		}
	}
	pending, err := d.Pending(ctx)
	if err != nil {
		return &UnavailableError{Reason: "the state of migrations could not be read", Cause: err}
	}
	if len(pending) > 0 {
		remedy := "run `portal migrate up`"
		if migrate {
			remedy = "they were applied elsewhere; have MIGRATE_DATABASE_URL lead to the same database as DATABASE_URL"
		}
		return &UnavailableError{Reason: fmt.Sprintf("%d migrations are pending: %s", len(pending), remedy)}
	}
	return nil
}

// warm is how many connections Warm makes: enough for a first rush, and few for a
// server that has a hundred for all.
const warm = 8

// Warm makes some connections before anybody waits for one. Those who come all at
// once, as after a restart, would have the server make as many at once, and a
// busy one may take too long for that. SQLite needs none of it.
func (d *DB) Warm(ctx context.Context) {
	if !d.Postgres() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	for range warm {
		conn, err := d.Pool().Conn(ctx)
		if err != nil {
			return // which the next request will find out
		}
		defer conn.Close() // at the end: one that is free would be taken again
	}
}

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	if unavailable := d.ping(ctx); unavailable != nil {
		return unavailable
	}
	return nil
}

func (d *DB) ping(ctx context.Context) *UnavailableError {
	if !d.Postgres() { // what is open works on; whether the file is still there, a ping can't tell
		if _, err := os.Stat(d.target.path); err != nil {
			return &UnavailableError{Reason: "the database's file is gone", Cause: err}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	switch err := d.probe.PingContext(ctx); {
	case err == nil:
		d.recent.Store(nil)
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return &UnavailableError{Reason: noAnswer, Cause: err}
	default:
		return &UnavailableError{Reason: "the database cannot be reached", Cause: err}
	}
}

func (d *DB) setState(now *UnavailableError, log *slog.Logger) {
	before := d.state.Swap(now)
	switch {
	case now == nil && before != nil:
		log.Info("database ready")
	case now == nil:
	case before == nil || before.Reason == notYet:
		log.Error("database unavailable, trying again every second", "reason", now.Reason, "error", now.Cause)
	case before.Reason != now.Reason:
		log.Warn("database still away, for another reason", "reason", now.Reason, "error", now.Cause)
	}
}

// Connect makes the database ready for a command that ends soon: it applies
// the pending migrations when migrate is true.
func (d *DB) Connect(ctx context.Context, migrate bool) error {
	if unavailable := d.prepare(ctx, slog.New(slog.DiscardHandler), migrate); unavailable != nil {
		return unavailable
	}
	d.state.Store(nil)
	return nil
}

// downConnector is the pool of a database that is away.
type downConnector struct{ d *DB }

func (c downConnector) Connect(context.Context) (driver.Conn, error) {
	if unavailable := c.d.Ready(); unavailable != nil {
		return nil, unavailable
	}
	return nil, &UnavailableError{Reason: "the database has just come back"}
}

func (c downConnector) Driver() driver.Driver { return c.d.pool.Driver() }
