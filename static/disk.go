//go:build dev

package static

import (
	"os"
	"sync/atomic"
)

// UseDir serves what is in dir, laid out as this folder is, instead of what is
// in the program. Call it before anything is served. The function that it
// returns looks at the files again, and returns the addresses that are new, by
// name; after an error all is as it was.
func UseDir(dir string) (refresh func() (map[string]string, error), err error) {
	var folders []string
	embedded, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, folder := range embedded {
		if _, err := os.Stat(dir + "/" + folder.Name()); err == nil {
			folders = append(folders, folder.Name())
		}
	}
	var current atomic.Pointer[map[string]file]
	refresh = func() (map[string]string, error) {
		all, err := read(os.DirFS(dir), folders...)
		if err != nil {
			return nil, err
		}
		changed := map[string]string{}
		before := current.Swap(&all)
		for name, f := range all {
			if before == nil || (*before)[name].version != f.version {
				changed[name] = f.url(name)
			}
		}
		return changed, nil
	}
	_, fault := refresh()
	load = func() (map[string]file, error) {
		if all := current.Load(); all != nil {
			return *all, nil
		}
		return nil, fault // until refresh finds it mended
	}
	return refresh, nil
}
