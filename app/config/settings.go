//go:build dev

package config

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Setting is one setting as it is in force.
type Setting struct{ Name, Value, Source string }

// Where a setting comes from.
const (
	fromEnvironment = "environment"
	fromDotenv      = ".env"
	fromDefault     = "default"
)

// Settings lists the settings that Load reads, in its order. Secrets are masked.
func Settings(getenv func(string) string, dir string) []Setting {
	const secret = "SESSION_SECRET"
	var names []string
	c, _ := Load(func(name string) string {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		if value := getenv(name); name != secret || value != "" {
			return value
		}
		return strings.Repeat("x", minSecret) // else Load makes one
	}, dir)
	defaults := map[string]string{
		"APP_ENV": c.Env, "APP_NAME": c.AppName, "ADDR": c.Addr, "DATABASE_URL": c.DatabaseURL, "MIGRATE": "auto",
		"MAIL_FROM": c.MailFrom.String(), "BASE_URL": c.BaseURL, "REGISTRATION": c.Registration,
		"SESSION_STORE":        c.SessionStore,
		"SESSION_IDLE_TIMEOUT": c.SessionIdle.String(), "SESSION_ABSOLUTE_TIMEOUT": c.SessionAbsolute.String(),
		"AUDIT_RETENTION": c.AuditRetention.String(), "LOG_LEVEL": strings.ToLower(c.LogLevel.String()), "LOG_FORMAT": choose(c.LogJSON, "json", "text"),
	}
	r, _ := newReader(getenv, dir)
	var list []Setting
	for _, name := range names {
		s := Setting{name, r.value(name, defaults[name]), fromDefault}
		switch {
		case strings.TrimSpace(getenv(name)) != "":
			s.Source = fromEnvironment
		case r.has(name):
			s.Source = fromDotenv
		}
		s.Value = Mask(name, s.Value)
		if name == secret && s.Source == fromDefault {
			s.Value = "made once, in data/session.secret"
		}
		list = append(list, s)
	}
	return list
}

// secretWords are in the names of what must not be shown.
var secretWords = []string{"secret", "password", "passwd", "pwd", "token", "key", "credential"}

func isSecret(name string) bool {
	return slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(strings.ToLower(name), word) })
}

// Mask returns a setting's value without what is secret in it: all of it when
// the name says so, and passwords in URLs.
func Mask(name, value string) string {
	const masked = "•••••"
	switch {
	case value == "":
		return ""
	case isSecret(name):
		return masked + " (" + strconv.Itoa(len(value)) + " characters)"
	case !strings.Contains(value, "://"):
		return value
	}
	u, err := url.Parse(value)
	if err != nil {
		return masked
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), "xxxxx")
	}
	query := u.Query()
	for parameter := range query {
		if isSecret(parameter) {
			query.Set(parameter, "xxxxx")
		}
	}
	if u.RawQuery != "" {
		u.RawQuery = query.Encode()
	}
	return u.String()
}
