package web

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/mail"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// A notice tells the owner of an account what was done to it, in the transaction
// of the act, so that nobody else does it unseen (ASVS 6.3.5, 6.3.7). Where there
// is no mail, the page of what happened to an account is left.

// notify has a notice sent: m, with when the act was, and on which device.
func (s *Server) notify(c echo.Context, q *db.Queries, to string, m mail.Message) error {
	if !s.outbox.On() {
		return nil
	}
	from := session.From(c).Event(audit.SignedIn, 0, "")
	m.To = to
	m.Facts = append(m.Facts,
		mail.Fact{Label: "When", Value: db.Now().Format("2 January 2006, 15:04 UTC")},
		mail.Fact{Label: "Device", Value: session.DeviceName(from.Device)},
		mail.Fact{Label: "Address", Value: from.Address},
	)
	return s.outbox.Add(c.Request().Context(), q, m)
}

// newDevice is the notice of a sign-in in a browser that doesn't know the person.
func (s *Server) newDevice() mail.Message {
	return mail.Message{
		Kind: "new device", Subject: "A sign-in from a new device",
		Preview:    "If it wasn’t you, set another password now.",
		Paragraphs: []string{"Somebody has signed in to your account at " + s.cfg.AppName + ", with your password, from a device or a browser where you haven’t before."},
		Action:     mail.Action{Label: "Show where I am signed in", Path: "/account/sessions"},
		Other:      mail.Action{Label: "It wasn’t me: set another password", Path: "/forgot-password"},
		Notes:      []string{"If it was you, there is nothing to do. Another password signs everybody else out."},
	}
}

// toldEvery is how often at most somebody is told of tries at their account: anybody
// can make them, and must not fill a mailbox.
const toldEvery = 24 * time.Hour

// tellOfTries has the owner of an account told that a limit on wrong passwords was
// reached just now, if it was the account's own and not the network's (ASVS 6.3.5).
// Beside the password's hash what it takes can't be noticed.
func (s *Server) tellOfTries(c echo.Context, q *db.Queries, limits limits, email string, user db.GetCredentialsRow) error {
	if user.ID == 0 || user.DisabledAt != nil || !s.outbox.On() {
		return nil
	}
	ctx, now, own := c.Request().Context(), db.Now(), limits.each[0]
	tries, err := q.GetAttempts(ctx, db.GetAttemptsParams{Bucket: own.bucket, Now: now})
	if errors.Is(err, sql.ErrNoRows) || err == nil && tries.Failures != own.Failures {
		return nil
	}
	if err != nil {
		return err
	}
	told, err := q.AddAttempt(ctx, db.AddAttemptParams{Bucket: fmt.Sprintf("told:%d", user.ID), Now: now, ExpiresAt: now.Add(toldEvery)})
	if err != nil || told.Failures > 1 {
		return err
	}
	return s.notify(c, q, email, mail.Message{
		Kind: "wrong passwords", Subject: "Somebody has tried to sign in to your account",
		Preview:    "The password was wrong each time: nothing has happened.",
		Paragraphs: []string{fmt.Sprintf("At %s a wrong password was given for your account %d times. Nobody came in, and nothing has happened; from there nobody can try again for a while.", s.cfg.AppName, tries.Failures)},
		Action:     mail.Action{Label: "Set another password", Path: "/forgot-password"},
		Notes:      []string{"If it was you, there is nothing to do. If not, set another password, above all if you use yours elsewhere too. You are told of this once a day at most."},
	})
}

// passwordChanged is the notice of a new password.
func passwordChanged() mail.Message {
	return mail.Message{
		Kind: "password changed", Subject: "Your password was changed",
		Preview:    "If it wasn’t you, set another one now.",
		Paragraphs: []string{"Whoever did it is signed in. Everybody else who was signed in to your account is signed out."},
		Action:     mail.Action{Label: "Set another password", Path: "/forgot-password"},
		Notes:      []string{"If it was you, there is nothing to do. If not, set another password: that signs everybody else out."},
	}
}
