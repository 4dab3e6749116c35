// Package static holds the style sheets, scripts and images and serves them, each under
// a name that changes with its content, so that browsers may keep them for
// good. They are part of the program: nothing has to be deployed beside it.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/andybalholm/brotli"
)

// Prefix is the path below which Handler serves.
const Prefix = "/static/"

//go:embed css img js
var files embed.FS

// sheets are the style sheets in their order. They are served as one file, so
// that a page waits for one and no more.
var sheets = []string{"css/tokens.css", "css/base.css", "css/parts.css"}

const bundle = "css/app.css"

// file is one file as it is sent.
type file struct {
	kind    string            // its Content-Type
	version string            // a hash of its content
	bodies  map[string][]byte // by Content-Encoding; "" is the file itself
}

// load reads and compresses every file, once.
var load = sync.OnceValues(func() (map[string]file, error) {
	all, err := read(files, ".")
	for _, f := range all {
		if compressible(f.kind) {
			err = errors.Join(err, f.compress())
		}
	}
	return all, err
})

// read reads every file below the folders of files, by its name.
func read(files fs.FS, folders ...string) (map[string]file, error) {
	all := map[string]file{}
	var css []byte
	for _, name := range sheets {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		css = append(css, content...)
	}
	add(all, bundle, css)
	for _, folder := range folders {
		err := fs.WalkDir(files, folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || path.Dir(name) == path.Dir(bundle) {
				return err
			}
			content, err := fs.ReadFile(files, name)
			if err != nil {
				return err
			}
			add(all, name, content)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func add(all map[string]file, name string, content []byte) {
	sum := sha256.Sum256(content)
	all[name] = file{kind: kindOf(name), version: hex.EncodeToString(sum[:6]), bodies: map[string][]byte{"": content}}
}

// kindOf returns a file's Content-Type. Some that Go doesn't know by itself must
// not depend on what the machine knows.
func kindOf(name string) string {
	switch ext := path.Ext(name); ext {
	case ".ico":
		return "image/x-icon"
	case ".woff":
		return "font/woff"
	case ".woff2":
		return "font/woff2"
	case ".map":
		return "application/json"
	default:
		return mime.TypeByExtension(ext)
	}
}

func compressible(kind string) bool {
	return strings.HasPrefix(kind, "text/") || strings.Contains(kind, "javascript") ||
		strings.Contains(kind, "json") || strings.Contains(kind, "svg")
}

// compress adds the encodings that make the file smaller.
func (f file) compress() error {
	content := f.bodies[""]
	for encoding, newWriter := range map[string]func(io.Writer) io.WriteCloser{
		"br":   func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, brotli.BestCompression) },
		"gzip": func(w io.Writer) io.WriteCloser { w2, _ := gzip.NewWriterLevel(w, gzip.BestCompression); return w2 },
	} {
		var buf bytes.Buffer
		w := newWriter(&buf)
		if _, err := w.Write(content); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		if buf.Len() < len(content) {
			f.bodies[encoding] = buf.Bytes()
		}
	}
	return nil
}

// URL returns the address of a file: css/app.css is /static/css/app.<hash>.css.
// A name that doesn't exist is an error.
func URL(name string) (string, error) {
	all, err := load()
	if err != nil {
		return "", err
	}
	f, ok := all[name]
	if !ok {
		return "", fmt.Errorf("static/%s: %w", name, fs.ErrNotExist)
	}
	return f.url(name), nil
}

func (f file) url(name string) string {
	ext := path.Ext(name)
	return Prefix + strings.TrimSuffix(name, ext) + "." + f.version + ext
}

// split takes the version out of a name, if there is one.
func split(name string) (plain, version string) {
	ext := path.Ext(name)
	base := strings.TrimSuffix(name, ext)
	if version = strings.TrimPrefix(path.Ext(base), "."); len(version) == 12 {
		return strings.TrimSuffix(base, "."+version) + ext, version
	}
	return name, ""
}

// Handler serves the files below Prefix. There are no listings of folders. A
// version that isn't today's is not found, rather than answered with other
// content than its name stands for.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, version := split(strings.TrimPrefix(r.URL.Path, Prefix))
		all, err := load()
		f, ok := all[name]
		if err != nil || !ok || version != "" && version != f.version {
			w.Header().Set("Cache-Control", "no-store") // another instance may have it already
			http.NotFound(w, r)
			return
		}
		f.serve(w, r, name, version != "")
	})
}

func (f file) serve(w http.ResponseWriter, r *http.Request, name string, forGood bool) {
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	if forGood {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	encoding := ""
	if len(f.bodies) > 1 {
		h.Set("Vary", "Accept-Encoding")
		if r.Header.Get("Range") == "" { // ranges are of the file itself
			encoding = f.encodingFor(r)
		}
	}
	etag := f.version
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
		etag += "-" + encoding
	}
	h.Set("ETag", `"`+etag+`"`)
	h.Set("Content-Type", f.kind)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(f.bodies[encoding]))
}

// encodingFor returns the best encoding that we have and the client takes.
func (f file) encodingFor(r *http.Request) string {
	for _, encoding := range []string{"br", "gzip"} {
		if _, have := f.bodies[encoding]; have && Accepts(r, encoding) {
			return encoding
		}
	}
	return ""
}

// Accepts reports whether the client takes a Content-Encoding, by name (RFC
// 9110, section 12.5.3). "q=0" refuses one.
func Accepts(r *http.Request, encoding string) bool {
	for item := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, parameters, _ := strings.Cut(item, ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			quality := strings.TrimPrefix(strings.ReplaceAll(parameters, " ", ""), "q=")
			return quality == "" || strings.Trim(quality, "0.") != ""
		}
	}
	return false
}
