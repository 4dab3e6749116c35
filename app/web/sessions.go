package web

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/input"
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
	Errors   input.Errors
}

func (s *Server) newSession(c echo.Context) error {
	next := localPath(c.QueryParam("next"), "/dashboard")
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
	form.Next, form.Errors = localPath(form.Next, "/dashboard"), input.Errors{}
	form.Email, _ = auth.NormalizeEmail(form.Email)

	user, err := s.authenticate(c, form.Email, form.Password)
	if err == nil {
		err = session.From(c).SignInAnd(user.ID, user.PasswordHash, func(q *db.Queries) error {
			if session.From(c).Knows(user.ID) {
				return nil
			}
			return s.notify(c, q, form.Email, s.newDevice())
		})
	}
	switch {
	case errors.Is(err, session.ErrChanged):
		if err := s.recordRefusal(c, user.ID, "the account has just changed"); err != nil {
			return err
		}
		fallthrough
	case errors.Is(err, errWrongPassword):
		form.Errors.Add("form", "E-mail address or password is wrong.")
	case errors.Is(err, errDisabled):
		form.Errors.Add("form", "This account is disabled. Ask an administrator.")
	case err != nil:
		return err
	}
	if len(form.Errors) > 0 {
		if session.From(c).Discard(); hasToken(form.Next) {
			guardToken(c)
		}
		return s.render(c, http.StatusUnprocessableEntity, "login/new", &loginPage{Form: form})
	}
	session.From(c).Remember(user.ID)
	return s.redirect(c, form.Next)
}

func (s *Server) deleteSession(c echo.Context) error {
	if err := session.From(c).SignOut(); err != nil {
		return err
	}
	session.From(c).Flash(session.Success, "You are signed out.")
	return s.redirect(c, "/")
}

type reauthenticatePage struct {
	page
	Form reauthenticateForm
}

type reauthenticateForm struct {
	Password string `form:"current_password"`
	Next     string `form:"next"`
	Errors   input.Errors
}

func (s *Server) newReauthentication(c echo.Context) error {
	form := reauthenticateForm{Next: localPath(c.QueryParam("next"), "/account")}
	return s.render(c, http.StatusOK, "account/reauthenticate", &reauthenticatePage{Form: form})
}

// createReauthentication proves once more who is signed in. The session has a
// new token afterwards (ASVS 7.2.4).
func (s *Server) createReauthentication(c echo.Context) error {
	form := reauthenticateForm{Errors: input.Errors{}}
	if err := s.bind(c, &form); err != nil {
		return err
	}
	form.Next = localPath(form.Next, "/account")
	user, err := s.authenticate(c, currentUser(c).Email, form.Password)
	if errors.Is(err, errWrongPassword) {
		form.Errors.Add("current_password", "This is not your current password.")
		return s.render(c, http.StatusUnprocessableEntity, "account/reauthenticate", &reauthenticatePage{Form: form})
	}
	if err != nil {
		return err
	}
	if err := session.From(c).SignIn(user.ID, user.PasswordHash); err != nil {
		return err
	}
	return s.redirect(c, form.Next)
}

var (
	errWrongPassword = errors.New("unknown address or wrong password")
	errDisabled      = errors.New("account is disabled")
)

// authenticate returns the person who has this address and password, with the
// hash that was verified. It returns errWrongPassword when there is none, taking
// the same time whether the address is known or not; errDisabled, to those who
// know the password; and a tooManyError when too many tries have failed.
func (s *Server) authenticate(c echo.Context, email, password string) (db.GetCredentialsRow, error) {
	ctx := c.Request().Context()
	limits := s.signInLimits(email, c.RealIP())
	if err := limits.check(ctx); err != nil {
		return db.GetCredentialsRow{}, err
	}
	user, err := s.db.GetCredentials(ctx, email)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return user, err
	}
	match, outdated, err := s.hasher.Verify(ctx, password, user.PasswordHash)
	if err != nil {
		return user, err
	}
	if !match {
		return user, cmp.Or(s.countFailure(c, limits, email, user), errWrongPassword)
	}
	// Of many tries at once, those that are answered past the limit have failed
	// also with the right password: guessing in parallel gains nothing.
	if err := limits.check(ctx); err != nil {
		return user, err
	}
	if err := limits.forget(ctx); err != nil {
		return user, err
	}
	if user.DisabledAt != nil {
		return user, cmp.Or(s.recordRefusal(c, user.ID, "the account is disabled"), errDisabled)
	}
	if outdated {
		return s.rehash(ctx, user, password)
	}
	return user, nil
}

// countFailure counts a wrong password at an address, and records it for the person
// who has it, if there is one. Tries that a limit keeps from being looked at are not
// recorded, or anybody could fill the log.
func (s *Server) countFailure(c echo.Context, limits limits, email string, user db.GetCredentialsRow) error {
	failed := attempt(c, audit.SignInFailed, user.ID, "")
	ctx := c.Request().Context()
	return limits.count(ctx, func(q *db.Queries, wait time.Duration) error {
		if err := audit.Record(ctx, q, failed); err != nil || wait == 0 {
			return err
		}
		failed.Action, failed.Details = audit.SignInLimited, fmt.Sprintf("no more tries from there for %d minutes", int(wait.Minutes()+0.5))
		if err := audit.Record(ctx, q, failed); err != nil {
			return err
		}
		return s.tellOfTries(c, q, limits, email, user)
	})
}

// recordRefusal records why somebody with the right password isn't let in.
func (s *Server) recordRefusal(c echo.Context, userID int64, why string) error {
	return audit.Record(c.Request().Context(), s.db.Queries, attempt(c, audit.SignInRefused, userID, why))
}

// rehash brings a password's hash to today's parameters.
func (s *Server) rehash(ctx context.Context, user db.GetCredentialsRow, password string) (db.GetCredentialsRow, error) {
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return user, err
	}
	n, err := s.db.ReplacePasswordHash(ctx, db.ReplacePasswordHashParams{
		ID: user.ID, VerifiedHash: user.PasswordHash, PasswordHash: hash, Now: db.Now(),
	})
	if n > 0 {
		user.PasswordHash = hash
	}
	return user, err
}
