package start

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	portal "github.com/managethefans/portal"
)

// Change is what happens to one file of a project. Before is nil where there is
// none yet, and After where it goes.
type Change struct {
	Path          string // from the root, with slashes
	Before, After []byte
}

// Write writes changes to a project, all or nothing.
type Write func(root string, changes []Change) error

// Remake returns what gen makes today of what it made in a project, by path.
type Remake func(root string) (map[string][]byte, error)

// Finish finishes what a command was cut short at while it wrote to a project,
// if there is any, and reports whether there was. Look only reports it.
type Finish func(root string, look bool, out io.Writer) (bool, error)

func upgradeCommand(write Write, remake Remake, finish Finish) *cli.Command {
	return &cli.Command{
		Name:      "upgrade",
		Usage:     "bring a project up to this version of the template",
		ArgsUsage: "[FOLDER]",
		Description: `Merges what the template has changed since the project was made, or was upgraded,
into the project in FOLDER, or in this one: three ways, as git does. What the team
has edited is kept; where both changed the same lines, both are marked. Migrations
that the project has are never changed, and new ones come after its own.

Everything in the project must be committed. Nothing is committed by this: look at
it with git diff, or take it back with git reset --hard.

  gen upgrade ../desk --dry-run
  gen upgrade ../desk
  go run github.com/managethefans/portal/gen@latest upgrade`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "dry-run", Usage: "list what would become of which file, and write nothing"},
			&cli.BoolFlag{Name: "json", Usage: "say what was done as JSON"},
		},
		Action: func(ctx context.Context, c *cli.Command) error { return runUpgrade(ctx, c, write, remake, finish) },
	}
}

func runUpgrade(ctx context.Context, c *cli.Command, write Write, remake Remake, finish Finish) error {
	if c.Args().Len() > 1 {
		return fmt.Errorf("upgrade takes a folder at most, not %d arguments, such as: gen upgrade ../desk", c.Args().Len())
	}
	dir, err := filepath.Abs(c.Args().First())
	if err != nil {
		return err
	}
	progress := c.Root().Writer
	if c.Bool("json") {
		progress = io.Discard
	}
	had, err := finish(dir, c.Bool("dry-run"), progress)
	switch {
	case err != nil:
		return err
	case had && c.Bool("dry-run"):
		return errors.New("a command was cut short while it wrote to this project: run this without --dry-run, which finishes that first. Nothing was written")
	case had:
		return fmt.Errorf("what was cut short in %s is finished now, and isn't committed. If it was an upgrade, go on with it there: git diff, go mod tidy, make generate, make check, and commit. Then run this again", dir)
	}
	u, err := planUpgrade(ctx, dir, remake)
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted: nothing was changed")
	case err != nil:
		return fmt.Errorf("%w. Nothing was changed", err)
	}
	u.dryRun = c.Bool("dry-run")
	if !u.dryRun && len(u.outcomes) > 0 {
		if err := write(dir, u.changes()); err != nil {
			return err
		}
		if err := u.finish(ctx, progress); err != nil {
			return err
		}
	}
	say := u.write
	if c.Bool("json") {
		say = u.writeJSON
	}
	if err := say(c.Root().Writer); err != nil {
		return err
	}
	if n := len(u.those(conflicting)); n > 0 && !u.dryRun { // for scripts: git merge does so too
		return fmt.Errorf("%s to mend", count(n, "conflict"))
	}
	return nil
}

// upgrade is what an upgrade does to a project, and says of it.
type upgrade struct {
	*existing
	to       string // the template's version
	outcomes []outcome
	dryRun   bool
	steps    [][]string // commands that go on from what was merged
	failed   string     // what stopped them
}

// planUpgrade decides what becomes of the project in dir. There are no outcomes
// when it is up to date.
func planUpgrade(ctx context.Context, dir string, remake Remake) (*upgrade, error) {
	git := findGit()
	if git == nil {
		return nil, errors.New("an upgrade takes git: install it")
	}
	e, err := openExisting(ctx, git, dir)
	if err != nil {
		return nil, err
	}
	req, err := e.request()
	if err != nil {
		return nil, err
	}
	u := &upgrade{existing: e, to: req.Template}
	source, err := readTemplate(portal.Files)
	if err != nil || source.hash() == e.record.Tree {
		return u, err
	}
	if err := e.mayFollow(ctx, u.to); err != nil {
		return nil, err
	}
	theirs, err := newProject(req)
	if err != nil {
		return nil, err
	}
	made, err := remake(dir)
	if err != nil {
		return nil, err
	}
	ours, err := e.read(slices.Concat(theirs.paths(), project(made).paths()))
	if err != nil {
		return nil, err
	}
	m := &merger{
		old: e.record, ours: ours, theirs: theirs, made: made,
		base: func(name, sum string) ([]byte, error) { return e.base(ctx, name, sum) },
		text: func(mine, base, theirs []byte) ([]byte, bool, error) {
			return git.mergeText(ctx, mine, base, theirs, e.record.Version, u.to)
		},
	}
	if err := m.merge(); err != nil {
		return nil, err
	}
	u.outcomes = m.outcomes
	u.steps = u.following()
	return u, nil
}

func (u *upgrade) changes() []Change {
	var all []Change
	for _, o := range u.outcomes {
		if !bytes.Equal(o.before, o.after) || (o.before == nil) != (o.after == nil) {
			all = append(all, Change{o.Path, o.before, o.after})
		}
	}
	return all
}

// those returns the files of which this becomes.
func (u *upgrade) those(does string) []string {
	var names []string
	for _, o := range u.outcomes {
		if o.Does == does {
			names = append(names, o.Path)
		}
	}
	return names
}

// following are the commands that make the rest, of what was merged.
func (u *upgrade) following() [][]string {
	steps := [][]string{{"make", "generate"}}
	if slices.ContainsFunc(u.those(merged), func(name string) bool { return name == "go.mod" || name == "go.sum" }) {
		steps = slices.Insert(steps, 0, []string{"go", "mod", "tidy"})
	}
	return steps
}

// isRead reports whether these commands read a file.
func isRead(name string) bool {
	return slices.Contains([]string{".go", ".mod", ".sum", ".sql", ".html", ".yaml", ""}, path.Ext(name)) // Makefile has none
}

// finish runs them, and has git know of new files, so that git diff shows them
// and git reset takes them back.
func (u *upgrade) finish(ctx context.Context, progress io.Writer) error {
	err := u.follow(ctx, progress)
	if out, addErr := u.git.run(context.WithoutCancel(ctx), u.dir, "add", "--intent-to-add", "--", "."); addErr != nil {
		err = errors.Join(err, fmt.Errorf("all is written, but git add: %w\n%s", addErr, out))
	}
	return err
}

// follow runs these commands, until one stops, and none that would read a
// conflict.
func (u *upgrade) follow(ctx context.Context, progress io.Writer) error {
	if slices.ContainsFunc(u.those(conflicting), isRead) {
		return nil
	}
	for len(u.steps) > 0 {
		step := strings.Join(u.steps[0], " ")
		fmt.Fprintln(progress, step+" …")
		cmd := exec.CommandContext(ctx, u.steps[0][0], u.steps[0][1:]...)
		cmd.Dir = u.dir
		out, err := cmd.CombinedOutput()
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted: all is written, but `%s` isn't done. Run it, or take all back with git reset --hard", step)
		}
		if err != nil {
			u.failed = fmt.Sprintf("`%s` stopped: %v\n\n%s", step, err, bytes.TrimSpace(out))
			return nil
		}
		u.steps = u.steps[1:]
	}
	return nil
}

// next are the commands that are left to run.
func (u *upgrade) next() []string {
	next := []string{"git diff"}
	for _, step := range u.steps {
		next = append(next, strings.Join(step, " "))
	}
	return append(next, "make check", "git add --all", "git commit")
}

func (u *upgrade) write(out io.Writer) error {
	var text strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&text, format, args...) }
	if len(u.outcomes) == 0 {
		say("%s is at %s already: there is nothing to do.\n", u.record.Name, u.to)
		_, err := io.WriteString(out, text.String())
		return err
	}
	for _, o := range u.outcomes {
		why := ""
		if o.Why != "" {
			why = ": " + o.Why
		}
		say("  %-8s  %s%s\n", o.Does, o.Path, why)
	}
	conflicts := u.those(conflicting)
	if u.dryRun {
		say("\n%s would go from %s to %s, with %s. Nothing was written.\n", u.record.Name, u.record.Version, u.to, count(len(conflicts), "conflict"))
		_, err := io.WriteString(out, text.String())
		return err
	}
	say("\n%s went from %s to %s, with %s.\n", u.record.Name, u.record.Version, u.to, count(len(conflicts), "conflict"))
	if u.failed != "" {
		say("\n%s\n", u.failed)
	}
	if len(conflicts) > 0 {
		say("\nMend these first; <<<<<<< and >>>>>>> mark the places:\n\n  %s\n", strings.Join(conflicts, "\n  "))
	}
	next := u.next()
	if dir := shortest(u.dir); dir != "." {
		next = append([]string{"cd " + shellWord(dir)}, next...)
	}
	say("\nThen:\n\n  %s\n\nOr take all of it back there: git reset --hard\n", strings.Join(next, "\n  "))
	_, err := io.WriteString(out, text.String())
	return err
}

func count(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun
	case 1:
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (u *upgrade) writeJSON(out io.Writer) error {
	next := []string{}
	if len(u.outcomes) > 0 && !u.dryRun {
		next = u.next()
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Folder    string    `json:"folder"`
		Name      string    `json:"name"`
		From      string    `json:"from"`
		To        string    `json:"to"`
		DryRun    bool      `json:"dryRun"`
		Files     []outcome `json:"files"`
		Conflicts int       `json:"conflicts"`
		Failed    string    `json:"failed,omitempty"`
		Next      []string  `json:"next"`
	}{u.dir, u.record.Name, u.record.Version, u.to, u.dryRun, append([]outcome{}, u.outcomes...), len(u.those(conflicting)), u.failed, next})
}
