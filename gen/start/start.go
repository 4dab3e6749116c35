// Package start makes new projects of the template, and brings them up to what it
// is later. It stays with the template: a project has what it makes, and not this.
package start

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"
)

// Commands are the commands that only the template has.
func Commands(write Write, remake Remake, finish Finish) []*cli.Command {
	return []*cli.Command{newCommand(), upgradeCommand(write, remake, finish)}
}

func newCommand() *cli.Command {
	return &cli.Command{
		Name:      "new",
		Usage:     "start a project",
		ArgsUsage: "MODULE [FOLDER]",
		Description: `Makes a project of the template: its own names, a README, a git repository with a
first commit, and nothing of the template's history. FOLDER is made, or filled if
it is empty; without it, it is the project's short name. Options come before or
after MODULE.

  gen new example.com/acme/desk
  gen new example.com/acme/desk desk --name "Acme Desk"
  gen new example.com/acme/desk --db postgres --without notes
  gen new example.com/acme/desk --license mit --author "Acme Inc."
  gen new example.com/acme/desk --dry-run`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "name", Usage: "what people read, such as \"Acme Desk\" (default: made of MODULE)"},
			&cli.StringFlag{Name: "short", Usage: "the name of the program, its cookies and files: small letters and digits (default: the end of MODULE)"},
			&cli.StringFlag{Name: "db", Value: both, Usage: "both: SQLite in development, PostgreSQL in production; postgres: no SQLite anywhere"},
			&cli.StringFlag{Name: "without", Usage: "notes: leave out the resource that the template has to learn from"},
			&cli.StringFlag{Name: "license", Value: noLicense, Usage: "none, or mit with --author"},
			&cli.StringFlag{Name: "author", Usage: "who has the rights, for the licence"},
			&cli.BoolFlag{Name: "dry-run", Usage: "list the files and write nothing"},
			&cli.BoolFlag{Name: "no-git", Usage: "make no git repository"},
			&cli.BoolFlag{Name: "json", Usage: "say what was done as JSON"},
		},
		Action: runNew,
	}
}

func runNew(ctx context.Context, c *cli.Command) error {
	req, dir, err := readRequest(c)
	if err != nil {
		return err
	}
	p, err := newProject(req)
	if err != nil {
		return err
	}
	r := report{request: req, dir: dir, files: p.paths(), dryRun: c.Bool("dry-run")}
	var git *gitCommand
	switch {
	case c.Bool("no-git"):
		r.git = "not asked for"
	default:
		if git = findGit(); git == nil {
			r.git = "git isn't installed"
		}
	}
	if r.dryRun {
		_, err = mayFill(dir)
	} else {
		err = p.write(ctx, dir, git, "Start of "+req.Display)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted: nothing was left behind")
	case err != nil:
		return fmt.Errorf("%w: nothing was made", err)
	}
	if c.Bool("json") {
		return r.writeJSON(c.Root().Writer)
	}
	return r.write(c.Root().Writer)
}

// readRequest reads the command line.
func readRequest(c *cli.Command) (req request, dir string, err error) {
	args := c.Args().Slice()
	if len(args) == 0 || len(args) > 2 {
		return req, "", fmt.Errorf("new takes a module path and perhaps a folder, not %d arguments, such as: gen new example.com/acme/desk desk", len(args))
	}
	req = request{DB: c.String("db"), Notes: c.String("without") != "notes", License: c.String("license"), Author: strings.TrimSpace(c.String("author")), Template: version()}
	if req.names, err = newNames(args[0], c.String("short"), c.String("name")); err != nil {
		return req, "", err
	}
	switch {
	case req.DB != both && req.DB != postgresOnly:
		return req, "", fmt.Errorf("--db is %q. Give both or postgres", req.DB)
	case c.String("without") != "" && req.Notes:
		return req, "", fmt.Errorf("--without is %q. Only notes can be left out", c.String("without"))
	case req.License != noLicense && req.License != mit:
		return req, "", fmt.Errorf("--license is %q. Give none or mit", req.License)
	case req.License == mit && req.Author == "":
		return req, "", errors.New("the MIT licence names who has the rights. Say it with --author")
	case strings.ContainsAny(req.Author, "\r\n"):
		return req, "", errors.New("--author is one line")
	}
	dir = req.Short
	if len(args) == 2 {
		dir = args[1]
	}
	dir, err = filepath.Abs(dir)
	return req, dir, err
}

// report says what was made.
type report struct {
	request
	dir    string
	files  []string
	dryRun bool
	git    string // why there is no repository
}

func (r report) write(out io.Writer) error {
	var text strings.Builder
	if r.dryRun {
		for _, name := range r.files {
			fmt.Fprintln(&text, name)
		}
		fmt.Fprintf(&text, "\nThese %d files would be in %s. Nothing was written.\n", len(r.files), r.dir)
		_, err := io.WriteString(out, text.String())
		return err
	}
	fmt.Fprintf(&text, "%s is in %s: %d files, module %s", r.Display, r.dir, len(r.files), r.Module)
	if r.git == "" {
		fmt.Fprintln(&text, ", one commit.")
	} else {
		fmt.Fprintf(&text, ".\nNo git repository was made: %s.\n", r.git)
	}
	fmt.Fprintf(&text, "\n  cd %s\n  make dev\n\nserves http://localhost:8080. README.md says the rest.\n", shellWord(shortest(r.dir)))
	_, err := io.WriteString(out, text.String())
	return err
}

func (r report) writeJSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Folder string   `json:"folder"`
		Module string   `json:"module"`
		Short  string   `json:"short"`
		Name   string   `json:"name"`
		DryRun bool     `json:"dryRun"`
		Git    bool     `json:"git"`
		Files  []string `json:"files"`
		Next   []string `json:"next"`
	}{r.dir, r.Module, r.Short, r.Display, r.dryRun, r.git == "" && !r.dryRun, r.files, []string{"cd " + shellWord(r.dir), "make dev"}})
}

// shortest is the path from here, where that is the shorter one.
func shortest(dir string) string {
	here, err := filepath.Abs(".")
	if err != nil {
		return dir
	}
	if rel, err := filepath.Rel(here, dir); err == nil && len(rel) < len(dir) {
		return rel
	}
	return dir
}

// shellWord quotes a path for a shell, where it must be.
func shellWord(path string) string {
	if !strings.ContainsFunc(path, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-", r)
	}) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
