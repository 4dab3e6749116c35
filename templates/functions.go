package templates

import (
	"fmt"
	"html/template"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/managethefans/portal/app/input"
)

// functions are what templates can call; asset is added when they are loaded.
var functions = template.FuncMap{
	"add":      func(a, b int) int { return a + b },
	"checkbox": newCheckbox,
	"day":      newDay,
	"decimal":  func(n int64, places int) string { return input.DecimalValue(&n, places) },
	"field":    newField,
	"initial":  initial,
	"links":    newLinks,
	"moment":   newMoment,
	"select":   newSelect,
	"words":    input.Words,
}

// day is a date as a page shows it.
type day struct {
	ISO, Text string
	Overdue   bool
}

func newDay(t time.Time) day {
	today := time.Now().UTC().Truncate(24 * time.Hour)
	return day{t.Format(time.DateOnly), t.Format("2 Jan 2006"), t.Before(today)}
}

// moment is a time as a page shows it.
type moment struct{ ISO, Text, Ago string }

func newMoment(t time.Time) moment {
	t = t.UTC()
	return moment{t.Format(time.RFC3339), t.Format("2 Jan 2006, 15:04 UTC"), ago(t, time.Now())}
}

// ago says when something was in a few words: how long ago on the same day,
// the date before.
func ago(t, now time.Time) string {
	switch passed := now.Sub(t); {
	case passed < time.Minute:
		return "just now"
	case passed < time.Hour:
		return count(int(passed.Minutes()), "minute") + " ago"
	case passed < 24*time.Hour:
		return count(int(passed.Hours()), "hour") + " ago"
	}
	return t.Format("2 Jan 2006")
}

func count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// initial is the first letter of a name, as a picture of the person.
func initial(name string) string {
	first, _ := utf8.DecodeRuneInString(name)
	return strings.ToUpper(string(first))
}

type link struct{ Path, Label string }

// newLinks makes breadcrumbs in a template, of paths and labels in turn.
func newLinks(pairs ...string) ([]link, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("links: %q has no label", pairs[len(pairs)-1])
	}
	var list []link
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, link{pairs[i], pairs[i+1]})
	}
	return list, nil
}
