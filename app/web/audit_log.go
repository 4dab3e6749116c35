package web

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/input"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

type auditPage struct {
	page
	Filter  auditFilter
	Actions []input.Choice
	Events  []auditEvent
	Links   older
	Most    string // rows of an export
	Days    int    // how long events are kept, 0 for ever
}

// listAudit shows administrators who did what.
func (s *Server) listAudit(c echo.Context) error {
	ctx := c.Request().Context()
	filter := auditFilter{Action: c.QueryParam("action"), Person: c.QueryParam("person"), From: c.QueryParam("from"), Until: c.QueryParam("until")}
	if err := s.readFilter(ctx, &filter); err != nil {
		return err
	}
	before := c.QueryParam("before")
	from, ok := readPlace(before)
	if !ok {
		from, before = filter.until, ""
	}
	events, err := s.auditEvents(ctx, filter, from, pageSize+1)
	if err != nil {
		return err
	}
	var last *place
	if len(events) > pageSize {
		events = events[:pageSize]
		last = &place{events[pageSize-1].HappenedAt, events[pageSize-1].ID}
	}
	return s.render(c, http.StatusOK, "audit/list", &auditPage{
		Filter: filter, Actions: auditActions(), Events: events, Most: maxExportIs, Days: days(s.cfg.AuditRetention),
		Links: newOlder("/admin/audit", filter.values(), before, last),
	})
}

// auditActions are what a filter can be set to.
func auditActions() []input.Choice {
	var choices []input.Choice
	for _, action := range audit.Actions() {
		choices = append(choices, input.Choice{Value: string(action), Label: action.Words()})
	}
	return choices
}

// days is how many days events are kept.
func days(d time.Duration) int { return int(d.Hours() / 24) }

// auditFilter is which events somebody wants to see.
type auditFilter struct {
	Action string `form:"action"`
	Person string `form:"person"` // an address, or an id
	From   string `form:"from"`   // the first day, and
	Until  string `form:"until"`  // the last one
	Nobody bool   // has the address

	person int64
	since  time.Time
	until  place
}

// readFilter finds out what the fields mean. What makes no sense is as if it were
// not, as in a list; but an address that nobody has finds nothing.
func (s *Server) readFilter(ctx context.Context, f *auditFilter) error {
	if !slices.Contains(audit.Actions(), audit.Action(f.Action)) {
		f.Action = ""
	}
	var ok bool
	if f.since, ok = readDay(f.From); !ok {
		f.From = ""
	}
	f.until = newest
	if last, ok := readDay(f.Until); ok {
		f.until.at = last.AddDate(0, 0, 1)
	} else {
		f.Until = ""
	}
	if f.Person = strings.TrimSpace(f.Person); f.Person == "" {
		return nil
	}
	if id, err := strconv.ParseInt(f.Person, 10, 64); err == nil && id > 0 {
		f.person = id
		return nil
	}
	address, ok := auth.NormalizeEmail(f.Person)
	if !ok {
		f.Nobody = true
		return nil
	}
	var err error
	if f.person, err = s.db.GetUserID(ctx, address); errors.Is(err, sql.ErrNoRows) {
		f.Nobody = true
		return nil
	}
	return err
}

// readDay reads a date as browsers send it.
func readDay(text string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 1900 || t.Year() > 9000 {
		return time.Time{}, false
	}
	return t, true
}

// Narrowed reports whether events may be missing because of the filter.
func (f auditFilter) Narrowed() bool { return len(f.values()) > 0 }

// values is the filter as parameters.
func (f auditFilter) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"action": f.Action, "person": f.Person, "from": f.From, "until": f.Until} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// auditEvents returns the latest n events before a place, of those that the
// filter lets through.
func (s *Server) auditEvents(ctx context.Context, f auditFilter, before place, n int32) ([]auditEvent, error) {
	switch {
	case f.Nobody:
		return nil, nil
	case f.person != 0 && f.Action != "":
		return auditRows(s.db.ListAuditEventsOfPersonAndAction(ctx, db.ListAuditEventsOfPersonAndActionParams{
			PersonID: f.person, Action: f.Action, Since: f.since, Before: before.at, BeforeID: before.id, MaxRows: n,
		}))
	case f.person != 0:
		return auditRows(s.db.ListAuditEventsOfPerson(ctx, db.ListAuditEventsOfPersonParams{
			PersonID: f.person, Since: f.since, Before: before.at, BeforeID: before.id, MaxRows: n,
		}))
	case f.Action != "":
		return auditRows(s.db.ListAuditEventsOfAction(ctx, db.ListAuditEventsOfActionParams{
			Action: f.Action, Since: f.since, Before: before.at, BeforeID: before.id, MaxRows: n,
		}))
	}
	return auditRows(s.db.ListAuditEvents(ctx, db.ListAuditEventsParams{Since: f.since, Before: before.at, BeforeID: before.id, MaxRows: n}))
}

// auditEvent is an event as administrators see it.
type auditEvent db.ListAuditEventsRow

// auditRows returns what each of the queries finds as the same type.
func auditRows[Row db.ListAuditEventsRow | db.ListAuditEventsOfActionRow | db.ListAuditEventsOfPersonRow | db.ListAuditEventsOfPersonAndActionRow](
	rows []Row, err error,
) ([]auditEvent, error) {
	events := make([]auditEvent, len(rows))
	for i, row := range rows {
		events[i] = auditEvent(row)
	}
	return events, err
}

// auditPerson is somebody in an event, and the address of the page about them.
type auditPerson struct {
	ID        int64
	Name, URL string
}

func newAuditPerson(id *int64, address *string) *auditPerson {
	if id == nil {
		return nil
	}
	if address == nil {
		return &auditPerson{*id, fmt.Sprintf("deleted account %d", *id), fmt.Sprintf("/admin/audit?person=%d", *id)}
	}
	return &auditPerson{*id, *address, userPath(*id)}
}

func (e auditEvent) Words() string         { return audit.Action(e.Action).Words() }
func (e auditEvent) Failed() bool          { return audit.Action(e.Action).Failed() }
func (e auditEvent) Subject() *auditPerson { return newAuditPerson(e.SubjectID, e.SubjectEmail) }

// Actor is who did it, nil where that is the person whose account it is, or not
// known.
func (e auditEvent) Actor() *auditPerson {
	if e.ActorID != nil && e.SubjectID != nil && *e.ActorID == *e.SubjectID {
		return nil
	}
	return newAuditPerson(e.ActorID, e.ActorEmail)
}

// ByCommand reports whether it was no request.
func (e auditEvent) ByCommand() bool    { return e.RequestID == "" }
func (e auditEvent) DeviceName() string { return session.DeviceName(e.Device) }
