package session

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/db"
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

// TestASignInThatFailsSignsNobodyOut has somebody give the password again, and
// somebody else sign in, where one of the two rows can't be written.
func TestASignInThatFailsSignsNobodyOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, "postgres", dbtest.PostgresURL(t))
	for _, table := range []string{"user_sessions", "http_sessions"} {
		for _, id := range []int64{s.ada, s.eve} {
			v := s.signedIn(s.ada)
			v.do("/set", "value", "Ada's")
			free := dbtest.FullDisk(t, s.options.DB, table)
			if status, _ := v.send(fmt.Sprint("/in?id=", id)); status != http.StatusInternalServerError || len(v.sent) > 0 {
				t.Errorf("%s: %d, sets %v", table, status, v.sent)
			}
			v.want("/who", "ada@example.com")
			v.want("/get", "Ada's")
			free()
			v.want("/who", "ada@example.com")
		}
	}
}

// TestASignInThatWasReplacedEndsAtLast has the database go between the new
// session and the end of the old one.
func TestASignInThatWasReplacedEndsAtLast(t *testing.T) {
	t.Parallel()
	s := newSite(t, "postgres", dbtest.PostgresURL(t))
	v := s.signedIn(s.ada)
	old := v.copy()
	exec := func(statement string) {
		if _, err := s.options.DB.Pool().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec(`CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'away' USING ERRCODE = '57P01'; END $$`)
	exec("CREATE TRIGGER away BEFORE DELETE ON user_sessions EXECUTE FUNCTION away()")
	v.do(fmt.Sprint("/in?id=", s.ada))
	v.want("/who", "ada@example.com")
	exec("DROP TRIGGER away ON user_sessions")
	s.wait(time.Minute)
	v.want("/who", "ada@example.com")
	old.want("/who", "nobody")
	v.want("/who", "ada@example.com")
}

// TestOfRequestsThatComeTogetherOneProlongs counts what they write.
func TestOfRequestsThatComeTogetherOneProlongs(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v := s.signedIn(s.ada)
		s.wait(time.Minute)
		now := s.manager.now()
		s.manager.now = func() time.Time { return now }
		var before, prolonged atomic.Int64
		const requests = 6
		gate := make(chan struct{})
		s.GET("/read", func(c echo.Context) error {
			if user, err := From(c).User(); user == nil {
				return err
			}
			if before.Add(1) == requests { // all have loaded it, and none has committed
				close(gate)
			}
			<-gate
			if err := From(c).Commit(); err != nil {
				return err
			}
			return c.String(http.StatusOK, "")
		})
		var group sync.WaitGroup
		for range requests {
			tab := v.copy()
			group.Go(func() {
				if tab.do("/read"); len(tab.sent) > 0 {
					prolonged.Add(1)
				}
			})
		}
		group.Wait()
		if n := prolonged.Load(); n != 1 {
			t.Errorf("%d of %d requests prolong the session", n, requests)
		}
	})
}

func TestASessionThatMayBeIdleForAMinuteLastsWhileItIsUsed(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		o := s.options
		o.Idle = time.Minute
		s.restart(o)
		v := s.signedIn(s.ada)
		for range 5 {
			s.wait(50 * time.Second)
			v.want("/who", "ada@example.com")
		}
		s.wait(61 * time.Second)
		v.want("/who", "nobody")
	})
}

// TestManySmallValuesHaveTheSameLimit fills the session with them.
func TestManySmallValuesHaveTheSameLimit(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		s.Any("/many", func(c echo.Context) error {
			session := From(c)
			text := strings.Repeat("x", s.manager.maxValues/1000)
			for i := 0; ; i++ {
				err := NewValue[string](fmt.Sprint(i)).Set(session, text)
				var tooLarge *TooLargeError
				if errors.As(err, &tooLarge) {
					break
				}
				if err != nil {
					return err
				}
			}
			if err := session.Commit(); err != nil {
				return err
			}
			return c.String(http.StatusOK, "")
		})
		v := s.visitor()
		v.do("/many")
		v.do(fmt.Sprint("/in?id=", s.ada))
		v.do(fmt.Sprint("/in?id=", s.ada))
		v.want("/who", "ada@example.com")
	})
}

// TestANewSecretComesInTwoSteps goes from one secret to another on two
// instances, of which one restarts later than the other.
func TestANewSecretComesInTwoSteps(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v := s.signedIn(s.ada)
		v.do("/set", "value", "kept")
		other := &site{t: t, ada: s.ada, eve: s.eve}
		other.restart(s.options)
		// Each instance has the next step before the other, and both serve meanwhile.
		for _, secrets := range [][]string{{oldSecret, newSecret}, {newSecret, oldSecret}, {newSecret}} {
			o := s.options
			o.Secrets = secrets
			for _, restarted := range []*site{s, other} {
				restarted.restart(o)
				for _, v.site = range []*site{s, other, s, other} {
					v.want("/who", "ada@example.com")
					v.want("/get", "kept")
				}
			}
		}
	})
}

// TestASignInHangsOnItsOldSecretUntilANewCookieHasComeBack loses the answer that
// brought it.
func TestASignInHangsOnItsOldSecretUntilANewCookieHasComeBack(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v, visitor := s.signedIn(s.ada), s.visitor()
		visitor.do("/set", "value", "basket")
		o := s.options
		o.Secrets = []string{newSecret, oldSecret}
		s.restart(o)
		hang := func() int64 {
			t.Helper()
			id, err := KeyID(newSecret)
			if err != nil {
				t.Fatal(err)
			}
			now := s.manager.now()
			n, err := o.DB.CountUserSessionsOfOtherKeys(t.Context(), db.CountUserSessionsOfOtherKeysParams{KeyID: id, Now: now, SeenSince: now.Add(-o.Idle), BegunSince: now.Add(-o.Absolute)})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for range 3 {
			v.copy().do("/set", "value", "x")
			if v.copy().do("/who"); hang() != 1 {
				t.Error("an answer that was lost counts")
			}
			visitor.copy().do("/get")
			s.wait(2 * time.Minute)
		}
		v.do("/who")
		visitor.do("/get")
		if v.do("/who"); hang() != 0 {
			t.Error("a cookie that has come back doesn't count")
		}
		if v.do("/who"); len(v.sent) > 0 {
			t.Errorf("it is made anew once more: %v", v.sent)
		}
		o.Secrets = []string{newSecret}
		s.restart(o)
		v.want("/who", "ada@example.com")
		visitor.want("/get", "basket")
	})
}

// TestAnAnswerThatIsNoPageCountsAsUseToo has somebody use nothing but data, whose
// handler commits nothing.
func TestAnAnswerThatIsNoPageCountsAsUseToo(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		s.GET("/json", func(c echo.Context) error {
			user, err := From(c).User()
			if user == nil {
				return err
			}
			return c.JSON(http.StatusOK, user.Email)
		})
		v := s.signedIn(s.ada)
		for day := range 10 {
			s.wait(24 * time.Hour)
			if got := v.do("/json"); got != "\"ada@example.com\"\n" || len(v.sent) != 1 {
				t.Fatalf("on day %d: %q, sets %v", day+1, got, v.sent)
			}
			if v.do("/json"); len(v.sent) > 0 {
				t.Errorf("it sets %v once more", v.sent)
			}
		}
	})
}

// TestAPersonIsSeenOnceAnHour looks at when the list of people says that they were
// here.
func TestAPersonIsSeenOnceAnHour(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		begin := time.Date(2030, 1, 1, 9, 50, 0, 0, time.UTC)
		now := begin
		s.manager.now = func() time.Time { return now }
		v := s.visitor()
		v.do(fmt.Sprint("/in?id=", s.ada))
		want := func(at time.Time) {
			t.Helper()
			person, err := s.options.DB.GetUserDetails(t.Context(), s.ada)
			if err != nil || person.LastSeenAt == nil || !person.LastSeenAt.Equal(at) {
				t.Errorf("seen at %v, want %v: %v", person.LastSeenAt, at, err)
			}
		}
		want(begin)
		for _, step := range []struct {
			after time.Duration
			seen  time.Duration
		}{{5 * time.Minute, 0}, {12 * time.Minute, 12 * time.Minute}, {30 * time.Minute, 12 * time.Minute}, {71 * time.Minute, 71 * time.Minute}} {
			now = begin.Add(step.after)
			v.want("/who", "ada@example.com")
			want(begin.Add(step.seen))
		}
		v.do("/out")
		want(begin.Add(71 * time.Minute))
	})
}

// TestAPersonWhoseSignInIsReplacedIsRecordedAsSignedOut has somebody else sign in
// in the same browser, and then the same person again.
func TestAPersonWhoseSignInIsReplacedIsRecordedAsSignedOut(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		eve := s.eve
		v := s.signedIn(s.ada)
		old := v.copy()
		v.do(fmt.Sprint("/in?id=", eve))
		v.want("/who", "eve@example.com")
		old.want("/who", "nobody")
		v.do(fmt.Sprint("/in?id=", eve))
		v.want("/who", "eve@example.com")
		want := []string{
			fmt.Sprint("signed_in ", s.ada), fmt.Sprint("signed_in ", eve), fmt.Sprint("signed_out ", s.ada), fmt.Sprint("reauthenticated ", eve),
		}
		if got := s.events(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestASignInThatWasReplacedDoesntEndWithoutItsEvent takes the log away once the new
// one is recorded.
func TestASignInThatWasReplacedDoesntEndWithoutItsEvent(t *testing.T) {
	t.Parallel()
	s := newSite(t, "cookie", dbtest.PostgresURL(t))
	eve := s.eve
	v := s.signedIn(s.ada)
	old := v.copy()
	exec := func(statement string) {
		if _, err := s.options.DB.Pool().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec(`CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'away' USING ERRCODE = '57P01'; END $$`)
	exec("CREATE TRIGGER away BEFORE INSERT ON audit_events FOR EACH ROW WHEN (NEW.action = 'signed_out') EXECUTE FUNCTION away()")
	v.do(fmt.Sprint("/in?id=", eve))
	v.want("/who", "eve@example.com")
	old.want("/who", "ada@example.com")
	exec("DROP TRIGGER away ON audit_events")
	s.wait(time.Minute)
	v.want("/who", "eve@example.com")
	old.want("/who", "nobody")
	if got, want := s.events(), fmt.Sprint("signed_out ", s.ada); !slices.Contains(got, want) {
		t.Errorf("got %q, no %q", got, want)
	}
}

// events lists what is in the audit log, each as "what on whom", whoever else did
// it, the first one first.
func (s *site) events() (list []string) {
	s.t.Helper()
	rows, err := s.options.DB.ListAuditEvents(s.t.Context(), db.ListAuditEventsParams{Before: s.manager.now().AddDate(1, 0, 0), MaxRows: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Reverse(rows)
	for _, e := range rows {
		line := fmt.Sprint(e.Action, " ", *e.SubjectID)
		if *e.ActorID != *e.SubjectID || e.Address == "" {
			line += fmt.Sprint(" by ", *e.ActorID, " from ", e.Address)
		}
		list = append(list, line)
	}
	return list
}
