package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func TestTheLongestNoteIsTaken(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		title, body := strings.Repeat("ä", 200), strings.Repeat("𝄞", 10_000)
		path := b.post("/notes", url.Values{"title": {title}, "body": {body}}).wantStatus(http.StatusSeeOther).Header.Get("Location")
		b.get(path).wantText(title, body)
	})
}

func TestLineBreaksCountOnce(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		body := strings.Repeat("\r\n", 10_000) // as a browser sends 10,000 line breaks
		b.post("/notes", url.Values{"title": {"Lines"}, "body": {body}}).wantStatus(http.StatusSeeOther)
	})
}

func TestADateStaysTheDayThatWasTyped(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		for _, day := range []string{"1900-01-01", "1969-12-31", "2024-02-29", "2026-03-29", "2026-10-25", "9999-12-31"} {
			path := notePath(newNote(b, "title", "Day", "due_on", day))
			if got, _ := formValues(b.get(path+"/edit").parse(), path); got.Get("due_on") != day {
				t.Errorf("%s became %s", day, got.Get("due_on"))
			}
		}
	})
}

func TestWhatWasDueBeforeTodayIsOverdue(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		for days, want := range map[int]bool{-1: true, 0: false, 1: false} {
			path := notePath(newNote(b, "title", "Due", "due_on", time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly)))
			if got := strings.Contains(b.get(path).text(), "Overdue"); got != want {
				t.Errorf("in %d days: overdue %v", days, got)
			}
		}
	})
}

func TestManyFormsWithoutAPageBetweenThemAreAllTaken(t *testing.T) {
	t.Parallel()
	for _, store := range []string{config.Cookie, config.Filesystem} {
		b := signedInMember(t, newServer(t, dbtest.SQLite(t), func(c *config.Config) { c.SessionStore = store }), adaEmail)
		for range 80 {
			b.post("/notes", url.Values{"title": {"x"}}).wantStatus(http.StatusSeeOther)
		}
		if n := strings.Count(b.get("/notes").text(), "The note is saved."); n == 0 || n > 3 {
			t.Errorf("%s: %d messages", store, n)
		}
	}
}

func TestATitleThatNobodyCanSeeIsNone(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		for title, want := range map[string]string{"\u200b": "Enter a title.", "\u00ad\u3164": "Enter a title.", "a\u202eb": "without control characters", "a\u2028b": "without control characters"} {
			b.post("/notes", url.Values{"title": {title}}).wantStatus(http.StatusUnprocessableEntity).wantText(want)
		}
		newNote(b, "title", "👩‍🚀 plans")
	})
}

func TestAnIdThatIsNoneIsNotFound(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		newNote(b, "title", "one")
		for _, id := range []string{"0", "-1", "2", "x", "1x", "1.0", "0x1", "%20" + "1", "1%00", "9223372036854775808", "1%20OR%201=1", "%2e%2e", "١"} {
			b.get("/notes/" + id).wantStatus(http.StatusNotFound)
			b.get("/notes/" + id + "/edit").wantStatus(http.StatusNotFound)
			b.post("/notes/"+id, url.Values{"title": {"x"}}).wantStatus(http.StatusNotFound)
			b.post("/notes/"+id+"/delete", nil).wantStatus(http.StatusNotFound)
		}
	})
}

func TestLookingAtANoteChangesNothing(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		path := notePath(newNote(b, "title", "one"))
		for _, page := range []string{path, path + "/edit", path + "/delete", "/notes/new", "/notes"} {
			b.get(page + "?title=two&pinned=yes").wantStatus(http.StatusOK)
		}
		wantTitles(t, b.get("/notes"), "one")
	})
}

func TestANoteThatHasGoneIsNotFound(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		path := notePath(newNote(b, "title", "one"))
		open, _ := formValues(b.get(path+"/edit").parse(), path)
		b.post(path+"/delete", nil).wantRedirect("/notes")
		b.post(path, open).wantStatus(http.StatusNotFound)
		b.post(path+"/delete", nil).wantStatus(http.StatusNotFound)
	})
}

func TestNotesGoWithTheirOwner(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		newNote(signedInMember(t, newServer(t, d), adaEmail), "title", "one")
		if _, err := d.Pool().ExecContext(t.Context(), "DELETE FROM users"); err != nil {
			t.Fatal(err)
		}
		var rows int
		if err := d.Pool().QueryRowContext(t.Context(), "SELECT count(*) FROM notes").Scan(&rows); err != nil || rows != 0 {
			t.Errorf("%d notes are left, %v", rows, err)
		}
	})
}

func TestTextComesBackAsItWasTyped(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		want := url.Values{"title": {`"Tea" & <cake>`}, "body": {"\n  one\n\ttwo </textarea>\n"}, "due_on": {"2028-02-29"}, "pinned": {"yes"}}
		answer := b.post("/notes", want).wantStatus(http.StatusSeeOther)
		path := answer.Header.Get("Location")
		for range 3 { // saving again and again changes nothing
			page := b.get(path + "/edit")
			got, _ := formValues(page.parse(), path)
			if !slices.Equal(got["title"], want["title"]) || !slices.Equal(got["body"], want["body"]) || !slices.Equal(got["due_on"], want["due_on"]) || !slices.Equal(got["pinned"], want["pinned"]) {
				t.Fatalf("got %q", got)
			}
			b.post(path, got).wantRedirect(path)
		}
	})
}

func TestSomebodyElsesNoteIsInNoList(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		ada, eve, admin := signedInMember(t, s, adaEmail), signedInMember(t, s, "eve@example.com"), signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		path := notePath(newNote(ada, "title", "private", "body", "secret", "due_on", "2030-01-01"))
		for _, b := range []*browser{eve, admin} {
			newNote(b, "title", "own", "due_on", "2031-01-01")
			b.get("/notes").wantText("1–1 of 1")
			for _, page := range []string{path, path + "/edit", path + "/delete"} {
				b.get(page).wantStatus(http.StatusNotFound)
			}
			b.post(path, url.Values{"title": {"mine"}}).wantStatus(http.StatusNotFound)
			b.post(path, url.Values{"title": {""}}).wantStatus(http.StatusNotFound)
			b.post(path+"/delete", nil).wantStatus(http.StatusNotFound)
			for _, list := range []string{"/notes", "/notes?q=secret", "/notes?sort=due", "/dashboard"} {
				if text := b.get(list).text(); strings.Contains(text, "private") {
					t.Errorf("%s shows it: %s", list, text)
				}
			}
		}
		ada.get(path).wantText("private", "secret")
	})
}

func TestANotesPageSaysWhatItHas(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		path := notePath(newNote(b, "title", " Report ", "body", "First\r\n\r\nSecond", "due_on", "2031-02-03", "pinned", "yes"))
		b.get(path).wantText("The note is saved.", "Report", "First", "Second", "Due 3 Feb 2031", "Pinned", "just now")
		b.submit(path+"/edit", path, "title", "Minutes", "due_on", "", "pinned", "").wantRedirect(path)
		page := b.get(path).wantText("The note is saved.", "Minutes", "First")
		if text := page.text(); strings.Contains(text, "Due") || strings.Contains(text, "Pinned") {
			t.Errorf("what was taken away is still there: %s", text)
		}
		b.get(path+"/delete").wantText("Delete this note?", "Minutes", "can’t be undone")
		b.get(path).wantStatus(http.StatusOK)
		b.submit(path+"/delete", path+"/delete").wantRedirect("/notes")
		b.get("/notes").wantText("The note is deleted.", "No notes yet")
		b.get(path).wantStatus(http.StatusNotFound)
	})
}
