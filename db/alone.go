package db

import (
	"context"
	"fmt"
	"time"
)

// The lock belongs to the transaction, and so does the limit on waiting for a
// row: both work through PgBouncer in transaction mode. The limit is below
// deadlock_timeout (1 s), so that it is never a request that has to give way.
const tryAlone = "SELECT pg_try_advisory_xact_lock($1), set_config('lock_timeout', '500ms', true)"

// InTxAlone is InTx for work that one instance does at a time and that must
// hold up no request. It returns false, and hasn't called f, when another
// transaction holds the same key; nobody waits. On SQLite a transaction is
// alone anyway: it waits for its turn, and returns true.
func (d *DB) InTxAlone(ctx context.Context, key int64, f func(*Queries) error) (bool, error) {
	alone := true
	err := d.inTx(ctx, func(tx txQueryer) error {
		if d.Postgres() {
			var limit string
			if err := tx.QueryRowContext(ctx, tryAlone, key).Scan(&alone, &limit); err != nil {
				return fmt.Errorf("take lock %d: %w", key, err)
			}
		}
		if !alone {
			return nil
		}
		return f(New(tx))
	})
	return alone, err
}

// Old rows are deleted in batches, with a pause after each: requests come first.
const (
	batchRows  = 1000
	batchPause = 20 * time.Millisecond
)

// DeleteBatches calls deleteBatch, which deletes at most maxRows rows, until a
// batch isn't full, and returns how many there were. Each takes the lock of this
// key anew, for as long as its transaction: alone is false where another instance
// had it, which goes on with the rest.
func (d *DB) DeleteBatches(ctx context.Context, key int64, deleteBatch func(q *Queries, maxRows int32) (int64, error)) (sum int64, alone bool, err error) {
	for {
		var n int64
		alone, err = d.InTxAlone(ctx, key, func(q *Queries) (err error) {
			n, err = deleteBatch(q, batchRows)
			return err
		})
		if err != nil {
			return sum, alone, err
		}
		if sum += n; n < batchRows {
			return sum, alone, nil
		}
		select {
		case <-ctx.Done():
			return sum, alone, ctx.Err()
		case <-time.After(batchPause):
		}
	}
}
