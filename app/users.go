package main

import (
	"bufio"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/app/outbox"
	"github.com/managethefans/portal/app/people"
	"github.com/managethefans/portal/db"
)

func (p *program) userCommand() *cli.Command {
	one := func(name, usage string, action func(context.Context, *db.DB, string) (string, error)) *cli.Command {
		return &cli.Command{Name: name, Usage: usage, ArgsUsage: "EMAIL", Action: p.onUser(action)}
	}
	return &cli.Command{
		Name:  "user",
		Usage: "look after people's accounts",
		Commands: []*cli.Command{
			{
				Name:        "create",
				Usage:       "add a person",
				ArgsUsage:   "EMAIL",
				Description: "The password is asked for on a terminal; otherwise it is one line of standard input.\n\n  portal user create ada@example.com --name \"Ada Lovelace\" --admin",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "name", Usage: "what the person is called", Required: true},
					&cli.BoolFlag{Name: "admin", Usage: "make the person an administrator"},
				},
				Action: p.createUser,
			},
			{
				Name: "invite", Usage: "offer an account to an address", ArgsUsage: "EMAIL",
				Description: "A link is sent with which the person sets a name and a password; where there is no mail\nit is printed, to be handed over. It ends an older one.\n\n  portal user invite ada@example.com\n  portal user invite ada@example.com --role admin",
				Flags:       []cli.Flag{&cli.StringFlag{Name: "role", Usage: "what the person will be: member or admin", Value: db.RoleMember}},
				Action:      p.inviteUser,
			},
			{
				Name: "reset", Usage: "let a person set a new password who has forgotten it", ArgsUsage: "EMAIL",
				Description: "A link is sent with which the person sets it; where there is no mail it is printed, to be\nhanded over. It ends an older one. Until it is used the password is as it was.\n\n  portal user reset ada@example.com",
				Action:      p.resetUser,
			},
			{Name: "list", Usage: "list everybody", Action: p.noArguments(p.listUsers)},
			one("promote", "make a person an administrator", p.setRole(db.RoleAdmin, "an administrator")),
			one("demote", "make an administrator a member", p.setRole(db.RoleMember, "a member")),
			one("disable", "keep a person out, and sign them out everywhere", disableUser),
			one("enable", "let a disabled person sign in again", enableUser),
		},
	}
}

// email returns the one argument of a command, as an address.
func email(c *cli.Command) (string, error) {
	if c.Args().Len() != 1 {
		return "", fmt.Errorf("%s takes one e-mail address: `%[1]s --help` explains it", c.FullName())
	}
	address, ok := auth.NormalizeEmail(c.Args().First())
	if !ok {
		return "", fmt.Errorf("%q is not an e-mail address", c.Args().First())
	}
	return address, nil
}

func (p *program) createUser(ctx context.Context, c *cli.Command) error {
	address, err := email(c)
	if err != nil {
		return err
	}
	name := strings.TrimSpace(c.String("name"))
	if fault := auth.NameFault(name); fault != "" {
		return fmt.Errorf("--name: %s", fault)
	}
	role := db.RoleMember
	if c.Bool("admin") {
		role = db.RoleAdmin
	}
	return p.withReadyDatabase(ctx, func(cfg config.Config, d *db.DB) error {
		password, err := p.readPassword()
		if err != nil {
			return err
		}
		if fault := auth.PasswordFault(password, cfg.AppName, name, address); fault != "" {
			return fmt.Errorf("password: %s", fault)
		}
		hash, err := auth.NewHasher(auth.Cost).Hash(ctx, password)
		if err != nil {
			return err
		}
		err = d.InTx(ctx, func(q *db.Queries) error {
			id, err := q.CreateUser(ctx, db.CreateUserParams{
				Email: address, Name: name, PasswordHash: hash, Role: role, Now: db.Now(),
			})
			if err != nil {
				return err
			}
			if err := links.EndFor(ctx, q, address, links.Register, links.Invite); err != nil {
				return err
			}
			return audit.Record(ctx, q, audit.Event{Action: audit.AccountCreated, Subject: id, Details: role})
		})
		if db.IsUniqueViolation(err) {
			return fmt.Errorf("%s already has an account", address)
		}
		if err == nil {
			fmt.Fprintf(p.stdout, "%s can sign in now\n", address)
		}
		return err
	})
}

func (p *program) inviteUser(ctx context.Context, c *cli.Command) error {
	address, err := email(c)
	if err != nil {
		return err
	}
	role := c.String("role")
	if !db.IsRole(role) {
		return fmt.Errorf("--role is %q: it can be %s or %s", role, db.RoleMember, db.RoleAdmin)
	}
	return p.withReadyDatabase(ctx, func(cfg config.Config, d *db.DB) error {
		if cfg.Registration == config.Closed {
			return errors.New("REGISTRATION is closed, so nobody could accept: set it to invite")
		}
		o, err := outbox.New(cfg, newLogger(cfg, p.stdout), d)
		if err != nil {
			return err
		}
		var path string
		err = d.InTx(ctx, func(q *db.Queries) (err error) {
			if path, err = people.Invite(ctx, q, o, cfg.AppName, address, role); err != nil {
				return err
			}
			return audit.Record(ctx, q, audit.Event{Action: audit.InvitationSent, Details: role})
		})
		switch {
		case errors.Is(err, people.ErrHasAccount):
			return fmt.Errorf("%s already has an account", address)
		case err != nil:
			return err
		}
		days := int(links.Invite.GoodFor().Hours() / 24)
		p.sayWhereLinkIs(cfg, o, address, "an invitation", path, fmt.Sprintf("%d days", days))
		return nil
	})
}

// resetUser sends the link with which somebody sets a new password themselves.
func (p *program) resetUser(ctx context.Context, c *cli.Command) error {
	address, err := email(c)
	if err != nil {
		return err
	}
	return p.withReadyDatabase(ctx, func(cfg config.Config, d *db.DB) error {
		o, err := outbox.New(cfg, newLogger(cfg, p.stdout), d)
		if err != nil {
			return err
		}
		var path string
		err = d.InTx(ctx, func(q *db.Queries) (err error) {
			var id int64
			if id, path, err = people.SendReset(ctx, q, o, cfg.AppName, address); err != nil {
				return err
			}
			return audit.Record(ctx, q, audit.Event{Action: audit.ResetSent, Subject: id})
		})
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return nobodyHas(address)
		case errors.Is(err, people.ErrDisabled):
			return fmt.Errorf("%s is disabled: `portal user enable %[1]s` lets them sign in again", address)
		case err != nil:
			return err
		}
		minutes := int(links.Reset.GoodFor().Minutes())
		p.sayWhereLinkIs(cfg, o, address, "a link to set a new password", path, fmt.Sprintf("%d minutes", minutes))
		return nil
	})
}

// sayWhereLinkIs says how a link reaches a person. Where there is no mail, that is
// by the hand of who reads this.
func (p *program) sayWhereLinkIs(cfg config.Config, o *outbox.Outbox, address, what, path, goodFor string) {
	switch {
	case cfg.SMTPURL != "":
		fmt.Fprintf(p.stdout, "%s is sent %s\n", address, what)
	case o.On():
		fmt.Fprintf(p.stdout, "SMTP_URL is not set, so what %s is sent is in the mailbox: %s/_dev/mail\n", address, cfg.BaseURL)
	default:
		fmt.Fprintf(p.stdout, "There is no mail. Hand this link over to %s. It is good for %s, and once:\n%s%s\n",
			address, goodFor, cmp.Or(cfg.BaseURL, "https://YOUR-PORTAL"), path)
	}
}

// readPassword asks on a terminal, twice and without showing it, else it reads
// one line.
func (p *program) readPassword() (string, error) {
	file, ok := p.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		line, err := bufio.NewReader(p.stdin).ReadString('\n')
		if err != nil && (!errors.Is(err, io.EOF) || line == "") {
			return "", errors.New("no password: give it as one line of standard input")
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	var typed [2]string
	for i, prompt := range []string{"Password: ", "Again: "} {
		fmt.Fprint(p.stdout, prompt)
		text, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(p.stdout)
		if err != nil {
			return "", fmt.Errorf("read password: %w", err)
		}
		typed[i] = string(text)
	}
	if typed[0] != typed[1] {
		return "", errors.New("the two passwords differ: nothing was changed")
	}
	return typed[0], nil
}

func (p *program) listUsers(ctx context.Context) error {
	return p.withReadyDatabase(ctx, func(_ config.Config, d *db.DB) error {
		users, err := d.ListUsers(ctx)
		if err != nil {
			return err
		}
		if len(users) == 0 {
			fmt.Fprintln(p.stdout, "Nobody yet. Add somebody with `portal user create EMAIL --name NAME`.")
			return nil
		}
		table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "EMAIL\tNAME\tROLE\tSTATE\tSINCE")
		for _, u := range users {
			state := "active"
			if u.DisabledAt != nil {
				state = "disabled"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", u.Email, u.Name, u.Role, state, u.CreatedAt.Format(time.DateOnly))
		}
		return table.Flush()
	})
}

// onUser runs action on the person whom the argument names and prints what it
// did.
func (p *program) onUser(action func(context.Context, *db.DB, string) (string, error)) cli.ActionFunc {
	return func(ctx context.Context, c *cli.Command) error {
		address, err := email(c)
		if err != nil {
			return err
		}
		return p.withReadyDatabase(ctx, func(_ config.Config, d *db.DB) error {
			done, err := action(ctx, d, address)
			switch {
			case errors.Is(err, sql.ErrNoRows):
				return nobodyHas(address)
			case errors.Is(err, people.ErrUnchanged): // which is no failure: a script may say it again
				fmt.Fprintln(p.stdout, err)
				return nil
			case errors.Is(err, people.ErrLastAdministrator):
				return fmt.Errorf("%s is the last administrator: make somebody else one first, with `portal user promote EMAIL`", address)
			}
			if err == nil {
				fmt.Fprintf(p.stdout, "%s %s\n", address, done)
			}
			return err
		})
	}
}

func nobodyHas(address string) error {
	return fmt.Errorf("nobody has the address %s: `portal user list` shows everybody", address)
}

func (p *program) setRole(role, title string) func(context.Context, *db.DB, string) (string, error) {
	return func(ctx context.Context, d *db.DB, address string) (string, error) {
		err := d.InTx(ctx, func(q *db.Queries) error {
			id, err := people.SetRole(ctx, q, address, role)
			if err != nil {
				return err
			}
			return audit.Record(ctx, q, audit.Event{Action: audit.RoleChanged, Subject: id, Details: role})
		})
		return "is " + title + " now", err
	}
}

func disableUser(ctx context.Context, d *db.DB, address string) (string, error) {
	var ended int64
	err := d.InTx(ctx, func(q *db.Queries) (err error) {
		var id int64
		if id, ended, err = people.Disable(ctx, q, address); err != nil {
			return err
		}
		return audit.Record(ctx, q, audit.Event{Action: audit.AccountDisabled, Subject: id})
	})
	return fmt.Sprintf("is disabled, and signed out of %d sessions", ended), err
}

func enableUser(ctx context.Context, d *db.DB, address string) (string, error) {
	err := d.InTx(ctx, func(q *db.Queries) error {
		id, err := people.Enable(ctx, q, address)
		if err != nil {
			return err
		}
		return audit.Record(ctx, q, audit.Event{Action: audit.AccountEnabled, Subject: id})
	})
	return "can sign in again", err
}

// record tells the audit log what a command has done to the account with this
// address, in the transaction of q.
func record(ctx context.Context, q *db.Queries, address string, action audit.Action, details string) error {
	id, err := q.GetUserID(ctx, address)
	if err != nil {
		return err
	}
	return audit.Record(ctx, q, audit.Event{Action: action, Subject: id, Details: details})
}
