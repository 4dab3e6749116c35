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
		{path: "/register", status: 422, then: func(b *tab) {
			b.fill("name", "Ada Lovelace").fill("email", "ada@example").fill("password", commonPassword).press("/register")
		}},
		{path: "/nope", status: 404},
	}
	signedInViews = []view{
		{path: "/", status: 200},
		{path: "/dashboard", status: 200},
		{path: "/account", status: 200},
		{path: "/account", status: 422, then: func(b *tab) {
			b.fill("current_password", commonPassword).fill("new_password", commonPassword).press("/account/password")
		}},
		{path: "/nope", status: 404},
	}
)

// eachView opens every page in this look, and hands it to f with a name.
func eachView(t *testing.T, base string, l look, f func(b *tab, name string)) {
	for visitor, views := range map[string][]view{"anonymous": anonymousViews, "signed in": signedInViews} {
		t.Run(l.name+", "+visitor, func(t *testing.T) {
			t.Parallel()
			b := newTab(t, base, l)
			if visitor == "signed in" {
				b.signUp(strings.ReplaceAll(l.name, " ", "-") + "@example.com")
			}
			for _, v := range views {
				b.open(v.path)
				name := visitor + " " + cmp.Or(strings.Trim(v.path, "/"), "home")
				if v.then != nil {
					v.then(b)
					name += " with errors"
				}
				b.wantStatus(v.status)
				f(b, name)
			}
		})
	}
}

// TestEveryPageIsSound opens every page in light and dark, on a screen and on a
// phone, which checks it, and goes through it with the keyboard.
func TestEveryPageIsSound(t *testing.T) {
	t.Parallel()
	base := startPortal(t, dbtest.SQLiteURL(t))
	for _, l := range looks {
		eachView(t, base, l, func(b *tab, _ string) { b.walk() })
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
	base := startPortal(t, dbtest.SQLiteURL(t))
	for _, l := range looks {
		eachView(t, base, l, func(b *tab, name string) {
			picture := run(b, chromedp.FullScreenshot(100))
			file := strings.NewReplacer("/", "-", " ", "-").Replace(name+" "+l.name) + ".png"
			if err := os.WriteFile(filepath.Join(*screenshots, file), picture, 0o644); err != nil {
				b.t.Error(err)
			}
		})
	}
}
