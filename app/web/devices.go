package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/session"
)

type devicesPage struct {
	page
	Devices []session.Device
}

// listDevices shows a person where they are signed in. ASVS 7.5.2.
func (s *Server) listDevices(c echo.Context) error {
	devices, err := session.From(c).Devices()
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "devices/list", &devicesPage{Devices: devices})
}

// deleteDevice signs the person out on one device, which may be this one.
func (s *Server) deleteDevice(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	here, err := session.From(c).EndDevice(id)
	if err != nil {
		return err
	}
	if here {
		session.From(c).Flash(session.Success, "You are signed out.")
		return s.redirect(c, "/")
	}
	session.From(c).Flash(session.Success, "You are signed out there.")
	return s.redirect(c, "/account/sessions")
}

// deleteOtherDevices signs the person out on every device but this one. ASVS
// 7.5.2.
func (s *Server) deleteOtherDevices(c echo.Context) error {
	n, err := session.From(c).EndOthers()
	if err != nil {
		return err
	}
	switch n {
	case 0:
		session.From(c).Flash(session.Success, "You were signed in here only.")
	default:
		session.From(c).Flash(session.Success, "You are signed out everywhere else.")
	}
	return s.redirect(c, "/account/sessions")
}
