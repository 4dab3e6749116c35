package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// userID returns who is signed in in this browser.
func (b *browser) userID() int64 {
	b.t.Helper()
	for n := range b.get("/account").parse().Descendants() {
		if attr(n, "id") == "username" {
			user, err := b.handler.(*Server).db.GetCredentials(b.t.Context(), attr(n, "value"))
			if err != nil {
				b.t.Fatal(err)
			}
			return user.ID
		}
	}
	b.t.Fatal("nobody is signed in")
	return 0
}

// newDevice signs the person of b in with another browser, which says this of
// itself.
func newDevice(b *browser, agent string) *browser {
	b.t.Helper()
	r := httptest.NewRequest(http.MethodPost, signInPath+"?id="+strconv.FormatInt(b.userID(), 10), nil)
	r.Header.Set("User-Agent", agent)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	other := newBrowser(b.t, b.handler)
	other.do(r).wantRedirect("/dashboard")
	return other
}

// id returns the number of this browser's own sign-in.
func (b *browser) id() int64 {
	b.t.Helper()
	for n := range b.get("/account/sessions").parse().Descendants() {
		if n.Data != "li" || !strings.Contains(textOf(n), "This device") {
			continue
		}
		for form := range n.Descendants() {
			text := strings.TrimSuffix(strings.TrimPrefix(attr(form, "action"), "/account/sessions/"), "/revoke")
			if id, err := strconv.ParseInt(text, 10, 64); err == nil {
				return id
			}
		}
	}
	b.t.Fatal("no device is marked as this one")
	return 0
}

func (b *browser) revokePath() string {
	return "/account/sessions/" + strconv.FormatInt(b.id(), 10) + "/revoke"
}

// age makes every sign-in so old that a sensitive step demands the password.
func age(t *testing.T, d *db.DB) {
	t.Helper()
	if _, err := d.Pool().ExecContext(t.Context(), "UPDATE user_sessions SET created_at = $1", db.Now().Add(-recent)); err != nil {
		t.Fatal(err)
	}
}

func TestEachDeviceIsListedAndThisOneIsMarked(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		b := signedInMember(t, s, adaEmail)
		b.get("/account/sessions").wantStatus(http.StatusOK).wantText("Unknown device This device 192.0.2.1", "Last seen just now")
		if _, ok := formValues(b.get("/account/sessions").parse(), "/account/sessions/revoke-others"); ok {
			t.Error("there is nothing else to sign out")
		}
		other := newDevice(b, firefox)
		signedInMember(t, s, "eve@example.com")
		if _, err := d.Pool().ExecContext(t.Context(), "UPDATE user_sessions SET last_seen_at = $1, address = '2001:db8::7' WHERE id = $2", db.Now().AddDate(0, 0, 1), other.id()); err != nil {
			t.Fatal(err)
		}

		page := b.get("/account/sessions").wantText("Firefox on Linux 2001:db8::7 Signed in just now")
		var rows []*html.Node
		for n := range page.parse().Descendants() {
			if n.Data == "li" && strings.Contains(textOf(n), "Last seen") {
				rows = append(rows, n)
			}
		}
		if len(rows) != 2 || !strings.Contains(textOf(rows[0]), "Firefox") || strings.Contains(textOf(rows[0]), "This device") || !strings.Contains(textOf(rows[1]), "This device") {
			t.Errorf("want Firefox and then this device: %s", page.text())
		}
		other.get("/account/sessions").wantText("Firefox on Linux This device")

		if _, err := d.Pool().ExecContext(t.Context(), "UPDATE user_sessions SET expires_at = $1 WHERE id = $2", db.Now(), other.id()); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.get("/account/sessions").text(), "Firefox") {
			t.Error("a sign-in that has expired is listed")
		}
	})
}

func TestRevokingADeviceEndsItsCopiedCookieToo(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Server) {
		b := signedInMember(t, s, adaEmail)
		other, third := newDevice(b, firefox), newDevice(b, firefox)
		stolen := other.clone()
		stolen.wantUser(true)
		path := other.revokePath()
		b.submit("/account/sessions", path).wantRedirect("/account/sessions")
		b.get("/account/sessions").wantText("You are signed out there.", "Firefox on Linux")
		stolen.wantUser(false)
		other.wantUser(false)
		third.wantUser(true)
		b.wantUser(true)
		b.post(path, nil).wantStatus(http.StatusNotFound)

		b.submit("/account/sessions", "/account/sessions/revoke-others").wantRedirect("/account/sessions")
		b.get("/account/sessions").wantText("You are signed out everywhere else.")
		third.wantUser(false)
		b.wantUser(true)
	})
}

func TestRevokingThisDeviceSignsOut(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Server) {
		b := signedInMember(t, s, adaEmail)
		other, stolen := newDevice(b, firefox), b.clone()
		b.submit("/account/sessions", b.revokePath()).wantRedirect("/")
		if strings.Contains(stolen.get("/").text(), "You are signed out.") {
			t.Error("the session goes on under its old id")
		}
		b.get("/").wantText("You are signed out.")
		b.wantUser(false)
		stolen.wantUser(false)
		other.wantUser(true)
	})
}

func TestSomebodyElsesDeviceIsNotFound(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		ada, eve := signedInMember(t, s, adaEmail), signedInAs(t, s, "eve@example.com", db.RoleAdmin)
		eve.post(ada.revokePath(), nil).wantStatus(http.StatusNotFound)
		eve.post("/account/sessions/999999/revoke", nil).wantStatus(http.StatusNotFound)
		eve.post("/account/sessions/x/revoke", nil).wantStatus(http.StatusNotFound)
		ada.wantUser(true)
		eve.wantUser(true)
	})
}

func TestRevokingADeviceDemandsARecentPasswordAndLeadsBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := signedInMember(t, newServer(t, d), adaEmail)
		other := newDevice(b, firefox)
		age(t, d)
		const page = "/account/reauthenticate?next=%2Faccount%2Fsessions"
		b.submit("/account/sessions", other.revokePath()).wantRedirect(page)
		other.wantUser(true)
		b.submit(page, "/account/reauthenticate", "current_password", adaPassword).wantRedirect("/account/sessions")
		b.submit("/account/sessions", other.revokePath()).wantRedirect("/account/sessions")
		other.wantUser(false)
	})
}

func TestAFormLeadsBackToItsPageOnly(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	for referer, want := range map[string]string{
		"http://example.com/account?page=2": "/login?next=%2Faccount%3Fpage%3D2",
		"http://evil.example/account":       "/login",
		"http://example.com//evil.example":  "/login",
		"http://example.com":                "/login",
		"":                                  "/login",
		"http://example.com/a?" + strings.Repeat("x", maxNext): "/login?next=%2Fa",
		"http://example.com/" + strings.Repeat("x", maxNext):   "/login",
	} {
		r := httptest.NewRequest(http.MethodPost, "/account/profile", nil)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Referer", referer)
		if got := b.do(r).Header.Get("Location"); got != want {
			t.Errorf("%q leads to %s, want %s", referer, got, want)
		}
	}
}

func TestMarkupInAUserAgentIsText(t *testing.T) {
	t.Parallel()
	b := signedInMember(t, newServer(t, dbtest.SQLite(t)), adaEmail)
	for _, agent := range []string{`<script>alert("x")</script>`, `<script>alert(1)</script>/1.0 (X11; Linux)`, `Mozilla/5.0 (<img src=x onerror=y>)`} {
		newDevice(b, agent)
	}
	page := b.get("/account/sessions").wantText("Unknown device", "Unknown browser on Linux")
	for n := range page.parse().Descendants() {
		if n.Data == "script" && attr(n, "src") == "" || attr(n, "onerror") != "" {
			t.Errorf("markup came through: %s", n.Data)
		}
	}
	if text := page.text(); strings.Contains(text, "alert") || strings.Contains(text, "onerror") {
		t.Errorf("what isn't a name is shown: %s", text)
	}
}

func TestAnAdministratorSignsAPersonOut(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		ada, admin := signedInMember(t, s, adaEmail), signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		other, bystander, adminElsewhere := newDevice(ada, firefox), signedInMember(t, s, "eve@example.com"), newDevice(admin, firefox)
		path := "/admin/users/" + strconv.FormatInt(ada.userID(), 10) + "/sign-out"

		bystander.get(path).wantStatus(http.StatusForbidden)
		bystander.post(path, nil).wantStatus(http.StatusForbidden)
		ada.wantUser(true)
		admin.get("/admin/users/999999/sign-out").wantStatus(http.StatusNotFound)
		admin.post("/admin/users/999999/sign-out", nil).wantStatus(http.StatusNotFound)

		if page := admin.get(userPath(ada.userID())); !strings.Contains(page.body, `href="`+path+`"`) {
			t.Error("the person's page doesn't lead there")
		}
		admin.get(path).wantText(adaEmail, "is signed in on 2 devices")
		admin.submit(path, path).wantRedirect(strings.TrimSuffix(path, "/sign-out"))
		admin.get("/admin/users").wantText("Ada Lovelace is signed out on 2 devices.")
		ada.wantUser(false)
		other.wantUser(false)
		bystander.wantUser(true)

		own := "/admin/users/" + strconv.FormatInt(admin.userID(), 10) + "/sign-out"
		admin.get(own).wantText("you stay signed in here")
		admin.submit(own, own).wantRedirect(strings.TrimSuffix(own, "/sign-out"))
		admin.wantUser(true)
		adminElsewhere.wantUser(false)
	})
}

func TestAnAdministratorSignsEverybodyOut(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		ada, admin := signedInMember(t, s, adaEmail), signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		elsewhere, stolen := newDevice(admin, firefox), ada.clone()
		const path = "/admin/sign-out-everybody"
		ada.get(path).wantStatus(http.StatusForbidden)
		ada.post(path, url.Values{}).wantStatus(http.StatusForbidden)
		admin.wantUser(true)

		admin.submit(path, path).wantRedirect("/admin/users")
		admin.get("/admin/users").wantText("Everybody is signed out, on 2 devices.")
		for _, b := range []*browser{ada, stolen, elsewhere} {
			b.wantUser(false)
		}
		admin.wantUser(true)
	})
}

func TestSigningOthersOutDemandsARecentPassword(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	s := newServer(t, d, func(c *config.Config) { c.SessionStore = config.Cookie })
	ada, admin := signedInMember(t, s, adaEmail), signedInAs(t, s, "admin@example.com", db.RoleAdmin)
	age(t, d)
	for _, path := range []string{"/admin/users/" + strconv.FormatInt(ada.userID(), 10) + "/sign-out", "/admin/sign-out-everybody"} {
		admin.submit(path, path).wantRedirect("/account/reauthenticate?" + url.Values{"next": {path}}.Encode())
		ada.post(path, nil).wantStatus(http.StatusForbidden)
		ada.wantUser(true)
	}
}
