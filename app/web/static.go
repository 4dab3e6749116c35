package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/static"
)

// showStatic serves style sheets and images. A file that doesn't exist is the
// handler's short answer, not a page: nobody looks at it.
func (s *Server) showStatic(c echo.Context) error {
	static.Handler().ServeHTTP(c.Response(), c.Request())
	return nil
}

// showFavicon serves the icon to those who look for it where it always was.
func (s *Server) showFavicon(c echo.Context) error {
	r := c.Request().Clone(c.Request().Context())
	r.URL.Path = static.Prefix + "img/favicon.ico"
	static.Handler().ServeHTTP(c.Response(), r)
	return nil
}

// showRobots lets search engines have the start page: the rest is for people
// who sign in.
func (s *Server) showRobots(c echo.Context) error {
	return c.String(http.StatusOK, "User-agent: *\nAllow: /$\nAllow: /static/\nDisallow: /\n")
}

type manifest struct {
	Name    string         `json:"name"`
	Start   string         `json:"start_url"`
	Display string         `json:"display"`
	Icons   []manifestIcon `json:"icons"`
}

type manifestIcon struct {
	Source string `json:"src"`
	Sizes  string `json:"sizes"`
	Type   string `json:"type"`
}

// showManifest describes the portal to a phone that puts it on its home screen.
// https://www.w3.org/TR/appmanifest/
func (s *Server) showManifest(c echo.Context) error {
	m := manifest{Name: s.cfg.AppName, Start: "/", Display: "browser"}
	for _, size := range []string{"192", "512"} {
		url, err := static.URL("img/icon-" + size + ".png")
		if err != nil {
			return err
		}
		m.Icons = append(m.Icons, manifestIcon{url, size + "x" + size, "image/png"})
	}
	c.Response().Header().Set(echo.HeaderContentType, "application/manifest+json")
	return c.JSON(http.StatusOK, m)
}
