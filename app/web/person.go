package web

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/input"
	"github.com/managethefans/portal/app/people"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// One person, as administrators see and change them. Nobody sees or sets somebody
// else's password.

// recentEvents is how many events the page of a person has.
const recentEvents = 10

// roleChoices are the roles that an administrator can give, in words.
func roleChoices() []input.Choice {
	return []input.Choice{{Value: db.RoleMember, Label: "Member"}, {Value: db.RoleAdmin, Label: "Administrator"}}
}

type userDetailsPage struct {
	page
	Person  db.GetUserDetailsRow
	Devices []session.Device
	Events  []auditEvent
	Form    roleForm
	Mail    bool // messages can be sent
}

// Log is the address of all events of the person.
func (p *userDetailsPage) Log() string { return fmt.Sprintf("/admin/audit?person=%d", p.Person.ID) }

// Self reports whether it is the administrator's own page.
func (p *userDetailsPage) Self() bool { return p.User != nil && p.User.ID == p.Person.ID }

type roleForm struct {
	Role   string `form:"role"`
	Roles  []input.Choice
	Errors input.Errors
}

func (s *Server) showUser(c echo.Context) error {
	person, err := s.routeUser(c)
	if err != nil {
		return err
	}
	return s.renderPerson(c, http.StatusOK, person, roleForm{Role: person.Role})
}

func (s *Server) renderPerson(c echo.Context, status int, person db.GetUserDetailsRow, form roleForm) error {
	devices, err := session.From(c).DevicesOf(person.ID)
	if err != nil {
		return err
	}
	events, err := s.auditEvents(c.Request().Context(), auditFilter{person: person.ID}, newest, recentEvents)
	if err != nil {
		return err
	}
	form.Roles = roleChoices()
	return s.render(c, status, "users/show", &userDetailsPage{Person: person, Devices: devices, Events: events, Form: form, Mail: s.outbox.On()})
}

func (s *Server) updateUserRole(c echo.Context) error {
	person, err := s.routeUser(c)
	if err != nil {
		return err
	}
	form := roleForm{Errors: input.Errors{}}
	if err := s.bind(c, &form); err != nil {
		return err
	}
	if !db.IsRole(form.Role) {
		form.Errors.Add("role", "Choose a role.")
		return s.renderPerson(c, http.StatusUnprocessableEntity, person, form)
	}
	err = s.changePerson(c, person, audit.RoleChanged, form.Role, func(q *db.Queries) (int64, error) {
		return people.SetRole(c.Request().Context(), q, person.Email, form.Role)
	})
	switch {
	case errors.Is(err, people.ErrUnchanged):
		session.From(c).Flash(session.Success, person.Name+" has this role already.")
		return s.redirect(c, userPath(person.ID))
	case errors.Is(err, people.ErrLastAdministrator):
		form.Errors.Add("role", "There is no other administrator who can sign in: make somebody else one first.")
		return s.renderPerson(c, http.StatusUnprocessableEntity, person, form)
	case err != nil:
		return err
	}
	session.From(c).Flash(session.Success, "The role of "+person.Name+" is changed.")
	if person.ID == currentUser(c).ID && form.Role != db.RoleAdmin {
		return s.redirect(c, "/account") // this page isn't theirs to see any more
	}
	return s.redirect(c, userPath(person.ID))
}

// disableUser keeps a person out. Nobody does that to themselves: it couldn't be
// taken back.
func (s *Server) disableUser(c echo.Context) error {
	person, err := s.routeUser(c)
	if err != nil {
		return err
	}
	if person.ID == currentUser(c).ID {
		session.From(c).Flash(session.Error, "Another administrator has to disable your account.")
		return s.redirect(c, userPath(person.ID))
	}
	err = s.changePerson(c, person, audit.AccountDisabled, "", func(q *db.Queries) (int64, error) {
		id, _, err := people.Disable(c.Request().Context(), q, person.Email)
		return id, err
	})
	switch {
	case errors.Is(err, people.ErrUnchanged):
		session.From(c).Flash(session.Success, person.Name+" is disabled already.")
	case errors.Is(err, people.ErrLastAdministrator): // somebody has just taken away the others
		session.From(c).Flash(session.Error, "There is no other administrator who can sign in: make somebody else one first.")
	case err != nil:
		return err
	default:
		session.From(c).Flash(session.Success, person.Name+" is disabled, and signed out everywhere.")
	}
	return s.redirect(c, userPath(person.ID))
}

func (s *Server) enableUser(c echo.Context) error {
	person, err := s.routeUser(c)
	if err != nil {
		return err
	}
	err = s.changePerson(c, person, audit.AccountEnabled, "", func(q *db.Queries) (int64, error) {
		return people.Enable(c.Request().Context(), q, person.Email)
	})
	switch {
	case errors.Is(err, people.ErrUnchanged):
		session.From(c).Flash(session.Success, person.Name+" isn’t disabled.")
	case err != nil:
		return err
	default:
		session.From(c).Flash(session.Success, person.Name+" can sign in again.")
	}
	return s.redirect(c, userPath(person.ID))
}

// createUserReset sends a person the link with which they set a new password
// themselves.
func (s *Server) createUserReset(c echo.Context) error {
	person, err := s.routeUser(c)
	if err != nil {
		return err
	}
	if !s.outbox.On() {
		return echo.ErrNotFound
	}
	err = s.changePerson(c, person, audit.ResetSent, "", func(q *db.Queries) (int64, error) {
		id, _, err := people.SendReset(c.Request().Context(), q, s.outbox, s.cfg.AppName, person.Email)
		return id, err
	})
	if errors.Is(err, people.ErrDisabled) {
		session.From(c).Flash(session.Error, "A disabled account can't get a new password: enable it first.")
		return s.redirect(c, userPath(person.ID))
	}
	if err != nil {
		return err
	}
	session.From(c).Flash(session.Success, "A link to set a new password is on its way to "+person.Email+".")
	return s.redirect(c, userPath(person.ID))
}

// changePerson changes a person and records it, in one transaction. change goes by
// the address and returns whose it was: where that is another's by now, or
// nobody's, nothing has happened.
func (s *Server) changePerson(c echo.Context, person db.GetUserDetailsRow, action audit.Action, details string, change func(*db.Queries) (int64, error)) error {
	return s.db.InTx(c.Request().Context(), func(q *db.Queries) error {
		id, err := change(q)
		if errors.Is(err, sql.ErrNoRows) || err == nil && id != person.ID {
			err = session.ErrChanged
		}
		if err != nil {
			return err
		}
		return record(c, q, action, person.ID, details)
	})
}

// routeUser returns whom the route names.
func (s *Server) routeUser(c echo.Context) (db.GetUserDetailsRow, error) {
	id, err := pathID(c)
	if err != nil {
		return db.GetUserDetailsRow{}, err
	}
	return s.db.GetUserDetails(c.Request().Context(), id)
}

func userPath(id int64) string { return fmt.Sprintf("/admin/users/%d", id) }
