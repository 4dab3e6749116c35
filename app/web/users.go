package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/db"
)

var userSorts = sorts{
	"name":   {db.By("lower(name), id"), db.By("lower(name) DESC, id DESC")},
	"email":  {db.By("email"), db.By("email DESC")},
	"joined": {db.By("created_at, id"), db.By("created_at DESC, id DESC")},
	"seen":   {db.By("last_seen_at NULLS FIRST, id"), db.By("last_seen_at DESC NULLS LAST, id DESC")},
}

type usersPage struct {
	page
	List  *list
	Users []db.ListUserPageRow
}

// showAdministration leads to its first page.
func (s *Server) showAdministration(c echo.Context) error { return s.redirect(c, "/admin/users") }

// listUsers shows administrators who has an account.
func (s *Server) listUsers(c echo.Context) error {
	ctx, list := c.Request().Context(), newList(c, userSorts, "email", "admins", "disabled")
	admins, disabled, search := list.Filter("admins"), list.Filter("disabled"), db.SearchPattern(list.Search)
	total, err := s.db.CountUsers(ctx, db.CountUsersParams{OnlyAdmins: admins, OnlyDisabled: disabled, Search: search, MaxRows: maxCount})
	if err != nil {
		return err
	}
	list.setTotal(total)
	users, err := s.db.OrderBy(list.order()).ListUserPage(ctx, db.ListUserPageParams{
		OnlyAdmins: admins, OnlyDisabled: disabled, Search: search, MaxRows: list.rows(), Skip: list.skip(),
	})
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "users/list", &usersPage{List: list, Users: users})
}
