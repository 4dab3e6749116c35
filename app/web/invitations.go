package web

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/input"
	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/app/people"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// An invitation is a link that is sent to an address, for an account with a role.
// It is there until it is accepted, withdrawn, or too old.

type invitationsPage struct {
	page
	List        *list
	Invitations []db.ListInvitationsRow
	GoodFor     string
	CanInvite   bool
}

type invitationFormPage struct {
	page
	GoodFor   string
	CanInvite bool
	Form      invitationForm
}

type invitationForm struct {
	Email  string `form:"email"`
	Role   string `form:"role"`
	Roles  []input.Choice
	Errors input.Errors
}

// check tidies the form up and reports whether it is right.
func (f *invitationForm) check() bool {
	f.Errors = input.Errors{}
	if address := f.Errors.Email("email", f.Email, "Enter an e-mail address, such as name@example.com."); address != "" {
		f.Email = address
	}
	if !db.IsRole(f.Role) {
		f.Errors.Add("role", "Choose a role.")
	}
	return len(f.Errors) == 0
}

// showInvitation shows whoever has the link a form, and changes nothing.
func (s *Server) showInvitation(c echo.Context) error {
	if s.cfg.Registration == config.Closed {
		return s.renderClosed(c)
	}
	return s.showJoin(c, links.Invite)
}

func (s *Server) acceptInvitation(c echo.Context) error {
	if s.cfg.Registration == config.Closed {
		return s.renderClosed(c)
	}
	return s.join(c, links.Invite)
}

// canInvite reports whether invitations can be sent from a page. Without mail
// `portal user invite` prints the link: a page doesn't know where the portal is.
func (s *Server) canInvite() bool {
	return s.outbox.On() && s.cfg.Registration != config.Closed
}

func (s *Server) listInvitations(c echo.Context) error {
	ctx, list, now := c.Request().Context(), newList(c, sorts{}, ""), db.Now()
	total, err := s.db.CountInvitations(ctx, db.CountInvitationsParams{Now: now, MaxRows: maxCount})
	if err != nil {
		return err
	}
	list.setTotal(total)
	rows, err := s.db.ListInvitations(ctx, db.ListInvitationsParams{Now: now, MaxRows: list.rows(), Skip: list.skip()})
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "invitations/list", &invitationsPage{
		List: list, Invitations: rows, GoodFor: lasting(links.Invite.GoodFor()), CanInvite: s.canInvite(),
	})
}

func (s *Server) newInvitation(c echo.Context) error {
	return s.renderInvitation(c, http.StatusOK, invitationForm{Role: db.RoleMember})
}

func (s *Server) renderInvitation(c echo.Context, status int, form invitationForm) error {
	form.Roles = roleChoices()
	return s.render(c, status, "invitations/new", &invitationFormPage{GoodFor: lasting(links.Invite.GoodFor()), CanInvite: s.canInvite(), Form: form})
}

func (s *Server) createInvitation(c echo.Context) error {
	if !s.canInvite() {
		return echo.ErrNotFound
	}
	var form invitationForm
	if err := s.bind(c, &form); err != nil {
		return err
	}
	if !form.check() {
		return s.renderInvitation(c, http.StatusUnprocessableEntity, form)
	}
	err := s.invite(c, form.Email, form.Role)
	if errors.Is(err, people.ErrHasAccount) {
		form.Errors.Add("email", "Somebody has an account with this address.")
		return s.renderInvitation(c, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	session.From(c).Flash(session.Success, form.Email+" is invited.")
	return s.redirect(c, "/admin/invitations")
}

// resendInvitation sends another link, which is good from now on; the one before
// is good no longer.
func (s *Server) resendInvitation(c echo.Context) error {
	if !s.canInvite() {
		return echo.ErrNotFound
	}
	id, err := pathID(c)
	if err != nil {
		return err
	}
	invitation, err := s.db.GetInvitation(c.Request().Context(), db.GetInvitationParams{ID: id, Now: db.Now()})
	if err != nil {
		return err
	}
	err = s.invite(c, invitation.Email, invitation.Role)
	switch {
	case errors.Is(err, people.ErrHasAccount): // by registering
		session.From(c).Flash(session.Error, invitation.Email+" has an account by now.")
	case err != nil:
		return err
	default:
		session.From(c).Flash(session.Success, invitation.Email+" is sent another link. The one before is good no longer.")
	}
	return s.redirect(c, "/admin/invitations")
}

func (s *Server) withdrawInvitation(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	err = s.db.InTx(ctx, func(q *db.Queries) error {
		role, err := q.DeleteInvitation(ctx, id)
		if err != nil {
			return err
		}
		return record(c, q, audit.InvitationWithdrawn, 0, role)
	})
	if err != nil {
		return fmt.Errorf("withdraw invitation %d: %w", id, err)
	}
	session.From(c).Flash(session.Success, "The invitation is withdrawn: its link is good no longer.")
	return s.redirect(c, "/admin/invitations")
}

func (s *Server) invite(c echo.Context, email, role string) error {
	ctx := c.Request().Context()
	return s.db.InTx(ctx, func(q *db.Queries) error {
		if _, err := people.Invite(ctx, q, s.outbox, s.cfg.AppName, email, role); err != nil {
			return err
		}
		return record(c, q, audit.InvitationSent, 0, role)
	})
}
