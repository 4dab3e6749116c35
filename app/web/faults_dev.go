//go:build dev

package web

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	dev "github.com/managethefans/portal/app/devtools"
	"github.com/managethefans/portal/app/session"
)

// showFault answers a request that failed by a fault of ours with what there is
// to know about it. It reports whether it has.
func (s *Server) showFault(c echo.Context, err error, status int) bool {
	if s.developing.hub == nil || !dev.IsThisMachine(c.Request().Host) || status != http.StatusInternalServerError || !wantsHTML(c.Request()) {
		return false
	}
	fault := s.faultOf(c, err)
	session.From(c).Discard()
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set(dev.FaultHeader, dev.FaultOfRequest)
	if strings.Contains(c.Request().Header.Get("Accept"), dev.FaultJSON) {
		c.Blob(status, dev.FaultJSON, fault.Message())
		return true
	}
	var page bytes.Buffer
	if dev.WritePage(&page, dev.State{Fault: fault}, "") != nil {
		return false
	}
	c.HTMLBlob(status, page.Bytes())
	return true
}

func (s *Server) faultOf(c echo.Context, err error) *dev.Fault {
	var caught *panicError
	var fault *dev.Fault
	if errors.As(err, &caught) {
		fault = dev.PanicFault(caught.value, caught.stack, s.developing.root)
	} else if fault = dev.TemplateFault(err, s.developing.root); fault == nil {
		fault = dev.FailureFault(err, s.handlerOf(c))
	}
	r := c.Request()
	fault.Facts = []dev.Fact{
		{Name: "Request", Value: r.Method + " " + r.URL.RequestURI()},
		{Name: "Route", Value: c.Path() + ", " + s.handlerOf(c)},
		{Name: "Request number", Value: c.Response().Header().Get(echo.HeaderXRequestID)},
		{Name: "Session keys", Value: cmp.Or(strings.Join(session.From(c).Keys(), ", "), "none")},
	}
	if names := slices.Sorted(maps.Keys(r.PostForm)); len(names) > 0 {
		fault.Facts = append(fault.Facts, dev.Fact{Name: "Form fields", Value: strings.Join(names, ", ")})
	}
	return fault
}

func (s *Server) handlerOf(c echo.Context) string {
	for _, route := range s.routes {
		if route.Path == c.Path() && route.Method == c.Request().Method {
			return route.Handler
		}
	}
	return "The middleware"
}
