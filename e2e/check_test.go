package e2e

import (
	_ "embed"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/check.js
var checkJS string

//go:embed testdata/axe/axe.min.js
var axeJS string

// maxBytes bounds a page with its style sheets and scripts, unpacked.
const maxBytes = 60_000

// check fails the test for each fault of the page.
func (b *tab) check() {
	b.t.Helper()
	for _, fault := range b.faults() {
		b.t.Errorf("%s, %s: %s", b.look.name, b.path(), fault)
	}
}

// faults returns what is wrong with the page that the tab is on, and what the
// browser has complained of since it was asked last.
func (b *tab) faults() []string {
	b.t.Helper()
	b.allowScripts(true) // axe needs them; those of the page had their time, and don't run any more
	run(b, chromedp.Evaluate[chromedp.Void](axeJS))
	seen := script[[]string](b, checkJS, map[string]any{"width": b.look.width, "maxBytes": maxBytes})
	b.allowScripts(!b.look.noScripts)

	// The browser reports in order: what it complained of before it answered has
	// arrived.
	b.mu.Lock()
	defer b.mu.Unlock()
	all := append(b.events, seen...)
	b.events = nil
	return all
}

// watch returns a listener that keeps what the browser complains of.
func (b *tab) watch() func(event any) {
	var document network.RequestID
	add := func(parts ...string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if fault := strings.Join(parts, " "); !slices.Contains(b.events, fault) {
			b.events = append(b.events, fault)
		}
	}
	return func(event any) {
		switch e := event.(type) {
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
				add("console:", consoleText(e.Args...))
			}
		case *runtime.EventExceptionThrown:
			add("uncaught:", consoleText(e.ExceptionDetails.Exception))
		case *log.EventEntryAdded:
			// The page of a 404 or a 422 is no fault. What the page needs is.
			if e.Entry.Level == log.EntryLevelError && e.Entry.NetworkRequestID != document {
				add("console ("+string(e.Entry.Source)+"):", e.Entry.Text, e.Entry.URL)
			}
		case *network.EventRequestWillBeSent:
			if string(e.RequestID) == string(e.LoaderID) {
				document = e.RequestID
			}
			if u, err := url.Parse(e.Request.URL); err != nil || u.Host != "" && u.Scheme+"://"+u.Host != b.base {
				add("another host:", e.Request.URL)
			}
		case *audits.EventIssueAdded:
			if e.Issue.Code != audits.InspectorIssueCodeContentSecurityPolicyIssue { // the console has that too
				details, _ := json.Marshal(e.Issue.Details)
				add("issue:", string(e.Issue.Code), string(details))
			}
		}
	}
}

func consoleText(args ...*runtime.RemoteObject) string {
	var words []string
	for _, arg := range args {
		if arg != nil && arg.Description != "" {
			words = append(words, arg.Description)
		} else if arg != nil {
			words = append(words, string(arg.Value))
		}
	}
	return strings.Join(words, " ")
}
