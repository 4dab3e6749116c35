package e2e

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/find.js
var findJS string

// patience bounds each step of a tab. A machine may be busy with other tests.
const patience = time.Minute

// look is how somebody looks at the portal.
type look struct {
	name          string
	width, height int64
	phone         bool
	dark          bool
	noScripts     bool
}

var (
	wide      = look{name: "wide light", width: 1280, height: 800}
	wideDark  = look{name: "wide dark", width: 1280, height: 800, dark: true}
	tablet    = look{name: "tablet", width: 768, height: 1024}
	phone     = look{name: "phone light", width: 360, height: 740, phone: true}
	phoneDark = look{name: "phone dark", width: 360, height: 740, phone: true, dark: true}
	noScripts = look{name: "without scripts", width: 1280, height: 800, noScripts: true}
	looks     = []look{wide, wideDark, phone, phoneDark}
)

// tab is a browser's tab, with cookies of its own. Whenever it comes to a page,
// it checks it.
type tab struct {
	t      *testing.T
	ctx    context.Context
	base   string // scheme and host of the site
	look   look
	status int64 // of the page that it is on

	mu     sync.Mutex
	events []string // faults that the browser has reported since the last check
}

func newTab(t *testing.T, base string, l look) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(needChromium(t), chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx, base: base, look: l}
	b.prepare()
	return b
}

// another returns a tab beside this one, in the same browser.
func (b *tab) another() *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	other := &tab{t: b.t, ctx: ctx, base: b.base, look: b.look}
	other.prepare()
	return other
}

func (b *tab) prepare() {
	b.t.Helper()
	t, ctx, l := b.t, b.ctx, b.look
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, b.watch()); err != nil {
		t.Fatal(err)
	}
	viewport, scheme := chromedp.EmulateViewport(l.width, l.height), "light"
	if l.phone {
		viewport = chromedp.EmulateViewport(l.width, l.height, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	if l.dark {
		scheme = "dark"
	}
	call(b, audits.Enable, cdp.Empty{})
	run(b, viewport)
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	// A busy browser takes a while to have the new size: the first page would move.
	script[chromedp.Void](b, `async (shape) => {
		while (Math.abs(innerWidth / innerHeight - shape) > 0.01) await new Promise((resolve) => setTimeout(resolve, 5));
		await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
	}`, float64(l.width)/float64(l.height))
	b.allowScripts(!l.noScripts)
}

// run carries out an action, and ends the test when it fails.
func run[T any](b *tab, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%s: %v", b.look.name, err)
	}
	return value
}

// call sends one command of the browser's protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	return run(b, func(ctx context.Context, t *chromedp.Target) (R, error) { return cdp.Call(ctx, t, command, params) })
}

// script calls a function of JavaScript.
func script[T any](b *tab, function string, args ...any) T {
	b.t.Helper()
	texts := make([]string, len(args))
	for i, arg := range args {
		text, err := json.Marshal(arg)
		if err != nil {
			b.t.Fatal(err)
		}
		texts[i] = string(text)
	}
	return run(b, chromedp.Evaluate[T](fmt.Sprintf("(%s)(%s)", strings.TrimSpace(function), strings.Join(texts, ", ")), chromedp.EvalAwaitPromise))
}

func (b *tab) allowScripts(allowed bool) {
	b.t.Helper()
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !allowed})
}

// navigate does something that leads to a page, waits for the page and checks
// it.
func (b *tab) navigate(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	b.follow(steps...)
	b.check()
}

// follow does something that leads to a page, and waits for the page.
func (b *tab) follow(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	answer, err := chromedp.RunResponse(ctx, steps...)
	if err != nil {
		b.t.Fatalf("%s, %s: no page came: %v: %s", b.look.name, b.path(), err, b.text())
	}
	b.status = 0
	if answer != nil { // else it is another place on the same page
		b.status = answer.Status
	}
}

// open goes to a path of the site.
func (b *tab) open(path string) *tab {
	b.t.Helper()
	b.navigate(chromedp.Navigate(b.base + path))
	return b
}

// click follows a link that leads to a path or has a text, and opens the menu
// that it is in.
func (b *tab) click(link string) *tab {
	b.t.Helper()
	b.navigate(clickOn(b.find("link", link)))
	return b
}

// press sends a form: that of an action (/login), or the one that the button
// with this text belongs to.
func (b *tab) press(button string) *tab {
	b.t.Helper()
	b.navigate(clickOn(b.find("button", button)))
	return b
}

// fill replaces what is in a field, which has a name or a label.
func (b *tab) fill(field, text string) *tab {
	b.t.Helper()
	b.find("field", field)
	script[chromedp.Void](b, "() => { window.found.focus(); window.found.select() }")
	call(b, input.InsertText, input.InsertTextParams{Text: text})
	return b
}

// tick puts a mark into a box, or takes it away.
func (b *tab) tick(box string) *tab {
	b.t.Helper()
	run(b, clickOn(b.find("field", box)))
	return b
}

// setDate fills a date in as the browser's own picker does, which no script can
// open.
func (b *tab) setDate(field, date string) *tab {
	b.t.Helper()
	b.find("field", field)
	script[chromedp.Void](b, "(date) => { window.found.value = date }", date)
	return b
}

// touch clicks on something that leads to no other page, and checks what has
// become of this one.
func (b *tab) touch(kind, what string) *tab {
	b.t.Helper()
	run(b, clickOn(b.find(kind, what)))
	b.check()
	return b
}

// hover points at something, and checks the page with it.
func (b *tab) hover(kind, what string) *tab {
	b.t.Helper()
	at := b.find(kind, what)
	call(b, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: at.X, Y: at.Y})
	b.check()
	return b
}

// place is what find.js returns.
type place struct {
	X, Y  float64
	Opens bool
	Fault string
}

// locate returns where something is, or what opens what it is hidden in.
func (b *tab) locate(kind, what string) place {
	b.t.Helper()
	return script[place](b, findJS, kind, what, !b.look.noScripts)
}

// find returns where something is, after opening what it is hidden in.
func (b *tab) find(kind, what string) place {
	b.t.Helper()
	at := b.locate(kind, what)
	if at.Opens {
		run(b, clickOn(at))
		at = b.locate(kind, what)
	}
	if at.Opens {
		at.Fault = "what hides it doesn't open"
	}
	if at.Fault != "" {
		b.t.Fatalf("%s, %s: %s: %s", b.look.name, b.path(), at.Fault, b.text())
	}
	return at
}

func clickOn(at place) chromedp.Action[chromedp.Void] { return chromedp.MouseClickXY(at.X, at.Y) }

func (b *tab) path() string {
	b.t.Helper()
	u, err := url.Parse(run(b, chromedp.Location()))
	if err != nil {
		b.t.Fatal(err)
	}
	return u.Path
}

// text returns what a person reads on the page.
func (b *tab) text() string {
	b.t.Helper()
	return script[string](b, "() => document.body.innerText")
}

func (b *tab) wantStatus(status int64) *tab {
	b.t.Helper()
	if b.status != status {
		b.t.Fatalf("%s, %s: status %d, want %d: %s", b.look.name, b.path(), b.status, status, b.text())
	}
	return b
}

func (b *tab) wantPath(path string) *tab {
	b.t.Helper()
	if got := b.path(); got != path {
		b.t.Fatalf("%s: on %s, want %s: %s", b.look.name, got, path, b.text())
	}
	return b
}

func (b *tab) wantText(part string) *tab {
	b.t.Helper()
	if text := b.text(); !strings.Contains(text, part) {
		b.t.Fatalf("%s, %s: want %q in: %s", b.look.name, b.path(), part, text)
	}
	return b
}

func (b *tab) wantNoText(part string) *tab {
	b.t.Helper()
	if text := b.text(); strings.Contains(text, part) {
		b.t.Fatalf("%s, %s: there is %q in: %s", b.look.name, b.path(), part, text)
	}
	return b
}

func (b *tab) wantValue(field, value string) *tab {
	b.t.Helper()
	b.find("field", field)
	if got := script[string](b, "() => window.found.value"); got != value {
		b.t.Fatalf("%s, %s: the field %s holds %q, want %q", b.look.name, b.path(), field, got, value)
	}
	return b
}

// wantFieldError checks that a form came back because of this field: the field
// says so to people who can't see, the error can be read, and the focus is
// there, or on a summary that leads there.
func (b *tab) wantFieldError(field string) *tab {
	b.t.Helper()
	b.wantStatus(422)
	b.find("field", field)
	for _, fault := range script[[]string](b, `() => {
		const faults = [], focused = document.activeElement;
		const described = (found.getAttribute("aria-describedby") ?? "").split(" ").map((id) => document.getElementById(id));
		if (found.getAttribute("aria-invalid") !== "true") faults.push("isn't marked as wrong");
		if (!described.some((el) => el?.checkVisibility() && el.textContent.trim())) faults.push("isn't described by its error");
		if (focused !== found && !(focused !== document.body && focused.querySelector('a[href="#' + found.id + '"]'))) faults.push("doesn't have the focus, which is on " + focused.localName);
		return faults;
	}`) {
		b.t.Errorf("%s, %s: the field %s %s", b.look.name, b.path(), field, fault)
	}
	return b
}
