package web

import (
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"
)

// themes are the looks that a visitor can choose, on each device. Without a
// choice the page follows the device.
var themes = []string{"system", "light", "dark"}

// themeLifetime is how long a choice of theme is remembered.
const themeLifetime = 365 * 24 * time.Hour

type themeForm struct {
	Theme string `form:"theme"`
	Next  string `form:"next"`
}

// updateTheme remembers the choice in a cookie of its own: it is the device's,
// and holds nothing about a person.
func (s *Server) updateTheme(c echo.Context) error {
	var form themeForm
	if err := s.bind(c, &form); err != nil {
		return err
	}
	if !slices.Contains(themes, form.Theme) {
		return echo.ErrBadRequest
	}
	c.SetCookie(&http.Cookie{
		Name:     s.themeCookie(),
		Value:    form.Theme,
		Path:     "/",
		MaxAge:   int(themeLifetime.Seconds()),
		Secure:   s.cfg.Production(),
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	})
	if !wantsHTML(c.Request()) { // the script has changed the colours already
		return c.NoContent(http.StatusNoContent)
	}
	return s.redirect(c, localPath(form.Next, "/"))
}

// theme returns the visitor's choice.
func (s *Server) theme(c echo.Context) string {
	cookie, err := c.Cookie(s.themeCookie())
	if err != nil || !slices.Contains(themes, cookie.Value) {
		return themes[0]
	}
	return cookie.Value
}

func (s *Server) themeCookie() string {
	if s.cfg.Production() {
		return "__Host-portal_theme"
	}
	return "portal_theme"
}
