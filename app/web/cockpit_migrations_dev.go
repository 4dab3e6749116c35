//go:build dev

package web

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/config"
	dev "github.com/managethefans/portal/app/devtools"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

type migrationsPage struct {
	page
	Blocked          bool // stands in the place of another page
	Next             string
	Where, Folder    string
	Foreign          string // why nothing can be taken back
	Unread           string // why the state isn't known
	Pending, Applied []migrationRow
	Fault            *migrationFault
}

type migrationRow struct {
	Name, File, Text string
	AppliedAt        time.Time
	Editor           template.URL
}

type migrationFault struct {
	db.MigrationFault
	Place  string
	Editor template.URL
}

// Latest is the migration that would be taken back, or "".
func (p *migrationsPage) Latest() string {
	if len(p.Applied) == 0 {
		return ""
	}
	return p.Applied[len(p.Applied)-1].Name
}

// holdPages answers with the migrations that wait, whatever page was asked for.
func (c *cockpit) holdPages(next echo.HandlerFunc) echo.HandlerFunc {
	return func(e echo.Context) error {
		r := e.Request()
		for _, prefix := range []string{"/_dev", "/static/", "/theme"} {
			if strings.HasPrefix(r.URL.Path, prefix) {
				return next(e)
			}
		}
		if !wantsHTML(r) || !c.db.Waiting() {
			return next(e)
		}
		p := &migrationsPage{Blocked: true, Next: here(r)}
		if unavailable := c.db.Ready(); unavailable != nil && unavailable.Cause != nil {
			p.Fault = c.fault(unavailable.Cause, &db.Trace{})
		}
		if strings.Contains(r.Header.Get("Accept"), dev.FaultJSON) {
			return c.coverPage(e, p)
		}
		return c.writeMigrations(e, http.StatusServiceUnavailable, p)
	}
}

// coverPage tells a page that is open of the migrations that wait: what was
// typed into it stays.
func (c *cockpit) coverPage(e echo.Context, p *migrationsPage) error {
	_, pending, err := c.migrations(e.Request().Context())
	if err != nil {
		return err
	}
	title, text := "A migration waits", ""
	if p.Fault != nil {
		title, text = "A migration failed", fmt.Sprintf("%s:%d: %s\n", p.Fault.File, max(1, p.Fault.Line), p.Fault.Message)
	}
	for _, m := range pending {
		text += m.File + ":1: this database doesn’t have it yet\n"
	}
	fault := dev.ParseFault(dev.Migration, title, text, c.developing.root)
	fault.Next = p.Next
	session.From(e).Discard()
	e.Response().Header().Set(dev.FaultHeader, dev.FaultOfRequest)
	return e.Blob(http.StatusServiceUnavailable, dev.FaultJSON, fault.Message())
}

func (c *cockpit) listMigrations(e echo.Context) error {
	return c.writeMigrations(e, http.StatusOK, &migrationsPage{Next: "/_dev/migrations"})
}

func (c *cockpit) writeMigrations(e echo.Context, status int, p *migrationsPage) error {
	var err error
	p.Where, p.Foreign = c.db.Where(), c.foreign()
	if p.Applied, p.Pending, err = c.migrations(e.Request().Context()); err != nil {
		p.Unread = err.Error()
	}
	if len(p.Applied)+len(p.Pending) > 0 {
		p.Folder = path.Dir(append(p.Pending, p.Applied...)[0].File)
	}
	if !p.Blocked {
		return c.render(e, status, "_dev/migrations", p)
	}
	p.page = c.newPage(e) // messages are kept for the page that was asked for
	session.From(e).Discard()
	return c.write(e, status, "_dev/migrations", p)
}

// migrations returns those that are applied and those that are not.
func (c *cockpit) migrations(ctx context.Context) (applied, pending []migrationRow, err error) {
	list, err := c.db.Migrations(db.WithTrace(ctx, &db.Trace{})) // which is nothing of the request's
	if err != nil {
		return nil, nil, err
	}
	for _, m := range list {
		file, text, err := c.db.Source(m.Name)
		if err != nil {
			return nil, nil, err
		}
		row := migrationRow{m.Name, file, text, m.AppliedAt, c.editor(file, 1)}
		if m.Applied {
			applied = append(applied, row)
		} else {
			pending = append(pending, row)
		}
	}
	return applied, pending, nil
}

// foreign returns why data must not be destroyed from here, or "".
func (c *cockpit) foreign() string {
	if c.cfg.Env != config.Development {
		return "APP_ENV is " + c.cfg.Env + ", and not development."
	}
	return c.db.Foreign()
}

type migrationForm struct {
	Next string `form:"next"`
}

func (c *cockpit) applyMigrations(e echo.Context) error {
	var form migrationForm
	if err := c.bind(e, &form); err != nil {
		return err
	}
	return c.change(e, localPath(form.Next, "/_dev/migrations"), "The migrations are applied.", c.db.Apply)
}

func (c *cockpit) takeBackMigration(e echo.Context) error {
	return c.destroy(e, "The last migration is taken back. Pages wait until it is applied again.", c.db.TakeBack)
}

func (c *cockpit) redoMigration(e echo.Context) error {
	return c.destroy(e, "The last migration was taken back and applied again.", c.db.Redo)
}

type resetPage struct {
	page
	Where, Foreign string
}

func (c *cockpit) confirmReset(e echo.Context) error {
	return c.render(e, http.StatusOK, "_dev/reset", &resetPage{Where: c.db.Where(), Foreign: c.foreign()})
}

func (c *cockpit) resetDatabase(e echo.Context) error {
	return c.destroy(e, "The database is empty, and every migration applied.", c.db.Reset)
}

// destroy changes the schema in a way that loses data.
func (c *cockpit) destroy(e echo.Context, done string, f func(context.Context) error) error {
	if c.foreign() != "" {
		return echo.ErrForbidden
	}
	return c.change(e, "/_dev/migrations", done, f)
}

// change runs f, which changes the schema, and goes on to next, or shows what
// the database has said.
func (c *cockpit) change(e echo.Context, next, done string, f func(context.Context) error) error {
	trace := &db.Trace{}
	err := f(db.WithTrace(detached(e), trace))
	if err == nil {
		session.From(e).Flash(session.Success, done)
		if hub := c.developing.hub; hub != nil {
			hub.Page() // for those who wait in other tabs; the next page here is made at this version
		}
		return c.redirect(e, next)
	}
	c.log.Warn("migration failed", "error", err)
	return c.writeMigrations(e, http.StatusUnprocessableEntity, &migrationsPage{Next: next, Fault: c.fault(err, trace)})
}

// fault explains an error of a migration, whose statements are in t.
func (c *cockpit) fault(err error, t *db.Trace) *migrationFault {
	fault := &migrationFault{MigrationFault: c.db.Fault(err, t)}
	if fault.File != "" {
		fault.Place, fault.Editor = fault.File, c.editor(fault.File, fault.Line)
		if fault.Line > 0 {
			fault.Place = fmt.Sprintf("%s:%d", fault.File, fault.Line)
		}
	}
	return fault
}
