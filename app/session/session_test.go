package session

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// One suite for every store: what holds with one holds with all.

const (
	oldSecret = "the first secret, of 32 bytes or more"
	newSecret = "the second secret, of 32 bytes or more"
	hash      = "what a password hash looks like"
)

var note = NewValue[string]("note")

// site is a portal that has nothing but sessions.
type site struct {
	*echo.Echo
	t       testing.TB
	manager *Manager
	options Options
	url     string // of the database
	ada     int64
	eve     int64
	between func() // what happens between a request to /slow and its answer
}

// eachStore runs f with each store, on a database of its own.
func eachStore(t *testing.T, f func(t *testing.T, s *site)) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{
		"cookie": dbtest.SQLiteURL, "filesystem": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL, "postgres through PgBouncer": bouncedURL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, _, _ := strings.Cut(name, " ")
			f(t, newSite(t, store, url(t)))
		})
	}
}

func bouncedURL(t testing.TB) string { return dbtest.BouncedURL(t, dbtest.PostgresURL(t)) }

func newSite(t *testing.T, store, url string) *site {
	t.Helper()
	s := &site{t: t, url: url}
	o := Options{
		Store: store, Dir: t.TempDir(), Secrets: []string{oldSecret}, DB: dbtest.Open(t, url),
		Idle: 7 * 24 * time.Hour, Absolute: 30 * 24 * time.Hour,
	}
	for _, person := range []struct {
		email string
		id    *int64
	}{{"ada@example.com", &s.ada}, {"eve@example.com", &s.eve}} {
		id, err := o.DB.CreateUser(t.Context(), db.CreateUserParams{Email: person.email, Name: "A", PasswordHash: hash, Role: db.RoleMember, Now: db.Now()})
		if err != nil {
			t.Fatal(err)
		}
		*person.id = id
	}
	s.restart(o)
	return s
}

// restart has the site go on with other options.
func (s *site) restart(o Options) {
	s.t.Helper()
	manager, err := NewManager(o)
	if err != nil {
		s.t.Fatal(err)
	}
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) { c.String(http.StatusInternalServerError, err.Error()) }
	e.Use(manager.Middleware)
	do := func(path string, f func(c echo.Context, s *Session) (string, error)) {
		e.Any(path, func(c echo.Context) error {
			session := From(c)
			text, err := f(c, session)
			if err != nil {
				session.Discard()
				return err
			}
			if err := session.Commit(); err != nil {
				return err
			}
			return c.String(http.StatusOK, text)
		})
	}
	do("/in", func(c echo.Context, s *Session) (string, error) {
		id, _ := strconv.ParseInt(c.QueryParam("id"), 10, 64)
		return "", s.SignIn(id, hash)
	})
	do("/out", func(_ echo.Context, s *Session) (string, error) { return "", s.SignOut() })
	do("/others", func(_ echo.Context, s *Session) (string, error) { _, err := s.EndOthers(); return "", err })
	do("/who", func(_ echo.Context, s *Session) (string, error) {
		user, err := s.User()
		if user == nil || err != nil {
			return "nobody", err
		}
		return user.Email, nil
	})
	do("/role", func(_ echo.Context, s *Session) (string, error) {
		user, err := s.User()
		if user == nil || err != nil {
			return "none", err
		}
		return user.Role, nil
	})
	do("/flash", func(c echo.Context, s *Session) (string, error) {
		s.Flash(Success, c.QueryParam("text"))
		return "", nil
	})
	do("/flashes", func(_ echo.Context, s *Session) (string, error) { return fmt.Sprint(s.TakeFlashes()), nil })
	do("/set", func(c echo.Context, s *Session) (string, error) { return "", note.Set(s, c.FormValue("value")) })
	do("/get", func(_ echo.Context, s *Session) (string, error) { value, _ := note.Get(s); return value, nil })
	do("/slow", func(_ echo.Context, session *Session) (string, error) {
		err := note.Set(session, "late")
		s.between()
		return "", err
	})
	do("/delete", func(_ echo.Context, s *Session) (string, error) { note.Delete(s); return "", nil })
	do("/nothing", func(echo.Context, *Session) (string, error) { return "", nil })
	s.Echo, s.manager, s.options = e, manager, o
}

// wait has time pass.
func (s *site) wait(d time.Duration) {
	before := s.manager.now
	s.manager.now = func() time.Time { return before().Add(d) }
}

// visitor is a browser.
type visitor struct {
	site    *site
	cookies map[string]string
	sent    []*http.Cookie // with the last answer
}

func (s *site) visitor() *visitor { return &visitor{site: s, cookies: map[string]string{}} }

// copy is what somebody has who copied the cookies.
func (v *visitor) copy() *visitor { return &visitor{site: v.site, cookies: maps.Clone(v.cookies)} }

// id returns the id that the store finds behind the cookie: none in a cookie
// store, and none when the cookie leads nowhere.
func (v *visitor) id() string {
	v.site.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	stored, err := v.site.manager.store.New(r, v.site.manager.cookie)
	if err != nil {
		v.site.t.Fatal(err)
	}
	return stored.ID
}

func (v *visitor) send(path string, fields ...string) (status int, text string) {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if len(fields) > 0 {
		r = httptest.NewRequest(http.MethodPost, path, strings.NewReader(url.Values{fields[0]: {fields[1]}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return v.answer(r)
}

// answer sends any request.
func (v *visitor) answer(r *http.Request) (status int, text string) {
	for _, name := range slices.Sorted(maps.Keys(v.cookies)) {
		r.AddCookie(&http.Cookie{Name: name, Value: v.cookies[name]})
	}
	recorder := httptest.NewRecorder()
	v.site.ServeHTTP(recorder, r)
	answer := recorder.Result()
	v.sent = answer.Cookies()
	for _, cookie := range v.sent {
		if cookie.MaxAge < 0 {
			delete(v.cookies, cookie.Name)
		} else {
			v.cookies[cookie.Name] = cookie.Value
		}
	}
	body, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body)
}

func (v *visitor) do(path string, fields ...string) string {
	v.site.t.Helper()
	status, text := v.send(path, fields...)
	if status != http.StatusOK {
		v.site.t.Fatalf("%s: %d %s", path, status, text)
	}
	return text
}

func (v *visitor) want(path, want string) {
	v.site.t.Helper()
	if got := v.do(path); got != want {
		v.site.t.Errorf("%s: got %.100q, want %.100q", path, got, want)
	}
}

func (s *site) signedIn(id int64) *visitor {
	s.t.Helper()
	v := s.visitor()
	v.do(fmt.Sprint("/in?id=", id))
	return v
}

func TestAVisitorWhoReadsHasNoSession(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v := s.visitor()
		for _, path := range []string{"/who", "/get", "/flashes", "/nothing", "/delete", "/out"} {
			if v.do(path); len(v.sent) > 0 {
				t.Errorf("%s sets %v", path, v.sent)
			}
		}
	})
}

func TestACookieThatWasCopiedIsDeadAfter(t *testing.T) {
	for name, end := range map[string]func(v *visitor){
		"signing out":          func(v *visitor) { v.do("/out") },
		"signing in again":     func(v *visitor) { v.do(fmt.Sprint("/in?id=", v.site.ada)) },
		"another's signing in": func(v *visitor) { v.do(fmt.Sprint("/in?id=", v.site.eve)) },
		"the end of others": func(v *visitor) {
			v.site.signedIn(v.site.ada).do("/others")
		},
		"the end of all": func(v *visitor) {
			if _, err := v.site.options.DB.DeleteUserSessions(v.site.t.Context(), v.site.ada); err != nil {
				v.site.t.Fatal(err)
			}
		},
		"a change of the password": func(v *visitor) {
			if _, err := v.site.options.DB.DeleteUserSessions(v.site.t.Context(), v.site.ada); err != nil {
				v.site.t.Fatal(err)
			}
			v.do(fmt.Sprint("/in?id=", v.site.ada))
		},
		"its idle end": func(v *visitor) { v.site.wait(7*24*time.Hour + time.Minute) },
		"its absolute end": func(v *visitor) {
			for range 5 {
				v.do("/who") // has it last
				v.site.wait(6*24*time.Hour + time.Minute)
			}
		},
		"disabling the account": func(v *visitor) {
			if _, err := v.site.options.DB.DisableUser(v.site.t.Context(), db.DisableUserParams{Email: "ada@example.com", Now: db.Now()}); err != nil {
				v.site.t.Fatal(err)
			}
		},
		"deleting the account": func(v *visitor) {
			if _, err := v.site.options.DB.Pool().ExecContext(v.site.t.Context(), "DELETE FROM users WHERE email = 'ada@example.com'"); err != nil {
				v.site.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, s *site) {
				v := s.signedIn(s.ada)
				v.do("/set", "value", "secret")
				stolen, id := v.copy(), v.id()
				stolen.want("/who", "ada@example.com")
				end(v)
				for range 2 {
					stolen.want("/who", "nobody")
					stolen.want("/get", "")
				}
				again := stolen.copy()
				stolen.do("/flash?text=x") // writes, and must not bring it back
				for _, visitor := range []*visitor{stolen, again} {
					visitor.want("/who", "nobody")
					if visitor.id() == id && id != "" {
						t.Error("the old id is back")
					}
				}
			})
		})
	}
}

func TestASessionThatIsntUsedEnds(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v := s.signedIn(s.ada)
		v.do("/set", "value", "secret")
		s.wait(7*24*time.Hour + time.Minute)
		v.want("/who", "nobody")
		v.want("/get", "")

		visitor := s.visitor()
		visitor.do("/set", "value", "basket")
		s.wait(7*24*time.Hour + time.Minute)
		visitor.want("/get", "")
	})
}

func TestASessionThatIsUsedLastsUntilItsAbsoluteEnd(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v := s.signedIn(s.ada)
		for day := 6; day < 30; day += 6 {
			s.wait(6 * 24 * time.Hour)
			v.want("/who", "ada@example.com")
		}
		if age := v.sent[0].MaxAge; age > 6*24*60*60+60 || age < 5*24*60*60 {
			t.Errorf("on day 24 the cookie lasts %d s", age)
		}
		s.wait(6*24*time.Hour + time.Minute)
		v.want("/who", "nobody")
	})
}

func TestAReadWritesOnceAMinute(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v := s.signedIn(s.ada)
		for range 3 {
			if v.want("/who", "ada@example.com"); len(v.sent) > 0 {
				t.Errorf("a read sets %v", v.sent)
			}
		}
		s.wait(time.Minute)
		if v.want("/who", "ada@example.com"); len(v.sent) != 1 || v.sent[0].MaxAge != 7*24*60*60 {
			t.Errorf("after a minute: %v", v.sent)
		}
		if v.want("/who", "ada@example.com"); len(v.sent) > 0 {
			t.Errorf("and again: %v", v.sent)
		}
	})
}

func TestWhoWritesAllTheTimeIsSeenToo(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v := s.signedIn(s.ada)
		for range 9 * 24 {
			s.wait(time.Hour)
			v.do("/flash?text=x")
		}
		v.want("/who", "ada@example.com")
	})
}

func TestANewSecretSignsNobodyOut(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v, visitor := s.signedIn(s.ada), s.visitor()
		visitor.do("/set", "value", "basket")
		o := s.options
		o.Secrets = []string{newSecret, oldSecret}
		s.restart(o)
		v.want("/who", "ada@example.com")
		visitor.want("/get", "basket")
		if len(v.sent) != 1 || len(visitor.sent) != 1 {
			t.Error("the cookies aren't made anew")
		}
		o.Secrets = []string{newSecret}
		s.restart(o)
		v.want("/who", "ada@example.com")
		visitor.want("/get", "basket")

		o.Secrets = []string{"a third secret that knows no other one"}
		s.restart(o)
		v.want("/who", "nobody")
		v.do(fmt.Sprint("/in?id=", s.ada))
		v.want("/who", "ada@example.com")
	})
}

func TestAnonymousValuesSurviveTheSignInAndNothingElse(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v := s.visitor()
		v.do("/set", "value", "basket")
		planted := v.copy()
		v.do(fmt.Sprint("/in?id=", s.ada))
		v.want("/get", "basket")
		v.want("/who", "ada@example.com")
		planted.want("/who", "nobody") // fixation
		v.do(fmt.Sprint("/in?id=", s.eve))
		v.want("/get", "")
		v.do("/set", "value", "eve's")
		v.do("/out")
		v.want("/get", "")
	})
}

func TestValuesHaveALimit(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v := s.signedIn(s.ada)
		most := s.manager.maxValues - len(`{"note":""}`)
		large := strings.Repeat("x", most)
		for range 3 {
			v.do("/flash?text=" + strings.Repeat("y", 100))
		}
		v.do("/set", "value", large)
		v.want("/get", large)
		for _, cookie := range v.cookies {
			if len(cookie)+len("__Host-portal_session=") > 4096 {
				t.Errorf("a cookie of %d bytes", len(cookie))
			}
		}
		if status, text := v.send("/set", "value", large+"x"); status != http.StatusInternalServerError || !strings.Contains(text, fmt.Sprint("this store holds ", s.manager.maxValues)) {
			t.Errorf("one byte more: %d %s", status, text)
		}
		v.want("/get", large)
		v.do("/delete")
		v.want("/get", "")
	})
}

func TestFlashesAreShownOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v := s.visitor()
		for _, text := range []string{"1", "2", "3", "4"} {
			v.do("/flash?text=" + text)
		}
		v.want("/flashes", "[{success 2} {success 3} {success 4}]")
		v.want("/flashes", "[]")
		if len(v.cookies) > 0 {
			t.Errorf("an empty session keeps %v", v.cookies)
		}
	})
}

func TestAForeignOrDamagedCookieIsAnonymous(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		v := s.signedIn(s.ada)
		good := v.cookies["portal_session"]
		with := func(value string) *visitor {
			return &visitor{site: s, cookies: map[string]string{"portal_session": value}}
		}
		for i := range good {
			flipped := []byte(good)
			if flipped[i] ^= 1; flipped[i] == ';' || flipped[i] == ',' || flipped[i] == '"' || flipped[i] == '\\' {
				continue // not a cookie's character
			}
			// The last character has bits that decoding drops: the same cookie.
			if got := with(string(flipped)).do("/who"); got != "nobody" && i < len(good)-4 {
				t.Fatalf("byte %d flipped: %s", i, got)
			}
		}
		for name, value := range map[string]string{
			"empty": "", "cut": good[:len(good)/2], "doubled": good + good, "8 kB": strings.Repeat("x", 8<<10), "an id": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
		} {
			if got := with(value).do("/who"); got != "nobody" {
				t.Errorf("%s: %s", name, got)
			}
		}
		other := &visitor{site: s, cookies: map[string]string{"another_name": good}}
		other.want("/who", "nobody")
		v.want("/who", "ada@example.com")
	})
}

// TestAnEndedSessionStaysSoUnderConcurrentWrites signs out in one tab while
// others save.
func TestAnEndedSessionStaysSoUnderConcurrentWrites(t *testing.T) {
	eachStore(t, func(t *testing.T, s *site) {
		for range 10 {
			v := s.signedIn(s.ada)
			v.do("/set", "value", "secret")
			var tabs sync.WaitGroup
			all := make([]*visitor, 8)
			for i := range all {
				all[i] = v.copy()
				tabs.Go(func() {
					for range 5 {
						all[i].send("/flash?text=x")
					}
				})
			}
			v.do("/out")
			tabs.Wait()
			for _, tab := range append(all, v) {
				tab.want("/who", "nobody")
				tab.want("/get", "")
			}
		}
	})
}
