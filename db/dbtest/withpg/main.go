// Command withpg runs a command, such as go test, with a throw-away PostgreSQL
// around it: go run ./db/dbtest/withpg go test ./...
//
// Where there is no PostgreSQL it says so before and after, and runs the
// command all the same; with CI=true it fails instead.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/managethefans/portal/db/dbtest"
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

	if os.Getenv(dbtest.EnvURL) != "" {
		fmt.Println("tests run on SQLite and on the PostgreSQL of " + dbtest.EnvURL)
		return command(args, signals)
	}
	server, err := dbtest.StartServer()
	if errors.Is(err, dbtest.ErrNoPostgres) && os.Getenv("CI") != "true" {
		fmt.Print(banner)
		defer fmt.Print(banner)
		return command(args, signals)
	}
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	fmt.Println("tests run on SQLite and on", server)
	return command(args, signals, dbtest.EnvURL+"="+server.URL("postgres"))
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

const banner = `
************************************************************************
*  PostgreSQL was not found: its half of the tests did NOT run.
*
*  Install it: Debian/Ubuntu: apt install postgresql
*              Fedora:        dnf install postgresql-server
*              macOS:         brew install postgresql
*  It need not be running: the tests start their own. Or name its folder
*  in PG_BINDIR, or in TEST_DATABASE_URL a server on which tests may
*  create databases.
************************************************************************

`
