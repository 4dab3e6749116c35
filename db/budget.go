package db

import (
	"context"
	"database/sql"
	"sync/atomic"
	"time"
)

// budget is how long a request may still wait for the database, in nanoseconds.
type budget struct{ left atomic.Int64 }

type budgetKey struct{}

// WithBudget returns a context for one request: all that it asks of the database
// may take Timeout together. What comes after that fails at once, so that a
// database that hangs isn't waited for again by each part of a request. Other
// work of the request, such as reading its body, takes nothing of it.
func WithBudget(ctx context.Context) context.Context {
	var b budget
	b.left.Store(int64(Timeout))
	return context.WithValue(ctx, budgetKey{}, &b)
}

// limited bounds ctx by most, and by what is left of its budget, unless it has a
// deadline. Call took when the database has answered. The context isn't
// cancelled then, as rows are read later: the end of the request, or the
// deadline, releases it.
func limited(ctx context.Context, most time.Duration) (_ context.Context, took func()) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	took = func() {}
	if b, ok := ctx.Value(budgetKey{}).(*budget); ok {
		begun := time.Now()
		most = min(most, time.Duration(b.left.Load()))
		took = func() { b.left.Add(-int64(time.Since(begun))) }
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	_ = cancel
	return ctx, took
}

// txQueryer is what the queries of a transaction run on: none lasts longer than the
// transaction may.
type txQueryer struct {
	*sql.Tx
	end   time.Time
	after *[]func() // to be called when it is committed
}

func (t txQueryer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return t.Tx.ExecContext(t.until(ctx), query, args...)
}

func (t txQueryer) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.Tx.QueryContext(t.until(ctx), query, args...)
}

func (t txQueryer) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return t.Tx.QueryRowContext(t.until(ctx), query, args...)
}

func (t txQueryer) until(ctx context.Context) context.Context {
	end := time.Now().Add(Timeout)
	if t.end.Before(end) {
		end = t.end
	}
	ctx, cancel := context.WithDeadline(ctx, end)
	_ = cancel // as in limited
	return ctx
}
