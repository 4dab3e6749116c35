package web

import (
	"fmt"
	"strings"
	"testing"
)

func TestTheDashboardShowsWhatIsDueAndTheLatest(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		for i := range onDashboard + 1 {
			newNote(b, "title", fmt.Sprintf("due%d", i), "due_on", fmt.Sprintf("2031-01-%02d", 10-i))
		}
		newNote(b, "title", "undated", "pinned", "yes")
		text := b.get("/dashboard").text()
		due, latest, ok := strings.Cut(text, "Latest notes")
		if !ok || !strings.Contains(due, "due5 5 Jan 2031 due4") || strings.Contains(due, "due0") || strings.Contains(due, "undated") {
			t.Errorf("due: %s", due)
		}
		if !strings.Contains(latest, "undated Pinned") || strings.Contains(latest, "due1 ") {
			t.Errorf("latest: %s", latest)
		}
	})
}

func TestADashboardWithoutNotesSaysHowToBegin(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) { b.get("/dashboard").wantText("Begin with a note") })
}
