package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/input"
	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/app/mail"
	"github.com/managethefans/portal/app/outbox"
	"github.com/managethefans/portal/app/people"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// People take their data with them, and delete their account.

// maxOwnRows bounds what a download has of each table.
const maxOwnRows = 100_000

// ownData is what a person downloads.
type ownData struct {
	Profile  db.GetOwnProfileRow         `json:"profile"`
	Activity []ownEvent                  `json:"security_activity"`
	Rows     map[string][]map[string]any `json:"rows"`                // by table
	CutShort []string                    `json:"cut_short,omitempty"` // tables that have more rows
}

// ownEvent is an event of the audit log, as its person may know it.
type ownEvent struct {
	At      string `json:"at"`
	Action  string `json:"action"`
	Details string `json:"details,omitempty"`
	Address string `json:"address,omitempty"`
	Device  string `json:"device,omitempty"`
}

// downloadData answers with all that is kept about the person who is signed in. It is
// a POST since it is recorded: no page elsewhere fills the log.
func (s *Server) downloadData(c echo.Context) error {
	ctx, user := c.Request().Context(), currentUser(c)
	var data ownData
	var err error
	if data.Profile, err = s.db.GetOwnProfile(ctx, user.ID); err != nil {
		return err
	}
	if data.Activity, err = s.ownEvents(c, user.ID); err != nil {
		return err
	}
	if data.Rows, data.CutShort, err = s.db.OwnRows(ctx, user.ID, maxOwnRows); err != nil {
		return err
	}
	body, err := json.MarshalIndent(data, "", "  ")
	if err != nil {
		return fmt.Errorf("write data of user %d: %w", user.ID, err)
	}
	if err := record(c, s.db.Queries, audit.DataDownloaded, user.ID, ""); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", `attachment; filename="my-data.json"`)
	return c.Blob(http.StatusOK, "application/json", append(body, '\n'))
}

// ownEvents returns what happened to an account. What another did was done from
// that person's address and device, which are theirs.
func (s *Server) ownEvents(c echo.Context, userID int64) ([]ownEvent, error) {
	rows, err := s.db.ListOwnAuditEvents(c.Request().Context(), db.ListOwnAuditEventsParams{
		PersonID: userID, Before: newest.at, BeforeID: newest.id, MaxRows: maxOwnRows,
	})
	events := make([]ownEvent, len(rows))
	for i, row := range rows {
		e := ownEvent{At: row.HappenedAt.Format("2006-01-02T15:04:05Z"), Action: row.Action, Details: row.Details}
		if row.ActorID == nil || *row.ActorID == userID {
			e.Address, e.Device = row.Address, row.Device
		}
		events[i] = e
	}
	return events, err
}

type leavePage struct {
	page
	Days int // how long events of the audit log are kept, 0 for ever
	Sent int // how long it is kept, in days, that messages were sent
	Form leaveForm
}

type leaveForm struct {
	Email  string `form:"email"`
	Errors input.Errors
}

// confirmDeleteAccount says what goes and what stays.
func (s *Server) confirmDeleteAccount(c echo.Context) error {
	return s.renderLeave(c, http.StatusOK, leaveForm{})
}

func (s *Server) renderLeave(c echo.Context, status int, form leaveForm) error {
	return s.render(c, status, "account/delete", &leavePage{Days: days(s.cfg.AuditRetention), Sent: days(outbox.Keep), Form: form})
}

// deleteAccount removes the person who is signed in, who has typed their address
// to say so, with all that refers to them.
func (s *Server) deleteAccount(c echo.Context) error {
	form := leaveForm{Errors: input.Errors{}}
	if err := s.bind(c, &form); err != nil {
		return err
	}
	user := currentUser(c)
	if typed, _ := auth.NormalizeEmail(form.Email); typed != user.Email {
		form.Errors.Add("email", "Type "+user.Email+" to say that you mean it.")
	}
	if len(form.Errors) == 0 {
		err := s.removeAccount(c, user)
		if errors.Is(err, people.ErrLastAdministrator) {
			form.Errors.Add("email", "You are the last administrator. Make somebody else one first.")
		} else if db.IsReferenceViolation(err) {
			form.Errors.Add("email", "Something that you share with others can’t be without you. Have it changed first, or ask an administrator.")
		} else if err != nil {
			return err
		}
	}
	if len(form.Errors) > 0 {
		return s.renderLeave(c, http.StatusUnprocessableEntity, form)
	}
	session.From(c).Leave()
	session.From(c).Flash(session.Success, "Your account is deleted.")
	return s.redirect(c, "/")
}

func (s *Server) removeAccount(c echo.Context, user *session.User) error {
	ctx := c.Request().Context()
	return s.db.InTx(ctx, func(q *db.Queries) error {
		if err := record(c, q, audit.AccountDeleted, user.ID, ""); err != nil {
			return err
		}
		if err := s.notifyOfDeletion(c, q, user); err != nil {
			return err
		}
		err := people.KeepAdministrator(ctx, q, func() error {
			return sameRow(q.DeleteUser(ctx, db.DeleteUserParams{ID: user.ID, Email: user.Email})) // else the way back was quicker
		})
		if err != nil {
			return err
		}
		if err := q.ForgetFailedMessages(ctx, db.ForgetFailedMessagesParams{Recipient: user.Email, Now: new(db.Now())}); err != nil {
			return err
		}
		return links.EndFor(ctx, q, user.Email, links.Register, links.Invite, links.Reset, links.ChangeEmail)
	})
}

// notifyOfDeletion tells the account's address, and those that had a way back to
// it: that ends too, and whoever deletes it may be whom it was there against.
func (s *Server) notifyOfDeletion(c echo.Context, q *db.Queries, user *session.User) error {
	before, err := links.SentTo(c.Request().Context(), q, user.ID, links.UndoEmail)
	if err != nil {
		return err
	}
	m := mail.Message{
		Kind: "account deleted", Subject: "Your account is deleted",
		Preview:    "What was yours is gone.",
		Paragraphs: []string{"Your account at " + s.cfg.AppName + " is deleted, and so is what belonged to you alone."},
		Notes:      []string{"If it wasn’t you, tell an administrator. It can’t be undone."},
	}
	if err := s.notify(c, q, user.Email, m); err != nil {
		return err
	}
	m.Paragraphs = append(m.Paragraphs, "It had this address before. The way back to it that you were sent has ended.")
	for _, email := range before {
		if email == user.Email {
			continue
		}
		if err := s.notify(c, q, email, m); err != nil {
			return err
		}
	}
	return nil
}
