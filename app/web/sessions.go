package web

import (
	"context"
	"database/sql"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

type loginPage struct {
	page
	Form loginForm
}

type loginForm struct {
	Email    string `form:"email"`
	Password string `form:"password"`
	Next     string `form:"next"`
	Errors   formErrors
}

func (s *Server) newSession(c echo.Context) error {
	next := localPath(c.QueryParam("next"))
	if user, _ := session.From(c).User(); user != nil {
		return s.redirect(c, next)
	}
	return s.render(c, http.StatusOK, "login/new", &loginPage{Form: loginForm{Next: next}})
}

func (s *Server) createSession(c echo.Context) error {
	var form loginForm
	if err := s.bind(c, &form); err != nil {
		return err
	}
	form.Next, form.Errors = localPath(form.Next), formErrors{}
	form.Email, _ = auth.NormalizeEmail(form.Email)

	userID, err := s.authenticate(c, form.Email, form.Password)
	switch {
	case errors.Is(err, errWrongPassword):
		form.Errors.add("form", "E-mail address or password is wrong.")
	case errors.Is(err, errDisabled):
		form.Errors.add("form", "This account is disabled. Ask an administrator.")
	case err != nil:
		return err
	}
	if len(form.Errors) > 0 {
		return s.render(c, http.StatusUnprocessableEntity, "login/new", &loginPage{Form: form})
	}
	if err := session.From(c).SignIn(userID); err != nil {
		return err
	}
	return s.redirect(c, form.Next)
}

func (s *Server) deleteSession(c echo.Context) error {
	if err := session.From(c).SignOut(); err != nil {
		return err
	}
	session.From(c).Flash(session.Success, "You are signed out.")
	return s.redirect(c, "/")
}

var (
	errWrongPassword = errors.New("unknown address or wrong password")
	errDisabled      = errors.New("account is disabled")
)

// authenticate returns the person who has this address and password. It
// returns errWrongPassword when there is none, taking the same time whether the
// address is known or not; errDisabled, to those who know the password; and a
// tooManyError when too many tries have failed.
func (s *Server) authenticate(c echo.Context, email, password string) (userID int64, err error) {
	ctx := c.Request().Context()
	account, network := auth.AccountBucket(email, c.RealIP()), auth.NetworkBucket(c.RealIP())
	if err := s.checkLimit(ctx, network, auth.NetworkLimit); err != nil {
		return 0, err
	}
	// Counted before the password is looked at, and taken back when it is right:
	// many tries at once can't slip through.
	if err := s.countAttempt(ctx, account, auth.AccountLimit); err != nil {
		return 0, err
	}

	user, err := s.db.GetCredentials(ctx, email)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	match, outdated, err := s.hasher.Verify(ctx, password, user.PasswordHash)
	if err != nil {
		return 0, errors.Join(err, s.db.RemoveAttempt(context.WithoutCancel(ctx), account))
	}
	if !match {
		if err := s.countAttempt(ctx, network, auth.NetworkLimit); err != nil {
			return 0, err
		}
		return 0, errWrongPassword
	}
	if err := s.db.ClearAttempts(ctx, account); err != nil {
		return 0, err
	}
	if user.DisabledAt != nil {
		return 0, errDisabled
	}
	if outdated {
		return user.ID, s.rehash(ctx, user.ID, password)
	}
	return user.ID, nil
}

// rehash brings a password's hash to today's parameters.
func (s *Server) rehash(ctx context.Context, userID int64, password string) error {
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.UpdatePasswordHash(ctx, db.UpdatePasswordHashParams{ID: userID, PasswordHash: hash, Now: db.Now()})
}
