package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// UnavailableError says why the database can't be used for now. Reason is fit
// for anybody's eyes; the cause may name hosts and is for the log.
type UnavailableError struct {
	Reason string
	Cause  error
}

func (e *UnavailableError) Error() string {
	if e.Cause == nil {
		return e.Reason
	}
	return e.Reason + ": " + e.Cause.Error()
}

func (e *UnavailableError) Unwrap() error { return e.Cause }

// IsUnavailable reports whether err means that the database can't be had at
// the moment, and not that something is wrong with the query, nor that the
// caller gave up.
func IsUnavailable(err error) bool {
	var unavailable *UnavailableError
	var network *net.OpError
	var connect *pgconn.ConnectError
	switch {
	case err == nil:
		return false
	case errors.As(err, &unavailable):
		return true
	case errors.Is(err, context.Canceled): // also while it was connecting
		return false
	case errors.As(err, &network), errors.As(err, &connect):
		return true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, driver.ErrBadConn):
		return true
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), pgconn.SafeToRetry(err):
		return true
	}
	if code, ok := postgresCode(err); ok {
		// Class 08 is a lost connection; 53 too many connections, a full disk;
		// 57P0x a server that shuts down, has crashed or is starting.
		return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "53") || strings.HasPrefix(code, "57P0")
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff { // the low byte is the kind
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return true
	}
	return false
}

// IsUniqueViolation reports whether err is a row refused by a UNIQUE
// constraint.
func IsUniqueViolation(err error) bool {
	if code, ok := postgresCode(err); ok {
		return code == "23505"
	}
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// IsDuplicate reports whether err is a row refused by the unique index of this
// name, which is made of the table and the column: tickets_number_key.
func IsDuplicate(err error, index string) bool {
	var p *pgconn.PgError
	if errors.As(err, &p) {
		return p.Code == "23505" && p.ConstraintName == index
	}
	if !IsUniqueViolation(err) {
		return false
	}
	// SQLite names the columns: UNIQUE constraint failed: tickets.user_id, tickets.number
	for _, word := range strings.FieldsFunc(err.Error(), func(r rune) bool { return r == ' ' || r == ',' }) {
		if strings.Contains(word, ".") && strings.ReplaceAll(word, ".", "_")+"_key" == index {
			return true
		}
	}
	return false
}

// IsReferenceViolation reports whether err is a change refused because another
// row refers to this one, or because the one that this refers to has gone.
func IsReferenceViolation(err error) bool {
	if code, ok := postgresCode(err); ok {
		return code == "23503"
	}
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// isDeadlock reports whether err is a transaction ended because it and another one
// waited for each other.
func isDeadlock(err error) bool {
	code, ok := postgresCode(err)
	return ok && code == "40P01"
}

func postgresCode(err error) (string, bool) {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code, true
	}
	return "", false
}
