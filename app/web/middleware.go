package web

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// maxBody bounds what a request may send, in bytes.
const maxBody = 1 << 20

// csp lets a page use what comes from the portal itself, as files, and nothing
// else: no inline script or style, no frames, no plugins. ASVS 3.4.3, 3.4.6.
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; manifest-src 'self'; form-action 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; " +
	"report-uri " + cspReportPath

// requestID names the request, for the log and for the visitor who reports a
// fault.
func (s *Server) requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderXRequestID, rand.Text())
		return next(c)
	}
}

// statusClientGone answers a request that nobody waits for any more.
const statusClientGone = 499

// logRequest renders the error that a handler returned, if any, and writes one
// line for the request. The query isn't logged: it may hold secrets.
func (s *Server) logRequest(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		err := next(c)
		begun := c.Response().Committed
		if err != nil {
			c.Error(err)
		}
		level, r, w := slog.LevelInfo, c.Request(), c.Response()
		attrs := []slog.Attr{
			slog.String("method", r.Method),
			slog.String("path", r.URL.Path),
			slog.Int("status", w.Status),
			slog.Float64("ms", float64(time.Since(start).Microseconds())/1000),
			slog.String("ip", c.RealIP()),
			slog.String("id", w.Header().Get(echo.HeaderXRequestID)),
		}
		if strings.HasPrefix(r.URL.Path, "/static/") || strings.HasPrefix(r.URL.Path, "/_dev/") || r.URL.Path == "/healthz" || r.URL.Path == "/readyz" {
			level = slog.LevelDebug
		}
		if err != nil {
			attrs = append(attrs, slog.Any("error", err))
			if isOurs(err, w.Status) || begun && r.Context().Err() == nil {
				level = slog.LevelError
			}
		}
		s.log.LogAttrs(r.Context(), level, "request", attrs...)
		if err != nil && begun {
			panic(http.ErrAbortHandler) // half an answer must not pass as a whole one
		}
		return nil
	}
}

// isOurs reports whether an error is a fault of the portal, and not of what was
// asked: a panic is, also when nobody waits for the answer any more.
func isOurs(err error, status int) bool {
	var caught *panicError
	return status >= http.StatusInternalServerError || errors.As(err, &caught)
}

// panicError is a panic that was caught, with the stack for the log.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.value, e.stack) }

func (s *Server) recoverPanic(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			switch value := recover(); value {
			case nil:
			case http.ErrAbortHandler: // net/http's way to cut a connection
				panic(value)
			default:
				err = &panicError{value, debug.Stack()}
			}
		}()
		return next(c)
	}
}

func (s *Server) securityHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")   // ASVS 3.4.8
		h.Set("Cross-Origin-Resource-Policy", "same-origin") // ASVS 3.5.8
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Referrer-Policy", "same-origin")    // ASVS 3.4.5
		h.Set("X-Content-Type-Options", "nosniff") // ASVS 3.4.4
		if s.cfg.Production() {
			// Chromium prefers this kind of report, and sends it over HTTPS only.
			h.Set("Content-Security-Policy", csp+"; report-to csp")
			h.Set("Reporting-Endpoints", `csp="`+cspReportPath+`"`)
			h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains") // two years; ASVS 3.4.1
		}
		return next(c)
	}
}

func (s *Server) limitBody(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Request().ContentLength > maxBody {
			return &http.MaxBytesError{Limit: maxBody}
		}
		c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, maxBody)
		return next(c)
	}
}

// refuseCrossOrigin refuses requests that change something and come from
// another site. Browsers say where a request comes from, so forms need no
// tokens. ASVS 3.5.1.
func (s *Server) refuseCrossOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := s.origin.Check(c.Request()); err != nil {
			return fmt.Errorf("%w: %w", errCrossOrigin, err)
		}
		return next(c)
	}
}

// trust returns how to tell a visitor's address, and whether it was HTTPS.
// Forwarding headers count only when they come from a proxy that is trusted;
// anybody can write them.
func trust(proxies []netip.Prefix) (echo.IPExtractor, echo.SchemeExtractor) {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect(), echo.ExtractSchemeDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		options = append(options, echo.TrustIPRange(&net.IPNet{
			IP:   p.Masked().Addr().AsSlice(),
			Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
		}))
	}
	return echo.ExtractIPFromXFFHeader(options...), echo.ExtractSchemeFromHeaders(options...)
}
