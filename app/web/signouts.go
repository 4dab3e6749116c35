package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// Administrators can sign other people out (ASVS 7.4.5). The sign-in that they
// do it with goes on, so that they see what came of it.

type signOutPage struct {
	page
	Person  db.GetUserDetailsRow
	Devices string // on how many
}

type signOutEverybodyPage struct{ page }

// confirmSignOutUser asks before a person is signed out everywhere.
func (s *Server) confirmSignOutUser(c echo.Context) error {
	person, err := s.routeUser(c)
	if err != nil {
		return err
	}
	n, err := session.From(c).CountOf(person.ID)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "users/sign-out", &signOutPage{Person: person, Devices: session.DeviceCount(n)})
}

func (s *Server) signOutUser(c echo.Context) error {
	person, err := s.routeUser(c)
	if err != nil {
		return err
	}
	n, err := session.From(c).EndAllOf(person.ID)
	if err != nil {
		return err
	}
	session.From(c).Flash(session.Success, person.Name+" is signed out on "+session.DeviceCount(n)+".")
	return s.redirect(c, userPath(person.ID))
}

// confirmSignOutEverybody asks before everybody is signed out.
func (s *Server) confirmSignOutEverybody(c echo.Context) error {
	return s.render(c, http.StatusOK, "users/sign-out-everybody", &signOutEverybodyPage{})
}

func (s *Server) signOutEverybody(c echo.Context) error {
	n, err := session.From(c).EndEverybodys()
	if err != nil {
		return err
	}
	session.From(c).Flash(session.Success, "Everybody is signed out, on "+session.DeviceCount(n)+". Only you are still here.")
	return s.redirect(c, "/admin/users")
}
