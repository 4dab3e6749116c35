package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/app/mail"
	"github.com/managethefans/portal/app/people"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// An account gets another address when somebody who is signed in to it follows the
// link that was sent there. For a week a link that was sent to the old one takes
// that back.

type emailPage struct {
	page
	Mail bool // messages can be sent
	Form askForm
}

func (s *Server) editEmail(c echo.Context) error {
	return s.render(c, http.StatusOK, "account/email", &emailPage{Mail: s.outbox.On()})
}

// updateEmail sends a link to another address. Whether somebody has it is said
// there, and nowhere else.
func (s *Server) updateEmail(c echo.Context) error {
	if !s.outbox.On() {
		return echo.ErrNotFound
	}
	var form askForm
	if err := s.bind(c, &form); err != nil {
		return err
	}
	user := currentUser(c)
	if form.check() && form.Email == user.Email {
		form.Errors.Add("email", "This is your address already.")
	}
	if len(form.Errors) > 0 {
		return s.render(c, http.StatusUnprocessableEntity, "account/email", &emailPage{Mail: true, Form: form})
	}
	return s.answerAsked(c, form.Email, "a link to make it your address", "/account/email", links.ChangeEmail, func(ctx context.Context, email string) error {
		return s.sendEmailLink(ctx, user.ID, email)
	})
}

func (s *Server) sendEmailLink(ctx context.Context, userID int64, email string) error {
	person, err := s.whoHas(ctx, email)
	if err != nil {
		return err
	}
	message := func(path, goodFor string) mail.Message {
		m := mail.Message{
			Kind: "new address", Subject: "Confirm your new address",
			Preview:    "The link is good for " + goodFor + ", and once.",
			Paragraphs: []string{"Somebody, you most likely, wants to sign in at " + s.cfg.AppName + " with this address from now on. The link below shows that it is yours; it is good for " + goodFor + ", and once."},
			Action:     mail.Action{Label: "Use this address", Path: path},
			Notes:      []string{"If it wasn’t you, there is nothing to do: without the link nothing changes."},
		}
		if person.ID != 0 {
			m.Subject, m.Preview, m.Action = "This address has an account already", "An account can’t be moved to it.", mail.Action{}
			m.Paragraphs = []string{"Somebody, you most likely, wants to move an account at " + s.cfg.AppName + " to this address. It has one of its own already, so that can’t be done."}
			m.Notes = []string{"If it wasn’t you, there is nothing to do."}
		}
		return m
	}
	return s.db.InTx(ctx, func(q *db.Queries) error {
		return s.sendLink(ctx, q, links.Link{Purpose: links.ChangeEmail, UserID: userID, Email: email}, message)
	})
}

// emailLinkPage asks whoever has a link whether to do what it is for.
type emailLinkPage struct {
	page
	Token, Email string
}

type tokenForm struct {
	Token string `form:"token"`
}

// confirmEmail shows the button, to the person whose account it is: a link for
// somebody else's moves nobody to an account that another has prepared.
func (s *Server) confirmEmail(c echo.Context) error {
	token := c.QueryParam("token")
	link, err := s.lookAt(c, links.ChangeEmail, token)
	if err == nil && link.UserID != currentUser(c).ID {
		err = links.ErrEnded
	}
	if err != nil {
		return s.ended(c, links.ChangeEmail, err)
	}
	return s.render(c, http.StatusOK, "account/email-confirm", &emailLinkPage{Token: token, Email: link.Email})
}

func (s *Server) updateEmailByLink(c echo.Context) error {
	var form tokenForm
	if err := s.bind(c, &form); err != nil {
		return err
	}
	ctx, user := c.Request().Context(), currentUser(c)
	err := s.db.InTx(ctx, func(q *db.Queries) error {
		link, err := links.Use(ctx, q, links.ChangeEmail, form.Token)
		if err != nil {
			return err
		}
		if link.UserID != user.ID {
			return links.ErrEnded
		}
		if err := s.moveTo(c, q, link, audit.AddressChanged); err != nil {
			return err
		}
		back, err := links.New(ctx, q, links.Link{Purpose: links.UndoEmail, UserID: user.ID, Email: user.Email})
		if err != nil {
			return err
		}
		return s.notify(c, q, user.Email, mail.Message{
			Kind: "address changed", Subject: "Your e-mail address was changed",
			Preview:    "If it wasn’t you, take it back within " + lasting(links.UndoEmail.GoodFor()) + ".",
			Paragraphs: []string{"Your account at " + s.cfg.AppName + " has another e-mail address now, and no messages will come to this one."},
			Action:     mail.Action{Label: "It wasn’t me: take it back", Path: back},
			Notes:      []string{"The way back is open for " + lasting(links.UndoEmail.GoodFor()) + ". It signs everybody out, and asks for a new password. If it was you, there is nothing to do."},
		})
	})
	if db.IsUniqueViolation(err) {
		session.From(c).Flash(session.Error, "This address has an account of its own.")
		return s.redirect(c, "/account")
	}
	if err != nil {
		return s.ended(c, links.ChangeEmail, err)
	}
	session.From(c).Flash(session.Success, "Your address is changed. You sign in with it from now on.")
	return s.redirect(c, "/account")
}

// moveTo gives an account the address of a link, and ends the links that were sent
// for the one before.
func (s *Server) moveTo(c echo.Context, q *db.Queries, link links.Link, action audit.Action) error {
	ctx := c.Request().Context()
	err := sameRow(q.UpdateUserEmail(ctx, db.UpdateUserEmailParams{ID: link.UserID, Email: link.Email, Now: db.Now()}))
	if err != nil {
		return err
	}
	if err := links.EndOf(ctx, q, link.UserID, links.Reset, links.ChangeEmail); err != nil {
		return err
	}
	if err := links.EndFor(ctx, q, link.Email, links.Register, links.Invite); err != nil {
		return err
	}
	return recordProved(c, q, action, link.UserID, "")
}

// confirmUndoEmail shows whoever has the way back a button, and changes nothing.
func (s *Server) confirmUndoEmail(c echo.Context) error {
	token := c.QueryParam("token")
	link, err := s.lookAt(c, links.UndoEmail, token)
	if err != nil {
		return s.ended(c, links.UndoEmail, err)
	}
	person, err := s.db.GetUserDetails(c.Request().Context(), link.UserID)
	if err != nil {
		return err
	}
	if person.DisabledAt != nil {
		return s.renderDisabled(c)
	}
	return s.render(c, http.StatusOK, "account/email-undo", &emailLinkPage{Token: token, Email: link.Email})
}

// undoEmail gives an account its address back. Whoever had changed it is out: every
// sign-in ends, nobody has a password, and what was begun since leads nowhere. The
// owner goes on to set a password, and the address that is taken away is told.
func (s *Server) undoEmail(c echo.Context) error {
	var form tokenForm
	if err := s.bind(c, &form); err != nil {
		return err
	}
	ctx, next := c.Request().Context(), ""
	err := s.db.InTx(ctx, func(q *db.Queries) error {
		link, err := links.Use(ctx, q, links.UndoEmail, form.Token)
		if err != nil {
			return err
		}
		n, err := q.SetPasswordHash(ctx, db.SetPasswordHashParams{ID: link.UserID, Now: db.Now()}) // holds the row
		if err == nil && n == 0 {
			err = people.ErrDisabled
		}
		if err != nil {
			return err
		}
		before, err := q.GetUser(ctx, link.UserID)
		if err != nil {
			return err
		}
		if _, err := q.DeleteUserSessions(ctx, link.UserID); err != nil {
			return err
		}
		if err := s.moveTo(c, q, link, audit.AddressRestored); err != nil {
			return err
		}
		if err := links.EndLater(ctx, q, link); err != nil {
			return err
		}
		if err := s.notifyOfRestored(c, q, before.Email, link.Email); err != nil {
			return err
		}
		next, err = links.New(ctx, q, links.Link{Purpose: links.Reset, UserID: link.UserID, Email: link.Email})
		return err
	})
	if db.IsUniqueViolation(err) {
		session.From(c).Flash(session.Error, "This address has an account of its own by now. Sign in to that one, delete it or give it another address, and open the link once more.")
		return s.redirect(c, "/login")
	}
	if errors.Is(err, people.ErrDisabled) {
		return s.renderDisabled(c)
	}
	if err != nil {
		return s.ended(c, links.UndoEmail, err)
	}
	session.From(c).Flash(session.Success, "Your address is as it was, and everybody is signed out. Set a new password.")
	return s.redirect(c, next)
}

// notifyOfRestored tells the address that an account was taken away from, if it is
// another: whoever reads the mail of the one before may be the thief.
func (s *Server) notifyOfRestored(c echo.Context, q *db.Queries, lost, restored string) error {
	if lost == restored {
		return nil
	}
	return s.notify(c, q, lost, mail.Message{
		Kind: "address restored", Subject: "The account has its address before back",
		Preview:    "You are signed out, and this address is no account’s any more.",
		Paragraphs: []string{"Your account at " + s.cfg.AppName + " has the e-mail address again that it had before this one: somebody has followed the link that was sent there. Everybody is signed out, the password is good no longer, and no messages will come to this address."},
		Notes:      []string{"If it was you, there is nothing to do. If somebody else has taken your account by it, tell an administrator, who can disable it."},
	})
}
