package web

import (
	"context"
	"database/sql"
	"errors"

	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/db"
)

// checkLimit returns a tooManyError if the bucket is full.
func (s *Server) checkLimit(ctx context.Context, bucket string, limit auth.Limit) error {
	now := db.Now()
	row, err := s.db.GetAttempts(ctx, db.GetAttemptsParams{Bucket: bucket, Now: now})
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil && row.Failures >= limit.Failures {
		return &tooManyError{Wait: row.ExpiresAt.Sub(now)}
	}
	return err
}

// countAttempt counts a failure, and returns a tooManyError if that was one too
// many.
func (s *Server) countAttempt(ctx context.Context, bucket string, limit auth.Limit) error {
	now := db.Now()
	row, err := s.db.AddAttempt(ctx, db.AddAttemptParams{Bucket: bucket, Now: now, ExpiresAt: now.Add(limit.Window)})
	if err != nil {
		return err
	}
	if row.Failures > limit.Failures {
		return &tooManyError{Wait: row.ExpiresAt.Sub(now)}
	}
	if row.Failures == 1 { // a new window: a good moment to forget old ones
		return s.db.DeleteExpiredAttempts(ctx, now)
	}
	return nil
}
