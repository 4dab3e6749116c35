package web

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/db"
)

// pageSize is how many rows a page of a list has.
const pageSize = 25

// maxCount bounds how many rows of a list are counted: that takes as long as there
// are rows. There are no pages beyond it; a search or another order finds what
// would be there.
const maxCount = 50_000

// maxSearch bounds what is searched for, in characters.
const maxSearch = 100

// sorts are the columns that a list can be sorted by: upwards and downwards.
type sorts map[string]struct{ Up, Down db.Order }

// list is what a visitor wants to see of a list: what is searched for, which
// filters are on, in which order, and which page. It comes from the address, so
// that a list can be bookmarked and sent to a colleague.
type list struct {
	Search string
	Sort   string // a column; "-" before it is downwards
	Page   int    // from 1
	Pages  int
	Total  int64 // maxCount stands for more, too

	path        string
	defaultSort string
	sorts       sorts
	filters     map[string]bool // by the names of their parameters
}

// newList reads a list from the request. What makes no sense there is as if it
// were not: an address is often typed, or cut off.
func newList(c echo.Context, all sorts, defaultSort string, filters ...string) *list {
	l := &list{Sort: defaultSort, Page: 1, path: c.Request().URL.Path, defaultSort: defaultSort, sorts: all, filters: map[string]bool{}}
	if search := c.QueryParam("q"); utf8.ValidString(search) && !strings.Contains(search, "\x00") {
		l.Search = cut(strings.TrimSpace(search), maxSearch)
	}
	if sort := c.QueryParam("sort"); l.has(sort) {
		l.Sort = sort
	}
	if n, err := strconv.Atoi(c.QueryParam("page")); (err == nil || errors.Is(err, strconv.ErrRange)) && n > 0 {
		l.Page = n
	}
	for _, name := range filters {
		l.filters[name] = c.QueryParam(name) == "yes"
	}
	return l
}

func cut(text string, characters int) string {
	if runes := []rune(text); len(runes) > characters {
		return string(runes[:characters])
	}
	return text
}

func (l *list) has(sort string) bool {
	_, ok := l.sorts[strings.TrimPrefix(sort, "-")]
	return ok
}

// setTotal says how many rows there are in all, up to maxCount. A page past the last one
// becomes the last: rows may have gone since the link was made.
func (l *list) setTotal(rows int64) {
	l.Total = min(rows, maxCount)
	l.Pages = max(1, int((l.Total+pageSize-1)/pageSize))
	l.Page = min(l.Page, l.Pages)
}

func (l *list) order() db.Order {
	if column, down := strings.CutPrefix(l.Sort, "-"); down {
		return l.sorts[column].Down
	}
	return l.sorts[l.Sort].Up
}

func (l *list) skip() int32 { return int32(l.Page-1) * pageSize }

// rows is how many rows the page has, so that nobody looks through a table for one
// more.
func (l *list) rows() int32 { return int32(l.Last() - int64(l.skip())) }

// More reports whether there may be more rows than Total.
func (l *list) More() bool { return l.Total >= maxCount }

// Filter reports whether a filter is on.
func (l *list) Filter(name string) bool { return l.filters[name] }

// Narrowed reports whether rows may be missing because of a search or a filter.
func (l *list) Narrowed() bool {
	narrowed := l.Search != ""
	for _, on := range l.filters {
		narrowed = narrowed || on
	}
	return narrowed
}

// First and Last are the numbers of the first and the last row on the page.
func (l *list) First() int64 { return min(l.Total, int64(l.skip())+1) }
func (l *list) Last() int64  { return min(l.Total, int64(l.skip())+pageSize) }

// Parameter is a value that a search form keeps.
type Parameter struct{ Name, Value string }

// Parameters lists what a search keeps: everything but the search and the page.
func (l *list) Parameters() []Parameter {
	var kept []Parameter
	for name, values := range l.values() {
		if name != "q" && name != "page" {
			kept = append(kept, Parameter{name, values[0]})
		}
	}
	return kept
}

// values is the list as parameters, without those that have their usual value.
func (l *list) values() url.Values {
	v := url.Values{}
	if l.Search != "" {
		v.Set("q", l.Search)
	}
	if l.Sort != l.defaultSort {
		v.Set("sort", l.Sort)
	}
	if l.Page > 1 {
		v.Set("page", strconv.Itoa(l.Page))
	}
	for name, on := range l.filters {
		if on {
			v.Set(name, "yes")
		}
	}
	return v
}

func (l *list) address(v url.Values) string {
	if len(v) == 0 {
		return l.path
	}
	return l.path + "?" + v.Encode()
}

// PageURL is the address of another page of the list.
func (l *list) PageURL(n int) string {
	other := *l
	other.Page = n
	return other.address(other.values())
}

// FilterURL is the address of the list with a filter on ("yes") or off ("").
func (l *list) FilterURL(name, value string) string {
	v := l.values()
	v.Del("page")
	v.Del(name)
	if value != "" {
		v.Set(name, value)
	}
	return l.address(v)
}

// ClearURL is the address of the list without search and filters.
func (l *list) ClearURL() string {
	other := list{Sort: l.Sort, defaultSort: l.defaultSort, path: l.path}
	return other.address(other.values())
}

// column is a heading that sorts.
type column struct {
	Label, URL string
	Sorted     string // "ascending", "descending" or "": the values of aria-sort
}

// Column is the heading of a column: following it sorts by that column, upwards
// at first, and once more turns the order round.
func (l *list) Column(name, label string) column {
	other := *l
	other.Page, other.Sort = 1, name
	sorted := ""
	switch l.Sort {
	case name:
		sorted, other.Sort = "ascending", "-"+name
	case "-" + name:
		sorted = "descending"
	}
	return column{label, other.address(other.values()), sorted}
}

// Numbers are the pages to link to: the first, the last and those around this
// one. A 0 stands for those left out.
func (l *list) Numbers() []int {
	var numbers []int
	last := 0
	for _, n := range []int{1, l.Page - 1, l.Page, l.Page + 1, l.Pages} {
		if n <= last || n > l.Pages {
			continue
		}
		switch n - last {
		case 1:
		case 2:
			numbers = append(numbers, n-1)
		default:
			numbers = append(numbers, 0)
		}
		numbers = append(numbers, n)
		last = n
	}
	return numbers
}
