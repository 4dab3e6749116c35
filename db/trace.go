//go:build dev

package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// A program for developers writes down each statement and what it took. That
// happens below database/sql, where nothing goes past it: neither BEGIN nor
// what pgstore sends.

// Statement was sent to the database. Its parameters are not kept: they are
// people's data.
type Statement struct {
	Name string // from the line "-- name:"
	Text string
	Took time.Duration // until its last row was read
	Rows int64         // read, or changed
	Err  error
}

// Trace collects the latest statements that are sent under a context.
type Trace struct {
	mu    sync.Mutex
	list  []Statement
	count int
}

// maxTraced bounds how many statements a Trace keeps.
const maxTraced = 500

type traceKey struct{}

// WithTrace returns a context whose statements go to t.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// Statements returns those that were kept, and how many there were.
func (t *Trace) Statements() ([]Statement, int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.list), t.count
}

func (t *Trace) add(query string, start time.Time, rows int64, err error) {
	if errors.Is(err, driver.ErrSkip) {
		return
	}
	s := Statement{Text: strings.TrimSpace(query), Took: time.Since(start), Rows: rows, Err: err}
	if head, text, ok := strings.Cut(s.Text, "\n"); ok && strings.HasPrefix(head, "-- name: ") {
		s.Name, _, _ = strings.Cut(strings.TrimPrefix(head, "-- name: "), " ")
		s.Text = text
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count++
	t.list = append(t.list, s)
	if len(t.list) > maxTraced {
		t.list = t.list[1:]
	}
}

// Stray returns the latest statements that no request sent.
func (d *DB) Stray() ([]Statement, int) {
	return d.pool.Driver().(tracedDriver).stray.Statements()
}

// traced has the statements of c's connections written down.
func traced(c driver.Connector) driver.Connector {
	return tracedConnector{c, tracedDriver{c.Driver(), &Trace{}}}
}

type tracedConnector struct {
	driver.Connector
	driver tracedDriver
}

type tracedDriver struct {
	driver.Driver
	stray *Trace
}

func (c tracedConnector) Driver() driver.Driver { return c.driver }

func (c tracedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return tracedConn{conn.(fullConn), c.driver.stray}, nil
}

// fullConn is what the connections of both drivers can do.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
}

type tracedConn struct {
	fullConn
	stray *Trace
}

func (c tracedConn) trace(ctx context.Context) *Trace {
	if t, ok := ctx.Value(traceKey{}).(*Trace); ok {
		return t
	}
	return c.stray
}

// CheckNamedValue is for pgx's connections; SQLite's leave it to database/sql.
func (c tracedConn) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := c.fullConn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

// IsValid is for SQLite's connections.
func (c tracedConn) IsValid() bool {
	validator, ok := c.fullConn.(driver.Validator)
	return !ok || validator.IsValid()
}

func (c tracedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	start, rows := time.Now(), int64(0)
	result, err := c.fullConn.ExecContext(ctx, query, args)
	if err == nil {
		rows, _ = result.RowsAffected() // not after every statement
	}
	c.trace(ctx).add(query, start, rows, err)
	return result, err
}

func (c tracedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	start := time.Now()
	rows, err := c.fullConn.QueryContext(ctx, query, args)
	if err != nil {
		c.trace(ctx).add(query, start, 0, err)
		return nil, err
	}
	r := &tracedRows{Rows: rows}
	r.done = func() { c.trace(ctx).add(query, start, r.count, r.err) }
	return r, nil
}

type tracedRows struct {
	driver.Rows
	count int64
	err   error
	done  func()
}

func (r *tracedRows) Next(dest []driver.Value) error {
	err := r.Rows.Next(dest)
	switch {
	case err == nil:
		r.count++
	case !errors.Is(err, io.EOF):
		r.err = err
	}
	return err
}

func (r *tracedRows) Close() error {
	r.done()
	return r.Rows.Close()
}

// ColumnTypeDatabaseTypeName says what the driver does, each of which can.
func (r *tracedRows) ColumnTypeDatabaseTypeName(index int) string {
	return r.Rows.(driver.RowsColumnTypeDatabaseTypeName).ColumnTypeDatabaseTypeName(index)
}

func (c tracedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	start := time.Now()
	tx, err := c.fullConn.BeginTx(ctx, opts)
	c.trace(ctx).add("BEGIN", start, 0, err)
	if err != nil {
		return nil, err
	}
	return tracedTx{tx, c.trace(ctx)}, nil
}

type tracedTx struct {
	driver.Tx
	trace *Trace
}

func (t tracedTx) Commit() error {
	start := time.Now()
	err := t.Tx.Commit()
	t.trace.add("COMMIT", start, 0, err)
	return err
}

func (t tracedTx) Rollback() error {
	start := time.Now()
	err := t.Tx.Rollback()
	t.trace.add("ROLLBACK", start, 0, err)
	return err
}

// openFile opens a SQLite file by what its driver calls a name.
func openFile(name string) (*sql.DB, error) {
	pool, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	defer pool.Close() // it was never used
	return sql.OpenDB(traced(fileConnector{name, pool.Driver()})), nil
}

type fileConnector struct {
	name   string
	driver driver.Driver
}

func (c fileConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.name) }
func (c fileConnector) Driver() driver.Driver                        { return c.driver }
