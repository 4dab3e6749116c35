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

func run(args []string) (code int, err error) {
	if len(args) == 0 {
		return 0, errors.New("usage: withpg COMMAND [ARGUMENT…]")
	}
	if os.Getenv(dbtest.EnvURL) != "" {
		fmt.Println("tests: on SQLite, and on the PostgreSQL of " + dbtest.EnvURL)
		return command(args)
	}
	server, err := dbtest.StartServer()
	if errors.Is(err, dbtest.ErrNoPostgres) {
		if os.Getenv("CI") == "true" {
			return 0, err
		}
		warn()
		defer warn()
		return command(args)
	}
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	fmt.Printf("tests: on SQLite, and on %s\n", server)
	return command(args, dbtest.EnvURL+"="+server.URL("postgres"))
}

// command runs args and returns its exit code. Signals reach it too, as part of
// our process group; we wait for its end.
func command(args []string, env ...string) (int, error) {
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(1, exit.ExitCode()), nil
	}
	return 0, err
}

func warn() {
	fmt.Print(`
************************************************************************
*  PostgreSQL was not found: its half of the tests did NOT run.
*
*  Install it: apt install postgresql · dnf install postgresql-server
*  · brew install postgresql. It need not run: the tests start their own.
*  Or name its folder in PG_BINDIR, or a server on which tests may
*  create databases in TEST_DATABASE_URL.
************************************************************************

`)
}
