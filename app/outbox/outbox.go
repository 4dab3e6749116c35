// Package outbox keeps messages to people in the database until they are
// delivered. A message is written in the transaction of what it tells of: so none
// is lost, and none tells of what didn't happen. It knows nothing of requests.
package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/mail"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/templates"
)

// tried is how long a message is tried at most.
const tried = 24 * time.Hour

// ErrOff is the error of Add where there is no mail. Ask On beforehand: who can't
// be told by mail is told otherwise, or the feature isn't offered.
var ErrOff = errors.New("there is no mail: set SMTP_URL, MAIL_FROM and BASE_URL")

// ErrUseless is the error of Retry for a message whose link has ended.
var ErrUseless = errors.New("its link has ended, so nobody has a use for it: ask for a new link")

// Outbox takes messages in and delivers them.
type Outbox struct {
	db        *db.DB
	log       *slog.Logger
	house     mail.House
	server    *mail.Server // nil for none
	on        bool
	keepWords bool // of messages that were delivered
	templates atomic.Pointer[templates.Mail]
	wake      chan struct{}
	pauses    pauses
	trouble   trouble
}

// New makes the outbox that the settings ask for. Without a database it can do no
// more than SendNow and Check.
func New(cfg config.Config, log *slog.Logger, d *db.DB) (*Outbox, error) {
	o := &Outbox{
		db: d, log: log, on: cfg.HasMail(), keepWords: !cfg.Production(), pauses: defaultPauses, wake: make(chan struct{}, 1),
		house: mail.House{AppName: cfg.AppName, BaseURL: cfg.BaseURL, From: cfg.MailFrom},
	}
	if cfg.SMTPURL != "" {
		server, err := mail.ParseServer(cfg.SMTPURL)
		if err != nil {
			return nil, fmt.Errorf("SMTP_URL is %w", err)
		}
		o.server = server
	}
	layout, err := templates.LoadMail()
	if err != nil {
		return nil, err
	}
	o.templates.Store(layout)
	return o, nil
}

// On reports whether messages can be sent. Outside of production they always can:
// without a mail server they stay in the mailbox for developers.
func (o *Outbox) On() bool { return o.on }

// Where says where messages go, "" where there is no mail server.
func (o *Outbox) Where() string {
	if o.server == nil {
		return ""
	}
	return o.server.String()
}

// UseLayout has messages laid out by these templates from now on, for developers
// who change them.
func (o *Outbox) UseLayout(layout *templates.Mail) { o.templates.Store(layout) }

// Add writes a message in the transaction of q, and has it delivered when that is
// committed. Without a server it is delivered as it is written: in the mailbox
// for developers. The error is ErrOff where there is no mail.
func (o *Outbox) Add(ctx context.Context, q *db.Queries, m mail.Message) error {
	if !o.on {
		return fmt.Errorf("message %q: %w", m.Kind, ErrOff)
	}
	now := db.Now()
	letter, err := o.house.Letter(o.templates.Load(), m, now)
	if err != nil {
		return err
	}
	row := db.AddMessageParams{
		MessageID: letter.ID, Kind: m.Kind, Recipient: letter.To, Subject: letter.Subject, TextBody: letter.Text, HtmlBody: letter.HTML,
		Now: now, GiveUpAt: now.Add(tried), DueAt: &now,
	}
	if m.GoodFor != 0 {
		row.UselessAt = new(now.Add(m.GoodFor))
		row.GiveUpAt = now.Add(min(m.GoodFor, tried))
	}
	if o.server == nil {
		row.DueAt, row.DeliveredAt = nil, &now
	}
	if _, err := q.AddMessage(ctx, row); err != nil {
		return fmt.Errorf("add message %q: %w", m.Kind, err)
	}
	db.AfterCommit(q, o.Wake)
	return nil
}

// SendNow hands a message to the mail server past the database, and says what
// became of it: for somebody who waits for the answer.
func (o *Outbox) SendNow(ctx context.Context, m mail.Message) (string, error) {
	if o.server == nil {
		return "", ErrOff
	}
	letter, err := o.house.Letter(o.templates.Load(), m, db.Now())
	if err != nil {
		return "", err
	}
	conn, err := o.server.Connect(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.Send(ctx, o.house, letter); err != nil {
		return "", fmt.Errorf("mail server %s doesn't take it: %w", o.server, err)
	}
	return fmt.Sprintf("mail server %s has taken it for %s, as %s", o.server, m.To, letter.ID), nil
}

// Check connects to the mail server as a message would, and says where that is.
func (o *Outbox) Check(ctx context.Context) (string, error) {
	if o.server == nil {
		return "", ErrOff
	}
	return fmt.Sprintf("%s, from %s", o.server, o.house.From.Address), o.server.Check(ctx, o.house)
}

// Wake has the outbox look at once whether something is due.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// State says in a word what became of a message.
func State(m db.ListMessagesRow) string {
	switch {
	case m.DeliveredAt != nil:
		return "delivered"
	case m.FailedAt != nil:
		return "failed"
	case m.Fault != "":
		return "deferred"
	}
	return "waiting"
}

// Useless reports whether what a message says is of no use any more: whether that
// time, if there is one, has come.
func Useless(at *time.Time) bool { return at != nil && !at.After(db.Now()) }

// Retry has messages tried at once, and for another day or while they are of use,
// that have failed or wait to be tried again: the one with this id, or all when it
// is 0. It returns how many. Who delivers finds them at the next look. The error is
// ErrUseless for the one whose link has ended; of all, such messages are left.
func Retry(ctx context.Context, q *db.Queries, id int64) (int64, error) {
	now := db.Now()
	n, err := q.RetryMessages(ctx, db.RetryMessagesParams{ID: id, Now: &now, GiveUpAt: new(now.Add(tried))})
	if err != nil || n > 0 || id == 0 {
		return n, err
	}
	m, err := q.GetMessage(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err == nil && m.DeliveredAt == nil && Useless(m.UselessAt) {
		err = fmt.Errorf("message %d: %w", id, ErrUseless)
	}
	return 0, err
}

// Retried says what Retry has had tried, for the audit log: the message with this
// id, or how many when it is 0.
func Retried(id, n int64) string {
	if id == 0 {
		return mail.Count(n)
	}
	return fmt.Sprintf("message %d", id)
}
