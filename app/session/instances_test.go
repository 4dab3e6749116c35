package session

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// Many at once: tabs of one browser, and instances of the portal that share a
// store and a database, each with connections of its own.

// instance returns another instance of the site, on whose clock it is as late.
func (s *site) instance() *site {
	s.t.Helper()
	other := &site{t: s.t, url: s.url, ada: s.ada, eve: s.eve}
	o := s.options
	o.DB = dbtest.Open(s.t, s.url)
	other.restart(o)
	other.manager.now = func() time.Time { return s.manager.now() }
	return other
}

// on is the same browser, whose requests another instance answers.
func (v *visitor) on(s *site) *visitor { return &visitor{site: s, cookies: v.cookies} }

func TestOfTwoTabsThatWriteAtOnceTheLastWins(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v := s.signedIn(s.ada)
		v.do("/set", "value", "before")
		for range 10 {
			tabs := [2]*visitor{v.copy(), v.copy()}
			var group sync.WaitGroup
			for i, tab := range tabs {
				group.Go(func() {
					if status, text := tab.send("/set", "value", fmt.Sprint("of tab ", i)); status != 200 {
						t.Errorf("tab %d: %d %s", i, status, text)
					}
				})
			}
			group.Wait()
			last := tabs[0].do("/get")
			if last != "of tab 0" && last != "of tab 1" {
				t.Errorf("got %q", last)
			}
			if s.options.Store != "cookie" { // where each answer has brought one
				tabs[1].want("/get", last)
			}
			for _, tab := range tabs {
				tab.want("/who", "ada@example.com")
			}
			v = tabs[1]
		}
	})
}

// TestFirstRequestsAtOnceAreAllTaken has a browser that knows no cookie yet
// send several forms, and then several with the cookie that came last.
func TestFirstRequestsAtOnceAreAllTaken(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v := s.visitor()
		for range 2 {
			tabs := make([]*visitor, 8)
			var group sync.WaitGroup
			for i := range tabs {
				tabs[i] = v.copy()
				group.Go(func() {
					if status, text := tabs[i].send("/set", "value", fmt.Sprint("of tab ", i)); status != 200 {
						t.Errorf("tab %d: %d %s", i, status, text)
					}
				})
			}
			group.Wait()
			if len(v.cookies) == 0 {
				for i, tab := range tabs {
					tab.want("/get", fmt.Sprint("of tab ", i))
				}
			}
			v = tabs[7]
		}
		if n, stored := s.sessions(); stored && n != 8 {
			t.Errorf("%d sessions are stored", n)
		}
		v.do(fmt.Sprint("/in?id=", s.ada))
		v.want("/who", "ada@example.com")
	})
}

// sessions returns how many are stored, where they are.
func (s *site) sessions() (n int, stored bool) {
	s.t.Helper()
	switch s.options.Store {
	case "filesystem":
		files, err := filepath.Glob(filepath.Join(s.options.Dir, "session_*"))
		if err != nil {
			s.t.Fatal(err)
		}
		return len(files), true
	case "postgres":
		if err := s.options.DB.Pool().QueryRowContext(s.t.Context(), "SELECT count(*) FROM http_sessions").Scan(&n); err != nil {
			s.t.Fatal(err)
		}
		return n, true
	}
	return 0, false
}

func TestANewRoleHoldsAtTheNextRequest(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v, other := s.signedIn(s.ada), s.instance()
		for _, role := range []string{db.RoleAdmin, db.RoleMember} {
			if id, err := s.options.DB.UpdateUserRole(t.Context(), db.UpdateUserRoleParams{Email: "ada@example.com", Role: role}); id != s.ada || err != nil {
				t.Fatal(id, err)
			}
			v.want("/role", role)
			v.on(other).want("/role", role)
		}
	})
}

// TestInstancesAreOne signs in on one, works on another, and revokes on a third.
func TestInstancesAreOne(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		second, third := s.instance(), s.instance()
		v := s.signedIn(s.ada)
		v.on(second).want("/who", "ada@example.com")
		v.on(second).do("/set", "value", "secret")
		v.want("/get", "secret")
		stolen := v.copy()

		elsewhere := third.signedIn(s.ada)
		elsewhere.do("/others")
		for _, instance := range []*site{second, third, s} {
			stolen.copy().on(instance).want("/who", "nobody")
			stolen.copy().on(instance).want("/get", "")
			stolen.copy().on(instance).do("/flash?text=x")
			stolen.copy().on(instance).want("/who", "nobody")
			elsewhere.on(instance).want("/who", "ada@example.com")
		}
	})
}

func TestLimitsHoldAcrossInstances(t *testing.T) {
	const day = 24 * time.Hour
	eachStore(t, func(t *testing.T, s *site) {
		instances := []*site{s, s.instance(), s.instance()}
		v, idle := s.signedIn(s.ada), s.signedIn(s.eve)

		for i := range 4 { // each has seen it less than once a week
			s.wait(6 * day)
			v.on(instances[i%3]).want("/who", "ada@example.com")
		}
		for _, instance := range instances {
			idle.copy().on(instance).want("/who", "nobody")
		}

		// Once a minute, whoever writes.
		for _, instance := range instances {
			read := v.on(instance)
			if read.want("/who", "ada@example.com"); len(read.sent) > 0 {
				t.Errorf("a read sets %v", read.sent)
			}
		}

		s.wait(6*day + time.Minute) // 30 in all
		for _, instance := range instances {
			v.copy().on(instance).want("/who", "nobody")
		}
	})
}

// TestInstancesThatStartAtOnceAllServe starts eight on an empty database, as an
// orchestrator does: none finds fault, and a sign-in on the first holds on all.
func TestInstancesThatStartAtOnceAllServe(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{
		"postgres":  dbtest.EmptyPostgresURL,
		"pgbouncer": func(t testing.TB) string { return dbtest.BouncedURL(t, dbtest.EmptyPostgresURL(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			startAtOnce(t, url(t))
		})
	}
}

func startAtOnce(t *testing.T, url string) {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	all, faults := make([]*db.DB, 8), make([]bytes.Buffer, 8)
	for i := range all {
		d, err := db.Open(url, "")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		all[i] = d
		running.Go(func() {
			d.Watch(ctx, slog.New(slog.NewTextHandler(&faults[i], &slog.HandlerOptions{Level: slog.LevelWarn})), true)
		})
	}
	unready := func(d *db.DB) bool { return d.Ready() != nil }
	for end := time.Now().Add(time.Minute); slices.ContainsFunc(all, unready); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not all are ready")
		}
	}
	ada, err := all[0].CreateUser(ctx, db.CreateUserParams{Email: "ada@example.com", Name: "A", PasswordHash: hash, Role: db.RoleMember, Now: db.Now()})
	if err != nil {
		t.Fatal(err)
	}
	var v *visitor
	for _, d := range all {
		s := &site{t: t, ada: ada}
		s.restart(Options{Store: "postgres", Secrets: []string{oldSecret}, DB: d, Idle: time.Hour, Absolute: time.Hour})
		if v == nil {
			v = s.signedIn(ada)
		}
		v.on(s).want("/who", "ada@example.com")
	}
	cancel()
	running.Wait()
	for i := range faults {
		if faults[i].Len() > 0 {
			t.Errorf("instance %d: %s", i, &faults[i])
		}
	}
}

// slow adds a page during which something happens: it has loaded the session and
// changed it, and is yet to commit it.
func (s *site) slow(path string, change func(*Session), between func()) {
	s.GET(path, func(c echo.Context) error {
		session := From(c)
		change(session)
		between()
		if err := session.Commit(); err != nil {
			return err
		}
		return c.String(http.StatusOK, "")
	})
}

// TestALateAnswerOfAnotherTabSignsNobodyOut has somebody sign in, or give the
// password again, while another tab of the same browser waits for its page.
func TestALateAnswerOfAnotherTabSignsNobodyOut(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		in := fmt.Sprint("/in?id=", s.ada)
		for name, tab := range map[string]struct {
			change func(*Session)
			status int // of the tab, where it can be known that its session has ended
		}{
			"reads":    {func(session *Session) { session.User() }, http.StatusOK},
			"tells":    {func(session *Session) { session.Flash(Success, "Saved.") }, http.StatusOK},
			"shows":    {func(session *Session) { session.TakeFlashes() }, http.StatusOK}, // and leaves nothing
			"changes":  {func(session *Session) { note.Set(session, "late") }, http.StatusInternalServerError},
			"signs in": {func(session *Session) { session.SignIn(s.ada, hash) }, http.StatusOK},
		} {
			for who, v := range map[string]*visitor{"nobody": s.visitor(), "Ada": s.signedIn(s.ada)} {
				if s.options.Store == "cookie" && who == "nobody" {
					continue // the store knows nothing of a cookie that came after this one
				}
				v.do("/flash?text=x")
				s.wait(2 * time.Minute)
				path := "/" + strings.ReplaceAll(name, " ", "") + who
				s.slow(path, tab.change, func() { v.do(in) })
				if status, text := v.send(path); status != tab.status {
					t.Errorf("%s %s: %d %s", who, name, status, text)
				}
				if is := v.do("/who"); is != "ada@example.com" {
					t.Errorf("%s %s: the browser is %s", who, name, is)
				}
			}
		}
	})
}

// TestSigningOutWinsOverANewSignInOfTheSameBrowser by its cookie, at least.
func TestSigningOutWinsOverANewSignInOfTheSameBrowser(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v := s.signedIn(s.ada)
		s.slow("/late", func(session *Session) { session.SignOut() }, func() { v.do(fmt.Sprint("/in?id=", s.ada)) })
		v.do("/late")
		v.want("/who", "nobody")
	})
}

// TestWhoChangesNoValueUndoesNoneOfAnotherTab has a value set, or deleted, and a
// message come, while another tab waits for its page.
func TestWhoChangesNoValueUndoesNoneOfAnotherTab(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		if s.options.Store == "cookie" {
			t.Skip("of two cookies the browser keeps the one that comes last")
		}
		for _, in := range []string{"/who", fmt.Sprint("/in?id=", s.ada)} {
			for name, tab := range map[string]struct {
				change  func(*Session)
				flashes string
			}{
				"reads":   {func(session *Session) { session.User() }, "[{success old} {success new}]"},
				"shows":   {func(session *Session) { session.TakeFlashes() }, "[{success new}]"},
				"tells":   {func(session *Session) { session.Flash(Success, "late") }, "[{success old} {success new} {success late}]"},
				"answers": {func(session *Session) { session.Flash(Success, "late"); session.TakeFlashes() }, "[{success new}]"},
				"changes": {func(session *Session) { note.Set(session, "late") }, "[{success old} {success new}]"},
			} {
				for change, value := range map[string]string{"set": "new", "delete": ""} {
					v := s.visitor()
					v.do(in)
					v.do("/set", "value", "old")
					v.do("/flash?text=old")
					s.wait(2 * time.Minute)
					path := "/" + name + change + in[1:3]
					s.slow(path, tab.change, func() {
						other := v.copy()
						other.do("/"+change, "value", value)
						other.do("/flash?text=new")
					})
					v.do(path)
					if name == "changes" {
						value = "late"
					}
					if got := v.do("/get"); got != value {
						t.Errorf("one tab %s, the other's %s: the value is %q", name, change, got)
					}
					if got := v.do("/flashes"); got != tab.flashes {
						t.Errorf("one tab %s, the other's %s: the messages are %s", name, change, got)
					}
				}
			}
		}
	})
}
