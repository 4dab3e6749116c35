package dbtest

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/managethefans/portal/db"
)

// EnvBouncer is the variable that names PgBouncer's program, where it isn't in
// a usual place.
const EnvBouncer = "PGBOUNCER"

// ErrNoBouncer says that PgBouncer is not on this machine.
var ErrNoBouncer = errors.New("PgBouncer was not found: install it (apt install pgbouncer, dnf install pgbouncer, brew install pgbouncer; " +
	"it need not run), or name its program in " + EnvBouncer)

// Everywhere is Each, and once more on PostgreSQL through PgBouncer.
func Everywhere(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	Each(t, f)
	t.Run("pgbouncer", func(t *testing.T) {
		t.Parallel()
		f(t, Bounced(t))
	})
}

// Bounced returns a fresh database on PostgreSQL, reached through a PgBouncer
// of its own: in transaction mode, so that each transaction may run on another
// connection to the server, of which there are five.
func Bounced(t testing.TB) *db.DB {
	t.Helper()
	return Open(t, BouncedURL(t, PostgresURL(t)))
}

// BouncedURL returns the URL that leads to the database at another one through
// a PgBouncer, which ends with the test.
func BouncedURL(t testing.TB, direct string) string {
	t.Helper()
	program, err := FindBouncer()
	must(t, err)
	b := &Server{bin: filepath.Dir(program)}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := b.makeDir(); err != nil {
		t.Fatal(err)
	}
	name, settings, err := bouncerSettings(direct, b.dir)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(b.dir, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil { // with a password, perhaps
		t.Fatal(err)
	}
	if b.owner != nil {
		if err := os.Chown(file, int(b.owner.Uid), int(b.owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.run(b.URL(name), filepath.Base(program), file); err != nil {
		t.Fatal(err)
	}
	return b.URL(name)
}

// bouncerSettings returns the name of the database at address, and the
// settings with which PgBouncer leads there.
func bouncerSettings(address, dir string) (name, settings string, err error) {
	c, err := pgx.ParseConfig(address)
	if err != nil {
		return "", "", err
	}
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	target := fmt.Sprintf("host=%s port=%d dbname=%s user=%s", quote(c.Host), c.Port, quote(c.Database), quote(c.User))
	if c.Password != "" {
		target += " password=" + quote(c.Password)
	}
	return c.Database, `[databases]
` + c.Database + ` = ` + target + `
[pgbouncer]
pool_mode = transaction
default_pool_size = 5
max_client_conn = 300
auth_type = any
unix_socket_dir = ` + dir + `
listen_port = ` + port + `
server_tls_sslmode = prefer
server_login_retry = 1
`, nil
}

// FindBouncer returns the path of PgBouncer's program.
func FindBouncer() (string, error) {
	for _, name := range []string{cmp.Or(os.Getenv(EnvBouncer), "pgbouncer"), "/usr/sbin/pgbouncer", "/usr/local/sbin/pgbouncer", "/opt/homebrew/bin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
		if os.Getenv(EnvBouncer) != "" {
			break
		}
	}
	return "", ErrNoBouncer
}
