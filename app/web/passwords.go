package web

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/input"
	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/app/mail"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

type forgotPage struct {
	page
	Mail bool // messages can be sent
	Form askForm
}

// newReset asks who has forgotten a password.
func (s *Server) newReset(c echo.Context) error {
	return s.render(c, http.StatusOK, "passwords/forgot", &forgotPage{Mail: s.outbox.On()})
}

// createReset sends a link to set a new password. The answer, and the work behind
// it, are the same whoever has the address, or nobody (ASVS 6.3.8): each time a
// token is made and a message written.
func (s *Server) createReset(c echo.Context) error {
	if !s.outbox.On() {
		return echo.ErrNotFound
	}
	var form askForm
	if err := s.bind(c, &form); err != nil {
		return err
	}
	if !form.check() {
		return s.render(c, http.StatusUnprocessableEntity, "passwords/forgot", &forgotPage{Mail: true, Form: form})
	}
	return s.answerAsked(c, form.Email, "a link to set a new password", "/forgot-password", links.Reset, s.sendReset)
}

// sendReset writes to an address what there is to do there.
func (s *Server) sendReset(ctx context.Context, email string) error {
	person, err := s.whoHas(ctx, email)
	if err != nil {
		return err
	}
	message := func(path, goodFor string) mail.Message {
		m := mail.Message{
			Kind: "forgotten password", Subject: "Set a new password",
			Preview:    "The link is good for " + goodFor + ", and once.",
			Paragraphs: []string{"Somebody, you most likely, has asked for a new password for your account at " + s.cfg.AppName + ". The link below is good for " + goodFor + ", and once."},
			Action:     mail.Action{Label: "Set a new password", Path: path},
			Notes:      []string{"If it wasn’t you, there is nothing to do: your password is as it was."},
		}
		switch {
		case person.ID == 0:
			m.Subject, m.Preview, m.Action = "There is no account with this address", "Perhaps you use another one.", mail.Action{}
			m.Paragraphs = []string{"Somebody, you most likely, has asked for a new password at " + s.cfg.AppName + " with this address, and nobody has an account with it. Perhaps you use another one there."}
			m.Notes = []string{"If it wasn’t you, there is nothing to do."}
		case person.DisabledAt != nil:
			m.Subject, m.Preview, m.Action = "Your account is disabled", "Ask an administrator.", mail.Action{}
			m.Paragraphs = []string{"Somebody, you most likely, has asked for a new password for your account at " + s.cfg.AppName + ". It is disabled: ask an administrator."}
		}
		return m
	}
	return s.db.InTx(ctx, func(q *db.Queries) error {
		return s.sendLink(ctx, q, links.Link{Purpose: links.Reset, UserID: person.ID, Email: email}, message)
	})
}

type newPasswordPage struct {
	page
	Email string // whose password
	Form  newPasswordForm
}

type newPasswordForm struct {
	Token    string `form:"token"`
	Password string `form:"new_password"`
	Errors   input.Errors
}

// editForgottenPassword shows whoever has the link a form, and changes nothing.
func (s *Server) editForgottenPassword(c echo.Context) error {
	form := newPasswordForm{Token: c.QueryParam("token")}
	link, err := s.lookAt(c, links.Reset, form.Token)
	if err != nil {
		return s.ended(c, links.Reset, err)
	}
	return s.render(c, http.StatusOK, "passwords/reset", &newPasswordPage{Email: link.Email, Form: form})
}

// updateForgottenPassword sets the password of whoever has the link, and signs
// them in, here alone.
func (s *Server) updateForgottenPassword(c echo.Context) error {
	form := newPasswordForm{Errors: input.Errors{}}
	if err := s.bind(c, &form); err != nil {
		return err
	}
	link, err := s.lookAt(c, links.Reset, form.Token)
	if err != nil {
		return s.ended(c, links.Reset, err)
	}
	ctx := c.Request().Context()
	person, err := s.db.GetUser(ctx, link.UserID)
	if err != nil {
		return err
	}
	form.Errors.Add("new_password", auth.PasswordFault(form.Password, s.cfg.AppName, person.Name, person.Email))
	if len(form.Errors) > 0 {
		return s.render(c, http.StatusUnprocessableEntity, "passwords/reset", &newPasswordPage{Email: link.Email, Form: form})
	}
	hash, err := s.hasher.Hash(ctx, form.Password)
	if err != nil {
		return err
	}
	err = s.enter(c, proof{
		email: link.Email,
		spend: func(q *db.Queries) error {
			_, err := links.Use(ctx, q, links.Reset, form.Token)
			return err
		},
		change: func(q *db.Queries, person db.GetUserByEmailRow) (string, error) {
			if person.ID != link.UserID {
				return "", links.ErrEnded // the address is another's now
			}
			return hash, s.replaceForgottenPassword(c, q, person, hash)
		},
	})
	if err != nil {
		return s.ended(c, links.Reset, err)
	}
	session.From(c).Flash(session.Success, "Your password is set. You are signed out everywhere else.")
	return s.redirect(c, "/dashboard")
}

// replaceForgottenPassword sets a password, and ends what the account was open by.
// The password comes first: it holds the row until the sessions are gone, against
// sign-ins that are under way.
func (s *Server) replaceForgottenPassword(c echo.Context, q *db.Queries, person db.GetUserByEmailRow, hash string) error {
	ctx := c.Request().Context()
	err := sameRow(q.SetPasswordHash(ctx, db.SetPasswordHashParams{ID: person.ID, PasswordHash: hash, Now: db.Now()}))
	if err != nil {
		return err
	}
	if _, err := q.DeleteUserSessions(ctx, person.ID); err != nil {
		return err
	}
	if err := links.EndOf(ctx, q, person.ID, links.Reset, links.ChangeEmail); err != nil {
		return err
	}
	if err := recordProved(c, q, audit.PasswordChanged, person.ID, "by a link in a message"); err != nil {
		return err
	}
	return s.notify(c, q, person.Email, passwordChanged())
}
