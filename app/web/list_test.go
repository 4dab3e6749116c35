package web

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func wantTitles(t *testing.T, r *response, want ...string) {
	t.Helper()
	if got := titles(r); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNotesAreListedByTheirLatestChange(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		first := notePath(newNote(b, "title", "one"))
		newNote(b, "title", "two")
		wantTitles(t, b.get("/notes"), "two", "one")
		b.submit(first+"/edit", first).wantRedirect(first)
		wantTitles(t, b.get("/notes"), "one", "two")
		wantTitles(t, b.get("/notes?sort=updated"), "two", "one")
	})
}

func TestNotesAreSortedByTitleWithoutRegardToCase(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		for _, title := range []string{"banana", "Apple", "cherry", "apple"} {
			newNote(b, "title", title)
		}
		wantTitles(t, b.get("/notes?sort=title"), "Apple", "apple", "banana", "cherry")
		wantTitles(t, b.get("/notes?sort=-title"), "cherry", "banana", "apple", "Apple")
	})
}

func TestNotesAreSortedByDateAndThoseWithoutComeLast(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		newNote(b, "title", "never")
		newNote(b, "title", "late", "due_on", "2031-01-01")
		newNote(b, "title", "soon", "due_on", "2030-01-01")
		wantTitles(t, b.get("/notes?sort=due"), "soon", "late", "never")
		wantTitles(t, b.get("/notes?sort=-due"), "late", "soon", "never")
	})
}

func TestAHeadingSaysHowTheListIsSortedAndTurnsItRound(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
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

func TestASearchLooksThroughTitleAndTextInAnyCase(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		newNote(b, "title", "Äpfel", "body", "from the garden")
		newNote(b, "title", "Birnen", "body", "and ÄPFEL")
		newNote(b, "title", "Quitten")
		wantTitles(t, b.get("/notes?q=%C3%A4PFEL"), "Birnen", "Äpfel")
		wantTitles(t, b.get("/notes?q=+garden+"), "Äpfel")
		b.get("/notes?q=kirschen").wantText("Nothing found", "“kirschen”")
	})
}

func TestASearchTakesEveryCharacterAsItIs(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		for _, title := range []string{"100%", "a_b", `c\d`, "plain", "o'clock", "x;--"} {
			newNote(b, "title", title)
		}
		for search, want := range map[string]string{"%": "100%", "_": "a_b", `\`: `c\d`, "'": "o'clock", ";--": "x;--"} {
			wantTitles(t, b.get("/notes?"+url.Values{"q": {search}}.Encode()), want)
		}
	})
}

func TestAChangedNoteIsFoundByItsNewWordsOnly(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		path := notePath(newNote(b, "title", "before", "body", "early"))
		b.submit(path+"/edit", path, "title", "after", "body", "late").wantRedirect(path)
		wantTitles(t, b.get("/notes?q=after"), "after")
		wantTitles(t, b.get("/notes?q=late"), "after")
		wantTitles(t, b.get("/notes?q=before"))
		wantTitles(t, b.get("/notes?q=early"))
	})
}

func TestALongListHasPages(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
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

func TestAVeryLongListIsCountedOnlySoFar(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		for range 5 {
			newNote(b)
		}
		d := b.handler.(*Server).db
		for most, want := range map[int32]int64{3: 3, 5: 5, 7: 5} {
			if n, err := d.CountNotes(t.Context(), db.CountNotesParams{UserID: b.userID(), MaxRows: most}); n != want || err != nil {
				t.Errorf("counted to %d: %d, %v", most, n, err)
			}
		}
	})
	l := newList(echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/notes?page=9999999", nil), nil), noteSorts, "-updated")
	l.setTotal(maxCount - 1)
	if l.More() || l.Pages != maxCount/pageSize {
		t.Errorf("one row less: %v, %d pages", l.More(), l.Pages)
	}
	l.setTotal(maxCount)
	if !l.More() || l.Page != maxCount/pageSize || l.Last() != maxCount {
		t.Errorf("more, %v; page %d, to row %d", l.More(), l.Page, l.Last())
	}
	var out bytes.Buffer
	if err := newServer(t, dbtest.SQLite(t)).pages.Load().Lookup("notes/list").ExecuteTemplate(&out, "pages", l); err != nil || !strings.Contains(out.String(), "49976–50000 of 50000 or more") {
		t.Errorf("%v: %s", err, &out)
	}
}

func TestAPageThatIsNoneIsTheNearest(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		for i := range pageSize + 1 {
			newNote(b, "title", fmt.Sprintf("n%02d", i))
		}
		for page, want := range map[string]string{"0": "1–25", "-1": "1–25", "x": "1–25", "": "1–25", "3": "26–26", "2147483648": "26–26", "99999999999999999999": "26–26"} {
			b.get("/notes?page=" + page).wantText(want + " of 26")
		}
	})
}

func TestNotesOfOneTitleAreOnOnePageEach(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
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

func TestSearchFilterAndOrderStayTogether(t *testing.T) {
	eachNoteWriter(t, func(t *testing.T, b *browser) {
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
	eachNoteWriter(t, func(t *testing.T, b *browser) {
		newNote(b, "title", "only")
		for _, query := range []string{"sort=password_hash", "sort=title;DROP+TABLE+notes", "sort=--title", "sort=-", "sort[]=title", "pinned=1", "pinned[]=yes", "q[]=x", "q=%00", "q=%ff", "%zz=1", "page=1&page=2", "q=only&q=nothing"} {
			wantTitles(t, b.get("/notes?"+query), "only")
		}
		wantTitles(t, b.get("/notes?q="+strings.Repeat("only", 5000)))
	})
}
