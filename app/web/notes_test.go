package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// aNote is a note as it is typed: with every field if all, else with those
// that have to be there.
func aNote(b *browser, i int, all bool) url.Values {
	fields := url.Values{}
	fields.Set("title", fmt.Sprintf("Title %03d", i))
	if all {
		fields.Set("body", fmt.Sprintf("Text %03d\n\nof <several> lines", i))
		fields.Set("due_on", fmt.Sprintf("2031-01-%02d", i%28+1))
		fields.Set("pinned", "yes")
	}
	return fields
}

// newNote adds a note through its form, with these fields (name, value, name,
// value …) beside those that have to be there, and returns its id.
func newNote(b *browser, fields ...string) int64 {
	b.t.Helper()
	form := aNote(b, 1, false)
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	answer := b.post("/notes", form).wantStatus(http.StatusSeeOther)
	id, err := strconv.ParseInt(strings.TrimPrefix(answer.Header.Get("Location"), "/notes/"), 10, 64)
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

// eachNoteWriter runs f on both engines, as somebody who may write notes.
func eachNoteWriter(t *testing.T, f func(t *testing.T, b *browser)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { f(t, signedInAs(t, newServer(t, d), adaEmail, db.RoleMember)) })
}

func TestNotesFromAddingToDeleting(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		b.get("/notes").wantText("No notes yet")
		path := notePath(newNote(b))
		b.get(path).wantText("The note is saved.", "just now")
		b.submit(path+"/edit", path, "title", "Another one").wantRedirect(path)
		b.get(path).wantText("The note is saved.", "Another one")
		b.get("/notes").wantText("Another one", "1–1 of 1")
		b.get(path+"/delete").wantText("Delete this note?", "Another one", "can’t be undone")
		b.get(path).wantStatus(http.StatusOK)
		b.submit(path+"/delete", path+"/delete").wantRedirect("/notes")
		b.get("/notes").wantText("The note is deleted.", "No notes yet")
		b.get(path).wantStatus(http.StatusNotFound)
	})
}

func TestANotesFormHasWhatIsStored(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		for i, all := range []bool{false, true} {
			want := aNote(b, i+1, all)
			path := b.post("/notes", want).wantStatus(http.StatusSeeOther).Header.Get("Location")
			for range 2 { // saving again changes nothing
				got, _ := formValues(b.get(path+"/edit").parse(), path)
				for name := range want {
					if got.Get(name) != want.Get(name) {
						t.Fatalf("%s is %q, want %q", name, got.Get(name), want.Get(name))
					}
				}
				b.post(path, got).wantRedirect(path)
			}
			b.get(path).wantText(fmt.Sprintf("Title %03d", i+1))
		}
	})
}

func TestANoteWithFaultsIsShownAgainWithWhatWasTyped(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		stored := notePath(newNote(b))
		for _, test := range []struct{ field, value, message string }{
			{"title", "", "Enter a title."},
			{"title", "a\nb", "Use one line"},
			{"title", strings.Repeat("ä", 201), "at most 200 characters: these are 201"},
			{"body", strings.Repeat("ä", 10_001), "at most 10000 characters: these are 10001"},
			{"due_on", "tomorrow", "Enter a date"},
			{"due_on", "2027-02-29", "Enter a date"},
		} {
			for _, action := range []string{"/notes", stored} {
				fields := aNote(b, 7, true)
				fields.Set(test.field, test.value)
				answer := b.post(action, fields).wantFieldError(test.field, test.message).wantText("Error:")
				got, ok := formValues(answer.parse(), action)
				if !ok {
					t.Fatalf("%s: no form to correct", action)
				}
				for name := range fields {
					if name != test.field && got.Get(name) != fields.Get(name) {
						t.Errorf("%s of %q: %s is %q, want %q", test.field, test.value, name, got.Get(name), fields.Get(name))
					}
				}
			}
		}
		b.get("/notes").wantText("1–1 of 1")
	})
}

func TestEveryOrderOfNotesIsGood(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		for i := range 3 {
			b.post("/notes", aNote(b, i+1, i > 0)).wantStatus(http.StatusSeeOther)
		}
		for column := range noteSorts {
			up, down := rowHeadings(b.get("/notes?sort="+column)), rowHeadings(b.get("/notes?sort=-"+column))
			if len(up) != 3 || len(down) != 3 {
				t.Errorf("by %s: %v, %v", column, up, down)
			}
		}
		up, down := rowHeadings(b.get("/notes?sort=title")), rowHeadings(b.get("/notes?sort=-title"))
		slices.Reverse(down)
		if !slices.IsSorted(up) || !slices.Equal(up, down) {
			t.Errorf("by title: %v, and turned round %v", up, down)
		}
	})
}

func TestASearchFindsNotes(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		for i := range 3 {
			b.post("/notes", aNote(b, i+1, true)).wantStatus(http.StatusSeeOther)
		}
		search := fmt.Sprintf("Title %03d", 2)
		b.get("/notes?q="+url.QueryEscape(strings.ToUpper(search))).wantText("1–1 of 1", fmt.Sprintf("Title %03d", 2))
		b.get("/notes?q=nothing+of+that+name").wantText("Nothing found", "“nothing of that name”")
	})
}

func TestPinnedNotesHaveAListOfTheirOwn(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		newNote(b)
		b.get("/notes?pinned=yes").wantText("Nothing found")
		newNote(b, "pinned", "yes")
		b.get("/notes?pinned=yes").wantText("1–1 of 1")
		b.get("/notes").wantText("1–2 of 2")
	})
}

func TestSomebodyElsesNoteIsNotFound(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		ada, eve, admin := signedInMember(t, s, adaEmail), signedInMember(t, s, "eve@example.com"), signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		path := notePath(newNote(ada, "title", "Another one"))
		for _, b := range []*browser{eve, admin} {
			b.get("/notes").wantText("No notes yet")
			for _, page := range []string{path, path + "/edit", path + "/delete"} {
				b.get(page).wantStatus(http.StatusNotFound)
			}
			b.post(path, aNote(b, 2, true)).wantStatus(http.StatusNotFound)
			b.post(path, url.Values{}).wantStatus(http.StatusNotFound)
			b.post(path+"/delete", nil).wantStatus(http.StatusNotFound)
		}
		ada.get(path).wantText("Another one")
	})
}

func TestANoteCantBeGivenAnotherOwnerOrId(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		ada, eve := signedInMember(t, s, adaEmail), signedInMember(t, s, "eve@example.com")
		path := notePath(newNote(ada))
		fields := aNote(ada, 2, true)
		for _, name := range []string{"user_id", "UserID", "id"} {
			fields.Set(name, "2")
		}
		ada.post(path+"?user_id=2", fields).wantRedirect(path)
		ada.get(path).wantStatus(http.StatusOK)
		eve.get("/notes").wantText("No notes yet")
	})
}

func TestANoteThatIsNotThereIsNotFound(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		for _, id := range []string{"0", "-1", "1", "x", "1x", "9223372036854775808"} {
			path := "/notes/" + id
			for _, page := range []string{path, path + "/edit", path + "/delete"} {
				b.get(page).wantStatus(http.StatusNotFound)
			}
			b.post(path, aNote(b, 1, true)).wantStatus(http.StatusNotFound)
			b.post(path, url.Values{}).wantStatus(http.StatusNotFound)
			b.post(path+"/delete", nil).wantStatus(http.StatusNotFound)
		}
	})
}

func TestNotesAreForPeopleWhoAreSignedIn(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	b.get("/notes").wantRedirect("/login?next=%2Fnotes")
	b.post("/notes", url.Values{}).wantRedirect("/login")
	b.post("/notes/1/delete", nil).wantRedirect("/login")
}
