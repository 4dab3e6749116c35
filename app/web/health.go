package web

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// showHealth says that the program runs: if it doesn't, it should be restarted.
func (s *Server) showHealth(c echo.Context) error {
	return c.String(http.StatusOK, "ok\n")
}

type readiness struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

// showReadiness says whether requests can be served in full, and if not, why.
func (s *Server) showReadiness(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	if s.ending.Load() {
		return c.JSON(http.StatusServiceUnavailable, readiness{"ending", "this instance is being shut down"})
	}
	if unavailable := s.db.Ready(); unavailable != nil {
		return c.JSON(http.StatusServiceUnavailable, readiness{"unavailable", unavailable.Reason})
	}
	return c.JSON(http.StatusOK, readiness{Status: "ready"})
}
