package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

func (p *program) sessionCommand() *cli.Command {
	return &cli.Command{
		Name:  "session",
		Usage: "see who is signed in, and sign people out",
		Commands: []*cli.Command{
			p.sessionListCommand(),
			p.sessionRevokeCommand(),
			{Name: "prune", Usage: "delete the expired ones now; the portal does it by itself every few minutes", Action: p.noArguments(p.pruneSessions)},
		},
	}
}

func (p *program) sessionListCommand() *cli.Command {
	return &cli.Command{
		Name:        "list",
		Usage:       "list who is signed in, on which device, since when",
		Description: "Times are in UTC.\n\n  portal session list\n  portal session list --user ada@example.com",
		Flags:       []cli.Flag{&cli.StringFlag{Name: "user", Usage: "only the person with the address `EMAIL`"}},
		Action:      p.listSessions,
	}
}

func (p *program) sessionRevokeCommand() *cli.Command {
	return &cli.Command{
		Name:        "revoke",
		Usage:       "sign one person out everywhere, or everybody",
		Description: "They are signed out at their next request, and can sign in again.\n\n  portal session revoke --user ada@example.com\n  portal session revoke --all",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "user", Usage: "the person with the address `EMAIL`"},
			&cli.BoolFlag{Name: "all", Usage: "everybody"},
		},
		Action: p.revokeSessions,
	}
}

// userFlag returns the address that --user names, "" without it.
func userFlag(c *cli.Command) (string, error) {
	address, ok := auth.NormalizeEmail(c.String("user"))
	if c.IsSet("user") && !ok {
		return "", fmt.Errorf("--user: %q is not an e-mail address", c.String("user"))
	}
	return address, refuseArguments(c)
}

func (p *program) listSessions(ctx context.Context, c *cli.Command) error {
	address, err := userFlag(c)
	if err != nil {
		return err
	}
	return p.withReadyDatabase(ctx, func(cfg config.Config, d *db.DB) error {
		if err := someoneHas(ctx, d, address); err != nil {
			return err
		}
		now := db.Now()
		signIns, err := d.ListSignIns(ctx, db.ListSignInsParams{
			Email: address, Now: now, SeenSince: now.Add(-cfg.SessionIdle), BegunSince: now.Add(-cfg.SessionAbsolute),
		})
		if err != nil {
			return err
		}
		if len(signIns) == 0 {
			fmt.Fprintln(p.stdout, "Nobody is signed in.")
			return nil
		}
		table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "EMAIL\tDEVICE\tADDRESS\tSINCE\tLAST SEEN")
		for _, s := range signIns {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", s.Email, session.DeviceName(s.Device), s.Address,
				s.CreatedAt.UTC().Format(time.DateTime), s.LastSeenAt.UTC().Format(time.DateTime))
		}
		return table.Flush()
	})
}

func (p *program) revokeSessions(ctx context.Context, c *cli.Command) error {
	address, err := userFlag(c)
	if err != nil {
		return err
	}
	if c.IsSet("user") == c.Bool("all") {
		return fmt.Errorf("%s takes either --user EMAIL or --all: `%[1]s --help` explains it", c.FullName())
	}
	return p.withReadyDatabase(ctx, func(_ config.Config, d *db.DB) error {
		if err := someoneHas(ctx, d, address); err != nil {
			return err
		}
		done, n := address+" is signed out of", int64(0)
		err := d.InTx(ctx, func(q *db.Queries) (err error) {
			if c.Bool("all") {
				done = "everybody is signed out, of"
				if n, err = q.DeleteEverybodysUserSessions(ctx); err != nil || n == 0 {
					return err
				}
				return audit.Record(ctx, q, audit.Event{Action: audit.EverybodySignedOut, Details: session.DeviceCount(n)})
			}
			if n, err = q.DeleteUserSessionsByEmail(ctx, address); err != nil || n == 0 {
				return err
			}
			return record(ctx, q, address, audit.UserSignedOut, session.DeviceCount(n))
		})
		if err == nil {
			fmt.Fprintf(p.stdout, "%s %d sessions\n", done, n)
		}
		return err
	})
}

// someoneHas returns an error for an address that nobody has, unless it is "".
func someoneHas(ctx context.Context, d *db.DB, address string) error {
	if address == "" {
		return nil
	}
	_, err := d.GetCredentials(ctx, address)
	if errors.Is(err, sql.ErrNoRows) {
		return nobodyHas(address)
	}
	return err
}
