package templates

import (
	"bytes"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func load(t *testing.T) *Set {
	t.Helper()
	set, err := Load(func(name string) (string, error) { return "/static/" + name, nil })
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestEveryPageHasATitleAndContent(t *testing.T) {
	t.Parallel()
	for _, name := range load(t).Names() {
		content, err := fs.ReadFile(files, "pages/"+name+".html")
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range []string{`{{define "title"}}`, `{{define "main"}}`, "</h1>"} {
			if n := strings.Count(string(content), block); n != 1 {
				t.Errorf("%s has %s %d times", name, block, n)
			}
		}
	}
}

// TestNothingIsInline holds the markup to the Content-Security-Policy, which
// lets no script or style be part of a page. Messages are no pages: mail programs
// load no style sheets.
func TestNothingIsInline(t *testing.T) {
	t.Parallel()
	inline := regexp.MustCompile(`(?i)<script[^>]*>|<style|\sstyle=|\son[a-z]+=|javascript:`)
	ours := regexp.MustCompile(`^<script src="{{asset "js/[a-z]+\.js"}}" defer>$`)
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if path == "mail" {
			return fs.SkipDir
		}
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, path)
		for _, found := range inline.FindAll(content, -1) {
			if !ours.Match(found) {
				t.Errorf("%s has %s", path, found)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAPageThatDoesntExistIsAnError(t *testing.T) {
	t.Parallel()
	set := load(t)
	if err := set.Render(nil, "no/page", nil); err == nil || !strings.Contains(err.Error(), "templates/pages/no/page.html") {
		t.Errorf("got %v", err)
	}
	if set.Lookup("no/page") != nil || slices.Contains(set.Names(), "no/page") {
		t.Error("it can be looked up")
	}
}

// TestWhatIsPutInIsStillChecked: a call whose argument isn't there fails, also of
// a template that is nothing but text.
func TestWhatIsPutInIsStillChecked(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"layout.html":        {Data: []byte(`{{block "main" .}}{{end}}{{template "text"}}`)},
		"partials/text.html": {Data: []byte(`{{define "text"}}text{{end}}`)},
		"pages/a/show.html":  {Data: []byte(`{{define "main"}}{{template "text" .Missing}}{{end}}`)},
		"pages/b/show.html":  {Data: []byte(`{{define "main"}}{{template "text" .}}{{end}}`)},
		"mail/message.html":  {},
		"mail/message.txt":   {},
	}
	set, err := LoadFrom(files, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := set.Render(&out, "a/show", struct{}{}); err == nil {
		t.Errorf("got %s", out.String())
	}
	out.Reset()
	if err := set.Render(&out, "b/show", struct{}{}); err != nil || out.String() != "texttext" {
		t.Errorf("got %s, %v", out.String(), err)
	}
}

func TestFieldsOptions(t *testing.T) {
	t.Parallel()
	f, err := newField("phone", "Phone", "123", "Too short.", "type", "tel", "hint", "With country code.", "optional", "yes")
	if err != nil || f.Required || f.Type != "tel" || f.DescribedBy() != "field-phone-hint field-phone-error" {
		t.Errorf("got %+v, %v", f, err)
	}
	if f, _ := newField("p", "Password", "secret", "", "type", "password"); f.Value != "" {
		t.Error("a password is sent back")
	}
	for _, options := range [][]string{{"tpye", "tel"}, {"type"}} {
		if _, err := newField("phone", "Phone", "", "", options...); err == nil {
			t.Errorf("%v are taken", options)
		}
	}
}
