package db_test

import (
	"testing"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func TestAnOrderTakesThePlaceOfTheQuerysOwn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, email := range []string{"b", "a", "c"} {
			addUser(t, d.Queries, email)
		}
		for want, q := range map[string]*db.Queries{"abc": d.Queries, "cba": d.OrderBy(db.By("email DESC")), "bac": d.OrderBy(db.By("id"))} {
			users, err := q.ListUserPage(t.Context(), db.ListUserPageParams{MaxRows: 10})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, u := range users {
				got += u.Email
			}
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	})
}

func TestASearchPatternFindsTextAsItIs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", " \t": "", "ÄB": "%äb%", " a b ": "%a b%", `50%_\`: `%50\%\_\\%`} {
		if got := db.SearchPattern(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := db.SearchText("Ärger", "Über"); got != "ärger\nüber" {
		t.Errorf("got %q", got)
	}
}
