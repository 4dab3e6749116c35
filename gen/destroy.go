package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v3"
)

func (g *generator) destroyCommand() *cli.Command {
	force := &cli.BoolFlag{Name: "force", Usage: "also what was edited since; the edited files are kept in a folder _backup"}
	what := func(kind, example string, entries func(*record) map[string]*made) *cli.Command {
		return &cli.Command{
			Name:        kind,
			Usage:       "take back a " + kind + " that gen made",
			ArgsUsage:   "NAME",
			Description: "Example:\n\n  go run ./gen destroy " + kind + " " + example,
			Flags:       planFlags(force),
			Action: func(ctx context.Context, c *cli.Command) error {
				return g.inProject(ctx, c, func(root string, rec *record) (*plan, error) {
					if c.Args().Len() != 1 {
						return nil, fmt.Errorf("say which %s: gen made %s", kind, listed(entries(rec)))
					}
					name, m := find(entries(rec), c.Args().First())
					if m == nil {
						return nil, fmt.Errorf("gen made no %s %s: it made %s", kind, c.Args().First(), listed(entries(rec)))
					}
					for other, o := range rec.Resources {
						if kind == "resource" && slices.ContainsFunc(o.Command, func(arg string) bool { return refersTo(arg, m) }) {
							return nil, fmt.Errorf("%s refer to %s: destroy those first", other, name)
						}
					}
					delete(entries(rec), name)
					return planDestroy(ctx, root, name, m, rec, c.Bool("force"))
				}, func(p *plan) string { return strings.Join(p.remarks, "") })
			},
		}
	}
	return &cli.Command{
		Name:   "destroy",
		Usage:  "take back what gen made, as long as nobody has edited it",
		Action: noSuchCommand,
		Commands: []*cli.Command{
			what("resource", "ticket", func(r *record) map[string]*made { return r.Resources }),
			what("page", "reports", func(r *record) map[string]*made { return r.Pages }),
		},
	}
}

// find finds an entry by any form of its name.
func find(entries map[string]*made, name string) (string, *made) {
	for key, m := range entries {
		if m.isCalled(name) {
			return key, m
		}
	}
	return "", nil
}

// refersTo reports whether a field of a command leads to a resource.
func refersTo(field string, m *made) bool {
	_, to, ok := strings.Cut(field, ":references:")
	to, _, _ = strings.Cut(to, ":")
	return ok && m.isCalled(to)
}

func listed(entries map[string]*made) string {
	if len(entries) == 0 {
		return "none"
	}
	return strings.Join(sortedKeys(entries), ", ")
}

// planDestroy plans to take back what was made. What was edited since is an
// error, or kept aside.
func planDestroy(ctx context.Context, root, name string, m *made, rec *record, force bool) (*plan, error) {
	p := &plan{root: root, trial: true, made: m}
	isApplied := applied(ctx, root)
	var edited []string
	aside := path.Join("_backup", time.Now().Format("2006-01-02T15.04.05"))
	for _, file := range sortedKeys(m.Files) {
		written, isMigration := m.Files[file], strings.HasPrefix(file, "db/migrations/")
		if isMigration { // it may have another number now
			found, err := tableFile(root, path.Dir(file), name)
			if err != nil {
				return nil, err
			}
			if found != "" {
				file = path.Join(path.Dir(file), found)
			}
		}
		content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if errors.Is(err, os.ErrNotExist) {
			p.remarks = append(p.remarks, file+" was gone already. If it has another name now, that is yours to remove.\n")
			continue
		}
		if err != nil {
			return nil, err
		}
		isEdited := sum(content) != written
		if isMigration && isApplied(file) {
			number, err := nextMigration(root)
			if err == nil {
				err = p.planDrop(file, number, name)
			}
			if err != nil {
				return nil, err
			}
			continue
		}
		if isEdited {
			edited = append(edited, file)
			if err := p.create(path.Join(aside, file), content); err != nil {
				return nil, err
			}
		}
		if err := p.replace(file, nil); err != nil {
			return nil, err
		}
	}
	var problems []string
	for _, in := range m.Inserts {
		err := p.remove(in)
		var e *editedError
		if err != nil && !errors.As(err, &e) {
			return nil, err
		}
		if err != nil && e.names(m.noun().Path()) { // else they are gone, or the compiler will say so
			problems = append(problems, err.Error())
		}
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("nothing was changed:\n\n%s\nTake those out yourself, or put them back as they were", strings.Join(problems, "\n"))
	}
	if len(edited) > 0 && !force {
		return nil, fmt.Errorf("edited since they were made:\n\n  %s\n\nNothing was changed. With --force they are kept in %s", strings.Join(edited, "\n  "), aside)
	}
	return p, p.record(rec)
}

// applied returns a function that reports whether a migration may be part of some
// database: of the one that this project is set up for, or of a colleague's, who
// has it from git.
func applied(ctx context.Context, root string) func(file string) bool {
	status := sync.OnceValues(func() ([]byte, error) {
		cmd := exec.CommandContext(ctx, "go", "run", "-tags", "dev", "./app", "migrate", "status")
		cmd.Dir = root
		return cmd.Output()
	})
	return func(file string) bool {
		git := exec.CommandContext(ctx, "git", "log", "-1", "--format=%h", "--", file)
		git.Dir = root
		if out, err := git.Output(); err == nil && len(out) > 0 {
			return true
		}
		out, err := status()
		if err != nil {
			return true // nobody knows
		}
		number, _, _ := strings.Cut(path.Base(file), "_")
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, number+"_") {
				return !strings.Contains(line, "pending")
			}
		}
		return true
	}
}
