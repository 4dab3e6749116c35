//go:build dev

package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/db"
)

// maxRequests is how many requests the cockpit remembers.
const maxRequests = 50

// request is one that was answered, with what it sent to the database.
type request struct {
	ID           int
	Method, Path string
	Status       int
	took         time.Duration
	trace        *db.Trace
}

// record remembers requests, except those that nobody writes SQL for.
func (c *cockpit) record(next echo.HandlerFunc) echo.HandlerFunc {
	return func(e echo.Context) error {
		path, start, trace := e.Request().URL.Path, time.Now(), &db.Trace{}
		e.SetRequest(e.Request().WithContext(db.WithTrace(e.Request().Context(), trace)))
		for _, prefix := range []string{"/_dev", "/static/", "/healthz", "/readyz", "/favicon.ico", "/manifest.webmanifest"} {
			if strings.HasPrefix(path, prefix) {
				return next(e)
			}
		}
		defer func() { // also after a panic that cuts the connection
			c.mu.Lock()
			defer c.mu.Unlock()
			c.seen++
			r := request{c.seen, e.Request().Method, path, e.Response().Status, time.Since(start), trace}
			c.requests = slices.Insert(c.requests, 0, r)[:min(maxRequests, len(c.requests)+1)]
		}()
		return next(e)
	}
}

func (c *cockpit) latest() []tracedRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []tracedRequest
	for _, r := range c.requests {
		list = append(list, tracedRequest{r, newStatements(r.trace.Statements())})
	}
	return list
}

type sqlPage struct {
	page
	Requests []tracedRequest
	Stray    statements
}

type tracedRequest struct {
	request
	statements
}

func (r tracedRequest) Took() string { return milliseconds(r.took) }

// statements are a request's, those with the same text taken together.
type statements struct {
	Groups []*statementGroup
	Kept   int
	all    int
}

type statementGroup struct {
	Name, Text, Fault string
	Times             int
	took              time.Duration
	rows              int64
}

func newStatements(list []db.Statement, all int) statements {
	s := statements{Kept: len(list), all: all}
	byText := map[string]*statementGroup{}
	for _, one := range list {
		g := byText[one.Text]
		if g == nil {
			g = &statementGroup{Name: one.Name, Text: one.Text}
			if isControl(one.Text) {
				g.Name = one.Text
			}
			byText[one.Text] = g
			s.Groups = append(s.Groups, g)
		}
		g.Times++
		g.took += one.Took
		g.rows += one.Rows
		if one.Err != nil {
			g.Fault = one.Err.Error()
		}
	}
	return s
}

func (s statements) Count() string { return countOf(s.all, "statement") }
func (s statements) Left() bool    { return s.all > s.Kept }

func (s statements) Repeated() bool {
	return slices.ContainsFunc(s.Groups, func(g *statementGroup) bool { return g.Repeated() })
}

func (s statements) Failed() bool {
	return slices.ContainsFunc(s.Groups, func(g *statementGroup) bool { return g.Fault != "" })
}

// Repeated reports whether the statement ran several times: often once for each
// row of another one, where one that asks for all would do (N+1).
func (g *statementGroup) Repeated() bool {
	return g.Times > 1 && !isControl(g.Text)
}

// isControl reports whether a statement is about a transaction itself.
func isControl(text string) bool {
	return slices.Contains([]string{"BEGIN", "COMMIT", "ROLLBACK"}, text)
}

func (g *statementGroup) Took() string { return milliseconds(g.took) }

func (g *statementGroup) Rows() string {
	if isControl(g.Text) {
		return ""
	}
	return countOf(int(g.rows), "row")
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

func (c *cockpit) listStatements(e echo.Context) error {
	p := &sqlPage{Requests: c.latest(), Stray: newStatements(c.db.Stray())}
	return c.render(e, http.StatusOK, "_dev/sql", p)
}
