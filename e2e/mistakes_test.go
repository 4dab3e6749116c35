package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// overlayLimit is how long a fault may take from what its tool has said to the
// page, on a machine that has other work. docs/development.md has what was measured.
const overlayLimit = 2 * time.Second

// watchText has every page note when it shows what: in its overlay, if there is
// one, else in itself.
const watchText = `
	const seen = [];
	window.firstSeen = (text) => seen.find((s) => s.text.includes(text))?.at ?? 0;
	const look = () => {
		const dialog = document.querySelector("portal-devtools")?.shadowRoot.querySelector("dialog");
		const text = (dialog?.open ? dialog : document.body)?.innerText;
		if (text && text !== seen.at(-1)?.text) seen.push({ text, at: performance.timeOrigin + performance.now() });
		requestAnimationFrame(look);
	};
	requestAnimationFrame(look);
`

// TestEachMistakeIsShownUntilItIsMended makes them one after the other in a copy
// of the repository, under make dev, and has a page open.
func TestEachMistakeIsShownUntilItIsMended(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the portal fourteen times")
	}
	t.Parallel()
	needChromium(t)
	for _, tool := range []string{"air", "sqlc"} {
		if _, err := os.Stat("../.tools/" + tool); err != nil && os.Getenv("CI") != "true" {
			t.Skipf("make .tools/%s builds what this needs", tool)
		}
	}
	const (
		home     = "app/web/home.go"
		template = "templates/pages/home/show.html"
		renders  = "return s.render(c, http.StatusOK"
		heading  = "<h1>template</h1>"
	)
	l := newLoop(t, "mistakes")
	shown := func(b *tab, kind, said, text string) {
		t.Helper()
		b.until("(text) => firstSeen(text)", text)
		at := time.UnixMicro(int64(1000 * script[float64](b, "(text) => firstSeen(text)", text)))
		begin := l.said.first(said)
		for end := time.Now().Add(patience); begin.IsZero() && time.Now().Before(end); begin = l.said.first(said) {
			time.Sleep(time.Millisecond) // the page may be first
		}
		if took := at.Sub(begin); begin.IsZero() || took > overlayLimit {
			t.Errorf("%s: shown %v after the message", kind, took)
		} else {
			t.Logf("%s: shown %d ms after the message", kind, took.Milliseconds())
		}
		b.window("fault-" + kind)
	}
	replace := func(file, old, by string) {
		t.Helper()
		text := l.read(file)
		if !strings.Contains(text, old) {
			t.Fatalf("%s has no %q", file, old)
		}
		l.save(file, strings.Replace(text, old, by, 1))
	}

	// Nothing has ever run here.
	replace(home, renders, "return none.render(c, http.StatusOK")
	l.serve(http.StatusServiceUnavailable)
	b := newTab(t, l.address, wide)
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watchText})
	b.visit("/").until("(text) => firstSeen(text)", "undefined: none")
	replace(home, "none.render", "first.render")
	shown(b, "first", "undefined: first", "undefined: first")
	replace(home, "first.render", "s.render")
	b.until(hasHeading, "template")
	script[chromedp.Void](b, mark)

	for _, mistake := range []struct{ kind, file, old, by, said, text string }{
		{"compile", home, renders, "return second.render(c, http.StatusOK", "undefined: second", home + ":12:9"},
		{"sqlc", "queries/notes.sql", "SELECT", "SELECTT", `syntax error at or near "SELECTT"`, "queries/notes.sql:"},
		{"start", home, "type homePage", "func init() { panic(\"there is no printer\") }\n\ntype homePage", "there is no printer", home + ":9"},
		{"panic", home, renders, "panic(\"the printer is on fire\")\n\t" + renders, "the printer is on fire", "A panic: the printer is on fire"},
		{"template", template, heading, "<h1>{{nope}}</h1>", "not defined", template + ":1"},
		{"template-field", template, heading, "<h1>{{.Nope}}</h1>", "evaluate field Nope", template + ":1:"},
	} {
		replace(mistake.file, mistake.old, mistake.by)
		shown(b, mistake.kind, mistake.said, mistake.text)
		replace(mistake.file, mistake.by, mistake.old)
		b.until(notCovered).until(hasHeading, "template").until(notANewOne)
	}

	for _, engine := range []string{"postgres", "sqlite"} {
		l.save(filepath.Join("db/migrations", engine, "00099_names.sql"), "-- +goose Up\nCREATE INDEX users_names_of_test_idx ON users (name);\n\n-- +goose Down\nDROP INDEX users_names_of_test_idx;\n")
	}
	shown(b, "migration", "1 migrations are pending", "db/migrations/sqlite/00099_names.sql:1")
	b.follow(clickOn(script[place](b, `() => {
		const box = document.querySelector("portal-devtools").shadowRoot.querySelector("form button").getBoundingClientRect();
		return { X: box.x + box.width / 2, Y: box.y + box.height / 2 };
	}`)))
	b.wantStatus(200).until(hasHeading, "template").wantText("The migrations are applied.")
}
