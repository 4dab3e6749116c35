package web

import "database/sql"

// oneRow is the error of a change to a row: sql.ErrNoRows if it wasn't there,
// or was somebody else's.
func oneRow(n int64, err error) error {
	if err == nil && n == 0 {
		return sql.ErrNoRows
	}
	return err
}
