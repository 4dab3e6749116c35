package session

import (
	"net/http"
	"testing"
	"time"

	"github.com/managethefans/portal/db/dbtest"
)

// TestAReadSucceedsWhereItCantProlongTheSession has the table refuse writes.
func TestAReadSucceedsWhereItCantProlongTheSession(t *testing.T) {
	t.Parallel()
	s := newSite(t, "postgres", dbtest.PostgresURL(t))
	for _, table := range []string{"user_sessions", "http_sessions"} {
		v := s.signedIn(s.ada)
		if _, err := s.options.DB.Pool().ExecContext(t.Context(), "ALTER TABLE "+table+" ADD CONSTRAINT disk_full CHECK (false) NOT VALID"); err != nil {
			t.Fatal(err)
		}
		s.wait(2 * time.Minute)
		if v.want("/who", "ada@example.com"); len(v.sent) > 0 {
			t.Errorf("%s: sets %v", table, v.sent)
		}
		if status, _ := v.send("/set", "value", "x"); table == "http_sessions" && status != http.StatusInternalServerError {
			t.Errorf("%s: a write that fails is %d", table, status)
		}
		if _, err := s.options.DB.Pool().ExecContext(t.Context(), "ALTER TABLE "+table+" DROP CONSTRAINT disk_full"); err != nil {
			t.Fatal(err)
		}
		s.wait(2 * time.Minute)
		if v.want("/who", "ada@example.com"); len(v.sent) != 1 {
			t.Errorf("%s: isn't prolonged afterwards: %v", table, v.sent)
		}
	}
}
