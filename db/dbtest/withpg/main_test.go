package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/managethefans/portal/db/dbtest"
	"github.com/managethefans/portal/e2e/browser"
)

// TestMain is withpg itself when a test says so.
func TestMain(m *testing.M) {
	if os.Getenv("WITHPG_TEST") != "" {
		main()
	}
	os.Exit(m.Run())
}

// withpg returns this program, as withpg. The shell runs script. It is its own
// browser and PgBouncer, so that there are some.
func withpg(script string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "sh", "-c", script)
	cmd.Env = append(append(os.Environ(), "WITHPG_TEST=yes", "CI=", browser.Env+"="+os.Args[0], dbtest.EnvBouncer+"="+os.Args[0]), env...)
	return cmd
}

func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

func TestTheCommandsExitCodeIsOurs(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -KILL $$": 137} {
		out, err := withpg(script, dbtest.EnvURL+"=postgres://h/d").CombinedOutput()
		if got := exitCode(err); got != want || !strings.Contains(string(out), "tests run on SQLite and on the PostgreSQL of TEST_DATABASE_URL\n") {
			t.Errorf("%s: got %d, %s", script, got, out)
		}
	}
}

func TestSignalsReachTheCommand(t *testing.T) {
	t.Parallel()
	for signal, want := range map[os.Signal]int{os.Interrupt: 8, syscall.SIGTERM: 9} {
		cmd := withpg(`trap 'exit 8' INT; trap 'exit 9' TERM; echo ready; for i in $(seq 300); do sleep 0.1; done`, dbtest.EnvURL+"=postgres://h/d")
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stdout)
		for lines.Scan() && lines.Text() != "ready" {
		}
		cmd.Process.Signal(signal)
		if got := exitCode(cmd.Wait()); got != want {
			t.Errorf("%s: exit code %d", signal, got)
		}
	}
}

func TestItIsLoudWhereSomethingIsMissing(t *testing.T) {
	t.Parallel()
	noPostgres, noBrowser := []string{"PG_BINDIR=/nowhere", dbtest.EnvURL + "="}, []string{browser.Env + "=/nowhere"}
	noBouncer := []string{dbtest.EnvBouncer + "=/nowhere", dbtest.EnvURL + "=postgres://h/d"}
	for _, test := range []struct {
		env  []string
		want []string
	}{
		{noPostgres, []string{"apt install postgresql"}},
		{noBouncer, []string{"apt install pgbouncer"}},
		{append(noBrowser, dbtest.EnvURL+"=postgres://h/d"), []string{"apt install chromium"}},
		{append(noBrowser, noPostgres...), []string{"apt install postgresql", "apt install chromium"}},
	} {
		out, err := withpg("echo the tests; exit 7", test.env...).Output()
		before, after, ran := strings.Cut(string(out), "the tests\n")
		inCI, errInCI := withpg("echo the tests", append(test.env, "CI=true")...).CombinedOutput()
		if !ran || exitCode(err) != 7 || exitCode(errInCI) != 1 || strings.Contains(string(inCI), "the tests\n") {
			t.Errorf("%v: %s\nin CI: %v: %s", err, out, errInCI, inCI)
		}
		if n := strings.Count(before, "did NOT run"); n != len(test.want) || strings.Count(after, "did NOT run") != n {
			t.Errorf("%d times: %s", n, out)
		}
		for _, want := range test.want {
			if !strings.Contains(before, want) || !strings.Contains(after, want) || !strings.Contains(string(inCI), want) {
				t.Errorf("no %q: %s\nin CI: %s", want, out, inCI)
			}
		}
	}
}

func TestAServerIsThereForTheCommandAndThenGone(t *testing.T) {
	t.Parallel()
	out, err := withpg("echo url=$TEST_DATABASE_URL", dbtest.EnvURL+"=").Output()
	if strings.Contains(string(out), "was not found") && os.Getenv("CI") != "true" {
		t.Skip("there is no PostgreSQL")
	}
	_, rest, _ := strings.Cut(string(out), "host=")
	dir, _, _ := strings.Cut(rest, "&")
	if err != nil || dir == "" || !strings.HasPrefix(string(out), "tests run on SQLite and on PostgreSQL ") {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", dir, err)
	}
}
