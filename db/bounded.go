package db

import (
	"context"
	"database/sql/driver"
	"slices"
	"sync/atomic"
	"time"
)

// PostgreSQL can hang (a frozen host, a partitioned network) in a way that no
// setting of the server ends, and some callers pass no deadline: pgstore has
// no contexts at all. The types here wrap pgx's driver so that every call ends.

// pingTimeout bounds the check of a connection that was idle, connectTimeout
// the making of a new one. database/sql tries two idle ones before it makes a
// new one, so together they stay below Timeout.
const (
	pingTimeout    = 500 * time.Millisecond
	connectTimeout = 750 * time.Millisecond
)

type boundedConnector struct {
	driver.Connector
	recent *recentFailure
	pooler *pooler
}

// recentFailure is the last attempt to connect that got no answer. For a while
// after it others fail at once: database/sql makes new connections one after the
// other, and those who wait for one would wait for all that fail before theirs.
// A refusal keeps nobody waiting, and a server that restarts refuses for a moment
// only.
type recentFailure struct{ atomic.Pointer[failure] }

type failure struct {
	at  time.Time
	err error
}

// Connect makes a connection, in time.
func (c boundedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if f := c.recent.Load(); f != nil && time.Since(f.at) < connectTimeout {
		return nil, &UnavailableError{Reason: noAnswer, Cause: f.err}
	}
	limited, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := c.Connector.Connect(limited)
	var options []driver.NamedValue
	if err == nil {
		options, err = c.pooler.options(limited, conn)
	}
	if err != nil {
		if ctx.Err() == nil && limited.Err() != nil { // not because the request has ended, or was refused
			c.recent.Store(&failure{time.Now(), err})
		}
		return nil, err
	}
	return boundedConn{conn.(pgxConn), options}, nil
}

// pgxConn is what pgx's connections can do and database/sql makes use of.
type pgxConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
}

type boundedConn struct {
	pgxConn
	options []driver.NamedValue // for pgx, which takes them before the arguments
}

// with puts the options before args.
func (c boundedConn) with(args []driver.NamedValue) []driver.NamedValue {
	if len(c.options) == 0 {
		return args
	}
	return slices.Concat(c.options, args)
}

func (c boundedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	return c.pgxConn.ExecContext(ctx, query, c.with(args))
}

func (c boundedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	ctx, cancel := withTimeout(ctx)
	rows, err := c.pgxConn.QueryContext(ctx, query, c.with(args))
	if err != nil {
		cancel()
		return nil, err
	}
	return boundedRows{rows, cancel}, nil
}

func (c boundedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	return c.pgxConn.PrepareContext(ctx, query)
}

func (c boundedConn) Ping(ctx context.Context) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	return c.pgxConn.Ping(ctx)
}

func (c boundedConn) ResetSession(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	return c.pgxConn.ResetSession(ctx)
}

// BeginTx gives the transaction a context that lasts, since pgx commits under
// it, and lets time run out only while a call is under way.
func (c boundedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	ctx, cancel := context.WithCancel(ctx)
	var tx driver.Tx
	err := bound(cancel, func() (err error) {
		tx, err = c.pgxConn.BeginTx(ctx, opts)
		return err
	})
	if err != nil {
		cancel()
		return nil, err
	}
	return boundedTx{tx, cancel}, nil
}

type boundedTx struct {
	driver.Tx
	cancel context.CancelFunc
}

func (t boundedTx) Commit() error {
	defer t.cancel()
	return bound(t.cancel, t.Tx.Commit)
}

func (t boundedTx) Rollback() error {
	defer t.cancel()
	return bound(t.cancel, t.Tx.Rollback)
}

// bound cancels call when it takes longer than Timeout.
func bound(cancel context.CancelFunc, call func() error) error {
	timer := time.AfterFunc(Timeout, cancel)
	err := call()
	if !timer.Stop() && err != nil {
		return &UnavailableError{Reason: noAnswer, Cause: err}
	}
	return err
}

type boundedRows struct {
	driver.Rows
	cancel context.CancelFunc
}

func (r boundedRows) Close() error {
	defer r.cancel()
	return r.Rows.Close()
}

// ColumnTypeDatabaseTypeName says what pgx does: OwnRows asks.
func (r boundedRows) ColumnTypeDatabaseTypeName(index int) string {
	return r.Rows.(driver.RowsColumnTypeDatabaseTypeName).ColumnTypeDatabaseTypeName(index)
}

// withTimeout bounds ctx by Timeout unless it has a deadline of its own.
func withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, Timeout)
}
