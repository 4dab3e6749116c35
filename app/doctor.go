package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/outbox"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// doctor looks at everything that the portal needs, reports all that it finds,
// and fails if something is amiss. It applies no migration; a SQLite file and
// the folder for sessions are made if they aren't there.
func (p *program) doctor(ctx context.Context) error {
	cfg, err := p.load()
	if !p.report("settings", err, "environment "+cfg.Env) {
		return errors.New("the settings come first: the rest was not looked at")
	}
	ok := p.checkDatabase(ctx, cfg)
	if cfg.SessionStore == config.Filesystem {
		ok = p.report("sessions", checkFolder(cfg.SessionDir), "files in "+cfg.SessionDir) && ok
	} else {
		ok = p.report("sessions", nil, cfg.SessionStore) && ok
	}
	ok = p.checkMail(ctx, cfg) && ok
	if !ok {
		return errors.New("something needs attention: see above")
	}
	return nil
}

func (p *program) report(what string, err error, good string) bool {
	if err != nil {
		fmt.Fprintf(p.stdout, "FAULT  %-11s %v\n", what, err)
		return false
	}
	fmt.Fprintf(p.stdout, "ok     %-11s %s\n", what, good)
	return true
}

func (p *program) checkDatabase(ctx context.Context, cfg config.Config) bool {
	d, err := db.Open(cfg.DatabaseURL, cfg.MigrateDatabaseURL)
	if err != nil {
		return p.report("database", err, "")
	}
	defer d.Close()
	engine := "SQLite, " + strings.TrimPrefix(cfg.DatabaseURL, "sqlite:")
	if d.Postgres() {
		engine = "PostgreSQL"
	}
	err = d.Ping(ctx)
	if d.Pooled() {
		engine += ", through a pooler such as PgBouncer"
	}
	if !p.report("database", err, engine) {
		return false
	}
	pending, err := d.Pending(ctx)
	if err == nil && len(pending) > 0 && !cfg.Migrate {
		err = fmt.Errorf("%d are pending: run `portal migrate up`", len(pending))
	}
	good := "all applied"
	if len(pending) > 0 {
		good = fmt.Sprintf("%d will be applied at start", len(pending))
	}
	return p.report("migrations", err, good) && (len(pending) > 0 || p.checkSecrets(ctx, cfg, d))
}

// checkSecrets says how many sign-ins still hang on an older secret: as long as
// there are some, taking it away signs people out.
func (p *program) checkSecrets(ctx context.Context, cfg config.Config, d *db.DB) bool {
	if len(cfg.SessionSecrets) == 0 {
		return true // which is a fault of the settings
	}
	keyID, err := session.KeyID(cfg.SessionSecrets[0])
	if err != nil {
		return p.report("secrets", err, "")
	}
	if err := d.Connect(ctx, false); err != nil {
		return p.report("secrets", err, "")
	}
	now := db.Now()
	n, err := d.CountUserSessionsOfOtherKeys(ctx, db.CountUserSessionsOfOtherKeysParams{
		KeyID: keyID, Now: now, SeenSince: now.Add(-cfg.SessionIdle), BegunSince: now.Add(-cfg.SessionAbsolute),
	})
	return p.report("secrets", err, fmt.Sprintf("%d; %d sign-ins hang on another one than the first", len(cfg.SessionSecrets), n)) && p.checkMessages(ctx, d)
}

// checkMessages says how many wait, and how many nobody will get.
func (p *program) checkMessages(ctx context.Context, d *db.DB) bool {
	n, err := d.CountMessages(ctx)
	good := fmt.Sprintf("%d wait, %d have failed", n.Waiting, n.Failed)
	if n.Failed > 0 {
		good += ": `portal mail list --undelivered` says why"
	}
	return p.report("messages", err, good)
}

// checkMail connects to the mail server as a message would, and sends none.
func (p *program) checkMail(ctx context.Context, cfg config.Config) bool {
	if cfg.SMTPURL == "" {
		good := "off: SMTP_URL is not set"
		if cfg.HasMail() {
			good = "stays in the mailbox, " + cfg.BaseURL + "/_dev/mail: SMTP_URL is not set"
		}
		return p.report("mail", nil, good)
	}
	o, err := outbox.New(cfg, newLogger(cfg, p.stdout), nil)
	if err != nil {
		return p.report("mail", err, "")
	}
	where, err := o.Check(ctx)
	return p.report("mail", err, where)
}

// checkFolder reports whether files can be written in dir, which may not exist
// yet.
func checkFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
