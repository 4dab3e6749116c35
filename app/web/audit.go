package web

import (
	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// record tells the audit log what the person who is signed in has done, to the
// account of the person with this id, or to nobody's: 0. q are the queries of the
// act's own transaction, which an error must end.
func record(c echo.Context, q *db.Queries, action audit.Action, subject int64, details string) error {
	return audit.Record(c.Request().Context(), q, session.From(c).Event(action, subject, details))
}

// recordProved is record of somebody who has just proved to be the person with this
// id, and did it to their own account.
func recordProved(c echo.Context, q *db.Queries, action audit.Action, userID int64, details string) error {
	e := session.From(c).Event(action, userID, details)
	e.Actor = userID
	return audit.Record(c.Request().Context(), q, e)
}

// attempt is an event of somebody who hasn't proved to be anybody: who else is
// signed in in this browser says nothing.
func attempt(c echo.Context, action audit.Action, userID int64, details string) audit.Event {
	e := session.From(c).Event(action, userID, details)
	if e.Actor != userID {
		e.Actor = 0
	}
	return e
}
