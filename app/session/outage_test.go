package session

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// outageSites returns a site for each store, all on one real PostgreSQL that the
// test may stop: stop and start return when the sites have noticed.
func outageSites(t *testing.T) (sites map[string]*site, stop, start func()) {
	t.Helper()
	server := dbtest.OwnServer(t)
	people := newSite(t, "cookie", server.URL("postgres"))
	d, err := db.Open(people.url, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	dbtest.Watch(t, d, io.Discard)
	wait := func(ready bool) {
		for end := time.Now().Add(20 * time.Second); (d.Ready() == nil) != ready; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal(d.Ready())
			}
		}
	}
	wait(true)
	sites = map[string]*site{}
	for _, store := range []string{"cookie", "filesystem", "postgres"} {
		o := people.options
		o.Store, o.DB = store, d
		sites[store] = &site{t: t, ada: people.ada, eve: people.eve}
		sites[store].restart(o)
	}
	change := func(f func() error, ready bool) func() {
		return func() {
			if err := f(); err != nil {
				t.Fatal(err)
			}
			wait(ready)
		}
	}
	return sites, change(server.Stop, false), change(server.Start, true)
}

// wantAway checks that a request needs what is away, and changes no cookie.
func (v *visitor) wantAway(path string, fields ...string) {
	v.site.t.Helper()
	if status, text := v.send(path, fields...); status != http.StatusInternalServerError || len(v.sent) > 0 {
		v.site.t.Errorf("%s: %d %q, cookies %v", path, status, text, v.sent)
	}
}

func TestAnOutageLosesNothing(t *testing.T) {
	t.Parallel()
	sites, stop, start := outageSites(t)
	type visitors struct{ ada, reader, eve, known, newcomer, left *visitor }
	all := map[string]visitors{}
	for store, s := range sites {
		v := visitors{s.signedIn(s.ada), s.signedIn(s.ada), s.signedIn(s.eve), s.visitor(), s.visitor(), s.visitor()}
		v.ada.do("/set", "value", "Ada's")
		v.known.do("/set", "value", "basket")
		all[store] = v
	}
	stop()
	for store, v := range all {
		t.Run("during, "+store, func(t *testing.T) {
			before := maps.Clone(v.ada.cookies)
			v.ada.wantAway("/who")
			v.ada.wantAway("/set", "value", "unread")
			v.ada.wantAway("/out")
			v.ada.want("/get", "")
			v.ada.do("/nothing")
			v.ada.do("/flash?text=1")
			v.ada.want("/flashes", "[{success 1}]")
			v.ada.want("/flashes", "[]")
			v.ada.do("/flash?text=2")
			v.ada.do("/flash?text=3")
			if got, want := v.ada.cookies["portal_session"], before["portal_session"]; got != want || len(v.ada.cookies) != 2 {
				t.Errorf("cookies %v", v.ada.cookies)
			}
			v.newcomer.want("/who", "nobody")
			v.newcomer.do("/set", "value", "typed")
			v.newcomer.do("/flash?text=4")
			v.newcomer.want("/get", "typed")
			v.newcomer.want("/flashes", "[{success 4}]")
			v.left.do("/flash?text=5")
			if store == "postgres" {
				v.known.want("/get", "")
				v.known.wantAway("/set", "value", "unread")
				v.newcomer.wantAway("/set", "value", strings.Repeat("x", 4<<10))
			} else {
				v.known.want("/get", "basket")
			}
			v.known.do("/flash?text=6")

			// What was kept is for the same session, and in that place only.
			stolen := v.eve.copy()
			stolen.cookies["portal_outage"] = v.ada.cookies["portal_outage"]
			stolen.want("/flashes", "[]")
			swapped := v.eve.copy()
			swapped.cookies["portal_session"] = v.ada.cookies["portal_outage"]
			swapped.want("/who", "nobody")
			swapped.cookies = map[string]string{"portal_outage": before["portal_session"]}
			swapped.want("/flashes", "[]")
			swapped.want("/get", "")
		})
	}
	start()
	for store, v := range all {
		t.Run("after, "+store, func(t *testing.T) {
			v.ada.want("/who", "ada@example.com")
			if _, kept := v.ada.cookies["portal_outage"]; kept {
				t.Error("what was kept hasn't moved")
			}
			v.ada.want("/get", "Ada's")
			v.ada.want("/flashes", "[{success 2} {success 3}]")
			v.ada.want("/flashes", "[]")
			v.reader.want("/who", "ada@example.com")
			v.eve.want("/who", "eve@example.com")
			v.known.want("/get", "basket")
			v.known.want("/flashes", "[{success 6}]")
			v.newcomer.do(fmt.Sprint("/in?id=", v.newcomer.site.eve))
			v.newcomer.want("/who", "eve@example.com")
			v.newcomer.want("/get", "typed")
			v.left.want("/flashes", "[{success 5}]")
			if len(v.newcomer.cookies) != 1 || len(v.left.cookies) != 0 {
				t.Errorf("cookies %v and %v", v.newcomer.cookies, v.left.cookies)
			}
		})
	}
}

// TestAMessageWaitsWhereTheSessionCantBeSaved has the disk run full after a note
// was saved, say, and before the message that it was.
func TestAMessageWaitsWhereTheSessionCantBeSaved(t *testing.T) {
	t.Parallel()
	s := newSite(t, "postgres", dbtest.PostgresURL(t))
	v := s.signedIn(s.ada)
	free := dbtest.FullDisk(t, s.options.DB, "http_sessions")
	v.do("/flash?text=saved")
	if status, _ := v.send("/set", "value", "x"); status != http.StatusInternalServerError {
		t.Errorf("a value that isn't saved is %d", status)
	}
	v.want("/who", "ada@example.com")
	v.want("/flashes", "[{success saved}]")
	v.want("/flashes", "[]")
	v.do("/flash?text=again")
	free()
	v.want("/who", "ada@example.com")
	v.want("/flashes", "[{success again}]")
	v.want("/flashes", "[]")
}

// TestTheOutagesCookieIsGuardedToo is about the attributes of the cookie that is
// set during an outage, and of the one that ends it.
func TestTheOutagesCookieIsGuardedToo(t *testing.T) {
	t.Parallel()
	away, err := db.Open("postgres://nobody@localhost/none", "") // and nobody connects
	if err != nil {
		t.Fatal(err)
	}
	defer away.Close()
	for secure, want := range map[bool]string{
		false: "portal_outage=; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax",
		true:  "__Host-portal_outage=; Path=/; Max-Age=%d; HttpOnly; Secure; SameSite=Lax",
	} {
		s := newSite(t, "postgres", dbtest.PostgresURL(t))
		o := s.options
		o.Secure, o.DB = secure, away
		s.restart(o)
		v := s.visitor()
		for _, step := range []struct {
			path   string
			maxAge int
		}{{"/flash?text=hello", 3600}, {"/flashes", 0}} {
			v.do(step.path)
			if len(v.sent) != 1 {
				t.Fatalf("%s: %v", step.path, v.sent)
			}
			cookie := v.sent[0]
			got := strings.Replace(cookie.Raw, cookie.Name+"="+cookie.Value, cookie.Name+"=", 1)
			if got != fmt.Sprintf(want, step.maxAge) {
				t.Errorf("%s: %s", step.path, got)
			}
			if len(cookie.Name)+len(cookie.Value) > 4096 {
				t.Errorf("%d bytes", len(cookie.Value))
			}
		}
	}
}
