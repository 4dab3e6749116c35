package config

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const goodSecret = "0123456789abcdef0123456789abcdef"

func load(t *testing.T, dir string, env map[string]string) (Config, error) {
	t.Helper()
	return Load(func(name string) string { return env[name] }, dir)
}

func TestProductionRefusesToStart(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env  map[string]string
		want []string
	}{
		"with no settings":                       {nil, []string{"2 settings need attention", "DATABASE_URL is missing", "SESSION_SECRET is missing", "portal secret"}},
		"with a short secret":                    {map[string]string{"SESSION_SECRET": "short"}, []string{"SESSION_SECRET has a key (number 1) of 5 bytes"}},
		"with a second secret that is short":     {map[string]string{"SESSION_SECRET": goodSecret + ",short"}, []string{"(number 2)"}},
		"with a development secret":              {map[string]string{"SESSION_SECRET": developmentPrefix + goodSecret}, []string{"made for development"}},
		"with a database URL of another kind":    {map[string]string{"DATABASE_URL": "mysql://u:hunter2@h/d"}, []string{"DATABASE_URL can't be understood"}},
		"with a database URL that is a path":     {map[string]string{"DATABASE_URL": "portal.db"}, []string{"DATABASE_URL can't be understood"}},
		"with pgstore on SQLite":                 {map[string]string{"DATABASE_URL": "sqlite:x.db", "SESSION_STORE": "postgres"}, []string{"SESSION_STORE is postgres, but"}},
		"with an unknown store":                  {map[string]string{"SESSION_STORE": "redis"}, []string{`SESSION_STORE is "redis"`, "cookie, filesystem, postgres"}},
		"with a port that is none":               {map[string]string{"PORT": "eighty"}, []string{`PORT is "eighty"`}},
		"with a port out of range":               {map[string]string{"ADDR": ":99999"}, []string{`ADDR is ":99999"`}},
		"with a delay that is none":              {map[string]string{"SHUTDOWN_DELAY": "-1s"}, []string{`SHUTDOWN_DELAY is "-1s". Set it to seconds, such as 5s`}},
		"with a timeout that is none":            {map[string]string{"SESSION_IDLE_TIMEOUT": "7 days", "SESSION_ABSOLUTE_TIMEOUT": "1s"}, []string{`SESSION_IDLE_TIMEOUT is "7 days". Set it to hours`, `SESSION_ABSOLUTE_TIMEOUT is "1s"`}},
		"with events kept for too short a time":  {map[string]string{"AUDIT_RETENTION": "400"}, []string{`AUDIT_RETENTION is "400". Set it to hours, such as 9600h`}},
		"with a proxy that is no network":        {map[string]string{"TRUSTED_PROXIES": "10.0.0.0/8, proxy"}, []string{`TRUSTED_PROXIES has "proxy"`}},
		"with migrations of another kind":        {map[string]string{"DATABASE_URL": "postgres://h/d", "MIGRATE_DATABASE_URL": "sqlite:x.db"}, []string{"MIGRATE_DATABASE_URL is of another kind"}},
		"with a mail server alone":               {map[string]string{"SMTP_URL": "smtps://u:hunter2@mail.example.com"}, []string{"MAIL_FROM is missing", "BASE_URL is missing"}},
		"with a sender that is none":             {map[string]string{"SMTP_URL": "smtps://h", "MAIL_FROM": "Meadow"}, []string{`MAIL_FROM is "Meadow". Set it to one address`}},
		"with two senders":                       {map[string]string{"MAIL_FROM": "a@example.com, b@example.com"}, []string{"MAIL_FROM is"}},
		"with links that anybody could read":     {map[string]string{"BASE_URL": "http://meadow.example.com"}, []string{"begins with https://"}},
		"with links to a folder":                 {map[string]string{"BASE_URL": "https://example.com/meadow"}, []string{`BASE_URL is "https://example.com/meadow". Set it to a scheme and a host`}},
		"with links to nowhere":                  {map[string]string{"BASE_URL": "meadow.example.com"}, []string{"BASE_URL is"}},
		"with registration open, without mail":   {map[string]string{"REGISTRATION": "open"}, []string{"REGISTRATION is open, and nobody can prove an address without mail. Set SMTP_URL"}},
		"with registration for whoever":          {map[string]string{"REGISTRATION": "yes"}, []string{`REGISTRATION is "yes". Set it to one of: open, invite, closed`}},
		"with an unknown environment":            {map[string]string{"APP_ENV": "staging"}, []string{`APP_ENV is "staging"`}},
		"with an unknown log level":              {map[string]string{"LOG_LEVEL": "loud"}, []string{`LOG_LEVEL is "loud"`}},
		"with an unknown word for migrations":    {map[string]string{"MIGRATE": "yes"}, []string{`MIGRATE is "yes"`}},
		"with everything wrong, all of it named": {map[string]string{"PORT": "x", "LOG_FORMAT": "xml", "SESSION_STORE": "x"}, []string{"5 settings", "PORT", "LOG_FORMAT", "SESSION_STORE", "DATABASE_URL", "SESSION_SECRET"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.env == nil {
				test.env = map[string]string{}
			}
			if test.env["APP_ENV"] == "" {
				test.env["APP_ENV"] = Production
			}
			_, err := load(t, t.TempDir(), test.env)
			if err == nil {
				t.Fatal("started")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("want %q in:\n%v", want, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("shows a password:\n%v", err)
			}
		})
	}
}

func TestTheAuditLogIsKeptFor400DaysOrForEver(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{"": 400 * 24 * time.Hour, "0": 0, "24h": 24 * time.Hour, "87600h": 3650 * 24 * time.Hour} {
		if c, err := load(t, t.TempDir(), map[string]string{"APP_ENV": Development, "AUDIT_RETENTION": value}); err != nil || c.AuditRetention != want {
			t.Errorf("%q is %s, %v", value, c.AuditRetention, err)
		}
	}
}

func TestRegistrationIsByInvitationInProduction(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ env, smtp, value, want string }{
		{Development, "", "", Open},
		{Test, "", "", Open},
		{Development, "", Closed, Closed},
		{Production, "", "", Invite},
		{Production, "smtps://h", "", Invite},
		{Production, "smtps://h", Open, Open},
		{Production, "", Closed, Closed},
	} {
		c, err := load(t, t.TempDir(), map[string]string{
			"APP_ENV": test.env, "REGISTRATION": test.value, "SESSION_SECRET": goodSecret, "DATABASE_URL": "postgres://h/d",
			"SMTP_URL": test.smtp, "MAIL_FROM": choose(test.smtp != "", "noreply@example.com", ""), "BASE_URL": "https://meadow.example.com",
		})
		if err != nil || c.Registration != test.want {
			t.Errorf("%+v: got %q, %v", test, c.Registration, err)
		}
	}
}

func TestSessionStoreIsChosenBySettings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ env, url, store, want string }{
		{Development, "", "", Filesystem},
		{Development, "postgres://h/d", "", Filesystem},
		{Development, "postgres://h/d", Postgres, Postgres},
		{Development, "", Cookie, Cookie},
		{Test, "", "", Filesystem},
		{Production, "postgres://h/d", "", Postgres},
		{Production, "postgresql://h/d", "auto", Postgres},
		{Production, "postgres://h/d", Cookie, Cookie},
		{Production, "sqlite:x.db", "", Filesystem},
		{Production, "sqlite:x.db", Cookie, Cookie},
	} {
		c, err := load(t, t.TempDir(), map[string]string{
			"APP_ENV": test.env, "DATABASE_URL": test.url, "SESSION_STORE": test.store, "SESSION_SECRET": goodSecret,
		})
		if err != nil {
			t.Fatalf("%+v: %v", test, err)
		}
		if c.SessionStore != test.want {
			t.Errorf("%+v: got %s", test, c.SessionStore)
		}
	}
}

func TestASessionLastsAWeekUnusedAndAMonthInAll(t *testing.T) {
	t.Parallel()
	c, err := load(t, t.TempDir(), map[string]string{"APP_ENV": Production, "DATABASE_URL": "postgres://h/d", "SESSION_SECRET": goodSecret})
	if err != nil || c.SessionIdle != 7*24*time.Hour || c.SessionAbsolute != 30*24*time.Hour {
		t.Errorf("%s unused, %s in all, %v", c.SessionIdle, c.SessionAbsolute, err)
	}
}

func TestDevelopmentListensOnLoopbackUnlessAHostIsNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ env, addr, port, want string }{
		{Development, "", "", "127.0.0.1:8080"},
		{Development, ":3000", "", "127.0.0.1:3000"},
		{Development, "", "3000", "127.0.0.1:3000"},
		{Development, "0.0.0.0:3000", "", "0.0.0.0:3000"},
		{Production, "", "", ":8080"},
		{Production, "", "3000", ":3000"},
		{Production, "[::1]:3000", "4000", "[::1]:3000"},
	} {
		c, err := load(t, t.TempDir(), map[string]string{
			"APP_ENV": test.env, "ADDR": test.addr, "PORT": test.port, "SESSION_SECRET": goodSecret, "DATABASE_URL": "sqlite:x.db",
		})
		if err != nil || c.Addr != test.want {
			t.Errorf("%+v: got %q, %v", test, c.Addr, err)
		}
		env := map[string]string{"APP_ENV": test.env, "ADDR": test.addr, "PORT": test.port}
		alone, err := Addr(func(name string) string { return env[name] }, t.TempDir())
		if err != nil || alone != test.want {
			t.Errorf("%+v: Addr, without the other settings, is %q, %v", test, alone, err)
		}
	}
}

func TestDevelopmentNeedsNoSettingsAndKeepsItsSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var group sync.WaitGroup
	secrets := make([]string, 8)
	for i := range secrets {
		group.Go(func() {
			c, err := load(t, dir, map[string]string{"APP_ENV": Development})
			if err != nil {
				t.Error(err)
				return
			}
			secrets[i] = c.SessionSecrets[0]
		})
	}
	group.Wait()
	for _, secret := range secrets {
		if secret != secrets[0] || !strings.HasPrefix(secret, developmentPrefix) {
			t.Errorf("got %q and %q", secrets[0], secret)
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, dataDir))
	if err != nil || len(entries) != 1 {
		t.Fatalf("want one file, got %v, %v", entries, err)
	}
	if info, err := entries[0].Info(); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestDotenvIsReadInDevelopmentOnlyAndTheEnvironmentWins(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte("APP_NAME=File\nPORT=4000\nSESSION_SECRET="+goodSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := load(t, dir, map[string]string{"APP_ENV": Development, "APP_NAME": "Environment"})
	if err != nil || c.AppName != "Environment" || c.Addr != "127.0.0.1:4000" {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, err := load(t, dir, map[string]string{"APP_ENV": Production, "DATABASE_URL": "sqlite:x.db"}); err == nil {
		t.Error("production took its secret from a file")
	}
}

func TestABrokenDotenvIsAFault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte("this is no setting\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := load(t, dir, map[string]string{"APP_ENV": Development}); err == nil || !strings.Contains(err.Error(), ".env can't be read") {
		t.Errorf("got %v", err)
	}
}

func TestMailIsThereWhereAServerIsOrDevelopers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		env, smtp, from, base, addr string
		mail                        bool
		wantFrom, wantBase          string
	}{
		{Development, "", "", "", "", true, "Meadow <noreply@localhost>", "http://localhost:8080"},
		{Development, "", "", "", "0.0.0.0:3000", true, "Meadow <noreply@localhost>", "http://localhost:3000"},
		{Development, "", "", "", "192.168.1.7:80", true, "Meadow <noreply@localhost>", "http://192.168.1.7:80"},
		{Development, "", "", "http://meadow.test:3000/", "", true, "Meadow <noreply@localhost>", "http://meadow.test:3000"},
		{Test, "", "", "", "", true, "Meadow <noreply@localhost>", "http://localhost:8080"},
		{Production, "", "", "", "", false, "Meadow <noreply@localhost>", ""},
		{Production, "smtps://h", "hello@example.com", "https://meadow.example.com/", "", true, "Meadow <hello@example.com>", "https://meadow.example.com"},
		{Production, "smtps://h", "The Meadow <hello@example.com>", "https://meadow.example.com:444", "", true, "The Meadow <hello@example.com>", "https://meadow.example.com:444"},
	} {
		c, err := load(t, t.TempDir(), map[string]string{
			"APP_ENV": test.env, "APP_NAME": "Meadow", "SESSION_SECRET": goodSecret, "DATABASE_URL": "postgres://h/d",
			"SMTP_URL": test.smtp, "MAIL_FROM": test.from, "BASE_URL": test.base, "ADDR": test.addr,
		})
		from := strings.ReplaceAll(c.MailFrom.String(), `"`, "")
		if err != nil || c.HasMail() != test.mail || from != test.wantFrom || c.BaseURL != test.wantBase {
			t.Errorf("%+v: %v, from %s, at %s, %v", test, c.HasMail(), from, c.BaseURL, err)
		}
	}
}

func TestANewSecretIsGoodForProduction(t *testing.T) {
	t.Parallel()
	if _, err := load(t, t.TempDir(), map[string]string{
		"APP_ENV": Production, "DATABASE_URL": "sqlite:x.db", "SESSION_SECRET": NewSecret() + "," + NewSecret(),
	}); err != nil {
		t.Error(err)
	}
}

func TestASettingThatMessagesCantCarryIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env  map[string]string
		want string
	}{
		"a name of two lines":            {map[string]string{"APP_NAME": "Mea\ndow"}, "APP_NAME has a line break or another character that can't be seen"},
		"a name that turns text around":  {map[string]string{"APP_NAME": "Mea\u202edow"}, "APP_NAME has"},
		"a name that is no text":         {map[string]string{"APP_NAME": "Mea\xffdow"}, "APP_NAME has"},
		"a name that nobody can see":     {map[string]string{"APP_NAME": "\u200b\u3164"}, "APP_NAME can't be seen. Set it to"},
		"a sender's name of two lines":   {map[string]string{"MAIL_FROM": "=?utf-8?q?a=0Ab?= <noreply@example.com>"}, "MAIL_FROM is"},
		"a sender that isn't ASCII":      {map[string]string{"MAIL_FROM": "josé@example.com"}, "MAIL_FROM is"},
		"a sender and no server":         {map[string]string{"MAIL_FROM": "noreply@example.com"}, "SMTP_URL is missing, and MAIL_FROM is set. Set SMTP_URL to the mail server, such as smtps://user:password@mail.example.com:465, or leave MAIL_FROM out"},
		"a sender, a base and no server": {map[string]string{"MAIL_FROM": "noreply@example.com", "BASE_URL": "https://meadow.example.com"}, "SMTP_URL is missing"},
	} {
		env := map[string]string{"APP_ENV": Production, "SESSION_SECRET": goodSecret, "DATABASE_URL": "postgres://h/d"}
		for key, value := range test.env {
			env[key] = value
		}
		if _, err := load(t, t.TempDir(), env); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: want %q in %v", name, test.want, err)
		}
	}
	for name, env := range map[string]map[string]string{
		"links that commands print, without mail": {"APP_ENV": Production, "BASE_URL": "https://meadow.example.com"},
		"a sender in development":                 {"APP_ENV": Development, "MAIL_FROM": "noreply@example.com"},
		"a name of many scripts":                  {"APP_ENV": Development, "APP_NAME": "Łąka · 牧草地"},
	} {
		env["SESSION_SECRET"], env["DATABASE_URL"] = goodSecret, "postgres://h/d"
		if _, err := load(t, t.TempDir(), env); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := load(t, t.TempDir(), map[string]string{"APP_ENV": Development, "MAIL_FROM": "Łąka <noreply@łąka.example>"})
	if err != nil || c.MailFrom.Address != "noreply@xn--ka-ola7v.example" {
		t.Errorf("messages come from %v, %v", c.MailFrom, err)
	}
}
