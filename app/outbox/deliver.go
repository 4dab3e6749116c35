package outbox

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/managethefans/portal/app/mail"
	"github.com/managethefans/portal/db"
)

// Each instance delivers what is due, one message after the other over one
// connection. It takes a message in hand by a lease: the row says until when, and
// by the number of tries who has it. An instance that dies leaves its lease to
// end, and another delivers the message. So it may arrive twice, under the same
// Message-ID, by which most mail programs show it once; it is never lost.

const (
	batch     = 20
	lease     = 5 * time.Minute // more than a try takes, and than clocks differ
	recording = 3 * time.Second // for the row of the message in hand, when its time is over
	longest   = time.Hour       // between two tries of a message
	reconnect = time.Minute     // at most between two tries to reach the server
)

// pauses are the times that tests shorten.
type pauses struct {
	poll  time.Duration // between two looks: for what other instances have left, and what is to be tried again
	first time.Duration // after the first try of a message; it doubles with each
	lease time.Duration
	grace time.Duration // for the message in hand, when the program is to end
	prune time.Duration
}

var defaultPauses = pauses{poll: 5 * time.Second, first: time.Minute, lease: lease, grace: 10 * time.Second, prune: 5 * time.Minute}

// trouble is that the mail server can't be used: no fault of any message.
type trouble struct {
	err   error
	tries int
}

// Run delivers messages until ctx ends, and a little longer if one is in hand.
// While the database is unavailable it does nothing.
func (o *Outbox) Run(ctx context.Context) {
	prune := time.Now().Add(jitter(o.pauses.prune))
	for {
		ready := o.db.Ready() == nil // else db.Watch has logged why
		if ready {
			if o.server != nil {
				o.deliverDue(ctx)
			}
			if time.Now().After(prune) {
				o.prune(ctx)
				prune = time.Now().Add(jitter(o.pauses.prune))
			}
		}
		pause, wake := jitter(o.pauses.poll), o.wake
		switch {
		case !ready:
			pause = min(pause, time.Second) // it is looked at as often
		case o.trouble.err != nil: // a new message is no reason to try sooner
			pause, wake = jitter(min(o.pauses.poll<<min(o.trouble.tries-1, 10), reconnect)), nil
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-time.After(pause):
		}
	}
}

// jitter is between half and one and a half times a pause, so that instances
// drift apart.
func jitter(pause time.Duration) time.Duration { return pause/2 + rand.N(pause) }

// deliverDue delivers what is due until nothing is, or it can't go on.
func (o *Outbox) deliverDue(ctx context.Context) {
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = o.deliverBatch(ctx); err != nil {
			o.warn(ctx, "messages can't be delivered for now", err)
			return
		}
	}
}

// deliverBatch delivers some messages over one connection: servers limit how many
// one may bring. It returns false when nothing is due, or others are at it.
func (o *Outbox) deliverBatch(ctx context.Context) (more bool, err error) {
	due, err := o.db.ListDueMessages(ctx, db.ListDueMessagesParams{Now: new(db.Now()), MaxRows: batch})
	if err != nil {
		return false, fmt.Errorf("read what is due: %w", err)
	}
	var c connection
	defer c.close()
	for _, m := range due {
		if ctx.Err() != nil {
			return false, nil
		}
		ours, err := o.deliver(ctx, &c, m)
		if err != nil {
			return false, err
		}
		more = more || ours
	}
	return more, nil
}

// warn logs what the outbox will try again by itself.
func (o *Outbox) warn(ctx context.Context, text string, err error) {
	if ctx.Err() == nil && !db.IsUnavailable(err) && !errors.Is(err, errNoServer) { // which are told of elsewhere
		o.log.Warn(text, "error", err)
	}
}

var errNoServer = errors.New("the mail server can't be used")

// connection is one to the server, if it is needed.
type connection struct{ *mail.Conn }

func (c *connection) close() {
	if c.Conn != nil {
		c.Conn.Close()
		c.Conn = nil
	}
}

// connect connects unless that is done. The begin and the end of a time without a
// server are logged once each.
func (o *Outbox) connect(ctx context.Context, c *connection) error {
	if c.Conn != nil {
		return nil
	}
	conn, err := o.server.Connect(ctx)
	if err != nil {
		if o.trouble.err == nil && ctx.Err() == nil {
			o.log.Error("mail server unavailable, messages wait", "error", err)
		}
		o.trouble.err = err
		o.trouble.tries++
		return errors.Join(errNoServer, err)
	}
	if o.trouble.err != nil {
		o.log.Info("mail server available again")
	}
	o.trouble, c.Conn = trouble{}, conn
	return nil
}

// deliver tries one message. It returns false when another instance has it, and
// an error when the next one can't be tried either.
func (o *Outbox) deliver(ctx context.Context, c *connection, m db.ListDueMessagesRow) (bool, error) {
	if now := db.Now(); !m.GiveUpAt.After(now) {
		why := cmp.Or(m.Fault, "it was not tried in time")
		if o.trouble.err != nil {
			why = o.trouble.err.Error()
		}
		return o.fail(ctx, m, m.Attempts, "given up", why)
	}
	if err := o.connect(ctx, c); err != nil {
		return false, err
	}
	now := db.Now()
	row, err := o.db.ClaimMessage(ctx, db.ClaimMessageParams{ID: m.ID, Attempts: m.Attempts, Now: &now, Until: new(now.Add(o.pauses.lease))})
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("take message %d: %w", m.ID, err)
	}
	m.Attempts++
	hand, done := endAfter(ctx, o.pauses.grace)
	defer done()
	record, done := endAfter(ctx, o.pauses.grace+recording) // else its try is forgotten, or it is sent twice
	defer done()
	letter := mail.Letter{ID: m.MessageID, To: row.Recipient, Subject: row.Subject, Date: row.CreatedAt, Text: row.TextBody, HTML: row.HtmlBody}
	err = c.Send(hand, o.house, letter)
	if err == nil {
		return true, o.delivered(record, m, letter)
	}
	c.close()
	var failed *mail.SendError
	if errors.As(err, &failed) && failed.Refused {
		_, err = o.fail(record, m, m.Attempts, "refused", failed.Text)
		return true, err
	}
	return true, o.postpone(record, m, err.Error())
}

// endAfter returns a context for the message in hand: it ends a while after ctx.
func endAfter(ctx context.Context, pause time.Duration) (context.Context, context.CancelFunc) {
	later, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(pause, cancel) })
	return later, func() { stop(); cancel() }
}

// delivered records that the server has taken a message. It goes on trying for as
// long as the message is in hand: afterwards it would be sent once more.
func (o *Outbox) delivered(ctx context.Context, m db.ListDueMessagesRow, l mail.Letter) error {
	row := db.SetMessageDeliveredParams{ID: m.ID, Now: new(db.Now())}
	if o.keepWords {
		row.TextBody, row.HtmlBody = l.Text, l.HTML
	}
	for end := time.Now().Add(o.pauses.lease); ; {
		err := o.db.SetMessageDelivered(ctx, row)
		if err == nil {
			o.log.Info("message delivered", "kind", m.Kind, "id", m.ID, "tries", m.Attempts)
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
			if time.Now().Before(end) {
				continue
			}
		}
		return fmt.Errorf("record that message %d was delivered: %w", m.ID, err)
	}
}

// postpone has a message tried again after a pause that doubles with each try.
func (o *Outbox) postpone(ctx context.Context, m db.ListDueMessagesRow, why string) error {
	due := db.Now().Add(jitter(min(o.pauses.first<<min(m.Attempts-1, 20), longest)))
	if due.After(m.GiveUpAt) {
		due = m.GiveUpAt
	}
	if err := o.db.DeferMessage(ctx, db.DeferMessageParams{ID: m.ID, Attempts: m.Attempts, DueAt: &due, Fault: why}); err != nil {
		return fmt.Errorf("postpone message %d: %w", m.ID, err)
	}
	o.log.Warn("message not taken, to be tried again", "kind", m.Kind, "id", m.ID, "tries", m.Attempts, "due", due)
	return nil
}

// fail ends a message that won't be delivered. What the server has said names
// people: it is in the row, and not in the log.
func (o *Outbox) fail(ctx context.Context, m db.ListDueMessagesRow, attempts int64, how, why string) (bool, error) {
	n, err := o.db.SetMessageFailed(ctx, db.SetMessageFailedParams{ID: m.ID, Attempts: attempts, Now: new(db.Now()), Fault: how + ": " + why})
	if err != nil {
		return false, fmt.Errorf("end message %d: %w", m.ID, err)
	}
	if n > 0 {
		o.log.Error("message "+how+", `portal mail list` says why", "kind", m.Kind, "id", m.ID, "tries", attempts)
	}
	return n > 0, nil
}

// Keep is how long messages are kept that have ended, from when they were written.
const Keep = 30 * 24 * time.Hour

const pruneLock = 0x6f7574626f78 // "outbox"; another number than the lock of sessions

// prune deletes messages that have ended long ago, one instance at a time.
func (o *Outbox) prune(ctx context.Context) {
	_, _, err := o.db.DeleteBatches(ctx, pruneLock, func(q *db.Queries, maxRows int32) (int64, error) {
		return q.DeleteEndedMessages(ctx, db.DeleteEndedMessagesParams{Before: db.Now().Add(-Keep), MaxRows: maxRows})
	})
	if err != nil {
		o.warn(ctx, "old messages could not be deleted, trying again in some minutes", err)
	}
}
