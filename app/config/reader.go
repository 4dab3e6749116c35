package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/joho/godotenv"

	"github.com/managethefans/portal/app/auth"
)

// reader takes settings out of the environment and collects faults.
type reader struct {
	getenv func(string) string
	dotenv map[string]string
	faults Faults
}

// newReader returns a reader and the environment, APP_ENV, which decides whether
// the file .env in dir is read.
func newReader(getenv func(string) string, dir string) (*reader, string) {
	r := &reader{getenv: getenv}
	env := r.oneOf("APP_ENV", defaultEnv, Development, Test, Production)
	if env == Development {
		r.readDotenv(filepath.Join(dir, ".env"))
	}
	return r, env
}

func (r *reader) fault(name, format string, args ...any) {
	r.faults = append(r.faults, name+" "+fmt.Sprintf(format, args...)+".")
}

func (r *reader) readDotenv(path string) {
	values, err := godotenv.Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.fault(path, "can't be read: %v. Write lines of the form NAME=value", err)
	}
	r.dotenv = values
}

func (r *reader) value(name, fallback string) string {
	value := strings.TrimSpace(r.getenv(name))
	if value == "" {
		value = strings.TrimSpace(r.dotenv[name])
	}
	if value == "" {
		return fallback
	}
	return value
}

func (r *reader) has(name string) bool { return r.value(name, "") != "" }

func (r *reader) oneOf(name, fallback string, allowed ...string) string {
	value := r.value(name, fallback)
	if !slices.Contains(allowed, value) {
		r.fault(name, "is %q. Set it to one of: %s", value, strings.Join(allowed, ", "))
		return fallback
	}
	return value
}

// checkAppName looks at what stands in messages, which take no line breaks.
func (r *reader) checkAppName(name string) {
	switch {
	case !isLine(name):
		r.fault("APP_NAME", "has a line break or another character that can't be seen. Set it to what the product is called, in one line")
	case auth.IsBlank(name):
		r.fault("APP_NAME", "can't be seen. Set it to what the product is called")
	}
}

// isLine reports whether a text is one line, and nothing in it changes how it is
// read.
func isLine(text string) bool { return utf8.ValidString(text) && !auth.HasControl(text) }

// addr returns where to listen. Without a host, development listens on
// loopback only, so that the portal isn't offered to the network by accident.
func (r *reader) addr(production bool) string {
	name, addr := "ADDR", r.value("ADDR", "")
	if addr == "" && r.has("PORT") {
		name, addr = "PORT", ":"+r.value("PORT", "")
	}
	if addr == "" {
		addr = ":8080"
	}
	host, port, err := net.SplitHostPort(addr)
	if n, portErr := strconv.Atoi(port); err != nil || portErr != nil || n < 0 || n > 65535 {
		r.fault(name, "is %q. Set ADDR to host:port, such as :8080 or 0.0.0.0:8080, or PORT to a number", r.value(name, ""))
		return ""
	}
	if host == "" && !production {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func (r *reader) logLevel() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(r.oneOf("LOG_LEVEL", "info", "debug", "info", "warn", "error"))); err != nil {
		r.fault("LOG_LEVEL", "can't be understood: %v", err)
	}
	return level
}

// prefixes reads a comma-separated list of networks and single addresses.
func (r *reader) prefixes(name string) []netip.Prefix {
	var list []netip.Prefix
	for item := range listOf(r.value(name, "")) {
		prefix, err := netip.ParsePrefix(item)
		if addr, addrErr := netip.ParseAddr(item); addrErr == nil {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			r.fault(name, "has %q. List networks and addresses, such as 10.0.0.0/8,192.168.1.7", item)
			continue
		}
		list = append(list, prefix)
	}
	return list
}

// duration reads how long something lasts: from a minute to a year.
func (r *reader) duration(name string, fallback time.Duration) time.Duration {
	value := r.value(name, fallback.String())
	d, err := time.ParseDuration(value)
	if err != nil || d < time.Minute || d > 365*24*time.Hour {
		r.fault(name, "is %q. Set it to hours and minutes, such as 168h or 1h30m, of at most a year", value)
		return fallback
	}
	return d
}

// retention reads how long something is kept: a day or more, or 0 for ever.
func (r *reader) retention(name string, fallback time.Duration) time.Duration {
	value := r.value(name, fallback.String())
	d, err := time.ParseDuration(value)
	if err != nil || d != 0 && d < 24*time.Hour {
		r.fault(name, "is %q. Set it to hours, such as 9600h for 400 days, of at least a day, or to 0 to keep everything", value)
		return fallback
	}
	return d
}

// delay reads a short time: none, or up to five minutes.
func (r *reader) delay(name string) time.Duration {
	value := r.value(name, "0s")
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 || d > 5*time.Minute {
		r.fault(name, "is %q. Set it to seconds, such as 5s, of at most five minutes", value)
	}
	return d
}

// databaseURL checks a URL without showing it: it may hold a password.
func (r *reader) databaseURL(name string) string {
	value := r.value(name, "")
	if path, ok := strings.CutPrefix(value, "sqlite:"); value == "" || ok && path != "" {
		return value
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		r.fault(name, "can't be understood. Set it to postgres://user:password@host/name or sqlite:/path/to/portal.db")
		return ""
	}
	return value
}

// sessionStore resolves auto: files in development, PostgreSQL in production
// where the database is PostgreSQL, else files beside the database.
func (r *reader) sessionStore(c Config) string {
	store := r.oneOf("SESSION_STORE", "auto", "auto", Cookie, Filesystem, Postgres)
	postgres := strings.HasPrefix(c.DatabaseURL, "postgres")
	if store == Postgres && !postgres {
		r.fault("SESSION_STORE", "is postgres, but DATABASE_URL is not. Set DATABASE_URL to postgres://…, or SESSION_STORE to filesystem or cookie")
	}
	if store != "auto" {
		return store
	}
	return choose(c.Production() && postgres, Postgres, Filesystem)
}

// registration reads who may register: everybody in development, in production who
// is invited, unless it says otherwise. An address is proved by mail.
func (r *reader) registration(c Config) string {
	who := r.oneOf("REGISTRATION", choose(c.Production(), Invite, Open), Open, Invite, Closed)
	if who == Open && !c.HasMail() {
		r.fault("REGISTRATION", "is open, and nobody can prove an address without mail. Set SMTP_URL, MAIL_FROM and BASE_URL, or REGISTRATION to invite or closed")
	}
	return who
}

// mailFrom reads whom messages come from. Without a name it is the product's.
func (r *reader) mailFrom(c Config) mail.Address {
	if c.SMTPURL != "" && !r.has("MAIL_FROM") {
		r.fault("MAIL_FROM", "is missing. Set it to the address that messages come from, such as noreply@example.com or Desk <noreply@example.com>")
	}
	if c.SMTPURL == "" && r.has("MAIL_FROM") && c.Production() {
		r.fault("SMTP_URL", "is missing, and MAIL_FROM is set. Set SMTP_URL to the mail server, such as smtps://user:password@mail.example.com:465, or leave MAIL_FROM out: then there is no mail")
	}
	from, err := mail.ParseAddress(r.value("MAIL_FROM", "noreply@localhost"))
	ok := err == nil && isLine(from.Name)
	if ok {
		from.Address, ok = auth.NormalizeEmail(from.Address)
	}
	if !ok {
		r.fault("MAIL_FROM", "is %q. Set it to one address, such as noreply@example.com or Desk <noreply@example.com>", r.value("MAIL_FROM", ""))
		return mail.Address{}
	}
	if from.Name == "" {
		from.Name = c.AppName
	}
	return *from
}

// baseURL reads where people find the portal. It is never taken from a request:
// whoever sends one writes its Host, and would choose where a link in somebody
// else's mail leads.
func (r *reader) baseURL(c Config) string {
	value := r.value("BASE_URL", "")
	if value == "" && c.Production() {
		if c.SMTPURL != "" {
			r.fault("BASE_URL", "is missing, and links in mail need it. Set it to where people find the portal, such as https://portal.example.com")
		}
		return ""
	}
	if value == "" {
		return localBase(c.Addr)
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		r.fault("BASE_URL", "is %q. Set it to a scheme and a host, such as https://portal.example.com", value)
	case c.Production() && u.Scheme != "https":
		r.fault("BASE_URL", "is %q. Set it to an address that begins with https://: links in mail hold secrets", value)
	default:
		return u.Scheme + "://" + u.Host
	}
	return ""
}

// localBase is where a browser on this machine finds a program that listens at
// addr.
func localBase(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && (ip.IsUnspecified() || ip.IsLoopback()) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

func (r *reader) secrets(production bool, path string) []string {
	secrets := slices.Collect(listOf(r.value("SESSION_SECRET", "")))
	if len(secrets) == 0 && !production {
		secret, err := developmentSecret(path)
		if err != nil {
			r.fault("SESSION_SECRET", "is missing, and none could be made for development: %v. Run the portal in a folder where it may write", err)
		}
		return []string{secret}
	}
	const remedy = "Make one with `portal secret` and keep it where only the portal can read it"
	if len(secrets) == 0 {
		r.fault("SESSION_SECRET", "is missing. %s", remedy)
	}
	for i, secret := range secrets {
		switch {
		case len(secret) < minSecret:
			r.fault("SESSION_SECRET", "has a key (number %d) of %d bytes; it takes %d or more. %s", i+1, len(secret), minSecret, remedy)
		case production && strings.HasPrefix(secret, developmentPrefix):
			r.fault("SESSION_SECRET", "is one made for development. %s", remedy)
		}
	}
	return secrets
}

// listOf yields the items of a comma-separated list.
func listOf(value string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for item := range strings.SplitSeq(value, ",") {
			if item = strings.TrimSpace(item); item != "" && !yield(item) {
				return
			}
		}
	}
}

func choose(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}
