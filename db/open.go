package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the "sqlite" driver: the only one that binds $2, $1 by number
)

// target is a database that a URL names: PostgreSQL when postgres is set, else
// the SQLite file at path.
type target struct {
	postgres *pgx.ConnConfig
	settled  bool // how statements are sent, by default_query_exec_mode
	path     string
}

// Check reports what is wrong with a database's URL. Nothing is opened.
func Check(rawURL string) error {
	_, err := parse(rawURL)
	return err
}

func parse(rawURL string) (target, error) {
	if path, ok := strings.CutPrefix(rawURL, "sqlite:"); ok && path != "" {
		path, err := filepath.Abs(path)
		if info, statErr := os.Stat(path); err == nil && statErr == nil && info.IsDir() {
			return target{}, fmt.Errorf("sqlite:%s, which is a folder: name a file in it", path)
		}
		return target{path: path}, err
	}
	if !strings.HasPrefix(rawURL, "postgres://") && !strings.HasPrefix(rawURL, "postgresql://") {
		return target{}, errors.New("not a database URL: write postgres://user:password@host/name or sqlite:path/to/file.db")
	}
	config, err := pgx.ParseConfig(rawURL)
	if err != nil {
		return target{}, fmt.Errorf("not a PostgreSQL URL: %w. Write postgres://user:password@host/name", err) // pgx leaves the password out
	}
	return target{postgres: config, settled: strings.Contains(rawURL, "default_query_exec_mode=")}, nil
}

// pool opens connections for requests, on PostgreSQL each call bounded.
func (t target) pool(recent *recentFailure, p *pooler) *sql.DB {
	if t.postgres == nil {
		return openSQLite(t.path, sqliteOptions)
	}
	pool := sql.OpenDB(traced(boundedConnector{stdlib.GetConnector(*t.postgres, stdlib.OptionAfterConnect(readUTC)), recent, p}))
	pool.SetMaxOpenConns(10)
	pool.SetMaxIdleConns(10)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return pool
}

// readUTC has times come back in UTC, as from SQLite. pgx gives them in the
// machine's time zone.
func readUTC(_ context.Context, conn *pgx.Conn) error {
	codec := &pgtype.TimestamptzCodec{ScanLocation: time.UTC}
	conn.TypeMap().RegisterType(&pgtype.Type{Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: codec})
	return nil
}

// unbounded opens connections whose statements may take as long as they need:
// for migrations.
func (t target) unbounded() *sql.DB {
	if t.postgres == nil {
		return openSQLite(t.path, sqliteOptions)
	}
	config := t.postgres.Copy()
	config.ConnectTimeout = Timeout
	if !t.settled { // nothing is asked twice, and there may be a pooler
		config.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	return sql.OpenDB(traced(stdlib.GetConnector(*config)))
}

// sqliteOptions: _txlock=immediate makes a transaction wait for its turn when it
// begins; a deferred one fails when it comes to write.
const sqliteOptions = "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)" +
	"&_pragma=foreign_keys(1)&_txlock=immediate&_time_format=sqlite&_timezone=UTC"

// openSQLite opens the file at an absolute path.
func openSQLite(path, options string) *sql.DB {
	pool, err := openFile((&url.URL{Scheme: "file", Path: path}).String() + options)
	if err != nil {
		panic(err) // the driver is compiled in: there is no other cause
	}
	pool.SetMaxOpenConns(4)
	pool.SetMaxIdleConns(4)
	return pool
}

// createSQLite makes the file and its folder, readable by their owner only:
// SQLite itself would let everybody read it.
func createSQLite(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}
