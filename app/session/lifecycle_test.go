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

// TestAMessageWaitsWhereTheSessionCantBeSaved has the disk run full after a note
// was saved, say, and before the message that it was.
func TestAMessageWaitsWhereTheSessionCantBeSaved(t *testing.T) {
	t.Parallel()
	s := newSite(t, "postgres", dbtest.PostgresURL(t))
	exec := func(statement string) {
		if _, err := s.options.DB.Pool().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	v := s.signedIn(s.ada)
	exec(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no space left on device' USING ERRCODE = '53100'; END $$`)
	exec("CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON http_sessions EXECUTE FUNCTION full_disk()")
	v.do("/flash?text=saved")
	if status, _ := v.send("/set", "value", "x"); status != http.StatusInternalServerError {
		t.Errorf("a value that isn't saved is %d", status)
	}
	v.want("/who", "ada@example.com")
	v.want("/flashes", "[{success saved}]")
	v.want("/flashes", "[]")
	v.do("/flash?text=again")
	exec("DROP TRIGGER full_disk ON http_sessions")
	v.want("/who", "ada@example.com")
	v.want("/flashes", "[{success again}]")
	v.want("/flashes", "[]")
}
