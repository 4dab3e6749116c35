//go:build dev

package templates

import (
	"io/fs"
	"maps"
	"strings"
)

// Broken returns a set in which every page is this error.
func Broken(err error) *Set { return &Set{broken: err} }

// Again returns the set with these files parsed again. When all are pages, the
// others are taken over: parsing one takes a quarter of a millisecond, and all
// of them take several.
func (s *Set) Again(files fs.FS, paths []string, assetURL func(name string) (string, error)) (*Set, error) {
	next := &Set{shared: s.shared, functions: s.functions, pages: maps.Clone(s.pages), mail: s.mail}
	for _, path := range paths {
		if _, err := fs.Stat(files, path); err != nil || !strings.HasPrefix(path, "pages/") || !strings.HasSuffix(path, ".html") {
			return LoadFrom(files, assetURL)
		}
		if err := next.add(files, path); err != nil {
			return nil, err
		}
	}
	return next, nil
}
