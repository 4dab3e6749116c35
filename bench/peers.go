package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/scs/pgxstore"
	"github.com/alexedwards/scs/v2"
	"github.com/antonlindstrom/pgstore"
	"github.com/gorilla/sessions"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/labstack/echo-contrib/session"
	"github.com/labstack/echo/v4"
	_ "github.com/lib/pq" // the driver "postgres"
)

//go:embed node
var node embed.FS

// installExpress has npm install the Express stack in a folder of dir, and
// returns the command that runs it.
func installExpress(ctx context.Context, dir string) (command func(args ...string) []string, err error) {
	program, err := exec.LookPath("node")
	if err != nil {
		return nil, errors.New("there is no Node.js: apt install nodejs npm, brew install node")
	}
	dir = filepath.Join(dir, "node")
	lock, err := node.ReadFile("node/package-lock.json")
	if err != nil {
		return nil, err
	}
	before, _ := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	installed := string(before) == string(lock)
	if !installed {
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"server.js", "dashboard.ejs", "package.json", "package-lock.json"} {
		content, err := node.ReadFile("node/" + name)
		if err != nil {
			return nil, err
		}
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, name), content, 0o644)); err != nil {
			return nil, err
		}
	}
	if !installed {
		npm := exec.CommandContext(ctx, "npm", "ci", "--silent", "--no-audit", "--no-fund")
		npm.Dir = dir
		if out, err := npm.CombinedOutput(); err != nil {
			return nil, errors.Join(fmt.Errorf("npm ci: %w\n%s", err, out), os.Remove(filepath.Join(dir, "package-lock.json")))
		}
	}
	return func(args ...string) []string {
		return append([]string{program, filepath.Join(dir, "server.js")}, args...)
	}, nil
}

// servePeer is one of the Go programs that the portal is compared with. Each is
// what the documentation of its library shows.
func servePeer(context.Context) error {
	mode, url := os.Args[2], os.Getenv("DATABASE_URL")
	var handler http.Handler
	var err error
	switch mode {
	case "pq-save":
		handler, err = servePGStore("postgres", url+"&sslmode=disable", true)
	case "pgx-save":
		handler, err = servePGStore("pgx", url, true)
	case "pgx-read":
		handler, err = servePGStore("pgx", url, false)
	case "scs":
		handler, err = serveSCS(url)
	default:
		err = fmt.Errorf("no peer is called %q", mode)
	}
	if err != nil {
		return err
	}
	return (&http.Server{Addr: os.Getenv("ADDR"), Handler: handler, ReadHeaderTimeout: 5 * time.Second}).ListenAndServe()
}

func servePGStore(driver, url string, save bool) (http.Handler, error) {
	pool, err := open(driver, url)
	if err != nil {
		return nil, err
	}
	store, err := pgstore.NewPGStoreFromPool(pool, []byte(secret))
	if err != nil {
		return nil, err
	}
	store.Options = &sessions.Options{Path: "/", MaxAge: 7 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	store.MaxAge(store.Options.MaxAge)
	e := newEcho()
	e.Use(session.Middleware(store))
	e.GET("/login", func(c echo.Context) error {
		s, _ := session.Get("session", c)
		id, err := strconv.ParseInt(c.QueryParam("id"), 10, 64)
		if err != nil {
			return err
		}
		s.Values["user_id"], s.Values["csrf"] = id, rand.Text()
		if err := s.Save(c.Request(), c.Response()); err != nil {
			return err
		}
		return c.String(http.StatusOK, "ok")
	})
	e.GET("/dashboard", func(c echo.Context) error {
		s, err := session.Get("session", c)
		if err != nil {
			return err
		}
		id, ok := s.Values["user_id"].(int64)
		if !ok {
			return c.Redirect(http.StatusSeeOther, "/login")
		}
		page, err := loadPage(c.Request().Context(), pool, id)
		if err != nil {
			return err
		}
		if save {
			if err := s.Save(c.Request(), c.Response()); err != nil {
				return err
			}
		}
		return c.Render(http.StatusOK, "page.html", page)
	})
	return e, nil
}

func serveSCS(url string) (http.Handler, error) {
	pool, err := open("pgx", url)
	if err != nil {
		return nil, err
	}
	_, err = pool.Exec("CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, data BYTEA NOT NULL, expiry TIMESTAMPTZ NOT NULL)")
	if err != nil {
		return nil, err
	}
	native, err := pgxpool.New(context.Background(), url)
	if err != nil {
		return nil, err
	}
	manager := scs.New()
	manager.Store = pgxstore.New(native)
	manager.Lifetime = 7 * 24 * time.Hour
	e := newEcho()
	e.Use(echo.WrapMiddleware(manager.LoadAndSave))
	e.GET("/login", func(c echo.Context) error {
		ctx := c.Request().Context()
		id, err := strconv.ParseInt(c.QueryParam("id"), 10, 64)
		if err != nil {
			return err
		}
		if err := manager.RenewToken(ctx); err != nil {
			return err
		}
		manager.Put(ctx, "user_id", id)
		manager.Put(ctx, "csrf", rand.Text())
		return c.String(http.StatusOK, "ok")
	})
	e.GET("/dashboard", func(c echo.Context) error {
		id := manager.GetInt64(c.Request().Context(), "user_id")
		if id == 0 {
			return c.Redirect(http.StatusSeeOther, "/login")
		}
		page, err := loadPage(c.Request().Context(), pool, id)
		if err != nil {
			return err
		}
		return c.Render(http.StatusOK, "page.html", page)
	})
	return e, nil
}

func open(driver, url string) (*sql.DB, error) {
	pool, err := sql.Open(driver, url)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(10)
	pool.SetMaxIdleConns(10)
	return pool, pool.Ping()
}

type page struct {
	User   struct{ Email, Name, Role string }
	Due    []note
	Latest []note
}

type note struct {
	ID               int64
	Title            string
	Pinned           bool
	DueOn, UpdatedAt time.Time
}

func loadPage(ctx context.Context, pool *sql.DB, id int64) (p page, err error) {
	var created time.Time
	err = pool.QueryRowContext(ctx, "SELECT id, email, name, role, created_at FROM users WHERE id = $1", id).
		Scan(&id, &p.User.Email, &p.User.Name, &p.User.Role, &created)
	if err != nil {
		return p, err
	}
	rows, err := pool.QueryContext(ctx, "SELECT id, title, due_on FROM notes WHERE user_id = $1 AND due_on IS NOT NULL ORDER BY due_on, id LIMIT 5", id)
	if err != nil {
		return p, err
	}
	defer rows.Close()
	for rows.Next() {
		var n note
		if err := rows.Scan(&n.ID, &n.Title, &n.DueOn); err != nil {
			return p, err
		}
		p.Due = append(p.Due, n)
	}
	if err := rows.Err(); err != nil {
		return p, err
	}
	rows, err = pool.QueryContext(ctx, "SELECT id, title, pinned, updated_at FROM notes WHERE user_id = $1 ORDER BY updated_at DESC, id DESC LIMIT 5", id)
	if err != nil {
		return p, err
	}
	defer rows.Close()
	for rows.Next() {
		var n note
		if err := rows.Scan(&n.ID, &n.Title, &n.Pinned, &n.UpdatedAt); err != nil {
			return p, err
		}
		p.Latest = append(p.Latest, n)
	}
	return p, rows.Err()
}

func newEcho() *echo.Echo {
	e := echo.New()
	e.Renderer = renderer{}
	return e
}

type renderer struct{}

func (renderer) Render(w io.Writer, name string, data any, _ echo.Context) error {
	return pages.ExecuteTemplate(w, name, data)
}

//go:embed page.html
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"initial": func(name string) string {
		first, _ := utf8.DecodeRuneInString(name)
		return strings.ToUpper(string(first))
	},
	"day":     func(t time.Time) string { return t.Format(time.DateOnly) },
	"date":    func(t time.Time) string { return t.Format("2 Jan 2006") },
	"iso":     func(t time.Time) string { return t.Format(time.RFC3339) },
	"overdue": func(day time.Time) bool { return time.Since(day) > 24*time.Hour },
	"ago": func(t time.Time) string {
		switch passed := time.Since(t); {
		case passed < time.Hour:
			return fmt.Sprintf("%d minutes ago", int(passed.Minutes()))
		case passed < 24*time.Hour:
			return fmt.Sprintf("%d hours ago", int(passed.Hours()))
		}
		return t.Format("2 Jan 2006")
	},
}).ParseFS(files, "page.html"))
