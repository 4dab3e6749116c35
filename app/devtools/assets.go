//go:build dev

package devtools

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"time"
)

//go:embed assets/*.js assets/*.css
var assets embed.FS

// Files are what pages in development use, by their names below /_dev/. A
// script is made of several, in one function: it adds nothing to what the page's
// own scripts see.
var Files = map[string][]byte{
	"client.js":   wrap("idiomorph.min.js", "stream.js", "overlay.js", "client.js"),
	"worker.js":   wrap("stream.js", "worker.js"),
	"overlay.css": append(bytes.ReplaceAll(PageCSS, []byte(":root"), []byte(":host")), read("overlay.css")...),
	"page.css":    PageCSS,
}

// Serve answers with one of Files.
func Serve(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	content, ok := Files[name]
	w.Header().Set("Cache-Control", "no-cache")
	if !ok {
		http.NotFound(w, r)
		return
	}
	sum := sha256.Sum256(content)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:6])+`"`)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

func wrap(names ...string) []byte {
	script := []byte("(() => {\n\"use strict\";\n")
	for _, name := range names {
		script = append(append(script, read(name)...), '\n')
	}
	return append(script, "})();\n"...)
}

// read returns a file that is embedded: that it is there is known when this is
// built, but for a mistake in its name, which any test finds.
func read(name string) []byte {
	content, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic(err)
	}
	return content
}
