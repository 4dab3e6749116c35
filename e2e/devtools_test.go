package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/managethefans/portal/db/dbtest"
)

// project is a copy of what a developer edits, with the program on it.
type project struct {
	t   *testing.T
	dir string
	url string
	db  string

	program running
}

// newProject starts the program with a page for these tests at /register.
func newProject(t *testing.T) *project {
	t.Helper()
	p := &project{t: t, dir: t.TempDir(), db: dbtest.SQLiteURL(t)}
	for _, name := range []string{"go.mod", "templates", "static"} {
		err := filepath.WalkDir(filepath.Join("..", name), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(path, ".go") {
				return err
			}
			content, err := os.ReadFile(path)
			p.save(strings.TrimPrefix(path, "../"), string(content))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	p.save(devPage, devPageText)
	p.save("static/css/parts.css", p.read("static/css/parts.css")+".inner { height: 100px; overflow: auto } .tall { height: 3000px }\n")
	p.program = startProgramIn(t, p.dir, p.db)
	p.url = p.program.url
	return p
}

// restart ends the program and starts it again at the same address.
func (p *project) restart(between func()) {
	p.t.Helper()
	p.program.stop()
	between()
	p.program = startProgramIn(p.t, p.dir, p.db, "ADDR="+strings.TrimPrefix(p.url, "http://"))
}

func (p *project) read(name string) string {
	p.t.Helper()
	content, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(content)
}

func (p *project) save(name, content string) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// saveByRename saves as many editors do.
func (p *project) saveByRename(name, content string) {
	p.t.Helper()
	p.save(name+".new", content)
	if err := os.Rename(filepath.Join(p.dir, name+".new"), filepath.Join(p.dir, name)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *project) replace(name, old, by string) {
	p.t.Helper()
	text := p.read(name)
	if !strings.Contains(text, old) {
		p.t.Fatalf("%s has no %q", name, old)
	}
	p.save(name, strings.Replace(text, old, by, 1))
}

const (
	devPage     = "templates/pages/register/new.html"
	devPageText = `{{define "title"}}Register{{end}}
{{define "main"}}
<h1>Edit 0</h1>
<!-- above -->
<form method="post" action="/register">
  <input id="typed" name="alpha" value="" aria-label="typed">
  <input id="changed" name="beta" value="server 0" aria-label="changed">
  <textarea id="area" name="area" aria-label="area">server</textarea>
  <input id="box" type="checkbox" name="box" aria-label="box">
  <select id="choice" name="choice" aria-label="choice"><option>one</option><option>two</option><option>three</option></select>
  <input type="hidden" name="secret" value="0">
  <button>Send</button>
</form>
<details><summary>More</summary><p>Details 0</p></details>
<div class="inner" tabindex="0"><p>Inner 0</p><div class="tall"></div></div>
<dialog id="dialog"><p>Dialog 0</p></dialog>
<div id="pop" popover="manual"><p>Popover 0</p></div>
<img id="picture" alt="" src="{{asset "img/icon-192.png"}}">
<div class="tall"></div>
{{end}}
`
)

// edit saves the page with another number in all its places, and a line more
// above what somebody looks at.
func (p *project) edit(n int) {
	p.t.Helper()
	text := strings.ReplaceAll(devPageText, " 0<", fmt.Sprintf(" %d<", n))
	text = strings.ReplaceAll(text, `"server 0"`, fmt.Sprintf(`"server %d"`, n))
	text = strings.ReplaceAll(text, `value="0"`, fmt.Sprintf(`value="%d"`, n))
	p.save(devPage, strings.Replace(text, "<!-- above -->", strings.Repeat("<p>Above</p>\n", n), 1))
}

// until waits for something to be so on the page.
func (b *tab) until(condition string, args ...any) *tab {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience/2)
	defer cancel()
	given, err := json.Marshal(append([]any{}, args...))
	if err != nil {
		b.t.Fatal(err)
	}
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for ctx.Err() == nil {
		// An error is that of a page that is just about to go.
		if ok, _ := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf("Boolean((%s)(...%s))", condition, given))); ok {
			return b
		}
		<-ticker.C
	}
	b.t.Fatalf("%s, %s: never so: %s %s: %s", b.look.name, b.path(), condition, given, b.text())
	return nil
}

const (
	hasHeading = `(text) => document.querySelector("h1")?.textContent === text`
	overlaid   = `(text) => { const d = document.querySelector("portal-devtools")?.shadowRoot.querySelector("dialog"); return d?.open && d.innerText.includes(text) }`
	notCovered = `() => !document.querySelector("portal-devtools")?.shadowRoot.querySelector("dialog").open`
	notANewOne = `() => window.mark === "here"`
	mark       = `() => { window.mark = "here" }`
)

// visit opens a page and leaves a mark on it, which goes with the page. It is
// not checked: it has the development's own script on it.
func (b *tab) visit(path string) *tab {
	b.t.Helper()
	b.follow(chromedp.Navigate(b.base + path))
	script[chromedp.Void](b, mark)
	return b
}

// wantNoComplaint checks that the browser has complained of nothing: not of the
// Content-Security-Policy either.
func (b *tab) wantNoComplaint(except ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
events:
	for _, event := range b.events {
		for _, e := range except {
			if strings.Contains(event, e) {
				continue events
			}
		}
		b.t.Error(event)
	}
}

// TestATemplateEditKeepsThePage edits a page 20 times while somebody is in the
// middle of a form.
func TestATemplateEditKeepsThePage(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	b := newTab(t, p.url, wide).visit("/register")
	b.fill("alpha", "half a sen")
	call(b, input.InsertText, input.InsertTextParams{Text: "tence"})
	script[chromedp.Void](b, `() => {
		area.value = "typed"; box.checked = true; choice.value = "two";
		document.querySelector("details").open = true;
		document.querySelector(".inner").scrollTop = 123;
		pop.showPopover(); dialog.show();
		typed.focus(); typed.setSelectionRange(2, 4);
		scrollTo(0, 777);
	}`)
	for n := 1; n <= 20; n++ {
		before := script[float64](b, `() => document.querySelector("details").getBoundingClientRect().top`)
		p.edit(n)
		b.until(hasHeading, fmt.Sprintf("Edit %d", n))
		type state struct {
			Mark, Typed, Changed, Area, Box, Choice, Secret, Focus, Selection, Details, Dialog, Popover, Inner, Texts any
			Top                                                                                                       float64
		}
		got := script[state](b, `() => ({
			mark: window.mark, typed: typed.value, changed: changed.value, area: area.value, box: box.checked, choice: choice.value,
			secret: document.querySelector("[name=secret]").value,
			focus: document.activeElement.id, selection: typed.selectionStart + "-" + typed.selectionEnd,
			details: document.querySelector("details").open, dialog: dialog.open, popover: pop.matches(":popover-open"),
			inner: document.querySelector(".inner").scrollTop,
			texts: [...document.querySelectorAll("details p, .inner p, dialog p, [popover] p")].map((p) => p.textContent).join(),
			top: document.querySelector("details").getBoundingClientRect().top,
		})`)
		want := state{"here", "half a sentence", fmt.Sprintf("server %d", n), "typed", true, "two", fmt.Sprint(n), "typed", "2-4", true, true, true, 123.0,
			fmt.Sprintf("Details %[1]d,Inner %[1]d,Dialog %[1]d,Popover %[1]d", n), got.Top}
		if got != want {
			t.Fatalf("after edit %d\ngot  %v\nwant %v", n, got, want)
		}
		if d := got.Top - before; d < -1 || d > 1 {
			t.Errorf("edit %d moves what somebody reads by %v pixels", n, d)
		}
	}
	b.wantNoComplaint()
}

// namelessPage has fields without ids, and more details than one.
const namelessPage = `{{define "title"}}Register{{end}}
{{define "main"}}
<h1>Edit %d</h1>
<form method="post" action="/register">
%s  <p><label>First <input name="first"></label></p>
  <p><label>Second <input name="second"></label></p>
  <p><label><input type="checkbox" name="box" value="1"> one</label></p>
  <p><label><input type="checkbox" name="box" value="2"> two</label></p>
  <p><label><input type="radio" name="choice" value="1"> one</label></p>
  <p><label><input type="radio" name="choice" value="2"> two</label></p>
  <p><label>Row <input name="row"></label></p>
  <p><label>Row <input name="row"></label></p>
</form>
%s<details><summary>one</summary><p>1</p></details>
<details><summary>two%s</summary><p>2</p></details>
{{end}}
`

// TestWhatIsTypedStaysInItsField when fields come and go around it: by their
// names, where they have no ids.
func TestWhatIsTypedStaysInItsField(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.save(devPage, fmt.Sprintf(namelessPage, 0, "", "", ""))
	b := newTab(t, p.url, wide).visit("/register").until(hasHeading, "Edit 0")
	b.fill("second", "half a sentence")
	script[chromedp.Void](b, `() => {
		const all = (selector) => document.querySelectorAll(selector);
		all("details")[1].open = true;
		all("[name=box]")[1].checked = all("[name=choice]")[1].checked = true;
		all("[name=row]")[1].value = "the second row";
		all("[name=second]")[0].focus();
		all("[name=second]")[0].setSelectionRange(2, 4);
	}`)
	for i, change := range [][3]string{
		{`<p><label>Zero <input name="zero"></label></p>`},
		{},
		{`<p><label><input type="checkbox" name="box" value="0"> zero</label></p>`},
		{`<p><label><input type="radio" name="choice" value="0"> zero</label></p>`},
		{"", `<details><summary>zero</summary><p>0</p></details>`},
		{`<p><label>Zero <input name="zero"></label></p>`, "", " and a half"},
	} {
		p.save(devPage, fmt.Sprintf(namelessPage, i+1, change[0], change[1], change[2]))
		b.until(hasHeading, fmt.Sprintf("Edit %d", i+1))
		got := script[string](b, `() => {
			const texts = (selector, text) => [...document.querySelectorAll("main " + selector)].map(text).filter(Boolean).join();
			const focus = document.activeElement;
			return [
				texts("input:not([type])", (e) => e.value && e.name + "=" + e.value),
				texts(":checked", (e) => e.name + "=" + e.value),
				texts("details[open] summary", (e) => e.textContent),
				[focus.name, focus.selectionStart, focus.selectionEnd].join(), texts("[id]", (e) => e.id),
			].join("; ");
		}`)
		if want := "second=half a sentence,row=the second row; box=2,choice=2; two" + change[2] + "; second,2,4; "; got != want {
			t.Errorf("%v\ngot  %s\nwant %s", change, got, want)
		}
	}
	b.until(notANewOne).wantNoComplaint()
}

func TestAStyleEditComesWithoutANewPage(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	b := newTab(t, p.url, wide).visit("/register")
	b.fill("alpha", "half")
	for _, width := range []string{"1px", "2px", "3px"} {
		p.save("static/css/parts.css", p.read("static/css/parts.css")+"h1 { border-left-width: "+width+"; border-left-style: solid }\n")
		b.until(`(width) => getComputedStyle(document.querySelector("h1")).borderLeftWidth === width`, width)
	}
	b.until(`() => document.querySelectorAll("link[rel=stylesheet]").length === 1`)
	b.until(notANewOne).wantValue("alpha", "half")
	b.wantNoComplaint()
}

func TestAPictureIsSwapped(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	b := newTab(t, p.url, wide).visit("/register")
	b.until(`() => picture.naturalWidth === 192`)
	p.save("static/img/icon-192.png", p.read("static/img/icon-512.png"))
	b.until(`() => picture.naturalWidth === 512`).until(notANewOne)
	b.wantNoComplaint()
}

// TestAScriptEditIsANewPage: what a script has done can't be taken back.
func TestAScriptEditIsANewPage(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	b := newTab(t, p.url, wide).visit("/register")
	p.save("static/js/app.js", p.read("static/js/app.js")+"\nwindow.edited = true;\n")
	b.until(`() => window.edited && window.mark !== "here"`)
	b.wantNoComplaint()
}

// TestAFaultInATemplateCoversThePage until it is mended, and what was typed
// below is as it was.
func TestAFaultInATemplateCoversThePage(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	b := newTab(t, p.url, wide).visit("/register")
	b.fill("alpha", "half")
	for name, faulty := range map[string]string{
		"a mistake in the markup": `<h1>{{.Nope</h1>`,
		"a field that isn't":      `<h1>{{.Form.Nope}}</h1>`,
		"a file that isn't":       `<h1>{{asset "img/nope.png"}}</h1>`,
	} {
		p.replace(devPage, "<h1>Edit 0</h1>", faulty)
		b.until(overlaid, devPage+":3")
		if at := script[string](b, `() => document.querySelector("portal-devtools").shadowRoot.querySelector("h2 a").href`); !strings.Contains(at, p.dir+"/"+devPage+":3:") {
			t.Errorf("%s: the link leads to %s", name, at)
		}
		p.replace(devPage, faulty, "<h1>Edit 0</h1>")
		b.until(notCovered).until(notANewOne).until(`() => document.activeElement.id === "typed"`).wantValue("alpha", "half")
	}

	missing := `<h1>Edit 0</h1><img alt="" src="{{asset "img/later.png"}}">`
	p.replace(devPage, "<h1>Edit 0</h1>", missing)
	b.until(overlaid, "img/later.png")
	other := b.another().visit("/register").wantStatus(500)
	p.save("static/img/later.png", p.read("static/img/icon-192.png"))
	b.until(notCovered).until(notANewOne).wantValue("alpha", "half")
	other.until(hasHeading, "Edit 0")
	p.replace(devPage, missing, "<h1>Edit 0</h1>")

	p.replace(devPage, "<h1>Edit 0</h1>", "<h1>{{.Nope</h1>")
	b.until(overlaid, devPage+":3")
	call(b, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "Escape", Code: "Escape", WindowsVirtualKeyCode: 27})
	b.until(notCovered).until(hasHeading, "Edit 0")
	b.wantNoComplaint("500 (Internal Server Error)")
}

// compileFault is what the loop writes while the build is broken.
const compileFault = `{"build":2,"building":false,"fault":{"kind":"compile","title":"The program doesn't compile","text":"app/web/home.go:21:5: undefined: nope\napp/web/home.go:22:12: cannot use 1 (untyped int constant) as string value in assignment",
	"places":[{"file":"app/web/home.go","line":21,"column":5,"note":"undefined: nope","first":18,"excerpt":["func (s *Server) showHome(c echo.Context) error {","\tp := &homePage{}","\tp.Heading = greeting(time.Now(), session.From(c))","\tp.Greeting = nope(\"a long line, such as there are in every program, so that something has to be scrolled on a phone\")","\treturn s.render(c, http.StatusOK, \"home/show\", p)","}"]}]}}`

// TestAFaultOfTheBuildCoversThePage while the last good program serves it, and
// can be read by everybody.
func TestAFaultOfTheBuildCoversThePage(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	for _, l := range looks {
		b := newTab(t, p.url, l).visit("/register")
		p.saveByRename("tmp/dev.json", compileFault)
		b.until(overlaid, "app/web/home.go:21:5")
		for _, fault := range b.faults() {
			if !strings.HasPrefix(fault, "weight: ") && !strings.Contains(fault, "Unable to determine contrast") { // in front of another page; the fault page has the same colours
				t.Errorf("%s: %s", l.name, fault)
			}
		}
		if _, err := http.Get(p.url + "/login"); err != nil {
			t.Error(err)
		}
		other := b.another().visit("/login") // which was opened while it is there
		other.until(overlaid, "undefined: nope").window("fault")
		p.saveByRename("tmp/dev.json", `{"build":3,"building":false,"fault":null}`)
		b.until(notCovered).until(notANewOne)
		other.until(notCovered).until(notANewOne)
	}
}

// window keeps what the tab shows, and no more of the page, where -screenshots asks for pictures.
func (b *tab) window(name string) {
	b.t.Helper()
	if *screenshots == "" {
		return
	}
	picture := run(b, chromedp.CaptureScreenshot())
	if err := os.WriteFile(filepath.Join(*screenshots, name+"-"+strings.ReplaceAll(b.look.name, " ", "-")+".png"), picture, 0o644); err != nil {
		b.t.Error(err)
	}
}

// TestAPageThatCantBeMadeIsReplacedWhenItIsMended opens the page after the
// mistake was made.
func TestAPageThatCantBeMadeIsReplacedWhenItIsMended(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	b := newTab(t, p.url, wide).visit("/register")
	p.replace(devPage, "<h1>Edit 0</h1>", "<h1>{{.Form.Nope}}</h1>")
	b.until(overlaid, devPage+":3")
	b.visit("/register").wantStatus(500).wantText(devPage + ":3").wantText("GET /register").wantText("can't evaluate field Nope")
	for _, fault := range b.faults() {
		if !strings.HasPrefix(fault, "weight: ") && !strings.Contains(fault, "500 (Internal") {
			t.Error(fault)
		}
	}
	b.window("fault-page")
	p.replace(devPage, "{{.Form.Nope}}", "{{.Form.Neither}}")
	b.until(`() => document.body.innerText.includes("can't evaluate field Neither")`)
	p.replace(devPage, "{{.Form.Neither}}", "Good again")
	b.until(hasHeading, "Good again")
	b.wantNoComplaint("500 (Internal Server Error)")
}

// TestAnAnswerToAFormStays has a page open that nobody can ask for.
func TestAnAnswerToAFormStays(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	b := newTab(t, p.url, wide).visit("/register")
	script[chromedp.Void](b, `() => { document.querySelector("#changed").value = "no address" }`)
	b.follow(clickOn(b.find("button", "Send")))
	b.wantStatus(422)
	script[chromedp.Void](b, mark)
	b.fill("alpha", "half")
	p.edit(1)
	b.until(`() => document.querySelector("portal-devtools")?.shadowRoot.querySelector("[role=status]").innerText.includes("Reload")`)
	p.save("static/css/parts.css", p.read("static/css/parts.css")+"h1 { border-left: 7px solid }\n")
	b.until(`() => getComputedStyle(document.querySelector("h1")).borderLeftWidth === "7px"`)
	b.until(hasHeading, "Edit 0").until(notANewOne).wantValue("alpha", "half")
	b.wantNoComplaint("422 (Unprocessable Entity)")
}

// TestEveryTabFollows has more tabs open than a browser makes connections.
func TestEveryTabFollows(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	first := newTab(t, p.url, wide).visit("/register")
	tabs := []*tab{first}
	for range 7 {
		tabs = append(tabs, first.another().visit("/register"))
	}
	other := newTab(t, p.url, phone).visit("/register") // another browser
	for n := 1; n <= 3; n++ {
		p.edit(n)
		for _, b := range append(tabs, other) {
			b.until(hasHeading, fmt.Sprintf("Edit %d", n)).until(notANewOne)
		}
	}
	if got := script[float64](first, `async () => { const answers = await Promise.all(Array.from({ length: 20 }, () => fetch("/login"))); return answers.filter((a) => a.ok).length }`); got != 20 {
		t.Errorf("%v of 20 requests are answered", got)
	}
	for _, b := range tabs {
		b.wantNoComplaint()
	}
}

// TestTabsFollowTheNextProgram has something saved while none runs.
func TestTabsFollowTheNextProgram(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	b := newTab(t, p.url, wide).visit("/register")
	b.fill("alpha", "half")
	p.restart(func() { p.edit(1) })
	b.until(hasHeading, "Edit 1").until(notANewOne).wantValue("alpha", "half")
	p.edit(2)
	b.until(hasHeading, "Edit 2").until(notANewOne)
}

// TestATabWithoutASharedWorkerFollows, as on some phones.
func TestATabWithoutASharedWorkerFollows(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	b := newTab(t, p.url, phone)
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: "delete window.SharedWorker"})
	b.visit("/register")
	p.edit(1)
	b.until(hasHeading, "Edit 1").until(notANewOne)

	// While nobody looks at it, it takes no connection.
	const setHidden = `(hidden) => { Object.defineProperty(document, "hidden", { value: hidden, configurable: true }); document.dispatchEvent(new Event("visibilitychange")) }`
	script[chromedp.Void](b, setHidden, true)
	p.edit(2)
	script[chromedp.Void](b, setHidden, false)
	b.until(hasHeading, "Edit 2").until(notANewOne)
	p.edit(3)
	b.until(hasHeading, "Edit 3").until(notANewOne)
	b.wantNoComplaint()
}
