package start

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// write makes the folder dir of the project, or fills it if it is there and
// empty. It is written beside and then moved, so that an error, a full disk or
// the end of ctx leaves what was there. With git it becomes a repository with
// its first commit.
func (p project) write(ctx context.Context, dir string, git *gitCommand, message string) (err error) {
	exists, err := mayFill(dir)
	if err != nil {
		return err
	}
	beside := filepath.Dir(dir)
	if exists { // it may be another file system, and somebody may stand in it
		beside = dir
	}
	// Hidden from those who look meanwhile. Not by os.MkdirTemp, whose folders
	// are for their owner only.
	made := filepath.Join(beside, ".gen-"+rand.Text())
	if err := os.Mkdir(made, 0o777); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(made)) }()

	for _, name := range p.paths() {
		if err := ctx.Err(); err != nil {
			return err
		}
		path := filepath.Join(made, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, p[name], 0o666); err != nil {
			return err
		}
	}
	if git != nil {
		if err := git.commitAll(ctx, made, message); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if exists {
		return moveInto(dir, made)
	}
	return os.Rename(made, dir)
}

// mayFill reports whether dir is there, and refuses one that has something in it.
func mayFill(dir string) (exists bool, err error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(dir); err == nil {
			return false, fmt.Errorf("%s is a link to a folder that isn't there: make that, or name another", dir)
		}
		if info, err := os.Stat(filepath.Dir(dir)); err != nil || !info.IsDir() {
			return false, fmt.Errorf("there is no folder %s to make it in: make that first, or name another", filepath.Dir(dir))
		}
		return false, nil
	case err != nil:
		return false, err
	case len(entries) > 0:
		return false, fmt.Errorf("the folder %s has something in it, such as %s: name one that is empty or not there", dir, entries[0].Name())
	}
	return true, nil
}

// moveInto moves all that is in made to dir, or nothing.
func moveInto(dir, made string) error {
	entries, err := os.ReadDir(made)
	if err != nil {
		return err
	}
	for i, entry := range entries {
		if err := os.Rename(filepath.Join(made, entry.Name()), filepath.Join(dir, entry.Name())); err != nil {
			for _, moved := range entries[:i] {
				err = errors.Join(err, os.RemoveAll(filepath.Join(dir, moved.Name())))
			}
			return err
		}
	}
	return nil
}

// gitCommand is git, as whoever runs this has it.
type gitCommand struct{ path string }

// findGit returns nil where there is no git.
func findGit() *gitCommand {
	path, err := exec.LookPath("git")
	if err != nil {
		return nil
	}
	return &gitCommand{path}
}

// commitAll makes dir a repository with one commit, by whoever git says is here.
func (g *gitCommand) commitAll(ctx context.Context, dir, message string) error {
	identity := []string{}
	if _, err := g.run(ctx, dir, "var", "GIT_COMMITTER_IDENT"); err != nil {
		identity = []string{"-c", "user.name=gen", "-c", "user.email=gen@localhost"}
	}
	for _, args := range [][]string{
		{"init", "--quiet"},
		{"symbolic-ref", "HEAD", "refs/heads/main"},
		{"add", "--all"},
		slices.Concat(identity, []string{"-c", "commit.gpgsign=false", "commit", "--quiet", "--no-verify", "--message", message}),
	} {
		if out, err := g.run(ctx, dir, args...); err != nil {
			return fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

// run returns what git says.
func (g *gitCommand) run(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := g.command(ctx, dir, args...).CombinedOutput()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return strings.TrimSpace(string(out)), err
}

// command has git look at dir alone: a hook that runs this has named its own
// repository in the environment.
func (g *gitCommand) command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, g.path, args...)
	cmd.Dir = dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX"}, name)
	})
	return cmd
}
