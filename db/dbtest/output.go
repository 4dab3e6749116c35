package dbtest

import (
	"bytes"
	"strings"
	"sync"
)

// Output is what a program prints, or logs, readable while it runs.
type Output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write adds to what there is.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

// String returns all of it, but for what was taken.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// Take returns what has come since the last time.
func (o *Output) Take() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.buf.Reset()
	return o.buf.String()
}

// Count returns how often text is in it.
func (o *Output) Count(text string) int { return strings.Count(o.String(), text) }
