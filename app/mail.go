package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/mail"
	"github.com/managethefans/portal/app/outbox"
	"github.com/managethefans/portal/db"
)

func (p *program) mailCommand() *cli.Command {
	return &cli.Command{
		Name:  "mail",
		Usage: "see what becomes of messages, and try them again",
		Commands: []*cli.Command{
			{
				Name: "test", Usage: "send a message to an address, and say what the mail server says", ArgsUsage: "EMAIL",
				Description: "It goes to the mail server at once, past what waits. Without one, in development,\nit is put into the mailbox.",
				Action:      p.testMail,
			},
			{
				Name: "list", Usage: "list the latest messages: to whom, what, and what became of them",
				Description: "Times are in UTC. What a message says is not shown.\n\n  portal mail list\n  portal mail list --undelivered",
				Flags:       []cli.Flag{&cli.BoolFlag{Name: "undelivered", Usage: "only those that wait or have failed"}},
				Action:      p.listMail,
			},
			{
				Name: "retry", Usage: "try messages again that have failed, or wait to be tried again", ArgsUsage: "[ID]",
				Description: "The portal delivers them within seconds, and tries for another day.\n\n  portal mail retry 42\n  portal mail retry --all",
				Flags:       []cli.Flag{&cli.BoolFlag{Name: "all", Usage: "every one of them"}},
				Action:      p.retryMail,
			},
		},
	}
}

// testMessage is what `portal mail test` sends: something of everything that a
// message can have.
func testMessage(cfg config.Config, to string) mail.Message {
	return mail.Message{
		Kind: "test", To: to,
		Subject:    "A test of mail from " + cfg.AppName,
		Preview:    "It has arrived, so mail works.",
		Paragraphs: []string{"This message was sent by hand, to see whether mail works. It has arrived, so it does."},
		Facts:      []mail.Fact{{Label: "Sent", Value: db.Now().Format("2 Jan 2006, 15:04:05 UTC")}, {Label: "From", Value: cfg.MailFrom.Address}},
		Action:     mail.Action{Label: "Open " + cfg.AppName, Path: "/"},
		Notes:      []string{"There is nothing that you need to do."},
	}
}

func (p *program) testMail(ctx context.Context, c *cli.Command) error {
	to, err := email(c)
	if err != nil {
		return err
	}
	cfg, err := p.load()
	if err != nil {
		return err
	}
	if cfg.SMTPURL == "" {
		return p.testMailbox(ctx, to)
	}
	o, err := outbox.New(cfg, newLogger(cfg, p.stdout), nil)
	if err != nil {
		return err
	}
	said, err := o.SendNow(ctx, testMessage(cfg, to))
	if err == nil {
		fmt.Fprintln(p.stdout, said)
	}
	return err
}

// testMailbox puts the message where developers find it.
func (p *program) testMailbox(ctx context.Context, to string) error {
	return p.withReadyDatabase(ctx, func(cfg config.Config, d *db.DB) error {
		o, err := outbox.New(cfg, newLogger(cfg, p.stdout), d)
		if err != nil {
			return err
		}
		if err := o.Add(ctx, d.Queries, testMessage(cfg, to)); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "SMTP_URL is not set, so it is in the mailbox: %s/_dev/mail\n", cfg.BaseURL)
		return nil
	})
}

// listedMessages bounds the list.
const listedMessages = 200

func (p *program) listMail(ctx context.Context, c *cli.Command) error {
	if err := refuseArguments(c); err != nil {
		return err
	}
	return p.withReadyDatabase(ctx, func(_ config.Config, d *db.DB) error {
		list, err := d.ListMessages(ctx, db.ListMessagesParams{Undelivered: c.Bool("undelivered"), MaxRows: listedMessages})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			fmt.Fprintln(p.stdout, "No messages.")
			return nil
		}
		table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tWRITTEN\tWHAT\tTO\tTRIES\tSTATE")
		for _, m := range list {
			state := outbox.State(m)
			if m.Fault != "" {
				state += ", " + m.Fault
			}
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%d\t%s\n", m.ID, m.CreatedAt.UTC().Format(time.DateTime), m.Kind, m.Recipient, m.Attempts, state)
		}
		if len(list) == listedMessages {
			defer fmt.Fprintf(p.stdout, "These are the latest %d.\n", listedMessages)
		}
		return table.Flush()
	})
}

func (p *program) retryMail(ctx context.Context, c *cli.Command) error {
	id, err := strconv.ParseInt(c.Args().First(), 10, 64)
	all, one := c.Bool("all") && !c.Args().Present(), !c.Bool("all") && c.Args().Len() == 1 && err == nil && id > 0
	if !all && !one {
		return fmt.Errorf("%s takes either the ID of a message or --all: `%[1]s --help` explains it", c.FullName())
	}
	return p.withReadyDatabase(ctx, func(cfg config.Config, d *db.DB) error {
		if cfg.SMTPURL == "" {
			return errors.New("SMTP_URL is not set: there is no server to try")
		}
		var n int64
		err := d.InTx(ctx, func(q *db.Queries) (err error) {
			if n, err = outbox.Retry(ctx, q, id); err != nil || n == 0 { // id is 0 with --all
				return err
			}
			return audit.Record(ctx, q, audit.Event{Action: audit.MailRetried, Details: outbox.Retried(id, n)})
		})
		if err == nil && n == 0 && id > 0 {
			return fmt.Errorf("message %d has not failed, or there is none: `portal mail list --undelivered` shows those that have", id)
		}
		if err == nil {
			fmt.Fprintf(p.stdout, "%s will be tried again at once\n", mail.Count(n))
		}
		return err
	})
}
