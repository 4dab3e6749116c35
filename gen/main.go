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
	root, err := os.Getwd()
	if err == nil {
		err = (&generator{root: root, out: os.Stdout}).command().Run(ctx, os.Args)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// generator is what every command has of the world.
type generator struct {
	root    string // of the project
	out     io.Writer
	untried bool // plans are written without a trial, for tests that try many at once
}

// command is the tree of commands.
func (g *generator) command() *cli.Command {
	root := &cli.Command{
		Name:           "gen",
		Usage:          "start projects, and add resources and pages to one",
		Writer:         g.out,
		ErrWriter:      g.out,
		Suggest:        true,
		Action:         noSuchCommand,
		ExitErrHandler: func(context.Context, *cli.Command, error) {}, // main reports errors
		Commands:       []*cli.Command{g.resourceCommand(), g.pageCommand(), g.migrationCommand(), g.destroyCommand(), g.finishCommand()},
	}
	root.Commands = append(root.Commands, start.Commands(writeChanges, remake, finishOther)...)
	return root
}

// noSuchCommand is what is done of a command that only has others: it helps, or
// says that none of them is called so.
func noSuchCommand(_ context.Context, c *cli.Command) error {
	name := c.Args().First()
	switch {
	case name == "" && c == c.Root():
		return cli.ShowRootCommandHelp(c)
	case name == "":
		return cli.ShowSubcommandHelp(c)
	case name == "new" || name == "upgrade":
		return fmt.Errorf("%s stays with the template: run it in a clone of what this project was made of", name)
	}
	return fmt.Errorf("there is no `%s %s`: did you mean %s? --help lists them all", c.FullName(), name, cli.SuggestCommand(c.Commands, name))
}
