package dbtest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"sync"
)

// Making a database takes a tenth of a second and more, and emptying one a
// hundredth. So a database that a test leaves as it got it, but for rows, is the
// next test's. This is for servers of our own only: elsewhere databases would
// stay behind.

// spare has the databases that no test has at the moment.
var spare struct {
	sync.Mutex
	names []string
}

func takeSpare() (name string, ok bool) {
	spare.Lock()
	defer spare.Unlock()
	last := len(spare.names) - 1
	if last < 0 {
		return "", false
	}
	name = spare.names[last]
	spare.names = spare.names[:last]
	return name, true
}

// keepSpare keeps a database for another test, emptied, and reports whether that
// could be done.
func keepSpare(ctx context.Context, name string) bool {
	base, err := server()
	if err != nil || !isOurs(base) || fresh.err != nil {
		return false
	}
	pool, err := sql.Open("pgx", urlOf(name))
	if err != nil {
		return false
	}
	defer pool.Close()
	var others int
	err = pool.QueryRowContext(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").Scan(&others)
	if err != nil || others > 0 {
		return false
	}
	is, err := stateOf(ctx, pool, fresh.filled)
	if err != nil || is != fresh.sum {
		return false
	}
	if _, err := pool.ExecContext(ctx, "TRUNCATE "+strings.Join(fresh.empty, ", ")+" RESTART IDENTITY"); err != nil {
		return false
	}
	spare.Lock()
	defer spare.Unlock()
	spare.names = append(spare.names, name)
	return true
}

// isOurs reports whether a server ends with the tests.
func isOurs(server string) bool {
	u, err := url.Parse(server)
	return err == nil && strings.Contains(u.Query().Get("host"), dirPrefix)
}

// state is how a database was made: its tables that have rows, those that have
// none, and a sum of all but the latter's rows.
type state struct {
	filled, empty []string
	sum           string
}

// fresh is the state of a database that nobody has used, or why it isn't known.
var fresh struct {
	sync.Once
	state
	err error
}

// newMigrated makes a copy of the template. The first one shows how they are.
func newMigrated(ctx context.Context) (name string, err error) {
	template, err := postgresTemplate()
	if err != nil {
		return "", err
	}
	if name, err = newDatabase(ctx, template); err == nil {
		fresh.Do(func() { fresh.state, fresh.err = readState(ctx, name) })
	}
	return name, err
}

func readState(ctx context.Context, name string) (s state, err error) {
	pool, err := sql.Open("pgx", urlOf(name))
	if err != nil {
		return s, err
	}
	defer pool.Close()
	rows, err := pool.QueryContext(ctx, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname")
	if err != nil {
		return s, err
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			return s, err
		}
		tables = append(tables, table)
	}
	if err := rows.Err(); err != nil {
		return s, err
	}
	for _, table := range tables {
		var filled bool
		if err := pool.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM "+table+")").Scan(&filled); err != nil {
			return s, err
		}
		if filled {
			s.filled = append(s.filled, table)
		} else {
			s.empty = append(s.empty, table)
		}
	}
	s.sum, err = stateOf(ctx, pool, s.filled)
	return s, err
}

// stateOf sums up what was made in a database after its own catalog, which has
// the numbers below 16384 (FirstNormalObjectId), and the rows of these tables.
func stateOf(ctx context.Context, pool *sql.DB, filled []string) (sum string, err error) {
	parts := []string{
		"(SELECT string_agg(concat_ws(' ', oid, relname, relkind, relnamespace, relowner, relacl, reloptions), ',' ORDER BY oid) FROM pg_class WHERE oid >= 16384)",
		"(SELECT string_agg(a::text, ',' ORDER BY attrelid, attnum) FROM pg_attribute a WHERE attrelid >= 16384)",
		"(SELECT string_agg(c::text, ',' ORDER BY oid) FROM pg_constraint c WHERE oid >= 16384)",
		"(SELECT string_agg(t::text, ',' ORDER BY oid) FROM pg_trigger t WHERE oid >= 16384)",
		"(SELECT string_agg(p::text, ',' ORDER BY oid) FROM pg_proc p WHERE oid >= 16384)",
		"(SELECT string_agg(s::text, ',') FROM pg_db_role_setting s, pg_database d WHERE d.oid = setdatabase AND datname = current_database())",
	}
	for _, table := range filled {
		parts = append(parts, fmt.Sprintf("(SELECT string_agg(r::text, ',' ORDER BY r::text) FROM %s r)", table))
	}
	err = pool.QueryRowContext(ctx, "SELECT md5(concat_ws('|', "+strings.Join(parts, ", ")+"))").Scan(&sum)
	return sum, err
}
