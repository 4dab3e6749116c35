package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// SmallServer is OwnServer on a file system of that size, such as "64m", which
// FillDisk fills. It is in memory, the server's processes alone see it, and it
// ends with them; so the server can't be started again. Its log of transactions
// lies elsewhere: where that finds no room, a server crashes. The test is skipped
// where such a file system can't be had.
func SmallServer(t testing.TB, size string) *Server {
	t.Helper()
	s, err := startServer(size)
	if errors.Is(err, errNoDisk) {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// errNoDisk says that we may not mount, not even in a namespace of our own.
var errNoDisk = errors.New("a small file system takes Linux with unshare, and the right to make user namespaces")

// ontoDisk has cmd, which is postgres, find its data on the small file system. In
// a user namespace one may mount without being root; as PostgreSQL refuses to be
// root there too, it gets a namespace in that one.
func (s *Server) ontoDisk(cmd *exec.Cmd) error {
	if out, err := s.unshare("mount", "-t", "tmpfs", "tmpfs", s.dir).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %w: %s", errNoDisk, err, out)
	}
	uid, gid := os.Getuid(), os.Getgid()
	if s.owner != nil {
		uid, gid = int(s.owner.Uid), int(s.owner.Gid)
	}
	const script = `cp -RP data whole && mount -t tmpfs -o mode=700,size="$0" tmpfs data && mv whole/* data/ && rmdir whole && uid=$1 && gid=$2 && shift 2 &&
exec unshare --user --map-user="$uid" --map-group="$gid" "$@"`
	outer := s.unshare("sh", "-c", script, s.disk, strconv.Itoa(uid), strconv.Itoa(gid))
	cmd.Path, cmd.Args = outer.Path, append(outer.Args, cmd.Args...)
	return nil
}

// unshare returns a command that may mount, where only it sees it.
func (s *Server) unshare(args ...string) *exec.Cmd {
	cmd := s.command("unshare", append([]string{"--user", "--map-root-user", "--mount"}, args...)...)
	cmd.Path, cmd.Err = exec.LookPath("unshare")
	return cmd
}

// FillDisk leaves no room on the file system of a SmallServer.
func (s *Server) FillDisk(ctx context.Context) error {
	err := s.copyTo(ctx, "SELECT repeat('x', 1000), generate_series(1, 1000000)") // in FROM it would take room itself
	var full *pgconn.PgError
	if errors.As(err, &full) && full.Code == "53100" {
		return nil
	}
	return fmt.Errorf("the disk has not become full: %w", err)
}

// FreeDisk gives back what FillDisk took.
func (s *Server) FreeDisk(ctx context.Context) error { return s.copyTo(ctx, "SELECT 1") }

func (s *Server) copyTo(ctx context.Context, query string) error {
	pool, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = pool.ExecContext(ctx, "COPY ("+query+") TO '"+filepath.Join(s.dir, "data", "filler")+"'")
	return err
}
