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
	Due, Latest []db.ListDashboardNotesRow
}

func (s *Server) showDashboard(c echo.Context) error {
	notes, err := s.db.ListDashboardNotes(c.Request().Context(), db.ListDashboardNotesParams{UserID: currentUser(c).ID, MaxRows: onDashboard})
	if err != nil {
		return err
	}
	p := &dashboardPage{}
	for _, note := range notes {
		if note.Due {
			p.Due = append(p.Due, note)
		} else {
			p.Latest = append(p.Latest, note)
		}
	}
	return s.render(c, http.StatusOK, "dashboard/show", p)
}
