//go:build dev

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/managethefans/portal/app/devtools"
)

// standIn answers while there is no program: with a page that says why.
type standIn struct {
	socket *os.File

	mu       sync.Mutex
	listener net.Listener // nil while a program serves
	server   *http.Server
	hub      *devtools.Hub
	state    devtools.State
	last     string // what there was to say of the progress
}

func (s *standIn) open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil {
		return nil
	}
	listener, err := net.FileListener(s.socket)
	if err != nil {
		return err
	}
	s.listener, s.hub = listener, devtools.NewHub()
	mux := http.NewServeMux()
	mux.HandleFunc("/", s.page)
	mux.Handle("GET /_dev/events", s.hub)
	mux.HandleFunc("GET /_dev/page.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Write(devtools.PageCSS)
	})
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	s.server.SetKeepAlivesEnabled(false) // the next request is for the program
	go s.server.Serve(listener)
	return nil
}

// close leaves the socket to the program. What has come already is answered.
func (s *standIn) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return
	}
	s.listener.Close()
	s.listener = nil
	s.hub.Close()
	go func(server *http.Server) {
		limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(limit)
		server.Close()
	}(s.server)
}

// show changes what the page says, also where it is open already.
func (s *standIn) show(state devtools.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.last = state, ""
	if s.listener != nil {
		s.hub.Page()
	}
}

func (s *standIn) progress(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = text
}

func (s *standIn) page(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	state, last := s.state, s.last
	s.mu.Unlock()
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Retry-After", "1")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:")
	var page bytes.Buffer
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(&page, "The portal is being built.", last)
		if state.Fault != nil {
			page.Reset()
			fmt.Fprintf(&page, "%s.\n%s\n", state.Fault.Title, state.Fault.Text)
		}
	} else if err := devtools.WritePage(&page, state, last); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusServiceUnavailable)
	w.Write(page.Bytes())
}
