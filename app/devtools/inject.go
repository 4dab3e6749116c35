//go:build dev

package devtools

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"strings"
)

// Headers of an answer: the version that it was made at, and what its page tells
// of, if it is nothing but a fault: FaultOfState or FaultOfRequest.
const (
	VersionHeader = "Dev-Version"
	FaultHeader   = "Dev-Fault"

	FaultOfState   = "state"
	FaultOfRequest = "request"
)

// Inject returns a writer that puts the script into the page that is written
// through it.
func (h *Hub) Inject(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	version := h.Version() // before the page is made: it may be newer than it says, never older
	w.Header().Set(VersionHeader, version)
	return &injector{ResponseWriter: w, method: r.Method, version: version}
}

type injector struct {
	http.ResponseWriter
	method, version string
	done            bool
}

func (w *injector) Unwrap() http.ResponseWriter { return w.ResponseWriter }

var headEnd = []byte("</head>")

func (w *injector) Write(page []byte) (int, error) {
	h := w.Header()
	if w.done || !strings.HasPrefix(h.Get("Content-Type"), "text/html") || h.Get("Content-Encoding") != "" || h.Get("Content-Length") != "" {
		return w.ResponseWriter.Write(page)
	}
	before, after, found := bytes.Cut(page, headEnd)
	if !found {
		return w.ResponseWriter.Write(page)
	}
	w.done = true
	fault := ""
	if kind := h.Get(FaultHeader); kind != "" {
		fault = fmt.Sprintf(` data-fault="%s"`, html.EscapeString(kind))
	}
	tag := fmt.Appendf(nil, `<script src="/_dev/client.js" data-version="%s" data-method="%s"%s defer></script>`+"\n", w.version, html.EscapeString(w.method), fault)
	if _, err := w.ResponseWriter.Write(bytes.Join([][]byte{before, tag, headEnd, after}, nil)); err != nil {
		return 0, err
	}
	return len(page), nil
}
