// Package web answers requests: routes, middleware, handlers and the pages that
// they render. Logic that can do without HTTP belongs in other packages.
//
// Start reading at routes.go.
package web

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/static"
	"github.com/managethefans/portal/templates"
)

// Server is the portal as an http.Handler.
type Server struct {
	cfg      config.Config
	log      *slog.Logger
	db       *db.DB
	echo     *echo.Echo
	pages    *templates.Set
	sessions *session.Manager
	hasher   *auth.Hasher
	origin   http.CrossOriginProtection
	reports  *rate.Limiter // of the content security policy, into the log
	routes   []Route
}

// New makes the server. The database need not be ready: until it is, pages that
// need it answer 503.
func New(cfg config.Config, log *slog.Logger, d *db.DB) (*Server, error) {
	pages, err := templates.Load(static.URL)
	if err != nil {
		return nil, fmt.Errorf("load templates: %w", err)
	}
	sessions, err := session.NewManager(session.Options{
		Store:   cfg.SessionStore,
		Dir:     cfg.SessionDir,
		Secrets: cfg.SessionSecrets,
		Secure:  cfg.Production(),
		DB:      d,
	})
	if err != nil {
		return nil, fmt.Errorf("set up sessions: %w", err)
	}
	s := &Server{cfg: cfg, log: log, db: d, echo: echo.New(), pages: pages, sessions: sessions, hasher: auth.NewHasher(), reports: rate.NewLimiter(1, 10)}
	s.echo.HTTPErrorHandler = s.handleError
	s.echo.IPExtractor, s.echo.SchemeExtractor = trust(cfg.TrustedProxies)
	if err := s.addRoutes(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Routes lists the routes in the order in which they are declared. It needs
// neither settings nor a database.
func Routes() ([]Route, error) {
	s := &Server{echo: echo.New(), sessions: &session.Manager{}}
	err := s.addRoutes()
	return s.routes, err
}

// Route is one line of the map: who may send which request.
type Route struct{ Method, Path, Access, Handler string }

// access says who may use a route.
type access string

const (
	public   access = "public"
	signedIn access = "signed in"
)

// handle adds a route. One whose access isn't declared is an error: a page that
// was forgotten must not be open to all.
func (s *Server) handle(method, path string, who access, h echo.HandlerFunc) error {
	guarded := h
	switch who {
	case public:
	case signedIn:
		guarded = s.requireUser(h)
	default:
		return fmt.Errorf("route %s %s declares no access", method, path)
	}
	s.echo.Add(method, path, guarded)
	if method == http.MethodGet {
		s.echo.Add(http.MethodHead, path, guarded)
	}
	s.routes = append(s.routes, Route{method, path, string(who), handlerName(h)})
	return nil
}
