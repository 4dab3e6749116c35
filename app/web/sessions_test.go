package web

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// eachStore runs f on a portal with each session store.
func eachStore(t *testing.T, f func(t *testing.T, s *Server)) {
	t.Parallel()
	t.Run("cookie", func(t *testing.T) {
		t.Parallel()
		f(t, newServer(t, dbtest.SQLite(t), func(c *config.Config) { c.SessionStore = config.Cookie }))
	})
	t.Run("filesystem", func(t *testing.T) {
		t.Parallel()
		f(t, newServer(t, dbtest.SQLite(t)))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, newServer(t, dbtest.Postgres(t), func(c *config.Config) { c.SessionStore = config.Postgres }))
	})
}

func TestSigningInAndOut(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Server) {
		newBrowser(t, s).register(adaEmail)
		b := newBrowser(t, s)
		b.wantUser(false)
		b.login("ADA@example.com", adaPassword).wantRedirect("/dashboard")
		b.wantUser(true)
		b.submit("/dashboard", "/logout").wantRedirect("/")
		b.get("/").wantText("You are signed out.")
		b.wantUser(false)
	})
}

func TestACookieFromBeforeTheSignOutIsAnonymous(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Server) {
		b := newBrowser(t, s)
		b.register(adaEmail)
		b.wantUser(true)
		thief := b.clone()
		thief.wantUser(true)
		b.submit("/dashboard", "/logout").wantRedirect("/")
		thief.wantUser(false)
		b.login(adaEmail, adaPassword).wantRedirect("/dashboard")
		thief.wantUser(false)
		thief.get("/").wantStatus(http.StatusOK)
	})
}

func TestASessionFromBeforeTheSignInDoesntBecomeSignedIn(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Server) {
		b := newBrowser(t, s)
		b.register(adaEmail)
		b.submit("/dashboard", "/logout") // leaves a session with a message
		fixed := b.clone()
		if fixed.cookies["portal_session"] == "" {
			t.Fatalf("want a session, got %v", fixed.cookies)
		}
		b.login(adaEmail, adaPassword).wantRedirect("/dashboard")
		fixed.wantUser(false)
	})
}

func TestADisabledAccountIsSignedOutAndStaysOut(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Server) {
		b := newBrowser(t, s)
		b.register(adaEmail)
		if _, err := s.db.DisableUser(t.Context(), db.DisableUserParams{Email: adaEmail, Now: db.Now()}); err != nil {
			t.Fatal(err)
		}
		b.wantUser(false)
		b.login(adaEmail, adaPassword).wantStatus(http.StatusUnprocessableEntity).wantText("This account is disabled.")
		b.login(adaEmail, "some other password").wantStatus(http.StatusUnprocessableEntity).wantText("E-mail address or password is wrong.")
		b.wantUser(false)
		if _, err := s.db.EnableUser(t.Context(), db.EnableUserParams{Email: adaEmail, Now: db.Now()}); err != nil {
			t.Fatal(err)
		}
		newBrowser(t, s).login(adaEmail, adaPassword).wantRedirect("/dashboard")
	})
}

func TestACookieThatLeadsNowhereIsAnAnonymousVisitor(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Server) {
		good := newBrowser(t, s)
		good.register(adaEmail)
		value := good.cookies["portal_session"]
		for name, cookie := range map[string]string{
			"empty":            "",
			"garbage":          "garbage",
			"cut short":        value[:len(value)/2],
			"changed":          value[:len(value)-8] + "AAAAAAAA",
			"8 kB":             strings.Repeat("x", 8<<10),
			"8 kB with a head": value + strings.Repeat("x", 8<<10),
		} {
			t.Run(name, func(t *testing.T) {
				b := newBrowser(t, s)
				b.cookies["portal_session"] = cookie
				b.get("/").wantStatus(http.StatusOK)
				b.wantUser(false)
				b.login(adaEmail, adaPassword).wantRedirect("/dashboard")
				b.wantUser(true)
			})
		}
	})
}

func TestACookieSignedWithAnotherKeyIsAnAnonymousVisitor(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	dir := t.TempDir()
	with := func(secrets ...string) *Server {
		return newServer(t, d, func(c *config.Config) { c.SessionDir, c.SessionSecrets = dir, secrets })
	}
	older, newer := strings.Repeat("older secret", 4), strings.Repeat("newer secret", 4)
	b := newBrowser(t, with(older))
	b.register(adaEmail)
	b.handler = with(newer)
	b.get("/").wantStatus(http.StatusOK)
	b.wantUser(false)
	b.handler = with(newer, older)
	b.wantUser(true)
}

func TestAVisitorWhoHasDoneNothingHasNoSession(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t)
	b := newBrowser(t, newServer(t, d, func(c *config.Config) { c.SessionStore = config.Postgres }))
	for _, path := range []string{"/", "/login", "/register", "/nope", "/dashboard", "/login?next=/account"} {
		if cookies := b.get(path).Cookies(); len(cookies) > 0 {
			t.Errorf("%s sets %v", path, cookies)
		}
	}
	b.login(adaEmail, "wrong password").wantStatus(http.StatusUnprocessableEntity)
	if n := count(t, d, "http_sessions"); n != 0 || len(b.cookies) > 0 {
		t.Errorf("%d rows, cookies %v", n, b.cookies)
	}
}

func TestSessionRowsComeAndGoWithTheSession(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t)
	b := newBrowser(t, newServer(t, d, func(c *config.Config) { c.SessionStore = config.Postgres }))
	b.register(adaEmail)
	for range 3 {
		b.wantUser(true)
	}
	if h, u := count(t, d, "http_sessions"), count(t, d, "user_sessions"); h != 1 || u != 1 {
		t.Errorf("signed in: %d and %d rows", h, u)
	}
	b.submit("/dashboard", "/logout")
	b.get("/") // takes the message, the last thing in the session
	if h, u := count(t, d, "http_sessions"), count(t, d, "user_sessions"); h != 0 || u != 0 || b.cookies["portal_session"] != "" {
		t.Errorf("signed out: %d and %d rows, cookies %v", h, u, b.cookies)
	}
}

func count(t *testing.T, d *db.DB, table string) (n int) {
	t.Helper()
	if err := d.Pool().QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTheCookiesAttributes has the portal set its cookies, and end one. Every
// other test looks at the attributes too: see wantGuarded.
func TestTheCookiesAttributes(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	for env, want := range map[string][]string{
		config.Development: {
			"portal_session=; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax",
			"portal_devices=; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax",
			"portal_theme=; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax",
			"portal_session=; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax",
			"portal_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
		},
		config.Production: {
			"__Host-portal_session=; Path=/; Max-Age=604800; HttpOnly; Secure; SameSite=Lax",
			"__Host-portal_devices=; Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax",
			"__Host-portal_theme=; Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax",
			"__Host-portal_session=; Path=/; Max-Age=604800; HttpOnly; Secure; SameSite=Lax",
			"__Host-portal_session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
		},
	} {
		b := newBrowser(t, newServer(t, d, func(c *config.Config) { c.Env = env }))
		var got []string
		for _, answer := range []*response{
			b.join(env+"@example.com", "Ada", adaPassword),
			b.post("/theme", url.Values{"theme": {"dark"}}),
			b.submit("/dashboard", "/logout"), // with a message
			b.get("/"),
		} {
			for _, cookie := range answer.Cookies() {
				if size := len(cookie.Name) + len(cookie.Value); size > 4096 {
					t.Errorf("%s: %s has %d bytes", env, cookie.Name, size)
				}
				var attributes []string
				for part := range strings.SplitSeq(cookie.Raw, "; ") {
					if !strings.HasPrefix(part, "Expires=") {
						attributes = append(attributes, part)
					}
				}
				attributes[0] = cookie.Name + "="
				got = append(got, strings.Join(attributes, "; "))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", env, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestASessionSurvivesARestart(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		dir := filepath.Join(t.TempDir(), "sessions")
		start := func() *Server { return newServer(t, d, func(c *config.Config) { c.SessionDir = dir }) }
		b := newBrowser(t, start())
		b.register(adaEmail)
		b.handler = start()
		b.wantUser(true)
	})
}

func TestSigningInLeadsBackToThePageThatWasAskedFor(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	newBrowser(t, s).register(adaEmail)
	for next, want := range map[string]string{
		"/account":               "/account",
		"/account?a=1&b=2#c":     "/account?a=1&b=2#c",
		"":                       "/dashboard",
		"account":                "/dashboard",
		"//evil.example":         "/dashboard",
		"/\\evil.example":        "/dashboard",
		"/\t/evil.example":       "/dashboard",
		"/\n/evil.example":       "/dashboard",
		"\\\\evil.example":       "/dashboard",
		"https://evil.example":   "/dashboard",
		"https:evil.example":     "/dashboard",
		"javascript:alert(1)":    "/dashboard",
		"/%0d%0aSet-Cookie:a=b":  "/%0d%0aSet-Cookie:a=b",
		"http:///evil.example":   "/dashboard",
		" //evil.example":        "/dashboard",
		"/\u0000/evil.example":   "/dashboard",
		"///evil.example":        "/dashboard",
		"/..//evil.example":      "/..//evil.example",
		"?next=//evil.example":   "/dashboard",
		"/login?next=//evil.exa": "/login?next=//evil.exa",
	} {
		b := newBrowser(t, s)
		b.submit("/login?next="+url.QueryEscape(next), "/login", "email", adaEmail, "password", adaPassword).wantRedirect(want)
		b.get("/login?next=" + url.QueryEscape(next)).wantRedirect(want) // already signed in
	}
	b := newBrowser(t, s)
	b.get("/account?tab=1").wantRedirect("/login?next=%2Faccount%3Ftab%3D1")
	b.post("/logout", nil).wantRedirect("/login")
}

func TestAWrongPasswordAndAnUnknownAddressAreOneAnswer(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		newBrowser(t, s).register(adaEmail)
		known := newBrowser(t, s).login(adaEmail, "wrong password")
		unknown := newBrowser(t, s).login("nobody@example.com", "wrong password")
		if known.StatusCode != http.StatusUnprocessableEntity || unknown.StatusCode != known.StatusCode {
			t.Errorf("status %d and %d", known.StatusCode, unknown.StatusCode)
		}
		if a, b := known.text(), unknown.text(); a != b {
			t.Errorf("known: %s\nunknown: %s", a, b)
		}
	})
}

func TestAHashOfOlderParametersIsMadeAnewAtTheSignIn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		newBrowser(t, s).register(adaEmail)
		older, err := argon2id.CreateHash(adaPassword, &argon2id.Params{Memory: 1024, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
		if err != nil {
			t.Fatal(err)
		}
		user, err := d.GetCredentials(t.Context(), adaEmail)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.ReplacePasswordHash(t.Context(), db.ReplacePasswordHashParams{ID: user.ID, VerifiedHash: user.PasswordHash, PasswordHash: older, Now: db.Now()}); err != nil {
			t.Fatal(err)
		}
		newBrowser(t, s).login(adaEmail, adaPassword).wantRedirect("/dashboard")
		user, err = d.GetCredentials(t.Context(), adaEmail)
		if err != nil || user.PasswordHash == older {
			t.Errorf("the hash is still %s, %v", user.PasswordHash, err)
		}
		newBrowser(t, s).login(adaEmail, adaPassword).wantRedirect("/dashboard")
	})
}

func TestManyFailedTriesAtOneAccountAreStopped(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		owner := newBrowser(t, s)
		owner.ip = "198.51.100.7"
		owner.register(adaEmail)
		owner.submit("/dashboard", "/logout")

		attacker := newBrowser(t, s)
		for range auth.AccountLimit.Failures {
			attacker.login(adaEmail, "wrong password").wantStatus(http.StatusUnprocessableEntity)
		}
		stopped := attacker.login(adaEmail, adaPassword).wantStatus(http.StatusTooManyRequests).wantText("Too many attempts")
		if after := stopped.Header.Get("Retry-After"); after == "" || after == "0" || len(after) > 3 {
			t.Errorf("Retry-After %q", after)
		}
		attacker.login("ADA@EXAMPLE.COM ", adaPassword).wantStatus(http.StatusTooManyRequests)
		attacker.login("other@example.com", adaPassword).wantStatus(http.StatusUnprocessableEntity)

		// From elsewhere, the owner isn't locked out.
		owner.login(adaEmail, adaPassword).wantRedirect("/dashboard")
	})
}

func TestManyFailedTriesFromOneNetworkAreStopped(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		now := db.Now()
		for range auth.NetworkLimit.Failures - 1 {
			if _, err := d.AddAttempt(t.Context(), db.AddAttemptParams{
				Bucket: auth.NetworkBucket("192.0.2.1"), Now: now, ExpiresAt: now.Add(time.Minute),
			}); err != nil {
				t.Fatal(err)
			}
		}
		b := newBrowser(t, s)
		b.login("a@example.com", "wrong password").wantStatus(http.StatusUnprocessableEntity)
		b.login("b@example.com", "wrong password").wantStatus(http.StatusTooManyRequests)
		b.register("b@example.com")
		b.submit("/dashboard", "/logout")
		b.login("b@example.com", adaPassword).wantStatus(http.StatusTooManyRequests)
		b.ip = "192.0.2.2"
		b.login("b@example.com", "wrong password").wantStatus(http.StatusUnprocessableEntity)
	})
}

func TestASuccessForgetsTheFailuresBeforeIt(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		newBrowser(t, s).register(adaEmail)
		b := newBrowser(t, s)
		for range 2 {
			for range auth.AccountLimit.Failures - 1 {
				b.login(adaEmail, "wrong password").wantStatus(http.StatusUnprocessableEntity)
			}
			b.login(adaEmail, adaPassword).wantRedirect("/dashboard")
			b.submit("/dashboard", "/logout")
		}
	})
}

func TestACrowdOnOneAccountThatMakesNoMistakeIsLetIn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		newBrowser(t, s).register(adaEmail)
		var group sync.WaitGroup
		for range 2 * auth.AccountLimit.Failures {
			group.Go(func() {
				fields := url.Values{"email": {adaEmail}, "password": {adaPassword}}
				if got := newBrowser(t, s).post("/login", fields).StatusCode; got != http.StatusSeeOther {
					t.Errorf("status %d", got)
				}
			})
		}
		group.Wait()
	})
}

func TestPasswordsInTheURLAreNotTaken(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	newBrowser(t, s).register(adaEmail)
	query := url.Values{"email": {adaEmail}, "password": {adaPassword}}.Encode()
	b := newBrowser(t, s)
	b.post("/login?"+query, url.Values{"x": {"1"}}).wantStatus(http.StatusUnprocessableEntity)
	b.wantUser(false)
}

func TestManyTriesAtOnceDontSlipThroughTheLimit(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		newBrowser(t, s).register(adaEmail)
		var looked atomic.Int64
		var group sync.WaitGroup
		for range 3 * auth.AccountLimit.Failures {
			group.Go(func() {
				fields := url.Values{"email": {adaEmail}, "password": {"wrong password"}}
				if newBrowser(t, s).post("/login", fields).StatusCode == http.StatusUnprocessableEntity {
					looked.Add(1)
				}
			})
		}
		group.Wait()
		if n := looked.Load(); n != auth.AccountLimit.Failures {
			t.Errorf("%d were told that the password is wrong, want %d", n, auth.AccountLimit.Failures)
		}
		newBrowser(t, s).login(adaEmail, adaPassword).wantStatus(http.StatusTooManyRequests)
	})
}

// TestACrowd is the start of a working day, all at once.
func TestACrowd(t *testing.T) {
	t.Parallel()
	const people = 50
	run := func(t *testing.T, s *Server) {
		var group sync.WaitGroup
		for i := range people {
			group.Go(func() {
				email := fmt.Sprintf("person%d@example.com", i)
				b := newBrowser(t, s)
				fields := url.Values{"name": {"Somebody"}, "email": {email}, "password": {adaPassword}}
				if answer := b.post("/register", fields); answer.StatusCode != http.StatusOK {
					t.Errorf("register %s: %d", email, answer.StatusCode)
					return
				}
				list := mailTo(t, s.db, email)
				if len(list) != 1 {
					t.Errorf("%d messages to %s", len(list), email)
					return
				}
				fields.Set("token", tokenOf(t, linkIn(t, list[0])))
				if answer := b.post("/register/confirm", fields); answer.StatusCode != http.StatusSeeOther {
					t.Errorf("register %s: %d", email, answer.StatusCode)
				}
				b = newBrowser(t, s)
				if answer := b.post("/login", fields); answer.StatusCode != http.StatusSeeOther {
					t.Errorf("login %s: %d", email, answer.StatusCode)
				}
				if answer := b.get("/dashboard"); answer.StatusCode != http.StatusOK {
					t.Errorf("dashboard %s: %d", email, answer.StatusCode)
				}
			})
		}
		group.Wait()
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, newServer(t, dbtest.SQLite(t)))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		run(t, newServer(t, dbtest.Postgres(t), func(c *config.Config) { c.SessionStore = config.Postgres }))
	})
}
