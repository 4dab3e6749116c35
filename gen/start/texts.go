package start

import (
	"context"
	"errors"
	"fmt"
	goversion "go/version"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// How two texts become one, by what they are.

// mergeText merges as git does, and marks what both have changed. Without a base
// all that differs is marked.
func (g *gitCommand) mergeText(ctx context.Context, mine, base, theirs []byte, from, to string) (_ []byte, conflict bool, err error) {
	dir, err := os.MkdirTemp("", "gen-upgrade-")
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for name, content := range map[string][]byte{"mine": mine, "base": base, "theirs": theirs} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, false, err
		}
	}
	args := []string{"merge-file", "--stdout", "--quiet", "-L", "yours", "-L", "the template " + from, "-L", "the template " + to}
	if base != nil {
		args = append(args, "--diff3") // which shows it too
	}
	cmd := g.command(ctx, dir, append(args, "mine", "base", "theirs")...)
	text, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, false, ctx.Err()
	case errors.As(err, &exit) && exit.ExitCode() > 0 && exit.ExitCode() < 128: // how many conflicts there are
		return text, true, nil
	case err != nil:
		return nil, false, fmt.Errorf("git merge-file: %w", err)
	}
	return text, false, nil
}

// mergeLines is for go.sum: all lines of both. What is too much is for go mod
// tidy to take away.
func mergeLines(mine, theirs []byte) []byte {
	lines := slices.Sorted(strings.Lines(string(mine) + string(theirs)))
	return []byte(strings.Join(slices.Compact(lines), ""))
}

// mergeModules is for a go.mod whose lines can't be merged: the project's, with
// what the template has come to require, in the newer version of both.
func mergeModules(mine, base, theirs []byte) ([]byte, error) {
	var files [3]*modfile.File
	for i, content := range [][]byte{mine, base, theirs} {
		file, err := modfile.Parse("go.mod", content, nil)
		if err != nil {
			return nil, err
		}
		files[i] = file
	}
	ours, was, now := files[0], versions(files[1]), versions(files[2])
	have := versions(ours)
	for _, r := range files[2].Require {
		switch v, ok := have[r.Mod.Path]; {
		case was[r.Mod.Path] == r.Mod.Version: // the template has left it alone
		case !ok:
			ours.AddNewRequire(r.Mod.Path, r.Mod.Version, r.Indirect)
		case semver.Compare(v, r.Mod.Version) < 0:
			if err := ours.AddRequire(r.Mod.Path, r.Mod.Version); err != nil {
				return nil, err
			}
		}
	}
	for name, v := range was {
		if now[name] == "" && have[name] == v {
			if err := ours.DropRequire(name); err != nil {
				return nil, err
			}
		}
	}
	if ours.Go != nil && files[2].Go != nil && goversion.Compare("go"+ours.Go.Version, "go"+files[2].Go.Version) < 0 {
		if err := ours.AddGoStmt(files[2].Go.Version); err != nil {
			return nil, err
		}
	}
	ours.Cleanup()
	return ours.Format()
}

func versions(file *modfile.File) map[string]string {
	all := map[string]string{}
	for _, r := range file.Require {
		all[r.Mod.Path] = r.Mod.Version
	}
	return all
}
