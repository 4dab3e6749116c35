package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"
)

// planFlags are the flags of every command that writes to a project.
func planFlags(more ...cli.Flag) []cli.Flag {
	return append(more,
		&cli.BoolFlag{Name: "dry-run", Usage: "list what would change, and write nothing"},
		&cli.BoolFlag{Name: "diff", Usage: "show it as a patch, and write nothing"},
	)
}

func (g *generator) resourceCommand() *cli.Command {
	list := func(words []word) string {
		var out strings.Builder
		for _, w := range words {
			fmt.Fprintf(&out, "  %-11s %s\n", w.name, w.help)
		}
		return out.String()
	}
	return &cli.Command{
		Name:      "resource",
		Usage:     "add a table with its pages: list, show, new, edit, delete, and their tests",
		ArgsUsage: "NAME FIELD:TYPE[:ARGUMENT][:MOD…]… --access WHO",
		Description: "The name is in the singular: ticket, blog_post. The first string is the heading of a row's page.\n\nTypes:\n" + list(fieldTypes) +
			"\nMods:\n" + list([]word{
			{"optional", "may be left empty"}, {"unique", "no two rows have the same"}, {"index", "is looked up often"}, {"search", "the list's search looks through it"},
			{"sort", "the list can be sorted by it"}, {"filter", "of a bool: the list can be narrowed to it"}, {"due", "of a date: it is overdue once it has passed"},
		}) + "\nWho may use it (--access):\n" + list(accesses) + `
Examples:

  go run ./gen resource note title:string:search:sort body:text:optional:search --access owner
  go run ./gen resource ticket title:string:search:sort status:enum:open,waiting,done price:decimal:optional \
      due_on:date:optional:sort:due assignee:references:users:optional --access members`,
		Flags: planFlags(
			&cli.StringFlag{Name: "access", Usage: "who may use it: owner, members, admin or public"},
			&cli.StringFlag{Name: "plural", Usage: "the plural, where English has another"},
		),
		Action: func(ctx context.Context, c *cli.Command) error {
			return g.inProject(ctx, c, func(root string, rec *record) (*plan, error) {
				if !c.Args().Present() {
					return nil, errors.New("say what it is called and which fields it has: `gen resource --help` has examples")
				}
				n, err := newNoun(c.Args().First(), c.String("plural"))
				if err != nil {
					return nil, err
				}
				if m, ok := rec.Resources[n.Table()]; ok {
					return nil, fmt.Errorf("there is a resource of that name, made by `gen %s`: take it back with `gen destroy resource %s` first", strings.Join(m.Command, " "), n.Snake())
				}
				mod, err := module(root)
				if err != nil {
					return nil, err
				}
				r, err := newResource(n, mod, c.String("access"), c.Args().Tail(), rec.Resources)
				if err != nil {
					return nil, err
				}
				r.SQLite = slices.Contains(engines(root), "sqlite")
				if r.Number, err = nextMigration(root); err != nil {
					return nil, err
				}
				if err := r.isFree(root); err != nil {
					return nil, err
				}
				command := slices.Concat([]string{"resource"}, c.Args().Slice(), []string{"--access", r.Access})
				if plural := c.String("plural"); plural != "" {
					command = append(command, "--plural", plural)
				}
				return planResource(root, r, rec, command)
			}, func(p *plan) string {
				return fmt.Sprintf("Look at it: make dev, and sign in. make seed adds rows to look at. Take it back: go run ./gen destroy resource %s\n", strings.Join(p.made.One, "_"))
			})
		},
	}
}

// isFree returns an error when the project has a table or a route of that name.
func (r *resource) isFree(root string) error {
	file, err := tableFile(root, "db/migrations/postgres", r.Table())
	if err != nil {
		return err
	}
	if file != "" {
		return fmt.Errorf("there is a table %s, of db/migrations/postgres/%s: choose another name", r.Table(), file)
	}
	return isFreePath(root, r.Path())
}

// tableFile returns the migration of a folder that made a table, or "" when there
// is none, or one after it drops it.
func tableFile(root, folder, table string) (string, error) {
	steps, err := upSteps(root, folder)
	if err != nil {
		return "", err
	}
	creates := regexp.MustCompile(`(?i)CREATE TABLE (IF NOT EXISTS )?"?` + table + `\b`)
	drops := regexp.MustCompile(`(?im)^\s*DROP TABLE (IF EXISTS )?"?` + table + `\b`)
	found := ""
	for _, step := range steps {
		switch {
		case creates.MatchString(step.up):
			found = step.file
		case drops.MatchString(step.up):
			found = ""
		}
	}
	return found, nil
}

// isFreePath returns an error when the project has routes at or below a path.
func isFreePath(root, path string) error {
	routes, err := os.ReadFile(filepath.Join(root, "app/web/routes.go"))
	if err != nil {
		return err
	}
	if hasPath(routes, path) {
		return fmt.Errorf("app/web/routes.go has %s already: choose another name", path)
	}
	return nil
}

// hasPath reports whether a file has an address, or one below it, in quotes.
func hasPath(content []byte, path string) bool {
	return regexp.MustCompile(`"` + path + `[/"]`).Match(content)
}

// inProject plans something in the project of the current folder, and does it
// unless the flags say otherwise. Next is what to say in the end.
func (g *generator) inProject(ctx context.Context, c *cli.Command, make func(root string, rec *record) (*plan, error), next func(*plan) string) error {
	root, out := g.root, g.out
	if _, err := module(root); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(root, "app/web/routes.go")); err != nil {
		return errors.New("this folder has no app/web/routes.go: run gen at the root of a project")
	}
	if (c.Bool("diff") || c.Bool("dry-run")) && isUnfinished(root) {
		return errors.New("a command was cut short while it wrote to this project: run `go run ./gen finish` first. Nothing was written")
	}
	held, err := lock(root)
	if err != nil {
		return err
	}
	defer held.Close()
	if _, err := resume(root, out); err != nil {
		return err
	}
	rec, err := readRecord(root)
	if err != nil {
		return err
	}
	p, err := make(root, rec)
	if err != nil {
		return err
	}
	switch {
	case c.Bool("diff"):
		_, err := io.WriteString(out, p.diff())
		return err
	case c.Bool("dry-run"):
		rest := ""
		if p.trial {
			rest = "  and what sqlc and the test of access make of it.\n"
		}
		_, err := io.WriteString(out, p.summary()+rest+"Nothing was written.\n")
		return err
	}
	if p.trial && !g.untried {
		if err := p.try(ctx, out); err != nil {
			return err
		}
	}
	if err := p.commit(); err != nil {
		return err
	}
	_, err = io.WriteString(out, p.summary()+next(p))
	return err
}

func (g *generator) finishCommand() *cli.Command {
	return &cli.Command{
		Name:  "finish",
		Usage: "finish what a command was cut short at; every other command does so too",
		Action: func(context.Context, *cli.Command) error {
			had, err := finishEarlier(g.root, g.out)
			if err == nil && !had {
				fmt.Fprintln(g.out, "There is nothing to finish.")
			}
			return err
		},
	}
}
