package web

import (
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

type activityPage struct {
	page
	Events []activity
	Links  older
	Days   int // how long events are kept, 0 for ever
}

// activity is an event as the person sees it whose account it is about.
type activity struct {
	At              time.Time
	What, Details   string
	Failed          bool
	ByOther         bool // an administrator, whose device is nobody else's business
	Device, Address string
}

// listActivity shows a person what happened to their account.
func (s *Server) listActivity(c echo.Context) error {
	before := c.QueryParam("before")
	from, ok := readPlace(before)
	if !ok {
		before = ""
	}
	me := currentUser(c).ID
	rows, err := s.db.ListOwnAuditEvents(c.Request().Context(), db.ListOwnAuditEventsParams{
		PersonID: me, Before: from.at, BeforeID: from.id, MaxRows: pageSize + 1,
	})
	if err != nil {
		return err
	}
	var last *place
	if len(rows) > pageSize {
		rows = rows[:pageSize]
		last = &place{rows[pageSize-1].HappenedAt, rows[pageSize-1].ID}
	}
	p := &activityPage{Links: newOlder("/account/activity", url.Values{}, before, last), Days: days(s.cfg.AuditRetention)}
	for _, row := range rows {
		p.Events = append(p.Events, newActivity(row, me))
	}
	return s.render(c, http.StatusOK, "activity/list", p)
}

func newActivity(row db.ListOwnAuditEventsRow, me int64) activity {
	action := audit.Action(row.Action)
	a := activity{At: row.HappenedAt, What: action.Words(), Details: row.Details, Failed: action.Failed()}
	byCommand, byPerson := row.Address == "", row.ActorID != nil && *row.ActorID != me
	if a.ByOther = byCommand || byPerson; !a.ByOther {
		a.Device, a.Address = session.DeviceName(row.Device), row.Address
	}
	return a
}
