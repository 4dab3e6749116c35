// Package static holds the style sheets and images and serves them. They are
// part of the program: nothing has to be deployed beside it.
package static

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync"
)

// Prefix is the path below which Handler serves.
const Prefix = "/static/"

//go:embed css img
var files embed.FS

// URL returns the address of a file, such as css/app.css. It changes with the
// file's content, so that a browser may keep what it has. A name that doesn't
// exist is an error.
func URL(name string) (string, error) {
	version, err := version(name)
	if err != nil {
		return "", fmt.Errorf("static/%s: %w", name, err)
	}
	return Prefix + name + "?v=" + version, nil
}

// Handler serves the files below Prefix. There are no listings of folders.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, Prefix)
		version, err := version(name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("ETag", `"`+version+`"`)
		w.Header().Set("Cache-Control", "no-cache")
		if r.URL.Query().Get("v") == version {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		http.ServeFileFS(w, r, files, name)
	})
}

// versions has the hash of each file's content.
var versions = sync.OnceValues(func() (map[string]string, error) {
	all := map[string]string{}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		sum := sha256.Sum256(content)
		all[name] = hex.EncodeToString(sum[:8])
		return err
	})
	return all, err
})

func version(name string) (string, error) {
	all, err := versions()
	if version, ok := all[name]; ok {
		return version, nil
	}
	return "", cmp.Or(err, fs.ErrNotExist)
}
