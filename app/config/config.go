// Package config reads the settings: from the environment, once, into one
// checked struct. Nothing else in the program reads the environment.
package config

import (
	"fmt"
	"log/slog"
	"net/mail"
	"net/netip"
	"path/filepath"
	"strings"
	"time"
)

// Environments: the values of APP_ENV.
const (
	Development = "development"
	Test        = "test"
	Production  = "production"
)

// Session stores: the values of SESSION_STORE, but for auto.
const (
	Cookie     = "cookie"
	Filesystem = "filesystem"
	Postgres   = "postgres"
)

// Who may register: the values of REGISTRATION.
const (
	Open   = "open"   // everybody who reads mail
	Invite = "invite" // whom an administrator invites
	Closed = "closed" // nobody
)

// Config holds the settings. Each field names its variable; .env.example
// explains them to the person who sets them.
type Config struct {
	Env     string // APP_ENV
	AppName string // APP_NAME, shown in pages and messages
	Addr    string // ADDR or PORT: host:port to listen on
	BaseURL string // BASE_URL, without a slash at its end: where links in messages lead

	DatabaseURL        string // DATABASE_URL
	MigrateDatabaseURL string // MIGRATE_DATABASE_URL, empty when it is the same
	Migrate            bool   // MIGRATE: apply pending migrations at start

	SessionSecrets []string // SESSION_SECRET, newest first
	SessionStore   string   // SESSION_STORE, with auto resolved
	SessionDir     string   // where the filesystem store keeps its files

	SessionIdle     time.Duration // SESSION_IDLE_TIMEOUT
	SessionAbsolute time.Duration // SESSION_ABSOLUTE_TIMEOUT

	AuditRetention time.Duration // AUDIT_RETENTION: how long events of the audit log are kept, 0 for ever

	ShutdownDelay time.Duration // SHUTDOWN_DELAY: /readyz says no for so long before the listener closes

	Registration string // REGISTRATION: who may register

	SMTPURL  string       // SMTP_URL, empty for no mail server; app/mail looks at it more closely
	MailFrom mail.Address // MAIL_FROM, with a name

	TrustedProxies []netip.Prefix // TRUSTED_PROXIES
	LogLevel       slog.Level     // LOG_LEVEL
	LogJSON        bool           // LOG_FORMAT is json
}

// Production reports whether people whom we don't know use this program. It is
// so unless something else was said.
func (c Config) Production() bool { return c.Env == Production }

// HasMail reports whether messages can be sent to people. Without a mail server
// they can't in production; elsewhere they stay in the mailbox for developers.
func (c Config) HasMail() bool { return c.SMTPURL != "" || !c.Production() }

// minSecret is the least length of a SESSION_SECRET in bytes: 256 bits, as long
// as the keys derived from it.
const minSecret = 32

// dataDir is where development keeps what must not be committed.
const dataDir = "data"

// Load reads the settings with getenv, and in development those that getenv
// doesn't have from the file .env in dir. The error is Faults: everything that is
// wrong, with its remedy; what could be read is returned all the same. In
// development it makes a session secret on the first call.
func Load(getenv func(string) string, dir string) (Config, error) {
	var c Config
	r, env := newReader(getenv, dir)
	c.Env = env
	c.AppName = r.value("APP_NAME", "Portal")
	r.checkAppName(c.AppName)
	c.Addr = r.addr(c.Production())
	c.ShutdownDelay = r.delay("SHUTDOWN_DELAY")
	c.LogLevel = r.logLevel()
	c.LogJSON = r.oneOf("LOG_FORMAT", choose(c.Production(), "json", "text"), "text", "json") == "json"
	c.TrustedProxies = r.prefixes("TRUSTED_PROXIES")

	c.DatabaseURL = r.databaseURL("DATABASE_URL")
	if c.DatabaseURL == "" && !r.has("DATABASE_URL") {
		if c.Production() {
			r.fault("DATABASE_URL", "is missing. Set it to postgres://user:password@host/name, or to sqlite:/path/to/portal.db for a single machine")
		}
		c.DatabaseURL = "sqlite:" + filepath.Join(dir, dataDir, "portal.db")
	}
	c.MigrateDatabaseURL = r.databaseURL("MIGRATE_DATABASE_URL")
	if c.MigrateDatabaseURL != "" && strings.HasPrefix(c.MigrateDatabaseURL, "postgres") != strings.HasPrefix(c.DatabaseURL, "postgres") {
		r.fault("MIGRATE_DATABASE_URL", "is of another kind than DATABASE_URL. Both must lead to the same database")
	}
	c.Migrate = r.oneOf("MIGRATE", "auto", "auto", "manual") == "auto"

	c.SMTPURL = r.value("SMTP_URL", "")
	c.MailFrom = r.mailFrom(c)
	c.BaseURL = r.baseURL(c)
	c.Registration = r.registration(c)

	c.SessionStore = r.sessionStore(c)
	c.SessionDir = filepath.Join(dir, dataDir, "sessions")
	if path, ok := strings.CutPrefix(c.DatabaseURL, "sqlite:"); ok {
		c.SessionDir = filepath.Join(filepath.Dir(path), "sessions")
	}
	c.SessionIdle = r.duration("SESSION_IDLE_TIMEOUT", 7*24*time.Hour)
	c.SessionAbsolute = r.duration("SESSION_ABSOLUTE_TIMEOUT", 30*24*time.Hour)
	c.AuditRetention = r.retention("AUDIT_RETENTION", 400*24*time.Hour)
	c.SessionSecrets = r.secrets(c.Production(), filepath.Join(dir, dataDir, "session.secret"))

	if len(r.faults) > 0 {
		return c, r.faults
	}
	return c, nil
}

// Addr returns the Addr that Load would, for those who look for the portal from
// outside: the other settings, and the secrets among them, may be missing or
// wrong.
func Addr(getenv func(string) string, dir string) (string, error) {
	r, env := newReader(getenv, dir)
	addr := r.addr(env == Production)
	if len(r.faults) > 0 {
		return "", r.faults
	}
	return addr, nil
}

// Faults is the error of Load: everything that is wrong with the settings.
type Faults []string

func (f Faults) Error() string {
	heading := "1 setting needs attention"
	if len(f) > 1 {
		heading = fmt.Sprintf("%d settings need attention", len(f))
	}
	return heading + ":\n  " + strings.Join(f, "\n  ")
}
