package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/input"
	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/app/mail"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// An account comes to be when a link is used that was sent to its address, and not
// before. Name and password are asked for then: what somebody has typed who doesn't
// own the address never becomes a part of the owner's account.

type registerPage struct {
	page
	Form askForm
}

// closedPage says that registering isn't open to everybody.
type closedPage struct {
	page
	ByInvitation bool
}

func (s *Server) newRegistration(c echo.Context) error {
	if user, _ := session.From(c).User(); user != nil {
		return s.redirect(c, "/dashboard")
	}
	if s.cfg.Registration != config.Open {
		return s.renderClosed(c)
	}
	return s.render(c, http.StatusOK, "register/new", &registerPage{})
}

func (s *Server) renderClosed(c echo.Context) error {
	return s.render(c, http.StatusForbidden, "register/closed", &closedPage{ByInvitation: s.cfg.Registration == config.Invite})
}

// createRegistration sends a link to register. The answer, and the work behind it,
// are the same whoever has the address, or nobody (ASVS 6.3.8): each time a token
// is made and a message written.
func (s *Server) createRegistration(c echo.Context) error {
	if s.cfg.Registration != config.Open {
		return s.renderClosed(c)
	}
	var form askForm
	if err := s.bind(c, &form); err != nil {
		return err
	}
	if !form.check() {
		return s.render(c, http.StatusUnprocessableEntity, "register/new", &registerPage{Form: form})
	}
	return s.answerAsked(c, form.Email, "a link to create your account", "/register", links.Register, s.sendRegistration)
}

// sendRegistration writes to an address what there is to do there. For one that is
// taken a token is made too, which nobody gets: it is as much work.
func (s *Server) sendRegistration(ctx context.Context, email string) error {
	person, err := s.whoHas(ctx, email)
	if err != nil {
		return err
	}
	message := func(path, goodFor string) mail.Message {
		m := mail.Message{
			Kind: "registration", Subject: "Create your account",
			Preview:    "The link is good for " + goodFor + ", and once.",
			Paragraphs: []string{"Somebody, you most likely, wants to register at " + s.cfg.AppName + " with this address. The link below shows that it is yours; it is good for " + goodFor + ", and once."},
			Action:     mail.Action{Label: "Create your account", Path: path},
			Notes:      []string{"If it wasn’t you, there is nothing to do: without the link nobody gets an account."},
		}
		if person.ID != 0 {
			m.Subject, m.Preview = "You have an account already", "Sign in with it, or set a new password."
			m.Paragraphs = []string{"Somebody, you most likely, wants to register at " + s.cfg.AppName + " with this address. You have an account there already."}
			m.Action, m.Other = mail.Action{Label: "Sign in", Path: "/login"}, mail.Action{Label: "Set a new password", Path: "/forgot-password"}
			m.Notes = []string{"If it wasn’t you, there is nothing to do: nobody was told that you have an account."}
		}
		return m
	}
	return s.db.InTx(ctx, func(q *db.Queries) error {
		return s.sendLink(ctx, q, links.Link{Purpose: links.Register, Email: email}, message)
	})
}

type joinPage struct {
	page
	Action string // where the form is sent
	Email  string // whom the link was sent to
	Form   joinForm
}

type joinForm struct {
	Token    string `form:"token"`
	Name     string `form:"name"`
	Password string `form:"password"`
	Errors   input.Errors
}

// check tidies the form up and reports whether it is right.
func (f *joinForm) check(appName, email string) bool {
	f.Errors = input.Errors{}
	f.Name = strings.TrimSpace(f.Name)
	f.Errors.Add("name", auth.NameFault(f.Name))
	f.Errors.Add("password", auth.PasswordFault(f.Password, appName, f.Name, email))
	return len(f.Errors) == 0
}

func (s *Server) newUser(c echo.Context) error {
	if s.cfg.Registration != config.Open {
		return s.renderClosed(c)
	}
	return s.showJoin(c, links.Register)
}

func (s *Server) createUser(c echo.Context) error {
	if s.cfg.Registration != config.Open {
		return s.renderClosed(c)
	}
	return s.join(c, links.Register)
}

// showJoin shows whoever has a link of this purpose the form for a name and a
// password, and changes nothing.
func (s *Server) showJoin(c echo.Context, p links.Purpose) error {
	form := joinForm{Token: c.QueryParam("token")}
	link, err := s.lookAt(c, p, form.Token)
	if err != nil {
		return s.ended(c, p, err)
	}
	return s.render(c, http.StatusOK, "register/confirm", &joinPage{Action: p.Path(), Email: link.Email, Form: form})
}

// join makes an account of a link of this purpose, with the role that it offers,
// and signs the person in.
func (s *Server) join(c echo.Context, p links.Purpose) error {
	var form joinForm
	if err := s.bind(c, &form); err != nil {
		return err
	}
	link, err := s.lookAt(c, p, form.Token)
	if err != nil {
		return s.ended(c, p, err)
	}
	if !form.check(s.cfg.AppName, link.Email) {
		return s.render(c, http.StatusUnprocessableEntity, "register/confirm", &joinPage{Action: p.Path(), Email: link.Email, Form: form})
	}
	ctx := c.Request().Context()
	hash, err := s.hasher.Hash(ctx, form.Password)
	if err != nil {
		return err
	}
	err = s.enter(c, proof{
		email: link.Email,
		spend: func(q *db.Queries) error {
			if _, err := links.Use(ctx, q, p, form.Token); err != nil {
				return err
			}
			return links.EndFor(ctx, q, link.Email, links.Register, links.Invite)
		},
		newcomer: &newcomer{name: form.Name, role: link.Role, passwordHash: hash},
	})
	if errors.Is(err, errTaken) {
		session.From(c).Flash(session.Error, "This address has an account already. Sign in with it.")
		return s.redirect(c, "/login")
	}
	if err != nil {
		return s.ended(c, p, err)
	}
	session.From(c).Flash(session.Success, "Welcome, "+form.Name+".")
	return s.redirect(c, "/dashboard")
}
