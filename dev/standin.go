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
	told     time.Time
}

// tellEvery is how often a page that waits hears of the progress.
const tellEvery = 300 * time.Millisecond

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
	s.hub.Set(s.state)
	mux := http.NewServeMux()
	mux.HandleFunc("/", s.page)
	mux.Handle("GET /_dev/events", s.hub)
	for name := range devtools.Files {
		mux.HandleFunc("GET /_dev/"+name, devtools.Serve)
	}
	s.server = &http.Server{Handler: atThisMachine(mux), ReadHeaderTimeout: 5 * time.Second}
	s.server.SetKeepAlivesEnabled(false) // the next request is for the program
	go s.server.Serve(listener)
	return nil
}

// atThisMachine refuses who comes under another name, as the program does for
// what is below /_dev: that may be a page of another site.
func atThisMachine(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !devtools.IsThisMachine(r.Host) {
			http.Error(w, "While the portal is being built, it answers at localhost, at this machine's name or its address.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
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
		s.hub.Set(state) // for the program's pages
		s.hub.Page()     // for ours
	}
}

func (s *standIn) progress(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = text
	if s.listener != nil && time.Since(s.told) > tellEvery {
		s.told = time.Now()
		s.hub.Page()
	}
}

func (s *standIn) page(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	w = s.hub.Inject(w, r)
	state, last := s.state, s.last
	s.mu.Unlock()
	h := w.Header()
	h.Set(devtools.FaultHeader, devtools.FaultOfState)
	h.Set("Cache-Control", "no-store")
	h.Set("Retry-After", "1")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'")
	var page bytes.Buffer
	h.Set("Content-Type", "text/html; charset=utf-8")
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
