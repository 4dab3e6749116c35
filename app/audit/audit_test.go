package audit_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func TestNoTextPretendsToBeAnotherLineOfTheLog(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const forged = "one\r\n2026-01-01 role_changed admin\u2028\x00\x1b[2K\u202ekcab\tcolumn\xff"
		err := audit.Record(t.Context(), d.Queries, audit.Event{
			Action: audit.SignedIn, Actor: 1, Subject: 1, Address: forged, Device: forged, RequestID: forged, Details: forged,
		})
		if err != nil {
			t.Fatal(err)
		}
		events, err := d.ListAuditEvents(t.Context(), db.ListAuditEventsParams{Before: db.Now().AddDate(1, 0, 0), MaxRows: 10})
		if err != nil || len(events) != 1 {
			t.Fatal(len(events), err)
		}
		const want = "one  2026-01-01 role_changed admin   [2K kcab column"
		if e := events[0]; e.Address != want || e.Device != want || e.RequestID != want || e.Details != want {
			t.Errorf("got %+v", e)
		}
	})
}

func TestDetailsAreBounded(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	if err := audit.Record(t.Context(), d.Queries, audit.Event{Action: audit.SignedIn, Details: strings.Repeat("ä", 1000)}); err != nil {
		t.Fatal(err)
	}
	events, err := d.ListAuditEvents(t.Context(), db.ListAuditEventsParams{Before: db.Now().AddDate(1, 0, 0), MaxRows: 10})
	if err != nil || len(events) != 1 {
		t.Fatal(len(events), err)
	}
	if want := strings.Repeat("ä", 199) + "…"; events[0].Details != want {
		t.Errorf("got %q", events[0].Details)
	}
}

// TestEveryActionHasWords compares the constants with what people choose from.
func TestEveryActionHasWords(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "action.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []audit.Action
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				declared = append(declared, audit.Action(text))
			}
		}
		return true
	})
	listed := audit.Actions()
	slices.Sort(listed)
	slices.Sort(declared)
	if !slices.Equal(listed, declared) {
		t.Errorf("with words are %v, declared are %v", listed, declared)
	}
	if got := audit.Action("from_another_version").Words(); got != "from_another_version" {
		t.Errorf("got %q", got)
	}
}
