package dbtest

import (
	"bufio"
	"database/sql"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTheNewestPostgresComesFirst(t *testing.T) {
	t.Parallel()
	got := newestFirst([]string{"/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/9.6/bin"})
	if want := []string{"/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/9.6/bin"}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	got = newestFirst([]string{"/opt/homebrew/opt/postgresql/bin", "/opt/homebrew/opt/postgresql@9.6/bin", "/opt/homebrew/opt/postgresql@17/bin"})
	if got[0] != "/opt/homebrew/opt/postgresql@17/bin" {
		t.Errorf("got %v", got)
	}
}

func TestDatabasesAreMigratedFreshAndGoAway(t *testing.T) {
	t.Parallel()
	need(t)
	var used string
	t.Run("in a test", func(t *testing.T) {
		migrated := PostgresURL(t)
		if migrated == PostgresURL(t) {
			t.Error("two tests share a database")
		}
		if n := count(t, migrated, "SELECT count(*) FROM users"); n != 0 {
			t.Errorf("%d users in a fresh database", n)
		}
		used = EmptyPostgresURL(t)
	})
	u, err := url.Parse(used)
	if err != nil {
		t.Fatal(err)
	}
	base, _ := server()
	if n := count(t, base, "SELECT count(*) FROM pg_database WHERE datname = $1", strings.Trim(u.Path, "/")); n != 0 {
		t.Errorf("%s is still there", used)
	}
	if n := count(t, EmptyPostgresURL(t), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"); n != 0 {
		t.Errorf("%d tables in an empty database", n)
	}
}

func count(t *testing.T, address, query string, args ...any) (n int) {
	t.Helper()
	pool, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := pool.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestWithoutPostgres runs this test program where there is none.
func TestWithoutPostgres(t *testing.T) {
	t.Parallel()
	for _, job := range []string{"postgres", "own server"} {
		wantSkipped(t, job, "apt install postgresql", "PG_BINDIR=/nowhere", EnvURL+"=")
	}
}

func TestWithoutPgBouncer(t *testing.T) {
	t.Parallel()
	need(t)
	wantSkipped(t, "pgbouncer", "apt install pgbouncer", EnvBouncer+"=/nowhere")
}

// wantSkipped runs a job that is skipped, saying what to do, and fails in CI.
func wantSkipped(t *testing.T, job, remedy string, env ...string) {
	t.Helper()
	for ci, want := range map[string]string{"": "--- SKIP: TestInAnotherProcess", "true": "--- FAIL: TestInAnotherProcess"} {
		out, err := inAnotherProcess(job, append(env, "CI="+ci)...).CombinedOutput()
		if !strings.Contains(string(out), want) || !strings.Contains(string(out), remedy) || (err != nil) != (ci != "") {
			t.Errorf("%s with CI=%q: %v\n%s", job, ci, err, out)
		}
	}
}

// TestThroughPgBouncerManyShareFiveConnections also has it end with its test.
func TestThroughPgBouncerManyShareFiveConnections(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("in a test", func(t *testing.T) {
		url = BouncedURL(t, PostgresURL(t))
		pool, err := sql.Open("pgx", url+"&default_query_exec_mode=exec")
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		var conns []*sql.Conn
		pids := map[int]bool{}
		for range 20 {
			conn, err := pool.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conns = append(conns, conn)
		}
		for _, conn := range conns {
			var pid int
			if err := conn.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
				t.Fatal(err)
			}
			pids[pid] = true
		}
		if len(pids) > 5 {
			t.Errorf("20 connections lead to %d of the server", len(pids))
		}
	})
	if url == "" {
		t.Skip("there is no PgBouncer")
	}
	pool, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if pool.Ping() == nil {
		t.Error("PgBouncer runs on")
	}
}

// TestAServerEndsWithItsProcess kills this test program, also while its server
// is frozen.
func TestAServerEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends a process with its parent")
	}
	_, err := findBinaries()
	must(t, err)
	for _, state := range []string{"running", "frozen"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			cmd := inAnotherProcess(state)
			stdin, err := cmd.StdinPipe() // holds it until it is killed
			if err != nil {
				t.Fatal(err)
			}
			defer stdin.Close()
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var pid int
			var dir string
			for lines := bufio.NewScanner(stdout); pid == 0 && lines.Scan(); {
				fmt.Sscanf(lines.Text(), "server %d %s", &pid, &dir)
			}
			cmd.Process.Kill()
			cmd.Wait()
			if pid == 0 {
				t.Fatal("no server was started")
			}
			for end := time.Now().Add(30 * time.Second); isRunning(pid); time.Sleep(20 * time.Millisecond) {
				if time.Now().After(end) {
					syscall.Kill(pid, syscall.SIGKILL)
					t.Fatal("the server runs on")
				}
			}
			removeStale()
			if _, err := os.Stat(dir); err == nil {
				t.Errorf("%s is still there", dir)
			}
		})
	}
}

// isRunning doesn't count a process that nobody has reaped yet.
func isRunning(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// inAnotherProcess returns this test program, told what to do.
func inAnotherProcess(job string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^TestInAnotherProcess$", "-test.v")
	cmd.Env = append(append(os.Environ(), "DBTEST_JOB="+job), env...)
	return cmd
}

// TestInAnotherProcess does what another test wants done there.
func TestInAnotherProcess(t *testing.T) {
	switch job := os.Getenv("DBTEST_JOB"); job {
	case "postgres":
		Postgres(t)
	case "pgbouncer":
		Bounced(t)
	case "own server":
		OwnServer(t)
	case "running", "frozen":
		s := OwnServer(t)
		if job == "frozen" {
			if err := s.Freeze(); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Printf("server %d %s\n", s.process.Pid, s.dir)
		io.Copy(io.Discard, os.Stdin)
	}
}

func TestAServerThatWasKilledCanBeStarted(t *testing.T) {
	t.Parallel()
	s := OwnServer(t, "max_connections=41", "synchronous_commit=on")
	pool, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, statement := range []string{"CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1)"} {
		if _, err := pool.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []func() error{s.Kill, s.Start} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, s.URL("postgres"), "SELECT n FROM kept"); n != 1 {
		t.Errorf("got %d", n)
	}
	if n := count(t, s.URL("postgres"), "SELECT setting::int FROM pg_settings WHERE name = 'max_connections'"); n != 41 {
		t.Errorf("%d connections", n)
	}
}

func TestADiskGetsFullAndFree(t *testing.T) {
	t.Parallel()
	s := SmallServer(t, "64m")
	pool, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	write := func() error {
		_, err := pool.ExecContext(t.Context(), "CREATE TABLE t AS SELECT repeat('x', 1000) FROM generate_series(1, 100)")
		return err
	}
	if err := s.FillDisk(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := write(); err == nil || !strings.Contains(err.Error(), "No space left on device") {
		t.Errorf("full: %v", err)
	}
	if n := count(t, s.URL("postgres"), "SELECT 1"); n != 1 {
		t.Errorf("reading: got %d", n)
	}
	if err := s.FreeDisk(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := write(); err != nil {
		t.Errorf("freed: %v", err)
	}
}

func TestAFrozenServerCanBeStoppedAndStarted(t *testing.T) {
	t.Parallel()
	s := OwnServer(t)
	for _, step := range []func() error{s.Freeze, s.Stop, s.Stop, s.Start, s.Freeze, s.Thaw} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, s.URL("postgres"), "SELECT 1"); n != 1 {
		t.Errorf("got %d", n)
	}
}
