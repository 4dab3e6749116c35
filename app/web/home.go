package web

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

type homePage struct{ page }

func (s *Server) showHome(c echo.Context) error {
	return s.render(c, http.StatusOK, "home/show", &homePage{})
}
