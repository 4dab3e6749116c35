package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// access says who may use a route.
type access string

const (
	public                access = "public"
	signedIn              access = "signed in"
	recentlyAuthenticated access = "recently authenticated" // signed in, and proved it within recent
	administrator         access = "administrator"
	recentAdministrator   access = "administrator, recently authenticated"
	development           access = "development" // everybody, but not in production
)

// recent is how long a proof of identity is good for what is sensitive. ASVS
// 7.5.3.
const recent = 15 * time.Minute

// Route is one line of the map: who may send which request.
type Route struct{ Method, Path, Access, Handler string }

// handle adds a route. One whose access isn't declared is an error: a page that
// was forgotten must not be open to all.
func (s *Server) handle(method, path string, who access, h echo.HandlerFunc) error {
	guarded := h
	switch who {
	case public, development:
	case signedIn:
		guarded = s.requireUser(h)
	case recentlyAuthenticated:
		guarded = s.requireUser(s.requireRecent(h))
	case administrator:
		guarded = s.requireUser(s.requireRole(h, db.RoleAdmin))
	case recentAdministrator:
		guarded = s.requireUser(s.requireRole(s.requireRecent(h), db.RoleAdmin))
	default:
		return fmt.Errorf("route %s %s declares no access", method, path)
	}
	s.routes = append(s.routes, Route{method, path, string(who), handlerName(h)})
	if who == development && s.cfg.Production() {
		return nil
	}
	s.echo.Add(method, path, guarded)
	if method == http.MethodGet {
		s.echo.Add(http.MethodHead, path, guarded)
	}
	return nil
}

// undeclared returns an error for each route that was added past handle.
func (s *Server) undeclared() error {
	var errs []error
	for _, added := range s.echo.Routes() {
		declared := func(r Route) bool {
			return r.Path == added.Path && (r.Method == added.Method || r.Method == http.MethodGet && added.Method == http.MethodHead)
		}
		if !slices.ContainsFunc(s.routes, declared) {
			errs = append(errs, fmt.Errorf("route %s %s declares no access: add it with handle", added.Method, added.Path))
		}
	}
	return errors.Join(errs...)
}

// requireUser sends a visitor who isn't signed in to the sign-in page, and
// back afterwards.
func (s *Server) requireUser(next echo.HandlerFunc) echo.HandlerFunc {
	return s.sessions.KeepForms(func(c echo.Context) error {
		user, err := session.From(c).User()
		if err != nil {
			return err
		}
		if user == nil {
			return s.redirect(c, withNext("/login", c.Request()))
		}
		return next(c)
	})
}

// requireRole refuses those who are signed in and have none of these roles.
func (s *Server) requireRole(next echo.HandlerFunc, roles ...string) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !slices.Contains(roles, currentUser(c).Role) {
			return echo.ErrForbidden
		}
		return next(c)
	}
}

// requireRecent has a person who signed in a while ago give the password again,
// and then try again.
func (s *Server) requireRecent(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if time.Since(currentUser(c).AuthenticatedAt) > recent {
			return s.redirect(c, withNext("/account/reauthenticate", c.Request()))
		}
		return next(c)
	}
}

// currentUser returns who is signed in, on a route that demands it.
func currentUser(c echo.Context) *session.User {
	user, _ := session.From(c).User()
	return user
}

// maxNext bounds the page that a sign-in leads back to, in bytes. A longer one
// loses its query.
const maxNext = 2000

// withNext returns the path of a page that asks who somebody is and leads back
// to what was asked for; or, since a form isn't sent twice, to the page that it
// was sent from.
func withNext(path string, r *http.Request) string {
	next := r.URL.RequestURI()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if next = here(r); next == "/" { // which is no page to be signed in for
			return path
		}
	}
	if len(next) > maxNext {
		next, _, _ = strings.Cut(next, "?")
	}
	if len(next) > maxNext {
		return path
	}
	return path + "?" + url.Values{"next": {next}}.Encode()
}

// localPath returns next if it is a path of the portal, else fallback: a link
// to our sign-in must not lead to somebody else's site (ASVS 3.7.2). Browsers
// take "//host" and "/\host" for another site, and drop tabs and line breaks
// before they look.
func localPath(next, fallback string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" ||
		!strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\t\r\n") {
		return fallback
	}
	return next
}

// handlerName returns the name of a handler's function, for the list of routes.
func handlerName(h echo.HandlerFunc) string {
	name := runtime.FuncForPC(reflect.ValueOf(h).Pointer()).Name()
	name = strings.TrimSuffix(name[strings.LastIndex(name, "/")+1:], "-fm")
	return name[strings.LastIndex(name, ".")+1:]
}
