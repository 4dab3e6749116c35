package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/db"
)

// onDashboard is how many rows each list on the dashboard has.
const onDashboard = 5

type dashboardPage struct {
	page
	Due    []db.ListDueNotesRow
	Latest []db.ListNotesRow
}

func (s *Server) showDashboard(c echo.Context) error {
	ctx, owner := c.Request().Context(), currentUser(c).ID
	due, err := s.db.ListDueNotes(ctx, db.ListDueNotesParams{UserID: owner, MaxRows: onDashboard})
	if err != nil {
		return err
	}
	latest, err := s.db.ListNotes(ctx, db.ListNotesParams{UserID: owner, MaxRows: onDashboard})
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "dashboard/show", &dashboardPage{Due: due, Latest: latest})
}
