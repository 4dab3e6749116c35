package session

import (
	"testing"

	"github.com/managethefans/portal/db/dbtest"
)

// TestASignInIsFoundWhateverItsSessionsID finds the one that is read along with the
// session, and one of before, whose id was random.
func TestASignInIsFoundWhateverItsSessionsID(t *testing.T) {
	t.Parallel()
	s := newSite(t, "postgres", dbtest.PostgresURL(t))
	for _, together := range []bool{true, false} {
		s.manager.onServer = together
		v := s.signedIn(s.ada)
		v.want("/who", "ada@example.com")
		if _, err := s.options.DB.Pool().ExecContext(t.Context(), "UPDATE users SET disabled_at = now()"); err != nil {
			t.Fatal(err)
		}
		v.want("/who", "nobody")
		if _, err := s.options.DB.Pool().ExecContext(t.Context(), "UPDATE users SET disabled_at = NULL"); err != nil {
			t.Fatal(err)
		}
		v.want("/who", "ada@example.com")
		v.do("/out")
		v.want("/who", "nobody")
	}
}
