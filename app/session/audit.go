package session

import (
	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
)

// Event returns what the audit log is told of this request: by whom, the person
// who is signed in, and from where.
func (s *Session) Event(action audit.Action, subject int64, details string) audit.Event {
	e := audit.Event{
		Action: action, Subject: subject, Details: details,
		Address:   s.c.RealIP(),
		Device:    device(s.c.Request()),
		RequestID: s.c.Response().Header().Get(echo.HeaderXRequestID),
	}
	if user, _ := s.User(); user != nil {
		e.Actor = user.ID
	}
	return e
}
