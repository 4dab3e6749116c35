// Package templates holds the pages' markup and renders it. It knows nothing of
// requests or data: a page's type comes from its caller.
//
// pages/<noun>/<action>.html is the page <noun>/<action>. It defines the blocks
// "title" and "main", which layout.html puts into every page, and may define
// "head", for more in the <head>, and "width", which is wide or narrow.
// partials/*.html hold what pages share. mail/ has the layout of messages.
package templates

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/managethefans/portal/templates/program"
)

// layout is the template that every page begins with.
const layout = "layout.html"

// Set is every page and the layout of messages, ready to render. It is safe for concurrent use.
type Set struct {
	shared    *template.Template // the layout and the partials, never executed: it can be cloned
	functions template.FuncMap
	pages     map[string]*page
	mail      *Mail
	broken    error // why there are none
}

type page struct {
	*template.Template
	inlined, compiled sync.Once // before it is executed the first time, and after
	program           atomic.Pointer[program.Program]
}

// Load parses every page. assetURL returns the URL of a static file, or an
// error when there is none of that name.
func Load(assetURL func(name string) (string, error)) (*Set, error) {
	return LoadFrom(constants{files, assetURL}, assetURL)
}

// LoadFrom parses every page in files, laid out as this folder is.
func LoadFrom(files fs.FS, assetURL func(name string) (string, error)) (*Set, error) {
	all := maps.Clone(functions)
	all["asset"] = assetURL
	shared := template.New("").Funcs(all)
	partials, err := fs.Glob(files, "partials/*.html")
	if err != nil {
		return nil, err
	}
	for _, path := range append(partials, layout) {
		if err := addFile(shared, files, path); err != nil {
			return nil, err
		}
	}
	mail, err := loadMail(files)
	if err != nil {
		return nil, err
	}
	s := &Set{shared: shared, functions: all, pages: map[string]*page{}, mail: mail}
	return s, fs.WalkDir(files, "pages", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return s.add(files, path)
	})
}

func (s *Set) add(files fs.FS, path string) error {
	t, err := s.shared.Clone()
	if err != nil {
		return err
	}
	if err := addFile(t, files, path); err != nil {
		return err
	}
	s.pages[strings.TrimSuffix(strings.TrimPrefix(path, "pages/"), ".html")] = &page{Template: t.Lookup(layout)}
	return nil
}

// addFile adds a file to t, under its path: that is what errors in it name.
func addFile(t *template.Template, files fs.FS, path string) error {
	content, err := fs.ReadFile(files, path)
	if err != nil {
		return err
	}
	_, err = t.New(path).Parse(string(content))
	return err
}

// constants are the files with what is the same in every page put in already:
// the addresses of static files.
type constants struct {
	fs.FS
	assetURL func(name string) (string, error)
}

var asset = regexp.MustCompile(`{{asset "([^"]*)"}}`)

func (c constants) ReadFile(path string) ([]byte, error) {
	text, err := fs.ReadFile(c.FS, path)
	if err != nil {
		return nil, err
	}
	return asset.ReplaceAllFunc(text, func(call []byte) []byte {
		url, urlErr := c.assetURL(string(asset.FindSubmatch(call)[1]))
		if urlErr != nil {
			err = fmt.Errorf("%s: %w", path, urlErr)
		}
		return []byte(template.HTMLEscapeString(url))
	}), err
}

// Render appends a page to out. After an error, what was appended is half a page.
// The first time, html/template does it, and decides what is escaped how.
func (s *Set) Render(out *bytes.Buffer, name string, data any) error {
	page, ok := s.pages[name]
	if s.broken != nil {
		return s.broken
	}
	if !ok {
		return fmt.Errorf("there is no page templates/pages/%s.html", name)
	}
	if program := page.program.Load(); program != nil && program.Execute(out, data) {
		return nil
	}
	page.inlined.Do(func() { inline(page.Template) })
	err := page.Execute(out, data)
	if err == nil {
		page.compiled.Do(func() { page.program.Store(program.Compile(page.Template, s.functions)) })
	}
	return err
}

// Mail returns the layout of messages that was loaded with the pages.
func (s *Set) Mail() *Mail { return s.mail }

// Program returns what writes a page after it was rendered once, for a test that
// compares. It is nil when html/template does.
func (s *Set) Program(name string) *program.Program { return s.pages[name].program.Load() }

// Names lists the pages.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(s.pages)) }

// Lookup returns a page's template with the layout at its root, for a test that
// checks it against the page's type. It is nil when there is no such page.
func (s *Set) Lookup(name string) *template.Template {
	page, ok := s.pages[name]
	if !ok {
		return nil
	}
	return page.Template
}
