package db

import (
	"context"
	"fmt"
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
