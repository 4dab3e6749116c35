package web

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// tooManyError is a limit that was reached: the visitor may try again after
// Wait.
type tooManyError struct{ Wait time.Duration }

func (e *tooManyError) Error() string { return "too many failed attempts" }

// errCrossOrigin says that a request which could change something came from
// another site.
var errCrossOrigin = errors.New("cross-origin request refused")

type errorPage struct {
	page
	Status        int
	Heading, Text string
	Retry         bool // the same request may succeed later
}

// messages is what visitors read about each kind of failure: what happened, and
// what to do next. The cause is for the log.
var messages = map[int][2]string{
	http.StatusBadRequest:            {"This request can't be understood", "Go back, reload the page and try again."},
	http.StatusForbidden:             {"This is not open to you", "Your account may not do this. If you need to, ask an administrator."},
	http.StatusNotFound:              {"There is nothing here", "The page may have moved, or the address may have a typing mistake."},
	http.StatusMethodNotAllowed:      {"This page can't do that", "Go back, reload the page and try again."},
	http.StatusRequestTimeout:        {"Your request took too long to arrive", "Check your connection, go back and send it again."},
	http.StatusConflict:              {"This account has just changed", "Sign in again, then repeat what you were doing."},
	http.StatusRequestEntityTooLarge: {"That is too large", "Send less than one megabyte at a time."},
	http.StatusUnsupportedMediaType:  {"This request can't be understood", "Send it as a form."},
	http.StatusUnprocessableEntity:   {"Something in the form is wrong", "Go back, correct it and send it again."},
	http.StatusTooManyRequests:       {"Too many attempts", "Wait a few minutes, then try again."},
	http.StatusInternalServerError:   {"Something went wrong on our side", "Try again. If it happens again, tell us the request number below."},
	http.StatusServiceUnavailable:    {"We will be right back", "The portal can't reach its data at the moment. Nobody is signed out by that: try again in a few seconds."},
}

// handleError answers a request that failed. It is the only place where an
// error becomes a status and a page; logRequest writes the error to the log.
func (s *Server) handleError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status := statusOf(err)
	if c.Request().Context().Err() == context.Canceled && status != http.StatusRequestTimeout {
		c.NoContent(statusClientGone)
		return
	}
	if s.showFault(c, err, status) {
		return
	}
	if retryAfter := retryAfter(err, status); retryAfter > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Round(time.Second).Seconds())))
	}
	message := messageFor(err, status)
	later := status >= http.StatusInternalServerError || status == http.StatusTooManyRequests
	if later && c.Request().Method == http.MethodPost {
		message[1] += " What you typed is still in the form: go back, and send it again then."
	}
	if !wantsHTML(c.Request()) {
		s.writeProblem(c, status, message)
		return
	}
	p := &errorPage{page: s.newPage(c), Status: status, Heading: message[0], Text: message[1]}
	p.Retry = later && c.Request().Method == http.MethodGet
	session.From(c).Discard()
	if s.write(c, status, "errors/show", p) != nil {
		s.writeProblem(c, status, message)
	}
}

// wantsHTML reports whether a page is what the client can show.
func wantsHTML(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// problem is an error for programs (RFC 9457).
type problem struct {
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail,omitempty"`
	Instance string `json:"instance"`
}

// writeProblem answers a client that isn't a browser: JSON where it asks for
// that, else a line of text.
func (s *Server) writeProblem(c echo.Context, status int, message [2]string) {
	session.From(c).Discard()
	c.Response().Header().Set("Cache-Control", "no-store")
	if strings.Contains(c.Request().Header.Get("Accept"), "json") {
		body, err := json.Marshal(problem{message[0], status, message[1], c.Response().Header().Get(echo.HeaderXRequestID)})
		if err == nil {
			c.Blob(status, "application/problem+json", body)
			return
		}
	}
	c.String(status, message[0]+". "+message[1]+" Request "+c.Response().Header().Get(echo.HeaderXRequestID)+".\n")
}

func messageFor(err error, status int) [2]string {
	if errors.Is(err, errCrossOrigin) {
		return [2]string{"This request was refused", "It came from another site. Open the page here and try again."}
	}
	if errors.Is(err, session.ErrEnded) {
		return [2]string{"Your sign-in has ended", "Sign in in another tab, then reload this page: your browser sends the form again."}
	}
	if db.IsReferenceViolation(err) {
		return [2]string{"It is still in use", "Something else refers to it, or what it refers to has just gone. Go back, change that first and try again."}
	}
	if message, ok := messages[status]; ok {
		return message
	}
	return [2]string{http.StatusText(status), "Go back and try again."}
}

func statusOf(err error) int {
	var tooMany *tooManyError
	var tooLarge *http.MaxBytesError
	var httpError *echo.HTTPError
	switch {
	case errors.As(err, &tooMany):
		return http.StatusTooManyRequests
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.As(err, &httpError):
		return httpError.Code
	case errors.Is(err, errCrossOrigin), errors.Is(err, session.ErrEnded):
		return http.StatusForbidden
	case errors.Is(err, sql.ErrNoRows):
		return http.StatusNotFound
	case errors.Is(err, session.ErrChanged), db.IsReferenceViolation(err):
		return http.StatusConflict
	case errors.Is(err, auth.ErrBusy), db.IsUnavailable(err):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// unread is the error of a body that could not be read: it was too large, it
// came too slowly, or it is not what its head says.
func unread(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return echo.NewHTTPError(http.StatusRequestTimeout).SetInternal(err)
	}
	return echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
}

func retryAfter(err error, status int) time.Duration {
	var tooMany *tooManyError
	switch {
	case errors.As(err, &tooMany):
		return tooMany.Wait
	case status == http.StatusServiceUnavailable:
		return 5 * time.Second
	}
	return 0
}
