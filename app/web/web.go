// Package web answers requests: routes, middleware, handlers and the pages that
// they render. Logic that can do without HTTP belongs in other packages.
//
// Start reading at routes.go.
package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/outbox"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/templates"
)

// Server is the portal as an http.Handler.
type Server struct {
	cfg      config.Config
	log      *slog.Logger
	db       *db.DB
	echo     *echo.Echo
	pages    atomic.Pointer[templates.Set]
	sessions *session.Manager
	outbox   *outbox.Outbox
	hasher   *auth.Hasher
	origin   http.CrossOriginProtection
	reports  *rate.Limiter // of the content security policy, into the log
	routes   []Route
	ending   atomic.Bool

	developing // in builds for development
}

// New makes the server. The database need not be ready: until it is, pages that
// need it answer 503.
func New(cfg config.Config, log *slog.Logger, d *db.DB) (*Server, error) {
	pages, developing, err := loadPages(cfg)
	if err != nil {
		return nil, fmt.Errorf("load templates: %w", err)
	}
	sessions, err := session.NewManager(session.Options{
		Store:   cfg.SessionStore,
		Dir:     cfg.SessionDir,
		Secrets: cfg.SessionSecrets,
		Secure:  cfg.Production(),
		DB:      d,

		Idle:     cfg.SessionIdle,
		Absolute: cfg.SessionAbsolute,
	})
	if err != nil {
		return nil, fmt.Errorf("set up sessions: %w", err)
	}
	mail, err := outbox.New(cfg, log, d)
	if err != nil {
		return nil, fmt.Errorf("set up mail: %w", err)
	}
	s := &Server{
		cfg: cfg, log: log, db: d, echo: echo.New(), sessions: sessions, outbox: mail,
		hasher: auth.NewHasher(auth.Cost), reports: rate.NewLimiter(1, 10), developing: developing,
	}
	s.pages.Store(pages)
	s.echo.HTTPErrorHandler = s.handleError
	s.echo.IPExtractor, s.echo.SchemeExtractor = trust(cfg.TrustedProxies)
	if err := s.addRoutes(); err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP answers a request, which waits for PostgreSQL for db.Timeout at most,
// all in all. SQLite doesn't hang: who waits there waits for a turn to write.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.db.Postgres() {
		r = r.WithContext(db.WithBudget(r.Context()))
	}
	s.echo.ServeHTTP(w, r)
}

// DeliverMail sends the messages that wait, and those that are added, until ctx
// ends.
func (s *Server) DeliverMail(ctx context.Context) { s.outbox.Run(ctx) }

// End has /readyz say from now on that requests should go elsewhere, and ends the
// answers that have no end by themselves. Requests that come all the same are
// answered.
func (s *Server) End() {
	s.ending.Store(true)
	s.endStreams()
}

// Routes lists the routes in the order in which they are declared. It needs
// neither settings nor a database.
func Routes() ([]Route, error) {
	s := &Server{echo: echo.New(), sessions: &session.Manager{}}
	err := s.addRoutes()
	return s.routes, err
}
