package e2e

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/managethefans/portal/db/dbtest"
)

// view is a page as somebody sees it. then is what they do there, if that leads
// to yet another one.
type view struct {
	path   string
	status int64
	then   func(*tab)
	name   string // of what they did, where that isn't an error
}

// The pages that are looked at: a line each.
var (
	anonymousViews = []view{
		{path: "/", status: 200},
		{path: "/login", status: 200},
		{path: "/login", status: 422, then: func(b *tab) {
			b.fill("email", "nobody@example.com").fill("password", password).press("/login")
		}},
		{path: "/register", status: 200},
		{path: "/register", status: 422, then: func(b *tab) { b.fill("email", "ada@").press("/register") }},
		{path: "/register", status: 200, name: "with the answer", then: func(b *tab) { b.fill("email", b.mailbox("sent")).press("/register") }},
		{path: "/register", status: 200, name: "with the link", then: func(b *tab) { b.askForAccount(b.mailbox("new")) }},
		{path: "/register", status: 422, name: "with the link and errors", then: func(b *tab) {
			b.askForAccount(b.mailbox("new")).fill("name", "Ada Lovelace").fill("password", commonPassword).press("/register/confirm")
		}},
		{path: "/register/confirm", status: 404},
		{path: "/undo-email", status: 404},
		{path: "/forgot-password", status: 200},
		{path: "/forgot-password", status: 422, then: func(b *tab) { b.fill("email", "ada@").press("/forgot-password") }},
		{path: "/forgot-password", status: 200, name: "with the answer", then: func(b *tab) { b.fill("email", b.mailbox("sent")).press("/forgot-password") }},
		{path: "/nope", status: 404},
		{path: "/_dev/design", status: 200},
	}
	newcomerViews = []view{
		{path: "/", status: 200},
		{path: "/dashboard", status: 200},
		{path: "/notes", status: 200},
		{path: "/account", status: 200},
		{path: "/account", status: 422, then: func(b *tab) {
			b.fill("current_password", commonPassword).fill("new_password", commonPassword).press("/account/password")
		}},
		{path: "/account/sessions", status: 200},
		{path: "/account/reauthenticate", status: 200},
		{path: "/account/reauthenticate", status: 422, then: func(b *tab) {
			b.fill("current_password", commonPassword).press("/account/reauthenticate")
		}},
		{path: "/account/activity", status: 200},
		{path: "/account/email", status: 200},
		{path: "/account/email", status: 422, then: func(b *tab) { b.fill("email", "ada@").press("/account/email") }},
		{path: "/account/email", status: 200, name: "with the link", then: func(b *tab) {
			b.fill("email", b.mailbox("another")).press("/account/email")
			b.open(mailed(b.t, b.base, b.mailbox("another")))
		}},
		{path: "/account/delete", status: 200},
		{path: "/account/delete", status: 422, then: func(b *tab) { b.fill("email", "somebody@example.com").press("Delete my account") }},
		{path: "/notes/999", status: 404},
		{path: "/notes/new", status: 200, name: "of great length", then: func(b *tab) {
			b.fill("title", strings.Repeat("W", 200)).fill("body", strings.Repeat("W", 1000)).press("/notes").wantStatus(200)
			b.open("/account").fill("name", strings.Repeat("W", 100)).press("/account/profile").wantStatus(200)
			b.open("/dashboard").open("/notes")
		}},
	}
	memberViews = []view{
		{path: "/dashboard", status: 200},
		{path: "/dashboard", status: 200, name: "with the menu", then: func(b *tab) { b.touch("button", "M Menu of Mara Lindgren") }},
		{path: "/notes", status: 200},
		{path: "/notes?page=2&sort=title", status: 200},
		{path: "/notes?q=nothing+like+it", status: 200},
		{path: "/notes/1", status: 200},
		{path: "/notes/1/edit", status: 200},
		{path: "/notes/1/delete", status: 200},
		{path: "/notes/new", status: 200},
		{path: "/notes/new", status: 422, then: func(b *tab) { b.fill("body", "A text without a title").press("/notes") }},
		{path: "/account/sessions", status: 200},
		{path: "/account/activity", status: 200},
		{path: "/account/activity?before=1-1", status: 200},
		{path: "/admin/users", status: 403},
	}
	administratorViews = []view{
		{path: "/admin/users", status: 200},
		{path: "/admin/users/1", status: 200},
		{path: "/admin/users/2", status: 200},
		{path: "/admin/users/1/sign-out", status: 200},
		{path: "/admin/sign-out-everybody", status: 200},
		{path: "/admin/users?admins=yes&disabled=yes", status: 200},
		{path: "/admin/invitations", status: 200},
		{path: "/admin/invitations/new", status: 200},
		{path: "/admin/invitations/new", status: 422, then: func(b *tab) { b.press("/admin/invitations") }},
		{path: "/admin/invitations/new", status: 200, name: "and sent", then: func(b *tab) {
			b.fill("email", b.mailbox("guest")).press("/admin/invitations")
		}},
		{path: "/admin/mail", status: 200},
		{path: "/admin/audit", status: 200},
		{path: "/admin/audit?action=account_created&from=2026-01-01", status: 200},
		{path: "/admin/audit?person=nobody@example.com", status: 200},
	}
)

// eachView opens every page in this look, and hands it to f with a name.
func eachView(t *testing.T, base, demoPassword string, l look, f func(b *tab, name string)) {
	newcomer := strings.ReplaceAll(l.name, " ", "-") + "@example.com"
	for visitor, who := range map[string]struct {
		enter func(b *tab)
		views []view
	}{
		"anonymous":     {func(b *tab) {}, anonymousViews},
		"newcomer":      {func(b *tab) { b.signUp(newcomer) }, newcomerViews},
		"member":        {func(b *tab) { b.signIn(member, demoPassword) }, memberViews},
		"administrator": {func(b *tab) { b.signIn(administrator, demoPassword) }, administratorViews},
	} {
		t.Run(l.name+", "+visitor, func(t *testing.T) {
			t.Parallel()
			b := newTab(t, base, l)
			who.enter(b)
			for _, v := range who.views {
				b.open(v.path)
				name := visitor + " " + cmp.Or(strings.Trim(v.path, "/"), "home")
				if v.then != nil {
					v.then(b)
					name += " " + cmp.Or(v.name, "with errors")
				}
				b.wantStatus(v.status)
				f(b, name)
			}
		})
	}
}

// mailbox is an address that this look has to itself.
func (b *tab) mailbox(name string) string {
	return name + "-" + strings.ReplaceAll(b.look.name, " ", "-") + "@example.com"
}

// TestEveryPageIsSound opens every page on a light screen and on a dark phone,
// which checks it, and goes through it with the keyboard.
func TestEveryPageIsSound(t *testing.T) {
	t.Parallel()
	url := dbtest.SQLiteURL(t)
	demoPassword, base := seed(t, url), startProgram(t, url)
	for _, l := range []look{wide, phoneDark} { // colours don't go by the width
		eachView(t, base, demoPassword, l, func(b *tab, _ string) { b.walk() })
	}
}

// TestWhatIsPointedAtIsLegible moves the mouse over what changes its colours
// then.
func TestWhatIsPointedAtIsLegible(t *testing.T) {
	t.Parallel()
	base := startProgram(t, dbtest.SQLiteURL(t))
	for _, l := range []look{wide, wideDark} {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			b := newTab(t, base, l)
			b.open("/_dev/design")
			for _, button := range []string{"Main", "Quiet", "Delete", "Small"} {
				b.hover("button", button)
			}
			for _, link := range []string{"Register", "Quarterly report", "Pinned", "Name", "Development"} {
				b.hover("link", link)
			}
			b.signUp("hover-" + strings.ReplaceAll(l.name, " ", "-") + "@example.com")
			b.hover("link", "/notes").touch("button", "A Menu of Ada Lovelace").hover("link", "/account").hover("button", "Sign out")
		})
	}
}

// TestALongNameFits has it beside all that the header can hold.
func TestALongNameFits(t *testing.T) {
	t.Parallel()
	base := startProgram(t, dbtest.SQLiteURL(t), "APP_NAME=Customer Services of the City of Exampleton")
	for _, l := range []look{wide, tablet, phone} {
		b := newTab(t, base, l)
		b.open("/").signUp(strings.ReplaceAll(l.name, " ", "-") + "@example.com").click("/account")
	}
}

// TestScreenshots saves a picture of every page, to look at:
//
//	go test ./e2e -run TestScreenshots -screenshots=/tmp/portal
func TestScreenshots(t *testing.T) {
	t.Parallel()
	if *screenshots == "" {
		t.Skip("without -screenshots=FOLDER no pictures are wanted")
	}
	if err := os.MkdirAll(*screenshots, 0o755); err != nil {
		t.Fatal(err)
	}
	url := dbtest.SQLiteURL(t)
	demoPassword, base := seed(t, url), startProgram(t, url)
	for _, l := range looks {
		eachView(t, base, demoPassword, l, (*tab).picture)
	}
}

// picture saves what the page looks like, where that is wanted.
func (b *tab) picture(name string) {
	b.t.Helper()
	if *screenshots == "" {
		return
	}
	picture := run(b, chromedp.FullScreenshot(100))
	file := strings.NewReplacer("/", "-", " ", "-", "?", "-", "&", "-", "=", "-", "+", "-").Replace(name+" "+b.look.name) + ".png"
	if err := os.WriteFile(filepath.Join(*screenshots, file), picture, 0o644); err != nil {
		b.t.Error(err)
	}
}
