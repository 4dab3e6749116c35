package web

import (
	"database/sql"

	"github.com/managethefans/portal/app/session"
)

// oneRow is the error of a change to a row: sql.ErrNoRows if it wasn't there,
// or was somebody else's.
func oneRow(n int64, err error) error {
	if err == nil && n == 0 {
		return sql.ErrNoRows
	}
	return err
}

// sameRow is oneRow for a row that was there a moment ago: session.ErrChanged if
// somebody has changed it since.
func sameRow(n int64, err error) error {
	if err == nil && n == 0 {
		return session.ErrChanged
	}
	return err
}
