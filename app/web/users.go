package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/input"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

type registerPage struct {
	page
	Form registerForm
}

type registerForm struct {
	Name     string `form:"name"`
	Email    string `form:"email"`
	Password string `form:"password"`
	Errors   input.Errors
}

// check tidies the form up and reports whether it is right.
func (f *registerForm) check(appName string) bool {
	f.Errors = input.Errors{}
	f.Name = strings.TrimSpace(f.Name)
	f.Errors.Add("name", auth.NameFault(f.Name))
	email, ok := auth.NormalizeEmail(f.Email)
	f.Email = email
	if !ok {
		f.Errors.Add("email", "Enter an e-mail address, such as name@example.com.")
	}
	f.Errors.Add("password", auth.PasswordFault(f.Password, appName, f.Name, f.Email))
	return len(f.Errors) == 0
}

func (s *Server) newUser(c echo.Context) error {
	if user, _ := session.From(c).User(); user != nil {
		return s.redirect(c, "/dashboard")
	}
	return s.render(c, http.StatusOK, "register/new", &registerPage{})
}

func (s *Server) createUser(c echo.Context) error {
	var form registerForm
	if err := s.bind(c, &form); err != nil {
		return err
	}
	if !form.check(s.cfg.AppName) {
		return s.render(c, http.StatusUnprocessableEntity, "register/new", &registerPage{Form: form})
	}
	ctx, limits := c.Request().Context(), s.registrationLimits(c.RealIP())
	if err := limits.check(ctx); err != nil {
		return err
	}
	hash, err := s.hasher.Hash(ctx, form.Password)
	if err != nil {
		return err
	}

	created := session.From(c).Event(audit.AccountCreated, 0, "")
	err = s.db.InTx(ctx, func(q *db.Queries) (err error) {
		created.Subject, err = q.CreateUser(ctx, db.CreateUserParams{
			Email: form.Email, Name: form.Name, PasswordHash: hash, Role: db.RoleMember, Now: db.Now(),
		})
		if err != nil {
			return err
		}
		created.Actor = created.Subject
		return audit.Record(ctx, q, created)
	})
	if db.IsUniqueViolation(err) {
		form.Errors.Add("email", "This address already has an account. Sign in instead.")
		return s.render(c, http.StatusUnprocessableEntity, "register/new", &registerPage{Form: form})
	}
	if err != nil {
		return err
	}
	if err := limits.count(ctx, nil); err != nil {
		return err
	}
	if err := session.From(c).SignIn(created.Subject, hash); err != nil {
		return err
	}
	session.From(c).Flash(session.Success, "Welcome, "+form.Name+".")
	return s.redirect(c, "/dashboard")
}

var userSorts = sorts{
	"name":   {db.By("lower(name), id"), db.By("lower(name) DESC, id DESC")},
	"email":  {db.By("email"), db.By("email DESC")},
	"joined": {db.By("created_at, id"), db.By("created_at DESC, id DESC")},
}

type usersPage struct {
	page
	List  *list
	Users []db.ListUserPageRow
}

// listUsers shows administrators who has an account.
func (s *Server) listUsers(c echo.Context) error {
	ctx, list := c.Request().Context(), newList(c, userSorts, "email")
	total, err := s.db.CountUsers(ctx, maxCount)
	if err != nil {
		return err
	}
	list.setTotal(total)
	users, err := s.db.OrderBy(list.order()).ListUserPage(ctx, db.ListUserPageParams{MaxRows: list.rows(), Skip: list.skip()})
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "users/list", &usersPage{List: list, Users: users})
}
