package e2e

import (
	"fmt"
	"mime"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// soundPage has no fault.
const soundPage = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sound</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/plain.css"></head>
<body><main><h1>Sound</h1><p>Nothing is wrong here.</p></main></body></html>`

// files are what the pages load.
var files = map[string]string{
	"/plain.css":    "h1 { color: navy }",
	"/pale.css":     "p { color: #bbb }",
	"/late.css":     "@keyframes late { to { margin-top: 200px } } main { animation: late 50ms 100ms forwards }",
	"/gradient.css": "body { background: linear-gradient(#fff, #777) } p { color: #777 }",
	"/heavy.css":    strings.Repeat("/* heavy */\n", 6000),
	"/error.js":     `console.error("said", 1)`,
	"/throw.js":     `throw new Error("thrown")`,
}

// faultyPages each differ from soundPage in one thing. want are the beginnings
// of their faults.
var faultyPages = []struct {
	name, replaced, by string
	want               []string
}{
	{"nothing", "Nothing", "Nothing", nil},
	{"another host", "</main>", `<img alt="" src="http://other.example/x.png"></main>`, []string{"another host: http://other.example/x.png", "console (security): Loading the image"}},
	{"an error on the console", "</head>", `<script src="/error.js" defer></script></head>`, []string{`console: "said" 1`}},
	{"an exception", "</head>", `<script src="/throw.js" defer></script></head>`, []string{"uncaught: Error: thrown"}},
	{"a file that is missing", "</main>", `<img alt="" src="/missing.png"></main>`, []string{"console (network): Failed to load resource"}},
	{"a script in the page", "</head>", `<script>document.title = "other"</script></head>`, []string{"console (security): Executing inline script"}},
	{"a style in the page", "<p>", `<p style="color: navy">`, []string{"console (security): Applying inline style"}},
	{"a field without a label", "</main>", `<input name="field"></main>`, []string{"axe label: "}},
	{"a field that browsers can't fill in", "</main>", `<form><input aria-label="Name"></form></main>`, []string{"issue: GenericIssue"}},
	{"pale text", "plain.css", "pale.css", []string{"axe color-contrast: "}},
	{"pale text over a part of a gradient", "plain.css", "gradient.css", []string{"axe color-contrast: "}},
	{"no language", ` lang="en"`, "", []string{"axe html-has-lang: "}},
	{"no title", "<title>Sound</title>", "", []string{"axe document-title: "}},
	{"no main heading", "h1>", "h2>", []string{"axe page-has-heading-one: "}},
	{"no landmark", "main>", "div>", []string{"axe landmark-one-main: ", "axe region: "}},
	{"something too wide", "</main>", `<svg width="2000" height="10" aria-hidden="true"></svg></main>`, []string{"scrolling sideways: "}},
	{"text that moves", "plain.css", "late.css", []string{"layout shift: "}},
	{"no title of its own", "<title>Sound", "<title> · Sound", []string{"title: "}},
	{"much to load", "plain.css", "heavy.css", []string{"weight: "}},
	{"two style sheets to wait for", "</head>", `<link rel="stylesheet" href="/plain.css?2"></head>`, []string{"render-blocking: "}},
}

func TestCheckReportsEachFault(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:")
		if content, ok := files[r.URL.Path]; ok {
			w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(r.URL.Path)))
			fmt.Fprint(w, content)
			return
		}
		w.WriteHeader(http.StatusNotFound) // which is no fault of a page
		var n int
		if _, err := fmt.Sscanf(r.URL.Path, "/page/%d", &n); err == nil {
			fmt.Fprint(w, strings.ReplaceAll(soundPage, faultyPages[n].replaced, faultyPages[n].by))
		}
	}))
	t.Cleanup(site.Close)
	for _, l := range []look{wide, phone} {
		b := newTab(t, site.URL, l)
		for i, test := range faultyPages {
			b.follow(chromedp.Navigate(fmt.Sprintf("%s/page/%d", site.URL, i)))
			found := b.faults()
			for _, want := range test.want {
				if !slices.ContainsFunc(found, func(fault string) bool { return strings.HasPrefix(fault, want) }) {
					t.Errorf("%s, %s: no %q in %q", l.name, test.name, want, found)
				}
			}
			for _, fault := range found {
				if !slices.ContainsFunc(test.want, func(want string) bool { return strings.HasPrefix(fault, want) }) {
					t.Errorf("%s, %s: unexpected: %s", l.name, test.name, fault)
				}
			}
		}
	}
}

// TestAFocusThatNobodySeesIsAFault has one link after the other, each with its
// own way to show the focus, or not to.
func TestAFocusThatNobodySeesIsAFault(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><title>Focus</title><style>
			:focus { outline: none }
			#outline:focus { outline: 2px solid blue }
			#ring:focus { outline: 2px solid transparent; box-shadow: 0 0 0 2px blue; transition: box-shadow 20ms }
			#shadow { box-shadow: 0 0 0 2px blue }
			#hidden { opacity: 0 } #hidden:focus + span { outline: 2px solid blue }
			#cover { position: fixed; bottom: 0; left: 0; right: 0; height: 50px }
			#covered { position: fixed; bottom: 10px; outline: 2px solid blue }
			#covered:focus { outline-color: red }
			</style><a id="outline" href="/">1</a> <a id="ring" href="/">2</a> <label><input id="hidden" type="checkbox"><span>3</span></label>
			<a id="none" href="/">4</a> <a id="shadow" href="/">5</a> <a id="covered" href="/">6</a><div id="cover"></div>`)
	}))
	t.Cleanup(site.Close)
	b := newTab(t, site.URL, wide)
	b.follow(chromedp.Navigate(site.URL))
	for _, want := range []string{"", "", "", `can't be told on <a id="none"`, `can't be told on <a id="shadow"`, `out of sight on <a id="covered"`} {
		if got := b.step(tabKey).Fault; want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestATabWithoutScriptsRunsNone(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><title>none</title><script>document.title = "run"; setInterval(() => document.title = "run", 1)</script>`)
	}))
	t.Cleanup(site.Close)
	for l, want := range map[look]string{noScripts: "none", wide: "run"} {
		b := newTab(t, site.URL, l)
		b.follow(chromedp.Navigate(site.URL))
		b.faults()
		if got := run(b, chromedp.Title()); got != want {
			t.Errorf("%s: %s", l.name, got)
		}
	}
}
