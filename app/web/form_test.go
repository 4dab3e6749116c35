package web

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
)

func TestADateIsReadAsItIsShown(t *testing.T) {
	t.Parallel()
	for text, fault := range map[string]bool{"": false, "2031-02-03": false, "1900-01-01": false, "1899-12-31": true, "2031-02-30": true, "3.2.2031": true, "soon": true} {
		faults := formErrors{}
		date := faults.date("due_on", text)
		if (faults.For("due_on") != "") != fault || !fault && dateValue(date) != text {
			t.Errorf("%q is %q, %v", text, dateValue(date), faults)
		}
	}
}

func TestALineAndATextHaveTheirLimits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Ada":                  "",
		strings.Repeat("ä", 5): "",
		"abcdef":               "at most 5 characters: these are 6",
		" \t":                  "Enter it.",
		"a\nb":                 "one line",
	} {
		if got := lineFault(text, "Enter it.", 5); want == "" != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := textFault("a\nb", 5); got != "" {
		t.Errorf("a text of two lines: %s", got)
	}
}

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
