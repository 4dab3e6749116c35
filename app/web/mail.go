package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/mail"
	"github.com/managethefans/portal/app/outbox"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// The state of mail, without what messages say: a link in one may be a secret.

// listedMessages bounds the list. Where more wait, the mail server is down, and
// the first ones say why.
const listedMessages = 100

type mailPage struct {
	page
	On              bool
	Server          string // "" for none
	Waiting, Failed int64
	Messages        []mailRow
	More            bool
}

// mailRow is a message that hasn't been delivered.
type mailRow db.ListMessagesRow

func (m mailRow) State() string { return outbox.State(db.ListMessagesRow(m)) }
func (m mailRow) Bad() bool     { return m.FailedAt != nil }

// Useless reports whether its link has ended.
func (m mailRow) Useless() bool { return outbox.Useless(m.UselessAt) }

// CanRetry reports whether it has been tried, isn't in hand, and is of use.
func (m mailRow) CanRetry() bool { return m.Fault != "" && !m.Useless() }

// listMail shows administrators what waits to be delivered, and what has failed.
func (s *Server) listMail(c echo.Context) error {
	ctx := c.Request().Context()
	counts, err := s.db.CountMessages(ctx)
	if err != nil {
		return err
	}
	rows, err := s.db.ListMessages(ctx, db.ListMessagesParams{Undelivered: true, MaxRows: listedMessages})
	if err != nil {
		return err
	}
	p := &mailPage{On: s.outbox.On(), Server: s.outbox.Where(), Waiting: counts.Waiting, Failed: counts.Failed, More: len(rows) == listedMessages}
	for _, row := range rows {
		p.Messages = append(p.Messages, mailRow(row))
	}
	return s.render(c, http.StatusOK, "mail/list", p)
}

// retryMail has all messages tried again that have failed or been put off.
func (s *Server) retryMail(c echo.Context) error { return s.retry(c, 0) }

func (s *Server) retryMessage(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	return s.retry(c, id)
}

func (s *Server) retry(c echo.Context, id int64) error {
	ctx := c.Request().Context()
	var n int64
	err := s.db.InTx(ctx, func(q *db.Queries) (err error) {
		if n, err = outbox.Retry(ctx, q, id); err != nil || n == 0 {
			return err
		}
		return record(c, q, audit.MailRetried, 0, outbox.Retried(id, n))
	})
	if errors.Is(err, outbox.ErrUseless) {
		session.From(c).Flash(session.Error, "It isn’t tried again, since its link has ended. Ask for a new link.")
		return s.redirect(c, "/admin/mail")
	}
	if err != nil {
		return err
	}
	if n == 0 {
		session.From(c).Flash(session.Error, "There is nothing to try again: it is delivered by now, or in hand, or its link has ended.")
		return s.redirect(c, "/admin/mail")
	}
	s.outbox.Wake()
	session.From(c).Flash(session.Success, mail.Count(n)+" will be tried again at once, and for another day, or while a link in it is good.")
	return s.redirect(c, "/admin/mail")
}
