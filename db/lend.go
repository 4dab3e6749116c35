package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// Lend gives f a pool whose calls are bounded as those of a query with ctx are:
// for code that knows no contexts. It is good for one call after the other, while
// f lasts, and on PostgreSQL only.
func (d *DB) Lend(ctx context.Context, f func(*sql.DB) error) error {
	ctx, took := limited(ctx, Timeout)
	defer took()
	pool := sql.OpenDB(lender{ctx, d.Pool()})
	defer pool.Close()
	return f(pool)
}

// lender connects by taking a connection out of the real pool.
type lender struct {
	ctx  context.Context
	pool *sql.DB
}

func (l lender) Connect(context.Context) (driver.Conn, error) {
	conn, err := l.pool.Conn(l.ctx)
	if err != nil {
		return nil, err
	}
	lent := lentConn{ctx: l.ctx, conn: conn}
	err = conn.Raw(func(c any) error {
		lent.pgxConn = c.(pgxConn)
		return nil
	})
	return lent, err
}

func (l lender) Driver() driver.Driver { return l.pool.Driver() }

type lentConn struct {
	pgxConn
	ctx  context.Context
	conn *sql.Conn
}

func (c lentConn) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.pgxConn.ExecContext(c.ctx, query, args)
}

func (c lentConn) QueryContext(_ context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.pgxConn.QueryContext(c.ctx, query, args)
}

// Close gives the connection back. The real pool looks whether it is still good.
func (c lentConn) Close() error { return c.conn.Close() }
