package e2e

import (
	"testing"

	"github.com/managethefans/portal/db/dbtest"
)

// TestTheSamplesWork uses what moves on the page with all the parts that pages are
// made of.
func TestTheSamplesWork(t *testing.T) {
	t.Parallel()
	for _, l := range []look{wide, phoneDark} {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			b := newTab(t, startProgram(t, dbtest.SQLiteURL(t)), l)
			b.open("/_dev/design").wantNoText("This can’t be undone")
			b.touch("link", "Delete").wantText("This can’t be undone")
			b.mark(escapeKey).wantNoText("This can’t be undone")
			b.touch("link", "Delete").touch("link", "Keep it").wantNoText("This can’t be undone")
			b.setDate("day", "2031-02-03").wantValue("day", "2031-02-03")
			b.tick("box")
		})
	}
}
