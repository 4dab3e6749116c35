// Command gen writes code: it starts projects, and adds resources and pages to
// one. What it writes is the project's own from then on.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v3"

	"github.com/managethefans/portal/gen/start"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(os.Stdout).Run(ctx, os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// command is the tree of commands, which write what they did to out.
func command(out io.Writer) *cli.Command {
	root := &cli.Command{
		Name:           "gen",
		Usage:          "start projects, and add resources and pages to one",
		Writer:         out,
		ErrWriter:      out,
		Suggest:        true,
		ExitErrHandler: func(context.Context, *cli.Command, error) {}, // main reports errors
	}
	root.Commands = append(root.Commands, start.Commands()...)
	return root
}
