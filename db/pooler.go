package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// A pooler, such as PgBouncer in transaction mode, gives each transaction
// another connection to the server. pgx prepares statements on one and would
// look for them on the next. So where there is a pooler nothing stays prepared:
// pgx remembers the types of a statement, and sends it whole each time.
//
// default_query_exec_mode in the database's URL settles it, either way.
type pooler struct {
	settled bool        // by the URL: nobody looks
	found   atomic.Bool // and then it stays so: that way works without one, too
}

var unprepared = []driver.NamedValue{{Ordinal: 1, Value: pgx.QueryExecModeCacheDescribe}}

// options returns what each statement on a new connection is to be sent with.
func (p *pooler) options(ctx context.Context, conn driver.Conn) ([]driver.NamedValue, error) {
	if p.settled {
		return nil, nil
	}
	if !p.found.Load() {
		between, err := isPooled(ctx, conn.(*stdlib.Conn).Conn())
		if err != nil {
			return nil, errors.Join(fmt.Errorf("look for a pooler: %w", err), conn.Close())
		}
		if !between {
			return nil, nil
		}
		p.found.Store(true)
	}
	return unprepared, nil
}

// isPooled reports whether something stands between us and the server: the
// process that the connection was said to lead to isn't the one that answers.
func isPooled(ctx context.Context, conn *pgx.Conn) (bool, error) {
	var pid uint32
	err := conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&pid)
	return pid != conn.PgConn().PID(), err
}

// Pooled reports whether a pooler was found on the way to PostgreSQL.
func (d *DB) Pooled() bool { return d.pooler.found.Load() }
