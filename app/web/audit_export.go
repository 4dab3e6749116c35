package web

import (
	"encoding/csv"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/db"
)

// How many events an export has, how many of them are read at a time, and how
// long the client may take for these.
const (
	maxExport   = 100_000
	maxExportIs = "100,000" // as people read it
	exportBatch = 500
	exportWait  = 30 * time.Second
)

var exportHead = []string{
	"id", "happened_at", "action", "actor_id", "actor_email", "subject_id", "subject_email", "address", "device", "request_id", "details",
}

// exportAudit sends the events that the filter lets through, the newest maxExport
// of them, and is an event itself.
func (s *Server) exportAudit(c echo.Context) error {
	var filter auditFilter
	if err := s.bind(c, &filter); err != nil {
		return err
	}
	if err := s.readFilter(c.Request().Context(), &filter); err != nil {
		return err
	}
	if err := record(c, s.db.Queries, audit.AuditLogExported, 0, filter.words()); err != nil {
		return err
	}
	return s.sendEvents(c, filter, maxExport)
}

// sendEvents reads events while it sends them. A fault after the first byte cuts
// the connection, so that no part passes as the whole.
func (s *Server) sendEvents(c echo.Context, filter auditFilter, most int) error {
	ctx, r := c.Request().Context(), c.Response()
	events, err := s.auditEvents(ctx, filter, filter.until, exportBatch)
	if err != nil {
		return err
	}
	r.Header().Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	r.Header().Set(echo.HeaderContentDisposition, `attachment; filename="audit-`+time.Now().UTC().Format(time.DateOnly)+`.csv"`)
	r.Header().Set(echo.HeaderCacheControl, "no-store")
	w := csv.NewWriter(r)
	if err := w.Write(exportHead); err != nil {
		return err
	}
	for sent := 0; ; {
		for _, e := range events {
			if sent++; sent > most {
				return putAll(w, cells("These are the newest "+maxExportIs+": narrow the time span for those before."))
			}
			if err := w.Write(e.cells()); err != nil {
				return err
			}
		}
		if w.Flush(); w.Error() != nil || len(events) < exportBatch {
			return w.Error()
		}
		http.NewResponseController(r).SetWriteDeadline(time.Now().Add(exportWait)) // tests have none
		last := events[len(events)-1]
		// Each batch may take what a request may: the whole is bounded by most.
		events, err = s.auditEvents(db.WithBudget(ctx), filter, place{last.HappenedAt, last.ID}, exportBatch)
		if err != nil {
			return err
		}
	}
}

func putAll(w *csv.Writer, record []string) error {
	err := w.Write(record)
	w.Flush()
	if err == nil {
		err = w.Error()
	}
	return err
}

// words is the filter for the log: the person's id, never an address.
func (f auditFilter) words() string {
	v := f.values()
	if v.Has("person") {
		v.Set("person", strconv.FormatInt(f.person, 10))
	}
	return v.Encode()
}

func (e auditEvent) cells() []string {
	var actorID, subjectID, actor, subject string
	if e.ActorID != nil {
		actorID = strconv.FormatInt(*e.ActorID, 10)
	}
	if e.SubjectID != nil {
		subjectID = strconv.FormatInt(*e.SubjectID, 10)
	}
	if e.ActorEmail != nil {
		actor = *e.ActorEmail
	}
	if e.SubjectEmail != nil {
		subject = *e.SubjectEmail
	}
	return cells(strconv.FormatInt(e.ID, 10), e.HappenedAt.UTC().Format(time.RFC3339Nano), e.Action,
		actorID, actor, subjectID, subject, e.Address, e.Device, e.RequestID, e.Details)
}

// cells is a line of the export.
func cells(texts ...string) []string {
	line := make([]string, len(exportHead))
	for i, text := range texts {
		line[i] = inert(text)
	}
	return line
}

// formulas are the characters that begin one. Anywhere but at the end of a class in
// a regexp the hyphen would be a range's.
const formulas = "=+@＝＋－＠-"

// begins matches what begins a cell, or would where a spreadsheet separates at
// something else than commas, and then a character that begins a formula.
var begins = regexp.MustCompile(`([,;|\t\r\n"'][\s\pZ"']*)([` + formulas + `])`)

// inert returns text that a spreadsheet doesn't take for a formula: wherever one
// would begin, at a separator or a quote within the text too, has a quote before it
// (OWASP, "CSV Injection").
func inert(text string) string {
	text = begins.ReplaceAllString(text, "$1'$2")
	start := strings.TrimLeftFunc(text, unicode.IsSpace)
	if start != "" && strings.ContainsRune(formulas, []rune(start)[0]) {
		return "'" + text
	}
	return text
}
