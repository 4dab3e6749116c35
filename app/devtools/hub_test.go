//go:build dev

package devtools

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// stream opens a stream of the hub, and returns a function for its next event,
// which is "" when the stream has ended.
func stream(t *testing.T, h *Hub) (next func() string) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.WriteTimeout, server.Config.ReadTimeout = 50*time.Millisecond, 50*time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	answer, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("got %d, %v", answer.StatusCode, answer.Header)
	}
	lines := bufio.NewScanner(answer.Body)
	return func() string {
		var event []string
		for lines.Scan() && lines.Text() != "" {
			event = append(event, strings.TrimPrefix(strings.TrimPrefix(lines.Text(), "event: "), "data: "))
		}
		return strings.Join(event, " ")
	}
}

func want(t *testing.T, next func() string, event string) {
	t.Helper()
	if got := next(); got != event {
		t.Fatalf("got  %s\nwant %s", got, event)
	}
}

func TestAStreamSaysWhatChanges(t *testing.T) {
	t.Parallel()
	h := NewHub()
	h.instance = "one"
	fault := &Fault{Kind: Compile, Title: "It doesn't compile."}
	text := string(fault.Message())
	if !strings.Contains(text, `"title":"It doesn't compile."`) || !strings.Contains(text, "h1") {
		t.Fatal(text)
	}
	h.Set(State{Build: 3, Fault: fault})
	next := stream(t, h)
	want(t, next, `hello {"version":"one.0","build":3,"building":false,"fault":`+text+`}`)

	h.Set(State{Build: 3, Fault: fault}) // which is nothing new
	h.Set(State{Build: 4, Building: true, Fault: fault})
	want(t, next, `build {"build":4,"building":true}`)
	h.Set(State{Build: 4})
	want(t, next, `build {"build":4,"building":false}`)
	want(t, next, `mended {}`)
	h.Page()
	want(t, next, `page {"version":"one.1"}`)
	h.Assets(map[string]string{"css/app.css": "/static/css/app.0.css"})
	want(t, next, `asset {"version":"one.2","urls":{"css/app.css":"/static/css/app.0.css"}}`)
	if got := h.Version(); got != "one.2" {
		t.Errorf("the version is %s", got)
	}
	h.Set(State{Build: 4, Fault: fault})
	want(t, next, "fault "+text)
}

// TestAStreamOutlivesTheTimeouts waits for longer than the server gives an
// answer.
func TestAStreamOutlivesTheTimeouts(t *testing.T) {
	t.Parallel()
	h := NewHub()
	next := stream(t, h)
	next()
	timer := time.NewTimer(100 * time.Millisecond)
	<-timer.C
	h.Page()
	if got := next(); !strings.HasPrefix(got, "page ") {
		t.Errorf("got %q", got)
	}
}

func TestStreamsEndWithTheHub(t *testing.T) {
	t.Parallel()
	h := NewHub()
	next := stream(t, h)
	next()
	h.Close()
	want(t, next, "")
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/_dev/events", nil))
	if answer.Code != http.StatusServiceUnavailable {
		t.Errorf("a new stream: %d", answer.Code)
	}
}

// TestAStreamThatDoesntKeepUpIsEnded has nobody read one, as a laptop that
// sleeps does.
func TestAStreamThatDoesntKeepUpIsEnded(t *testing.T) {
	t.Parallel()
	h := NewHub()
	stream := h.open()
	for range cap(stream) + 1 {
		h.Page()
	}
	h.mu.Lock()
	left := len(h.streams)
	h.mu.Unlock()
	if left != 0 {
		t.Error("it is kept")
	}
	h.Page() // and nothing is sent to what has ended
}
