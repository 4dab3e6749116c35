package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"
)

func (g *generator) migrationCommand() *cli.Command {
	return &cli.Command{
		Name:        "migration",
		Usage:       "add an empty migration, one for each kind of database",
		ArgsUsage:   "NAME",
		Description: "Example:\n\n  go run ./gen migration add_phone_to_users",
		Flags:       planFlags(),
		Action: func(ctx context.Context, c *cli.Command) error {
			return g.inProject(ctx, c, func(root string, _ *record) (*plan, error) {
				if c.Args().Len() != 1 {
					return nil, errors.New("say what it does, such as: go run ./gen migration add_phone_to_users")
				}
				words, err := splitWords(c.Args().First())
				if err != nil {
					return nil, err
				}
				number, err := nextMigration(root)
				if err != nil {
					return nil, err
				}
				t, err := renderer()
				if err != nil {
					return nil, err
				}
				p := &plan{root: root}
				for _, engine := range engines(root) {
					file := path.Join("db/migrations", engine, number+"_"+strings.Join(words, "_")+".sql")
					content, err := render(t, "migration/migration.sql.tmpl", file, struct{ Engine string }{map[string]string{"postgres": "PostgreSQL", "sqlite": "SQLite"}[engine]})
					if err != nil {
						return nil, err
					}
					if err := p.create(file, content); err != nil {
						return nil, err
					}
				}
				return p, nil
			}, func(*plan) string {
				return "Write what changes, then: make generate. A running make dev shows it, with a button to apply it.\n"
			})
		},
	}
}

// planDrop plans the migration that takes back one that was applied.
func (p *plan) planDrop(file, number, table string) error {
	content, err := p.read(file)
	if err != nil {
		return err
	}
	up, _, ok := strings.Cut(strings.TrimPrefix(string(content), "-- +goose Up\n"), "-- +goose Down\n")
	if !ok {
		return fmt.Errorf("%s has no line -- +goose Down", file)
	}
	later, err := laterChanges(p.root, file, table)
	if err != nil {
		return err
	}
	dropFile, lacks := path.Join(path.Dir(file), number+"_drop_"+table+".sql"), ""
	if len(later) > 0 {
		lacks = fmt.Sprintf("-- Add below what these changed of the table later, or their own way back fails: %s\n", strings.Join(later, ", "))
		p.remarks = append(p.remarks, dropFile+" can't be taken back as it is: its comment says what to add.\n")
	}
	drop := fmt.Sprintf("-- +goose Up\nDROP TABLE %s;\n\n-- +goose Down\n%s%s\n", table, lacks, strings.TrimSpace(up))
	return p.create(dropFile, []byte(drop))
}

// laterChanges lists the migrations after one that change the table that it made.
func laterChanges(root, made, table string) ([]string, error) {
	steps, err := upSteps(root, path.Dir(made))
	if err != nil {
		return nil, err
	}
	changes := regexp.MustCompile(`(?i)\b(ALTER TABLE|ON|RENAME TO)\s+(IF EXISTS\s+)?(ONLY\s+)?"?` + table + `\b`)
	var later []string
	for _, step := range steps {
		if step.file > path.Base(made) && changes.MatchString(step.up) {
			later = append(later, step.file)
		}
	}
	return later, nil
}

// upStep is what a migration does when it is applied.
type upStep struct{ file, up string }

// upSteps are those of all migrations of a folder, in their order.
func upSteps(root, folder string) ([]upStep, error) {
	files, err := filepath.Glob(filepath.Join(root, folder, "*.sql"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var steps []upStep
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		up, _, _ := strings.Cut(string(content), "-- +goose Down")
		steps = append(steps, upStep{filepath.Base(file), up})
	}
	return steps, nil
}
