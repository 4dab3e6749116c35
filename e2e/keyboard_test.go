package e2e

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/managethefans/portal/db/dbtest"
)

//go:embed testdata/focus.js
var focusJS string

// manyStops is more than a page has.
const manyStops = 200

var (
	tabKey    = chromedp.KeyEvent(kb.Tab)
	backTab   = chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift))
	enterKey  = chromedp.KeyEvent(kb.Enter)
	spaceKey  = chromedp.KeyEvent(" ")
	escapeKey = chromedp.KeyEvent(kb.Escape)
)

// focus is what focus.js returns.
type focus struct {
	OnIt, Seen bool
	Fault      string
}

// step presses a key that moves the focus.
func (b *tab) step(key chromedp.Action[chromedp.Void]) focus {
	b.t.Helper()
	script[focus](b, focusJS, false)
	run(b, key)
	return script[focus](b, focusJS, true)
}

// moveFocus presses a key that moves the focus, and fails the test if nobody
// sees where it is.
func (b *tab) moveFocus(key chromedp.Action[chromedp.Void]) focus {
	b.t.Helper()
	f := b.step(key)
	if f.Fault != "" {
		b.t.Errorf("%s, %s: %s", b.look.name, b.path(), f.Fault)
	}
	return f
}

// reach moves the focus with a key until it is on a field, link or button, as
// find knows them, and opens the menu that it is in.
func (b *tab) reach(key chromedp.Action[chromedp.Void], kind, what string) *tab {
	b.t.Helper()
	at := b.locate(kind, what)
	if at.Fault != "" {
		b.t.Fatalf("%s: %s: %s", b.path(), at.Fault, b.text())
	}
	for range manyStops {
		if !b.moveFocus(key).OnIt {
			continue
		}
		if !at.Opens {
			return b
		}
		run(b, enterKey)
		at = b.locate(kind, what)
	}
	b.t.Fatalf("%s: the keyboard doesn't reach the %s %s", b.path(), kind, what)
	return b
}

// walk goes once through the page with the Tab key.
func (b *tab) walk() {
	b.t.Helper()
	stops := 0
	for !b.moveFocus(tabKey).Seen {
		if stops++; stops == manyStops {
			b.t.Fatalf("%s, %s: the focus doesn't come round", b.look.name, b.path())
		}
	}
	if stops == 0 {
		b.t.Errorf("%s, %s: the focus goes nowhere", b.look.name, b.path())
	}
}

// write types into the field that has the focus.
func (b *tab) write(text string) *tab {
	b.t.Helper()
	run(b, chromedp.KeyEvent(text))
	return b
}

// mark presses a key that leads to no other page.
func (b *tab) mark(key chromedp.Action[chromedp.Void]) *tab {
	b.t.Helper()
	run(b, key)
	b.check()
	return b
}

// hit presses a key that leads to another page.
func (b *tab) hit(key chromedp.Action[chromedp.Void]) *tab {
	b.t.Helper()
	b.navigate(key)
	return b
}

func TestWithTheKeyboardAlone(t *testing.T) {
	t.Parallel()
	b := newTab(t, startProgram(t, dbtest.SQLiteURL(t)), wide)
	b.open("/").reach(tabKey, "link", "/register").hit(enterKey).wantPath("/register")
	b.reach(tabKey, "field", "email").write(ada)
	b.reach(tabKey, "button", "/register").hit(spaceKey).wantText("Look into your mail")
	b.open(mailed(t, b.base, ada))
	b.reach(tabKey, "field", "password").write(commonPassword)
	b.reach(backTab, "field", "name").write("Ada Lovelace").hit(enterKey).wantStatus(422)
	b.reach(tabKey, "field", "password").write(password)
	b.reach(tabKey, "button", "/register/confirm").hit(spaceKey).wantPath("/dashboard")

	b.reach(tabKey, "link", "/account").hit(enterKey).wantPath("/account")
	b.reach(tabKey, "field", "name").write("Augusta King") // what was there is selected
	b.reach(tabKey, "button", "/account/profile").hit(enterKey).wantValue("name", "Augusta King")
	b.reach(tabKey, "link", "/notes").hit(enterKey).wantPath("/notes")
	b.reach(tabKey, "link", "/notes/new").hit(enterKey).wantPath("/notes/new")
	b.reach(tabKey, "field", "title").write("Quarterly report").hit(enterKey).wantPath("/notes/1")
	b.reach(tabKey, "link", "/notes/1/edit").hit(enterKey).wantPath("/notes/1/edit")
	b.reach(tabKey, "field", "pinned").mark(spaceKey)
	b.reach(tabKey, "button", "/notes/1").hit(enterKey).wantPath("/notes/1").wantText("Pinned")
	b.reach(tabKey, "link", "/notes/1/delete").mark(enterKey).wantText("Delete this note?")
	b.mark(escapeKey).wantNoText("Delete this note?")
	b.reach(backTab, "link", "/notes/1/delete").mark(enterKey)
	b.reach(tabKey, "button", "/notes/1/delete").hit(enterKey).wantPath("/notes")

	b.reach(tabKey, "button", "/logout").hit(spaceKey).wantPath("/")

	b.reach(tabKey, "link", "/login").hit(enterKey).wantPath("/login")
	b.reach(tabKey, "field", "email").write(ada)
	b.reach(tabKey, "field", "password").write(password).hit(enterKey).wantPath("/dashboard")
}

func TestTheSkipLinkLeadsToTheContent(t *testing.T) {
	t.Parallel()
	b := newTab(t, startProgram(t, dbtest.SQLiteURL(t)), wide)
	b.open("/")
	b.moveFocus(tabKey)
	target := script[string](b, `() => document.activeElement.getAttribute("href") ?? ""`)
	if !strings.HasPrefix(target, "#") {
		t.Fatalf("the first stop leads to %q", target)
	}
	b.follow(enterKey)
	b.moveFocus(tabKey)
	if !script[bool](b, `(target) => document.querySelector("main" + target).contains(document.activeElement)`, target) {
		t.Errorf("after the skip link the focus isn't in main%s", target)
	}
}
