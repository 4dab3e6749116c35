package web

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

type dashboardPage struct{ page }

func (s *Server) showDashboard(c echo.Context) error {
	return s.render(c, http.StatusOK, "dashboard/show", &dashboardPage{})
}
