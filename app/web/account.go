package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/input"
	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

type accountPage struct {
	page
	Profile  profileForm
	Password passwordForm
	SignIns  int64 // how many devices are signed in, this one among them
}

type profileForm struct {
	Name   string `form:"name"`
	Errors input.Errors
}

type passwordForm struct {
	CurrentPassword string `form:"current_password"`
	NewPassword     string `form:"new_password"`
	Errors          input.Errors
}

func (s *Server) showAccount(c echo.Context) error {
	return s.renderAccount(c, http.StatusOK, profileForm{Name: currentUser(c).Name}, passwordForm{})
}

func (s *Server) renderAccount(c echo.Context, status int, profile profileForm, password passwordForm) error {
	n, err := session.From(c).CountOf(currentUser(c).ID)
	if err != nil {
		return err
	}
	return s.render(c, status, "account/show", &accountPage{Profile: profile, Password: password, SignIns: n})
}

func (s *Server) updateProfile(c echo.Context) error {
	form := profileForm{Errors: input.Errors{}}
	if err := s.bind(c, &form); err != nil {
		return err
	}
	form.Name = strings.TrimSpace(form.Name)
	form.Errors.Add("name", auth.NameFault(form.Name))
	if len(form.Errors) > 0 {
		return s.renderAccount(c, http.StatusUnprocessableEntity, form, passwordForm{})
	}
	ctx, user := c.Request().Context(), currentUser(c)
	err := s.db.InTx(ctx, func(q *db.Queries) error {
		n, err := q.UpdateUserName(ctx, db.UpdateUserNameParams{ID: user.ID, Name: form.Name, Now: db.Now()})
		if err != nil || n == 0 { // it is that already
			return err
		}
		return record(c, q, audit.NameChanged, user.ID, "")
	})
	if err != nil {
		return err
	}
	session.From(c).Flash(session.Success, "Your name is changed.")
	return s.redirect(c, "/account")
}

// updatePassword takes the current password too (ASVS 6.2.3), and signs the
// person out everywhere else (ASVS 7.4.3).
func (s *Server) updatePassword(c echo.Context) error {
	form := passwordForm{Errors: input.Errors{}}
	if err := s.bind(c, &form); err != nil {
		return err
	}
	ctx, user := c.Request().Context(), currentUser(c)
	form.Errors.Add("new_password", auth.PasswordFault(form.NewPassword, s.cfg.AppName, user.Name, user.Email))
	verified, err := s.authenticate(c, user.Email, form.CurrentPassword)
	if errors.Is(err, errWrongPassword) {
		form.Errors.Add("current_password", "This is not your current password.")
	} else if err != nil {
		return err
	}
	if len(form.Errors) > 0 {
		return s.renderAccount(c, http.StatusUnprocessableEntity, profileForm{Name: user.Name}, form)
	}

	hash, err := s.hasher.Hash(ctx, form.NewPassword)
	if err != nil {
		return err
	}
	// The password first: it holds the row until the sessions are gone, against
	// sign-ins that are under way.
	err = session.From(c).SignInAlone(user.ID, hash, func(q *db.Queries) error {
		err := sameRow(q.ReplacePasswordHash(ctx, db.ReplacePasswordHashParams{
			ID: user.ID, VerifiedHash: verified.PasswordHash, PasswordHash: hash, Now: db.Now(),
		}))
		if err != nil {
			return err
		}
		if err := links.EndOf(ctx, q, user.ID, links.Reset, links.ChangeEmail); err != nil {
			return err
		}
		if err := record(c, q, audit.PasswordChanged, user.ID, ""); err != nil {
			return err
		}
		return s.notify(c, q, user.Email, passwordChanged())
	})
	if err != nil {
		return err
	}
	session.From(c).Flash(session.Success, "Your password is changed. You are signed out everywhere else.")
	return s.redirect(c, "/account")
}
