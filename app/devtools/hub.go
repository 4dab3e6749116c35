//go:build dev

package devtools

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// beat is how often a stream says that it is alive. A client that hears nothing
// for a while has slept, or lost its connection, and makes another.
const beat = 15 * time.Second

// State is what a browser must know to show what is there. It is also what
// tmp/dev.json holds.
type State struct {
	Build    int    `json:"build"` // how many builds there were
	Building bool   `json:"building"`
	Fault    *Fault `json:"fault"` // nil when all is well
}

// Hub tells browsers what has changed, as server-sent events:
//
//	hello   {"version", "build", "building", "fault"}, once, when a stream begins
//	page    {"version"}: pages look different now
//	asset   {"version", "urls"}: these files have other addresses now
//	build   {"build", "building"}
//	fault   {"title", "html"}
//	mended  {}
//	beat    {}
//
// A version names a program and the state of its files. A page knows the one
// that it was made at: when that isn't the hub's, it has missed something.
type Hub struct {
	instance string

	mu       sync.Mutex
	revision int
	state    State
	streams  map[chan []byte]bool
	closed   bool
}

// NewHub returns a hub of its own version, in which all is well.
func NewHub() *Hub { return &Hub{instance: rand.Text()[:8], streams: map[chan []byte]bool{}} }

// Version returns the present one.
func (h *Hub) Version() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.version()
}

func (h *Hub) version() string { return h.instance + "." + strconv.Itoa(h.revision) }

// State returns what was set last.
func (h *Hub) State() State {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state
}

// Set tells how the build is doing, and of a fault that has come or gone.
func (h *Hub) Set(s State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.state
	h.state = s
	if s.Build != before.Build || s.Building != before.Building {
		h.send("build", map[string]any{"build": s.Build, "building": s.Building})
	}
	switch was, is := encode(before.Fault), encode(s.Fault); {
	case bytes.Equal(was, is):
	case s.Fault == nil:
		h.send("mended", struct{}{})
	default:
		h.send("fault", shownFault(s.Fault))
	}
}

// Page says that pages look different now.
func (h *Hub) Page() { h.change("page", nil) }

// Assets says where changed files are now, by their names.
func (h *Hub) Assets(urls map[string]string) { h.change("asset", urls) }

func (h *Hub) change(event string, urls map[string]string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.revision++
	h.send(event, struct {
		Version string            `json:"version"`
		URLs    map[string]string `json:"urls,omitempty"`
	}{h.version(), urls})
}

// Close ends every stream, and refuses new ones.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for stream := range h.streams {
		h.drop(stream)
	}
}

// ServeHTTP is a stream of events. It ends with the request or the hub.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	stream := h.open()
	if stream == nil {
		w.Header().Set("Connection", "close") // the next one is for the next program
		http.Error(w, "The program is about to end.", http.StatusServiceUnavailable)
		return
	}
	defer h.leave(stream)
	rc := http.NewResponseController(w)
	rc.SetWriteDeadline(time.Time{}) // where there is one, it is for pages
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Connection", "close") // a stream that has ended leaves nothing to reuse
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		var message []byte
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
			message = format("beat", struct{}{})
		case m, ok := <-stream:
			if !ok {
				return
			}
			message = m
		}
		if _, err := w.Write(message); err != nil || rc.Flush() != nil {
			return
		}
	}
}

func (h *Hub) open() chan []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil
	}
	stream := make(chan []byte, 32)
	h.streams[stream] = true
	stream <- format("hello", struct {
		Version  string      `json:"version"`
		Build    int         `json:"build"`
		Building bool        `json:"building"`
		Fault    *faultShown `json:"fault"`
	}{h.version(), h.state.Build, h.state.Building, shownFault(h.state.Fault)})
	return stream
}

func (h *Hub) leave(stream chan []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(stream)
}

// faultShown is a fault as browsers get it.
type faultShown struct {
	Title string `json:"title"`
	HTML  string `json:"html"`
}

func shownFault(f *Fault) *faultShown {
	if f == nil {
		return nil
	}
	var html strings.Builder
	if err := WriteFault(&html, f); err != nil {
		html.WriteString(template.HTMLEscapeString(f.Text))
	}
	return &faultShown{f.Title, html.String()}
}

// Message is the fault as a browser gets it, in JSON.
func (f *Fault) Message() []byte { return encode(shownFault(f)) }

func (h *Hub) drop(stream chan []byte) {
	if h.streams[stream] {
		delete(h.streams, stream)
		close(stream)
	}
}

// send hands an event to every stream. One that doesn't keep up is ended: when
// its client is back, the greeting tells it what it has missed.
func (h *Hub) send(event string, data any) {
	message := format(event, data)
	for stream := range h.streams {
		select {
		case stream <- message:
		default:
			h.drop(stream)
		}
	}
}

func format(event string, data any) []byte {
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", event, encode(data))
}

// encode never fails: all that is sent are our own types, of strings and numbers.
func encode(data any) []byte {
	text, _ := json.Marshal(data)
	return text
}
