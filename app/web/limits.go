package web

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/db"
)

// limits are counters of failures. The first one is about one account, and is
// forgotten when its owner succeeds.
type limits struct {
	db   *db.DB
	each []bucketLimit
}

type bucketLimit struct {
	bucket string
	auth.Limit
}

func (s *Server) signInLimits(email, ip string) limits {
	return limits{s.db, []bucketLimit{
		{auth.AccountBucket(email, ip), auth.AccountLimit},
		{auth.NetworkBucket(ip), auth.NetworkLimit},
	}}
}

// countMail counts a message with a link that somebody has sent to an address which
// needn't be theirs, and reports whether to send it: the same, and in the same time,
// whoever has the address. It returns a tooManyError to who has asked too often.
func (s *Server) countMail(c echo.Context, email string, p links.Purpose) (send bool, err error) {
	ctx, ip, purpose := c.Request().Context(), c.RealIP(), string(p)
	if p == links.ChangeEmail { // good for one account alone: each has its own, or one would take all from the others
		purpose += ":" + strconv.FormatInt(currentUser(c).ID, 10)
	}
	asking := limits{s.db, []bucketLimit{
		{auth.MailBucket(purpose, email, ip), auth.MailLimit},
		{auth.MailNetworkBucket(ip), auth.MailNetworkLimit},
	}}
	if err := asking.check(ctx); err != nil {
		return false, err
	}
	if err := asking.count(ctx, nil); err != nil {
		return false, err
	}
	return s.takePlace(ctx, auth.MailboxBucket(purpose, email), auth.MailboxLimit)
}

// takePlace takes one of the places of a bucket, and reports whether one was free.
// Of a bucket is known from when on all are: each that is taken puts that off.
func (s *Server) takePlace(ctx context.Context, bucket string, places auth.Places) (taken bool, err error) {
	err = s.db.InTx(ctx, func(q *db.Queries) error {
		now := db.Now()
		free, err := q.LockPlaces(ctx, db.LockPlacesParams{Bucket: bucket, Now: now})
		if err != nil {
			return err
		}
		if free.Before(now) {
			free = now
		}
		free = free.Add(places.Each)
		if taken = free.Sub(now) <= places.Each*time.Duration(places.Number); !taken {
			return nil
		}
		return q.TakePlace(ctx, db.TakePlaceParams{Bucket: bucket, FreeAt: free})
	})
	return taken && err == nil, err
}

// check returns a tooManyError if a limit has been reached.
func (l limits) check(ctx context.Context) error {
	now := db.Now()
	for _, limit := range l.each {
		row, err := l.db.GetAttempts(ctx, db.GetAttemptsParams{Bucket: limit.bucket, Now: now})
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		if row.Failures >= limit.Failures {
			return &tooManyError{Wait: row.ExpiresAt.Sub(now)}
		}
	}
	return nil
}

// count adds one to each counter, and returns a tooManyError if that was one
// too many. In the same transaction it calls record, unless that is nil, with for
// how long a limit holds that was reached just now: 0 for none.
func (l limits) count(ctx context.Context, record func(q *db.Queries, wait time.Duration) error) error {
	now, first := db.Now(), false
	var full error
	err := l.db.InTx(ctx, func(q *db.Queries) error {
		var reached time.Duration
		for _, limit := range l.each {
			row, err := q.AddAttempt(ctx, db.AddAttemptParams{Bucket: limit.bucket, Now: now, ExpiresAt: now.Add(limit.Window)})
			if err != nil {
				return err
			}
			wait := row.ExpiresAt.Sub(now)
			if row.Failures > limit.Failures {
				full = &tooManyError{Wait: wait}
			}
			if row.Failures == limit.Failures {
				reached = wait
			}
			first = first || row.Failures == 1
		}
		if record == nil {
			return nil
		}
		return record(q, reached)
	})
	if err != nil {
		return err
	}
	if first { // a new window: a good moment to forget old ones
		if err := l.db.DeleteExpiredAttempts(ctx, now); err != nil {
			return err
		}
	}
	return full
}

// forget clears the counter of the account.
func (l limits) forget(ctx context.Context) error {
	return l.db.ClearAttempts(ctx, l.each[0].bucket)
}
