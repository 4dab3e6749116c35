// Package templates holds the pages' markup and renders it. It knows nothing of
// requests or data: a page's type comes from its caller.
//
// pages/<noun>/<action>.html is the page <noun>/<action>. It defines the blocks
// "title" and "main", which layout.html puts into every page; partials/*.html
// hold what pages share.
package templates

import (
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// layout is the template that every page begins with.
const layout = "layout.html"

// Set is every page, ready to render. It is safe for concurrent use.
type Set struct {
	shared *template.Template // the layout and the partials, never executed: it can be cloned
	pages  map[string]*template.Template
}

// Load parses every page. assetURL returns the URL of a static file, or an
// error when there is none of that name.
func Load(assetURL func(name string) (string, error)) (*Set, error) {
	return LoadFrom(constants{files, assetURL}, assetURL)
}

// LoadFrom parses every page in files, laid out as this folder is.
func LoadFrom(files fs.FS, assetURL func(name string) (string, error)) (*Set, error) {
	shared := template.New("").Funcs(functions).Funcs(template.FuncMap{"asset": assetURL})
	partials, err := fs.Glob(files, "partials/*.html")
	if err != nil {
		return nil, err
	}
	for _, path := range append(partials, layout) {
		if err := parse(shared, files, path); err != nil {
			return nil, err
		}
	}
	s := &Set{shared, map[string]*template.Template{}}
	return s, fs.WalkDir(files, "pages", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return s.add(files, path)
	})
}

func (s *Set) add(files fs.FS, path string) error {
	page, err := s.shared.Clone()
	if err != nil {
		return err
	}
	s.pages[strings.TrimSuffix(strings.TrimPrefix(path, "pages/"), ".html")] = page
	return parse(page, files, path)
}

// parse adds a file to t, under its path: that is what errors in it name.
func parse(t *template.Template, files fs.FS, path string) error {
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

// Render writes a page. Write to a buffer: after an error, what is written is
// half a page.
func (s *Set) Render(w io.Writer, name string, data any) error {
	page, ok := s.pages[name]
	if !ok {
		return fmt.Errorf("there is no page templates/pages/%s.html", name)
	}
	return page.ExecuteTemplate(w, layout, data)
}

// Names lists the pages.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(s.pages)) }

// Lookup returns a page's template with the layout at its root, for a test that
// checks it against the page's type. It is nil when there is no such page.
func (s *Set) Lookup(name string) *template.Template {
	page, ok := s.pages[name]
	if !ok {
		return nil
	}
	return page.Lookup(layout)
}
