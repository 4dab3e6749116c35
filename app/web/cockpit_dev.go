//go:build dev

package web

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/config"
	dev "github.com/managethefans/portal/app/devtools"
	"github.com/managethefans/portal/app/session"
)

// cockpit is what developers see below /_dev. It is open to everybody who
// reaches the port under a name of this machine; only from this machine itself
// does it change anything.
type cockpit struct {
	*Server
	getenv func(string) string
	dir    string // of the project

	mu       sync.Mutex
	requests []request // the newest first
	seen     int
}

// addCockpit adds the cockpit in development. A list of the routes, which has
// no settings, names it too.
func (s *Server) addCockpit(getenv func(string) string, dir string) error {
	if s.cfg.Env != config.Development && s.cfg.Env != "" {
		return nil
	}
	c := &cockpit{Server: s, getenv: getenv, dir: dir}
	if getenv("PORTAL_DEV_LOOP") != "" && s.db != nil {
		s.db.HoldMigrations()
	}
	s.echo.Pre(c.record)
	s.echo.Use(c.refuseForeigners, c.holdPages)
	return errors.Join(
		s.handle(http.MethodGet, "/_dev", development, c.showOverview),
		s.handle(http.MethodGet, "/_dev/cockpit.css", development, c.showStyle),
		s.handle(http.MethodGet, "/_dev/routes", development, c.listRoutes),
		s.handle(http.MethodGet, "/_dev/sql", development, c.listStatements),
		s.handle(http.MethodGet, "/_dev/mail", development, c.listMailbox),
		s.handle(http.MethodGet, "/_dev/mail/:id", development, c.showMessage),
		s.handle(http.MethodGet, "/_dev/mail/:id/html", development, c.showMessageHTML),
		s.handle(http.MethodGet, "/_dev/settings", development, c.listSettings),
		s.handle(http.MethodGet, "/_dev/migrations", development, c.listMigrations),
		s.handle(http.MethodPost, "/_dev/migrations/apply", development, c.applyMigrations),
		s.handle(http.MethodPost, "/_dev/migrations/back", development, c.takeBackMigration),
		s.handle(http.MethodPost, "/_dev/migrations/redo", development, c.redoMigration),
		s.handle(http.MethodGet, "/_dev/migrations/reset", development, c.confirmReset),
		s.handle(http.MethodPost, "/_dev/migrations/reset", development, c.resetDatabase),
	)
}

// refuseForeigners keeps the pages for developers from other sites. A page of
// theirs can have its own name lead to this machine (DNS rebinding), and is of
// the same origin then: only the name gives it away. Other machines, such as a
// phone, may look.
func (c *cockpit) refuseForeigners(next echo.HandlerFunc) echo.HandlerFunc {
	return func(e echo.Context) error {
		r := e.Request()
		if r.URL.Path != "/_dev" && !strings.HasPrefix(r.URL.Path, "/_dev/") {
			return next(e)
		}
		if !dev.IsThisMachine(r.Host) {
			return c.refuse(e, http.StatusMisdirectedRequest, "It is shown at localhost, at this machine’s name or its address, and not at "+r.Host+".")
		}
		if r.Method == http.MethodPost && !isFromThisMachine(e) {
			return c.refuse(e, http.StatusForbidden, "From elsewhere it can be looked at. Change it on the machine that the portal runs on.")
		}
		return next(e)
	}
}

func (c *cockpit) refuse(e echo.Context, status int, why string) error {
	p := &errorPage{page: c.newPage(e), Status: status, Heading: "This is for developers", Text: why}
	session.From(e).Discard()
	return c.write(e, status, "errors/show", p)
}

// isFromThisMachine reports whether a request comes from an address that is this
// machine's.
func isFromThisMachine(e echo.Context) bool {
	from, err := netip.ParseAddr(e.RealIP())
	if err != nil {
		return false
	}
	to, _ := e.Request().Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return from.Unmap().IsLoopback() || to != nil && from.Unmap() == to.AddrPort().Addr().Unmap()
}

//go:embed cockpit.css
var cockpitStyle []byte

func (c *cockpit) showStyle(e echo.Context) error {
	e.Response().Header().Set("Cache-Control", "no-cache")
	return e.Blob(http.StatusOK, "text/css; charset=utf-8", cockpitStyle)
}

type overviewPage struct {
	page
	Links []overviewLink
}

type overviewLink struct{ Path, Label, Text, Badge string }

func (c *cockpit) showOverview(e echo.Context) error {
	requests := c.latest()
	repeated := 0
	for _, r := range requests {
		if r.Repeated() {
			repeated++
		}
	}
	messages, mailErr := c.db.CountMessages(e.Request().Context())
	applied, pending, err := c.migrations(e.Request().Context())
	links := []overviewLink{
		{"/_dev/routes", "Routes", countOf(len(c.routes), "route"), ""},
		{"/_dev/sql", "SQL", countOf(len(requests), "request"), badge(repeated, "with repeated statements")},
		{"/_dev/migrations", "Migrations", strconv.Itoa(len(applied)) + " applied", badge(len(pending), "pending")},
		{"/_dev/mail", "Mail", countOf(int(messages.Waiting), "message") + " waiting", badge(int(messages.Failed), "failed")},
		{"/_dev/settings", "Settings", "and where they come from", ""},
		{"/_dev/design", "Design", "every part that pages are made of", ""},
	}
	if err != nil {
		links[2].Text, links[2].Badge = "", "can’t be read"
	}
	if mailErr != nil {
		links[3].Text, links[3].Badge = "", "can’t be read"
	}
	return c.render(e, http.StatusOK, "_dev/overview", &overviewPage{Links: links})
}

func countOf(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

func badge(n int, text string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s", n, text)
}

type routesPage struct {
	page
	Routes []routeRow
}

type routeRow struct {
	Route
	Place  string // file and line of the handler
	Editor template.URL
}

// listRoutes shows what `portal routes` prints.
func (c *cockpit) listRoutes(e echo.Context) error {
	p := &routesPage{}
	places := handlerPlaces(filepath.Join(c.dir, "app", "web"))
	for _, r := range c.routes {
		row := routeRow{Route: r}
		if line, ok := places[r.Handler]; ok {
			row.Place = fmt.Sprintf("%s:%d", line.file, line.number)
			row.Editor = c.editor("app/web/"+line.file, line.number)
		}
		p.Routes = append(p.Routes, row)
	}
	return c.render(e, http.StatusOK, "_dev/routes", p)
}

type sourceLine struct {
	file   string
	number int
}

// handlerPlaces finds the methods in a folder's source by their names: a value
// of a method doesn't tell where that is.
func handlerPlaces(dir string) map[string]sourceLine {
	places := map[string]sourceLine{}
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		number := 0
		for line := range strings.Lines(string(content)) {
			number++
			if head, ok := strings.CutPrefix(line, "func ("); ok {
				_, name, _ := strings.Cut(head, ") ")
				name, _, _ = strings.Cut(name, "(")
				places[name] = sourceLine{filepath.Base(file), number}
			}
		}
	}
	return places
}

// editor returns a link that opens a file of the project in the editor.
func (c *cockpit) editor(file string, line int) template.URL {
	return template.URL(dev.Link(dev.Place{File: filepath.Join(c.dir, file), Line: max(1, line)}))
}

type cockpitSettingsPage struct {
	page
	Settings []config.Setting
}

func (c *cockpit) listSettings(e echo.Context) error {
	return c.render(e, http.StatusOK, "_dev/settings", &cockpitSettingsPage{Settings: config.Settings(c.getenv, c.dir)})
}

// detached is the request's context for work that goes on when nobody waits for
// it any more.
func detached(e echo.Context) context.Context { return context.WithoutCancel(e.Request().Context()) }
