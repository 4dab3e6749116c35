package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/lmittmann/tint"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/app/web"
	"github.com/managethefans/portal/db"
)

// How long a start and a shutdown wait. A connection that is kept open is closed
// after its next answer, or when it has been quiet; a request under way may end.
const (
	quietInProduction  = 2 * time.Second
	quietInDevelopment = 300 * time.Millisecond // the developer may wait for the prompt
	shutdownTimeout    = 20 * time.Second

	firstLook = 5 * time.Second // at the database; migrations may take longer
)

// gcPercent lets the heap grow to five times what is in use before garbage is
// collected, instead of twice: a portal keeps little and makes much, and the
// processor's time is dearer than a few MB. GOGC overrides it.
const gcPercent = 400

// serve runs the portal until ctx ends. It listens first: a fault there ends
// it at once, while the database may come later.
func (p *program) serve(ctx context.Context) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	if p.getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	log := newLogger(cfg, p.stdout)
	d, err := db.Open(cfg.DatabaseURL, cfg.MigrateDatabaseURL)
	if err != nil {
		return err
	}
	defer d.Close()
	handler, err := web.New(cfg, log, d)
	if err != nil {
		return err
	}
	listener, err := listen(cfg.Addr, p.getenv)
	if err != nil {
		return err
	}
	log.Info("portal starts", "version", version, "environment", cfg.Env, "sessions", cfg.SessionStore, "address", listener.Addr().String())
	if !cfg.Production() && p.getenv("LISTEN_FDS") == "" { // whose socket it is says so itself
		fmt.Fprintf(p.stdout, "\n%s\n\n", localURL(listener.Addr()))
	}

	ctx, stop := context.WithCancel(ctx)
	context.AfterFunc(ctx, handler.End) // before it waits for requests to end
	var background sync.WaitGroup
	background.Go(func() { d.Watch(ctx, log, cfg.Migrate) })
	background.Go(func() { handler.DeliverMail(ctx) })
	background.Go(func() { session.PruneLoop(ctx, log, d, cfg.SessionDir, cfg.SessionIdle, cfg.AuditRetention) })
	// Who comes first waits in the socket's queue: a program that replaces another
	// must not answer that it has no database yet.
	select {
	case <-d.Looked():
	case <-time.After(firstLook):
	case <-ctx.Done():
	}
	d.Warm(ctx)
	if err := notifyReady(p.getenv); err != nil {
		log.Warn("nobody hears that the portal is ready", "error", err)
	}
	err = serveHTTP(ctx, log, listener, handler, cfg)
	stop() // also when serving has failed by itself
	background.Wait()
	return err
}

// serveHTTP answers on listener until ctx ends, then lets every request end
// that has begun.
func serveHTTP(ctx context.Context, log *slog.Logger, listener net.Listener, handler http.Handler, cfg config.Config) error {
	drain := newDrain(handler)
	server := &http.Server{
		Handler:           drain,
		ConnState:         drain.connState,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}

	log.Info("portal stops")
	select { // whoever asks /readyz sends no more meanwhile
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-time.After(cfg.ShutdownDelay):
	}
	quiet := quietInDevelopment
	if cfg.Production() {
		quiet = quietInProduction
	}
	limit, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	listener.Close() // no new connections; those that wait for a successor's listener keep waiting
	<-failed         // else Shutdown may find the listener closed, and call that a fault
	drain.wait(limit, quiet)
	err := server.Shutdown(limit)
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(fmt.Errorf("requests were still under way after %s", shutdownTimeout), server.Close())
	}
	return err
}

// newLogger writes what people read in development, and JSON for machines in
// production.
func newLogger(cfg config.Config, w io.Writer) *slog.Logger {
	if cfg.LogJSON {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: cfg.LogLevel}))
	}
	return slog.New(tint.NewTextHandler(w, &tint.Options{Level: cfg.LogLevel, TimeFormat: time.TimeOnly, NoColor: !isTerminal(w)}))
}
