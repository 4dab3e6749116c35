package web

import (
	"database/sql"
	"errors"
	"testing"
)

func TestAChangeOfNoRowIsAnError(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	for _, test := range []struct {
		rows      int64
		err, want error
	}{{1, nil, nil}, {0, nil, sql.ErrNoRows}, {0, failed, failed}} {
		if got := oneRow(test.rows, test.err); got != test.want {
			t.Errorf("%d rows and %v: %v", test.rows, test.err, got)
		}
	}
}
