package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/mail"
	"github.com/managethefans/portal/app/web"
	"github.com/managethefans/portal/db"
)

// program is what every command has of the world.
type program struct {
	getenv func(string) string
	stdin  io.Reader
	stdout io.Writer
}

// command is the tree of commands.
func (p *program) command() *cli.Command {
	root := &cli.Command{
		Name:           "portal",
		Usage:          "run the portal and look after it",
		Description:    "Settings come from the environment; .env.example lists them.\nIn development none is needed.",
		Writer:         p.stdout,
		ErrWriter:      p.stdout,
		Suggest:        true,
		ExitErrHandler: func(context.Context, *cli.Command, error) {}, // main reports errors
		Commands: []*cli.Command{
			{Name: "serve", Usage: "run the portal: what happens without a command too", Action: p.noArguments(p.serve)},
			{Name: "migrate", Usage: "change the database's schema", Commands: []*cli.Command{
				{Name: "up", Usage: "apply every pending migration", Action: p.noArguments(p.migrateUp)},
				{Name: "down", Usage: "take back the latest migration, with the data in what it made", Action: p.noArguments(p.migrateDown)},
				{Name: "status", Usage: "list the migrations and whether they are applied", Action: p.noArguments(p.migrateStatus)},
			}},
			p.userCommand(),
			p.sessionCommand(),
			p.mailCommand(),
			{Name: "seed", Usage: "add people and notes to look at, in development", Action: p.noArguments(p.seed)},
			{Name: "secret", Usage: "print a new value for SESSION_SECRET", Action: p.noArguments(p.secret)},
			{Name: "routes", Usage: "list every route with who may use it", Action: p.noArguments(p.routes)},
			{Name: "doctor", Usage: "check the settings, the database, the session store and the mail server", Action: p.noArguments(p.doctor)},
			p.healthcheckCommand(),
			{Name: "version", Usage: "print the version", Action: p.noArguments(p.version)},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Present() {
				return noCommand(c)
			}
			return p.serve(ctx)
		},
	}
	sayWhatIsWrong(root)
	return root
}

// sayWhatIsWrong has every command answer a mistake with one sentence.
func sayWhatIsWrong(c *cli.Command) {
	c.OnUsageError = func(_ context.Context, c *cli.Command, err error, _ bool) error {
		return fmt.Errorf("%w: `%s --help` explains it", err, c.FullName())
	}
	if c.Action == nil { // a group of commands
		c.Action = func(_ context.Context, c *cli.Command) error {
			if c.Args().Present() {
				return noCommand(c)
			}
			return cli.ShowSubcommandHelp(c)
		}
	}
	for _, sub := range c.Commands {
		sayWhatIsWrong(sub)
	}
}

func noCommand(c *cli.Command) error {
	return fmt.Errorf("there is no command \"%s %s\": `%[1]s --help` lists them", c.FullName(), c.Args().First())
}

// noArguments refuses arguments before it calls action, so that a typing
// mistake isn't taken for consent.
func (p *program) noArguments(action func(context.Context) error) cli.ActionFunc {
	return func(ctx context.Context, c *cli.Command) error {
		if err := refuseArguments(c); err != nil {
			return err
		}
		return action(ctx)
	}
}

func refuseArguments(c *cli.Command) error {
	if c.Args().Present() {
		return fmt.Errorf("%s takes no arguments, not %q: `%[1]s --help` explains it", c.FullName(), c.Args().First())
	}
	return nil
}

// load reads the settings, and has the URLs of the database and of the mail
// server looked at more closely.
func (p *program) load() (config.Config, error) {
	cfg, err := config.Load(p.getenv, ".")
	var faults config.Faults
	if err != nil && !errors.As(err, &faults) {
		return cfg, err
	}
	if err := db.Check(cfg.DatabaseURL); err != nil && cfg.DatabaseURL != "" {
		faults = append(faults, "DATABASE_URL is "+err.Error()+".")
	}
	if err := db.Check(cfg.MigrateDatabaseURL); err != nil && cfg.MigrateDatabaseURL != "" {
		faults = append(faults, "MIGRATE_DATABASE_URL is "+err.Error()+".")
	}
	if cfg.SMTPURL != "" {
		if _, err := mail.ParseServer(cfg.SMTPURL); err != nil {
			faults = append(faults, "SMTP_URL is "+err.Error()+".")
		}
	}
	if len(faults) > 0 {
		return cfg, faults
	}
	return cfg, nil
}

// withDatabase runs f on the database, whatever state that is in.
func (p *program) withDatabase(f func(config.Config, *db.DB) error) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	d, err := db.Open(cfg.DatabaseURL, cfg.MigrateDatabaseURL)
	if err != nil {
		return err
	}
	defer d.Close()
	return f(cfg, d)
}

// withReadyDatabase runs f on a database that is migrated. In development it
// migrates an empty one only: somebody may be writing the migration that waits.
func (p *program) withReadyDatabase(ctx context.Context, f func(config.Config, *db.DB) error) error {
	return p.withDatabase(func(cfg config.Config, d *db.DB) error {
		migrate := cfg.Migrate
		if cfg.Env == config.Development {
			list, _ := d.Migrations(ctx) // why it can't be read, Connect says
			migrate = migrate && !slices.ContainsFunc(list, func(m db.Migration) bool { return m.Applied })
		}
		if err := d.Connect(ctx, migrate); err != nil {
			return err
		}
		return f(cfg, d)
	})
}

func (p *program) migrateUp(ctx context.Context) error {
	return p.withDatabase(func(_ config.Config, d *db.DB) error {
		n, err := d.Migrate(ctx)
		if err == nil {
			fmt.Fprintf(p.stdout, "%d migrations applied\n", n)
		}
		return err
	})
}

func (p *program) migrateDown(ctx context.Context) error {
	return p.withDatabase(func(_ config.Config, d *db.DB) error {
		name, err := d.Rollback(ctx)
		if err == nil {
			fmt.Fprintf(p.stdout, "%s taken back\n", name)
		}
		return err
	})
}

func (p *program) migrateStatus(ctx context.Context) error {
	return p.withDatabase(func(_ config.Config, d *db.DB) error {
		list, err := d.Migrations(ctx)
		for _, m := range list {
			state := "pending"
			if m.Applied {
				state = "applied"
			}
			fmt.Fprintf(p.stdout, "%-8s %s\n", state, m.Name)
		}
		return err
	})
}

func (p *program) secret(context.Context) error {
	_, err := fmt.Fprintln(p.stdout, config.NewSecret())
	return err
}

func (p *program) routes(context.Context) error {
	routes, err := web.Routes()
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "METHOD\tPATH\tACCESS\tHANDLER")
	for _, r := range routes {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.Method, r.Path, r.Access, r.Handler)
	}
	return errors.Join(err, table.Flush())
}

func (p *program) version(context.Context) error {
	text := "portal " + version
	if info, ok := debug.ReadBuildInfo(); ok {
		text += " (" + info.GoVersion + ")"
	}
	_, err := fmt.Fprintln(p.stdout, text)
	return err
}
