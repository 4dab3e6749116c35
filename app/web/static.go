package web

import (
	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/static"
)

// showStatic serves style sheets and images. A file that doesn't exist is the
// handler's short answer, not a page: nobody looks at it.
func (s *Server) showStatic(c echo.Context) error {
	static.Handler().ServeHTTP(c.Response(), c.Request())
	return nil
}
