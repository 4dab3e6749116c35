package web

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A log is long and only grows at its end: its pages begin at a place that an
// index finds, and nobody counts them. They lead to what is older, and back to
// the newest.

// place is an event's place in a log: a page has those that come before it.
type place struct {
	at time.Time
	id int64 // of several at the same time those with a lower one come before it
}

// newest comes after every event.
var newest = place{at: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}

func (p place) String() string { return fmt.Sprintf("%d-%d", p.at.UnixMicro(), p.id) }

// readPlace undoes String. What is none is not ok.
func readPlace(text string) (p place, ok bool) {
	before, after, _ := strings.Cut(text, "-")
	at, err := strconv.ParseInt(before, 10, 64)
	id, idErr := strconv.ParseInt(after, 10, 64)
	if err != nil || idErr != nil || at < 0 || at > newest.at.UnixMicro() {
		return newest, false
	}
	return place{time.UnixMicro(at).UTC(), id}, true
}

// older has the links of a page of a log. An empty one leads nowhere.
type older struct{ Newest, Older string }

// newOlder returns them for the page of the log at path that begins at text, the
// parameter before, and ends at last, which is nil where nothing is older.
func newOlder(path string, filter url.Values, text string, last *place) older {
	var links older
	if text != "" {
		links.Newest = withQuery(path, filter)
	}
	if last != nil {
		filter.Set("before", last.String())
		links.Older = withQuery(path, filter)
	}
	return links
}

func withQuery(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}
