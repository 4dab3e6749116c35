// Package audit records who did what to whose account, when and from where. It
// knows nothing of HTTP.
//
// An event is written in the transaction of the act that it tells of, so that
// neither is there without the other, and isn't changed afterwards.
package audit

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/db"
)

// maxDetails bounds what is kept of the details, in characters.
const maxDetails = 200

// Event is what somebody has done.
type Event struct {
	Action  Action
	Actor   int64 // who did it, by id; 0 when nobody was signed in, or for a command
	Subject int64 // to whose account; 0 for nobody's, and for everybody's

	// Where the request came from, what its browser said of itself, and its
	// number in the log. For a command they are empty.
	Address, Device, RequestID string

	// Details is for people to read. It never has a secret, nor a name or an
	// address of a person: those go when the account does, and an event stays.
	Details string
}

// Record adds an event to the log, with q of the act's own transaction. An error
// must end that: there is no act without its event.
func Record(ctx context.Context, q *db.Queries, e Event) error {
	err := q.CreateAuditEvent(ctx, db.CreateAuditEventParams{
		Now: db.Now(), Action: string(e.Action), ActorID: id(e.Actor), SubjectID: id(e.Subject),
		Address: line(e.Address), Device: line(e.Device), RequestID: line(e.RequestID), Details: cut(line(e.Details)),
	})
	if err != nil {
		return fmt.Errorf("record %s in the audit log: %w", e.Action, err)
	}
	return nil
}

func id(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

// line is text that can't pretend to be another line, or another column, where
// somebody reads it: in a terminal, say (ASVS 16.4.1).
func line(text string) string {
	return auth.WithoutControl(strings.ToValidUTF8(text, ""))
}

func cut(text string) string {
	if utf8.RuneCountInString(text) > maxDetails {
		return string([]rune(text)[:maxDetails-1]) + "…"
	}
	return text
}
