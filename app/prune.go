package main

import (
	"context"
	"fmt"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// pruneSessions deletes the sessions that have expired, and what is old in the
// audit log, and prints how many there were, also when it couldn't delete all.
func (p *program) pruneSessions(ctx context.Context) error {
	return p.withReadyDatabase(ctx, func(cfg config.Config, d *db.DB) error {
		pruned, err := session.Prune(ctx, d, cfg.SessionDir, cfg.SessionIdle, cfg.AuditRetention)
		fmt.Fprintf(p.stdout, "Expired and deleted: %d sign-ins, %d sessions in the database, %d in files, %d links in messages, %d events of the audit log.\n", pruned.SignIns, pruned.Rows, pruned.Files, pruned.Links, pruned.Events)
		if pruned.Elsewhere {
			fmt.Fprintln(p.stdout, "Another instance is deleting in the database at the moment, and does the rest.")
		}
		return err
	})
}
