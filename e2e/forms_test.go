package e2e

import (
	"testing"

	"github.com/managethefans/portal/db/dbtest"
)

// TestWhatIsTypedOutlivesTheSignIn has everybody signed out while somebody types.
func TestWhatIsTypedOutlivesTheSignIn(t *testing.T) {
	t.Parallel()
	for _, l := range []look{wide, phoneDark} {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.SQLiteURL(t)
			b := newTab(t, startProgram(t, url), l)
			b.signUp(ada)
			b.open("/notes/new").fill("title", "Quarterly report").fill("body", "First line").setDate("due_on", "2031-02-03").tick("pinned")
			path, err := program()
			if err != nil {
				t.Fatal(err)
			}
			if out, err := command(t, path, url, "session", "revoke", "--all").CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			b.press("/notes").wantPath("/login").wantText("what you typed is back")
			b.fill("email", ada).fill("password", password).press("/login").wantPath("/notes/new").wantText("Look it over and send it again")
			b.wantValue("title", "Quarterly report").wantValue("body", "First line").wantValue("due_on", "2031-02-03")
			b.press("/notes").wantPath("/notes/1").wantText("Quarterly report").wantText("Pinned").wantText("Due 3 Feb 2031")
		})
	}
}
