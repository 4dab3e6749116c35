package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// newNote writes a note through its form and returns its id.
func newNote(b *browser, fields ...string) int64 {
	b.t.Helper()
	answer := b.submit("/notes/new", "/notes", fields...).wantStatus(http.StatusSeeOther)
	id, err := strconv.ParseInt(strings.TrimPrefix(answer.Header.Get("Location"), "/notes/"), 10, 64)
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

// eachNotebook runs f on both engines, as somebody who is signed in.
func eachNotebook(t *testing.T, f func(t *testing.T, b *browser)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { f(t, newMember(t, newServer(t, d), adaEmail)) })
}

// titles lists the rows of a list.
func titles(r *response) []string {
	var list []string
	for n := range r.wantStatus(http.StatusOK).parse().Descendants() {
		if n.Data == "th" && attr(n, "scope") == "row" {
			list = append(list, strings.Fields(textOf(n))[0])
		}
	}
	return list
}

func wantTitles(t *testing.T, r *response, want ...string) {
	t.Helper()
	if got := titles(r); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNotesFromWritingToDeleting(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
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

func TestANotesFormHasWhatIsStored(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
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

func TestANoteWithFaultsIsShownAgainWithWhatWasTyped(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newMember(t, newServer(t, d), adaEmail)
		stored := notePath(newNote(b, "title", "Stored", "body", "As it was"))
		for name, test := range map[string]struct{ field, value, message string }{
			"no title":                    {"title", "", "Enter a title."},
			"a title of spaces":           {"title", " \t ", "Enter a title."},
			"a title of two lines":        {"title", "a\nb", "Use one line"},
			"a title with an escape":      {"title", "a\x1b[31mb", "Use one line"},
			"a title that is too long":    {"title", strings.Repeat("ä", 201), "at most 200 characters: these are 201"},
			"a text that is too long":     {"body", strings.Repeat("ä", 10_001), "at most 10000 characters: these are 10001"},
			"a date that isn't one":       {"due_on", "tomorrow", "Enter a date"},
			"a date that doesn't exist":   {"due_on", "2027-02-29", "Enter a date"},
			"a date of another form":      {"due_on", "03.02.2027", "Enter a date"},
			"a date with a time":          {"due_on", "2027-02-03T10:00", "Enter a date"},
			"a date before the calendars": {"due_on", "0000-01-01", "from 1900 on"},
		} {
			t.Run(name, func(t *testing.T) {
				for page, action := range map[string]string{"/notes/new": "/notes", stored + "/edit": stored} {
					fields := url.Values{"title": {"A title"}, "body": {"A text"}, "due_on": {"2027-02-03"}, "pinned": {"yes"}}
					fields.Set(test.field, test.value)
					answer := b.post(action, fields).wantFieldError(test.field, test.message).wantText("Error:")
					got, ok := formValues(answer.parse(), action)
					if !ok {
						t.Fatalf("%s: no form to correct", page)
					}
					for name := range fields {
						want := fields.Get(name)
						if name == "title" {
							want = strings.TrimSpace(want)
						}
						if got.Get(name) != want && test.value != "a\nb" {
							t.Errorf("%s: %s is %q, want %q", page, name, got.Get(name), want)
						}
					}
				}
			})
		}
		wantTitles(t, b.get("/notes"), "Stored")
		b.get(stored).wantText("As it was")
	})
}

func TestTheLongestNoteIsTaken(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		title, body := strings.Repeat("ä", 200), strings.Repeat("𝄞", 10_000)
		path := b.post("/notes", url.Values{"title": {title}, "body": {body}}).wantStatus(http.StatusSeeOther).Header.Get("Location")
		b.get(path).wantText(title, body)
	})
}

func TestLineBreaksCountOnce(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		body := strings.Repeat("\r\n", 10_000) // as a browser sends 10,000 line breaks
		b.post("/notes", url.Values{"title": {"Lines"}, "body": {body}}).wantStatus(http.StatusSeeOther)
	})
}

func TestADateStaysTheDayThatWasTyped(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		for _, day := range []string{"1900-01-01", "1969-12-31", "2024-02-29", "2026-03-29", "2026-10-25", "9999-12-31"} {
			path := notePath(newNote(b, "title", "Day", "due_on", day))
			if got, _ := formValues(b.get(path+"/edit").parse(), path); got.Get("due_on") != day {
				t.Errorf("%s became %s", day, got.Get("due_on"))
			}
		}
	})
}

func TestWhatWasDueBeforeTodayIsOverdue(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		for days, want := range map[int]bool{-1: true, 0: false, 1: false} {
			path := notePath(newNote(b, "title", "Due", "due_on", time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly)))
			if got := strings.Contains(b.get(path).text(), "Overdue"); got != want {
				t.Errorf("in %d days: overdue %v", days, got)
			}
		}
	})
}

func TestAListWithoutNotesSaysHowToBegin(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		page := b.get("/notes").wantText("No notes yet", "Write a note")
		if strings.Contains(page.text(), "Search") {
			t.Error("there is a search, and nothing to find")
		}
		b.get("/dashboard").wantText("Begin with a note")
	})
}

func TestNotesAreListedByTheirLatestChange(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		first := notePath(newNote(b, "title", "one"))
		newNote(b, "title", "two")
		wantTitles(t, b.get("/notes"), "two", "one")
		b.submit(first+"/edit", first).wantRedirect(first)
		wantTitles(t, b.get("/notes"), "one", "two")
		wantTitles(t, b.get("/notes?sort=updated"), "two", "one")
	})
}

func TestNotesAreSortedByTitleWithoutRegardToCase(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		for _, title := range []string{"banana", "Apple", "cherry", "apple"} {
			newNote(b, "title", title)
		}
		wantTitles(t, b.get("/notes?sort=title"), "Apple", "apple", "banana", "cherry")
		wantTitles(t, b.get("/notes?sort=-title"), "cherry", "banana", "apple", "Apple")
	})
}

func TestNotesAreSortedByDateAndThoseWithoutComeLast(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		newNote(b, "title", "never")
		newNote(b, "title", "late", "due_on", "2031-01-01")
		newNote(b, "title", "soon", "due_on", "2030-01-01")
		wantTitles(t, b.get("/notes?sort=due"), "soon", "late", "never")
		wantTitles(t, b.get("/notes?sort=-due"), "late", "soon", "never")
	})
}

func TestAHeadingSaysHowTheListIsSortedAndTurnsItRound(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		newNote(b, "title", "one")
		for address, want := range map[string][2]string{
			"/notes":             {"Changed descending", "/notes?sort=updated"},
			"/notes?sort=title":  {"Title ascending", "/notes?sort=-title"},
			"/notes?sort=-title": {"Title descending", "/notes?sort=title"},
			"/notes?sort=due":    {"Due ascending", "/notes?sort=-due"},
		} {
			for n := range b.get(address).parse().Descendants() {
				if sorted := attr(n, "aria-sort"); sorted != "" {
					link := n.FirstChild.NextSibling
					if got := [2]string{strings.TrimSpace(textOf(n)) + " " + sorted, attr(link, "href")}; got != want {
						t.Errorf("%s: got %v, want %v", address, got, want)
					}
				}
			}
		}
	})
}

func TestPinnedNotesHaveAListOfTheirOwn(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		newNote(b, "title", "loose")
		b.get("/notes?pinned=yes").wantText("No note is pinned.", "Show all notes")
		newNote(b, "title", "pinned", "pinned", "yes")
		wantTitles(t, b.get("/notes?pinned=yes"), "pinned")
		wantTitles(t, b.get("/notes"), "pinned", "loose")
	})
}

func TestASearchLooksThroughTitleAndTextInAnyCase(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		newNote(b, "title", "Äpfel", "body", "from the garden")
		newNote(b, "title", "Birnen", "body", "and ÄPFEL")
		newNote(b, "title", "Quitten")
		wantTitles(t, b.get("/notes?q=%C3%A4PFEL"), "Birnen", "Äpfel")
		wantTitles(t, b.get("/notes?q=+garden+"), "Äpfel")
		b.get("/notes?q=kirschen").wantText("Nothing found", "“kirschen”")
	})
}

func TestASearchTakesEveryCharacterAsItIs(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		for _, title := range []string{"100%", "a_b", `c\d`, "plain", "o'clock", "x;--"} {
			newNote(b, "title", title)
		}
		for search, want := range map[string]string{"%": "100%", "_": "a_b", `\`: `c\d`, "'": "o'clock", ";--": "x;--"} {
			wantTitles(t, b.get("/notes?"+url.Values{"q": {search}}.Encode()), want)
		}
	})
}

func TestAChangedNoteIsFoundByItsNewWordsOnly(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		path := notePath(newNote(b, "title", "before", "body", "early"))
		b.submit(path+"/edit", path, "title", "after", "body", "late").wantRedirect(path)
		wantTitles(t, b.get("/notes?q=after"), "after")
		wantTitles(t, b.get("/notes?q=late"), "after")
		wantTitles(t, b.get("/notes?q=before"))
		wantTitles(t, b.get("/notes?q=early"))
	})
}

func TestALongListHasPages(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		for i := range pageSize*2 + 1 {
			newNote(b, "title", fmt.Sprintf("n%02d", i))
		}
		var seen []string
		for address := "/notes?sort=title"; address != ""; {
			page := b.get(address)
			seen = append(seen, titles(page)...)
			address = ""
			for n := range page.parse().Descendants() {
				if attr(n, "rel") == "next" {
					address = attr(n, "href")
				}
			}
		}
		if len(seen) != pageSize*2+1 || !slices.IsSorted(seen) {
			t.Errorf("got %v", seen)
		}
		b.get("/notes?page=2").wantText("26–50 of 51", "Previous", "Next")
		b.get("/notes?page=3").wantText("51–51 of 51")
	})
}

func TestAPageThatIsNoneIsTheNearest(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		for i := range pageSize + 1 {
			newNote(b, "title", fmt.Sprintf("n%02d", i))
		}
		for page, want := range map[string]string{"0": "1–25", "-1": "1–25", "x": "1–25", "": "1–25", "3": "26–26", "2147483648": "26–26", "99999999999999999999": "26–26"} {
			b.get("/notes?page=" + page).wantText(want + " of 26")
		}
	})
}

func TestNotesOfOneTitleAreOnOnePageEach(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		for i := range pageSize * 2 {
			newNote(b, "title", "same", "body", strconv.Itoa(i), "due_on", "2031-01-01")
		}
		for _, sort := range []string{"title", "-title", "due", "-due", "updated", "-updated"} {
			seen := map[string]bool{}
			for _, page := range []string{"1", "2"} {
				for n := range b.get("/notes?sort=" + sort + "&page=" + page).parse().Descendants() {
					if href := attr(n, "href"); strings.HasPrefix(href, "/notes/") && href != "/notes/new" {
						seen[href] = true
					}
				}
			}
			if len(seen) != pageSize*2 {
				t.Errorf("sorted by %s: %d of %d notes are on a page", sort, len(seen), pageSize*2)
			}
		}
	})
}

// TestManyFormsWithoutAPageBetweenThemAreAllTaken fills a cookie with messages
// that nobody has seen.
func TestManyFormsWithoutAPageBetweenThemAreAllTaken(t *testing.T) {
	t.Parallel()
	for _, store := range []string{config.Cookie, config.Filesystem} {
		b := newMember(t, newServer(t, dbtest.SQLite(t), func(c *config.Config) { c.SessionStore = store }), adaEmail)
		for range 80 {
			b.post("/notes", url.Values{"title": {"x"}}).wantStatus(http.StatusSeeOther)
		}
		if n := strings.Count(b.get("/notes").text(), "The note is saved."); n == 0 || n > 3 {
			t.Errorf("%s: %d messages", store, n)
		}
	}
}

func TestATitleThatNobodyCanSeeIsNone(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		for title, want := range map[string]string{"\u200b": "Enter a title.", "\u00ad\u3164": "Enter a title.", "a\u202eb": "without control characters", "a\u2028b": "without control characters"} {
			b.post("/notes", url.Values{"title": {title}}).wantStatus(http.StatusUnprocessableEntity).wantText(want)
		}
		newNote(b, "title", "👩‍🚀 plans")
	})
}

func TestSearchFilterAndOrderStayTogether(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		for i := range pageSize + 1 {
			newNote(b, "title", fmt.Sprintf("x%02d", i), "pinned", "yes")
		}
		newNote(b, "title", "y", "pinned", "yes")
		newNote(b, "title", "x")
		page := b.get("/notes?q=x&sort=-title&pinned=yes").wantText("1–25 of 26")
		for n := range b.get("/notes?q=x&pinned=yes&page=2").parse().Descendants() {
			if attr(n, "href") == "/notes?page=2&q=x" {
				t.Error("without the filter it is another list, which begins with its first page")
			}
		}
		wanted := map[string]bool{
			"/notes?page=2&pinned=yes&q=x&sort=-title": false, // the next page
			"/notes?pinned=yes&q=x&sort=title":         false, // turned round
			"/notes?q=x&sort=-title":                   false, // without the filter
		}
		kept := url.Values{}
		for n := range page.parse().Descendants() {
			if _, ok := wanted[attr(n, "href")]; ok {
				wanted[attr(n, "href")] = true
			}
			if n.Data == "form" && attr(n, "role") == "search" {
				for field := range n.Descendants() {
					kept.Set(attr(field, "name"), attr(field, "value"))
				}
			}
		}
		for address, found := range wanted {
			if !found {
				t.Errorf("there is no link to %s", address)
			}
		}
		if kept.Get("q") != "x" || kept.Get("sort") != "-title" || kept.Get("pinned") != "yes" {
			t.Errorf("the search keeps %v", kept)
		}
	})
}

func TestAnAddressThatMakesNoSenseShowsTheList(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		newNote(b, "title", "only")
		for _, query := range []string{"sort=password_hash", "sort=title;DROP+TABLE+notes", "sort=--title", "sort=-", "sort[]=title", "pinned=1", "pinned[]=yes", "q[]=x", "q=%00", "q=%ff", "%zz=1", "page=1&page=2", "q=only&q=nothing"} {
			wantTitles(t, b.get("/notes?"+query), "only")
		}
		wantTitles(t, b.get("/notes?q="+strings.Repeat("only", 5000)))
	})
}

func TestSomebodyElsesNoteIsNotFound(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		ada, eve, admin := newMember(t, s, adaEmail), newMember(t, s, "eve@example.com"), newPerson(t, s, "admin@example.com", db.RoleAdmin)
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

func TestANoteCantBeGivenAnotherOwnerOrId(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		ada, eve := newMember(t, s, adaEmail), newMember(t, s, "eve@example.com")
		path := notePath(newNote(ada, "title", "mine"))
		extra := url.Values{"title": {"still mine"}, "user_id": {"2"}, "UserID": {"2"}, "id": {"77"}, "created_at": {"2001-01-01"}}
		ada.post(path+"?user_id=2&title=query", extra).wantRedirect(path)
		ada.get(path).wantText("still mine")
		wantTitles(t, eve.get("/notes"))
	})
}

func TestAnIdThatIsNoneIsNotFound(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		newNote(b, "title", "one")
		for _, id := range []string{"0", "-1", "2", "x", "1x", "1.0", "0x1", "%20" + "1", "1%00", "9223372036854775808", "1%20OR%201=1", "%2e%2e", "١"} {
			b.get("/notes/" + id).wantStatus(http.StatusNotFound)
			b.get("/notes/" + id + "/edit").wantStatus(http.StatusNotFound)
			b.post("/notes/"+id, url.Values{"title": {"x"}}).wantStatus(http.StatusNotFound)
			b.post("/notes/"+id+"/delete", nil).wantStatus(http.StatusNotFound)
		}
	})
}

func TestNotesAreForPeopleWhoAreSignedIn(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	b.get("/notes?q=x").wantRedirect("/login?next=%2Fnotes%3Fq%3Dx")
	b.post("/notes", url.Values{"title": {"x"}}).wantRedirect("/login")
	b.post("/notes/1/delete", nil).wantRedirect("/login")
}

func TestLookingAtANoteChangesNothing(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
		path := notePath(newNote(b, "title", "one"))
		for _, page := range []string{path, path + "/edit", path + "/delete", "/notes/new", "/notes"} {
			b.get(page + "?title=two&pinned=yes").wantStatus(http.StatusOK)
		}
		wantTitles(t, b.get("/notes"), "one")
	})
}

func TestANoteThatHasGoneIsNotFound(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
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
		newNote(newMember(t, newServer(t, d), adaEmail), "title", "one")
		if _, err := d.Pool().ExecContext(t.Context(), "DELETE FROM users"); err != nil {
			t.Fatal(err)
		}
		var rows int
		if err := d.Pool().QueryRowContext(t.Context(), "SELECT count(*) FROM notes").Scan(&rows); err != nil || rows != 0 {
			t.Errorf("%d notes are left, %v", rows, err)
		}
	})
}

func TestTheDashboardShowsWhatIsDueAndTheLatest(t *testing.T) {
	eachNotebook(t, func(t *testing.T, b *browser) {
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

func TestEveryOrderOfEveryListIsGoodOnBothEngines(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		b := newPerson(t, s, adaEmail, db.RoleAdmin)
		newNote(b, "title", "one")
		for path, all := range map[string]sorts{"/notes": noteSorts, "/admin/users": userSorts} {
			for column := range all {
				for _, direction := range []string{"", "-"} {
					if got := titles(b.get(path + "?sort=" + direction + column)); len(got) != 1 {
						t.Errorf("%s by %s%s: %v", path, direction, column, got)
					}
				}
			}
		}
	})
}
