// Command withpg runs a command, such as go test, with a throw-away PostgreSQL
// around it: go run ./db/dbtest/withpg go test ./...
//
// Where there is no PostgreSQL, PgBouncer or browser, it says before and after
// which tests don't run, and runs the command all the same; with CI=true it fails
// instead.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/managethefans/portal/db/dbtest"
	"github.com/managethefans/portal/e2e/browser"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpg:", err)
		code = 1
	}
	os.Exit(code)
}

// run returns the exit code of the command in args.
func run(args []string) (code int, err error) {
	if len(args) == 0 {
		return 0, errors.New("usage: withpg COMMAND [ARGUMENT…]")
	}
	// From here on signals are for the command: we outlive it, and clean up.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)

	server, noPostgres := startServer()
	if server != nil {
		defer func() { err = errors.Join(err, server.Close()) }()
	}
	bouncerPath, noBouncer := dbtest.FindBouncer()
	browserPath, noBrowser := browser.Find()
	switch missing := errors.Join(noPostgres, noBouncer, noBrowser); {
	case missing == nil:
	case os.Getenv("CI") == "true", noPostgres != nil && !errors.Is(noPostgres, dbtest.ErrNoPostgres):
		return 0, missing
	}
	warning := banner(noPostgres, noBouncer, noBrowser)
	fmt.Print(warning)
	defer fmt.Print(warning)

	var env []string
	if server != nil {
		fmt.Println("tests run on SQLite and on", server)
		env = append(env, dbtest.EnvURL+"="+server.URL("postgres"))
	} else if noPostgres == nil {
		fmt.Println("tests run on SQLite and on the PostgreSQL of " + dbtest.EnvURL)
	}
	if noBouncer == nil {
		fmt.Println("tests run through " + bouncerPath)
		env = append(env, dbtest.EnvBouncer+"="+bouncerPath) // so that Go doesn't repeat the result without one
	}
	if noBrowser == nil {
		fmt.Println("tests run in " + browserPath)
		env = append(env, browser.Env+"="+browserPath) // likewise
	}
	return command(args, signals, env...)
}

// startServer starts PostgreSQL, unless a server is named.
func startServer() (*dbtest.Server, error) {
	if os.Getenv(dbtest.EnvURL) != "" {
		return nil, nil
	}
	return dbtest.StartServer()
}

// command runs args, hands signals on to it, and returns its exit code as a
// shell would.
func command(args []string, signals <-chan os.Signal, env ...string) (int, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	go func() {
		for s := range signals {
			cmd.Process.Signal(s)
		}
	}()
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return exit.ExitCode(), nil
}

// banner says what isn't there, which tests therefore don't run, and what to do
// about it. It is empty when nothing is missing.
func banner(noPostgres, noBouncer, noBrowser error) string {
	const line = "************************************************************************\n"
	text := ""
	if noPostgres != nil {
		text += postgresBanner + line
	}
	if noBouncer != nil {
		text += bouncerBanner + line
	}
	if noBrowser != nil {
		text += browserBanner + line
	}
	if text == "" {
		return ""
	}
	return "\n" + line + text + "\n"
}

const postgresBanner = `*  PostgreSQL was not found: its half of the tests did NOT run.
*
*  Install it: Debian/Ubuntu: apt install postgresql
*              Fedora:        dnf install postgresql-server
*              macOS:         brew install postgresql
*  It need not be running: the tests start their own. Or name its folder
*  in PG_BINDIR, or in TEST_DATABASE_URL a server on which tests may
*  create databases.
`

const bouncerBanner = `*  PgBouncer was not found: the tests through it did NOT run.
*
*  Install it: Debian/Ubuntu: apt install pgbouncer
*              Fedora:        dnf install pgbouncer
*              macOS:         brew install pgbouncer
*  It need not be running: the tests start their own. Or name its program
*  in PGBOUNCER.
`

const browserBanner = `*  No Chromium or Chrome was found: the tests in a browser did NOT run.
*
*  Install one: Debian/Ubuntu: apt install chromium
*               Fedora:        dnf install chromium
*               macOS:         brew install --cask google-chrome
*  Or name its program in PORTAL_BROWSER.
`
