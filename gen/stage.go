package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A plan is tried in a copy of the project first. What sqlc, the compiler and
// the test of access don't refuse there is written to the project itself, all of
// it or nothing: see commit.

// stageDir is the copy. It is always the same one, so that Go finds in its cache
// what it built there before.
const stageDir = "tmp/_gen"

// unfinishedFile has what was being written when a command was cut short. Git
// ignores it.
const unfinishedFile = "tmp/gen-unfinished.json"

// try applies the plan to a copy, has the code generated and checked there, and
// adds what came of it to the plan. What it is doing goes to progress.
func (p *plan) try(ctx context.Context, progress io.Writer) error {
	stage := filepath.Join(p.root, stageDir)
	if err := copyTree(p.root, stage); err != nil {
		return fmt.Errorf("copy the project to %s, to try it there: %w", stageDir, err)
	}
	for _, c := range p.changes {
		if err := writeFile(filepath.Join(stage, filepath.FromSlash(c.Path)), c.After); err != nil {
			return err
		}
	}
	for _, step := range []struct {
		says    string
		dir     string
		command []string
	}{
		{"", p.root, []string{"make", "-s", ".tools/sqlc"}},
		{"Go from the SQL", stage, []string{filepath.Join(p.root, ".tools/sqlc"), "generate"}},
		{"The compiler and vet", stage, []string{"go", "vet", "./app/...", "./db/...", "./templates/..."}},
		{"Who may use the routes", stage, []string{"go", "test", "-count=1", "-run", "^TestAccess$", "./app/web", "-update"}},
	} {
		if step.command[1] == "generate" { // code of queries that have gone goes too
			if err := removeGenerated(stage); err != nil {
				return err
			}
		}
		if step.says != "" {
			fmt.Fprintln(progress, step.says+" …")
		}
		if err := run(ctx, progress, step.dir, step.command); err != nil {
			return err
		}
		if step.command[1] == "generate" {
			if _, err := os.Stat(filepath.Join(stage, "db/models.go")); err != nil {
				return errors.New("sqlc wrote nothing, so nothing was changed: sqlc.yaml has to say that it writes to db/, and .tools/sqlc has to be sqlc (rm .tools/sqlc; make setup)")
			}
		}
	}
	return p.collect(stage)
}

// run runs a command, and returns what it says when it fails.
func run(ctx context.Context, progress io.Writer, dir string, command []string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath -buildvcs=false", "GOWORK=off")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if command[0] == "make" {
		cmd.Stdout = progress // building a tool takes minutes, and it says so
	}
	err := cmd.Run()
	if ctx.Err() != nil {
		return errors.New("interrupted: nothing was changed")
	}
	if err != nil {
		return fmt.Errorf("%s refuses it, so nothing was changed:\n\n%s", filepath.Base(command[0])+" "+command[1], strings.TrimSpace(out.String()))
	}
	return nil
}

// generated are the files that sqlc writes.
func generated(root string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(root, "db/*.sql.go"))
	return append(files, filepath.Join(root, "db/models.go"), filepath.Join(root, "db/sqlc.go")), err
}

func removeGenerated(root string) error {
	files, err := generated(root)
	for _, file := range files {
		err = errors.Join(err, os.RemoveAll(file))
	}
	return err
}

// collect adds to the plan what was generated in the copy.
func (p *plan) collect(stage string) error {
	after, err := generated(stage)
	if err != nil {
		return err
	}
	before, err := generated(p.root)
	if err != nil {
		return err
	}
	paths := []string{"docs/access.md"}
	for _, file := range slices.Concat(before, after) {
		if name := "db/" + filepath.Base(file); !slices.Contains(paths, name) {
			paths = append(paths, name)
		}
	}
	for _, name := range paths {
		content, err := os.ReadFile(filepath.Join(stage, name))
		if errors.Is(err, fs.ErrNotExist) {
			content, err = nil, nil
		}
		if err != nil {
			return err
		}
		add := p.replace
		if _, err := os.Lstat(filepath.Join(p.root, name)); errors.Is(err, fs.ErrNotExist) {
			add = p.create
		}
		if err := add(name, content); err != nil {
			return err
		}
	}
	return nil
}

// commit writes the plan to the project. It notes all of it in one file first: a
// command that is killed meanwhile is finished by the next one.
func (p *plan) commit() error {
	for _, c := range p.changes {
		have, err := os.ReadFile(filepath.Join(p.root, filepath.FromSlash(c.Path)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if !bytes.Equal(have, c.Before) || (err == nil) != (c.Before != nil) {
			return fmt.Errorf("%s was changed while this was running, so nothing was written: run it again", c.Path)
		}
	}
	if err := p.note(); err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	return finish(p.root, p.changes)
}

// note writes down what is going to be written.
func (p *plan) note() error {
	content, err := json.Marshal(p.changes)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(p.root, unfinishedFile), content)
}

// finish writes changes, some of which may have been written already. What
// somebody has edited meanwhile stops it before it writes anything.
func finish(root string, changes []*change) error {
	var left []*change
	for _, c := range changes {
		have, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(c.Path)))
		isThere := err == nil
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		case isThere == (c.After != nil) && bytes.Equal(have, c.After):
		case isThere == (c.Before != nil) && bytes.Equal(have, c.Before):
			left = append(left, c)
		default:
			return fmt.Errorf("%s was edited since a command was cut short while it wrote, so that it can't be finished. Take the edit out, for now, and run this again; or remove %s, which leaves everything as it is now, half written", c.Path, unfinishedFile)
		}
	}
	for _, c := range left {
		if err := writeFile(filepath.Join(root, filepath.FromSlash(c.Path)), c.After); err != nil {
			return fmt.Errorf("%w. Not all is written: mend that, and run `go run ./gen finish`", err)
		}
	}
	return os.Remove(filepath.Join(root, unfinishedFile))
}

// isUnfinished reports whether a command was cut short while it wrote.
func isUnfinished(root string) bool {
	_, err := os.Stat(filepath.Join(root, unfinishedFile))
	return err == nil
}

// resume finishes what an earlier command was killed at, if there is any, and
// reports whether there was. The project has to be locked.
func resume(root string, out io.Writer) (bool, error) {
	if !isUnfinished(root) {
		return false, removeParts(root, []*change{{Path: unfinishedFile}})
	}
	var changes []*change
	content, err := os.ReadFile(filepath.Join(root, unfinishedFile))
	if err == nil {
		err = json.Unmarshal(content, &changes)
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", unfinishedFile, err)
	}
	if err := errors.Join(finish(root, changes), removeParts(root, changes)); err != nil {
		return false, err
	}
	fmt.Fprintln(out, "The command before this one was cut short while it wrote. It is finished now:")
	fmt.Fprint(out, (&plan{changes: changes}).summary())
	return true, nil
}

// finishEarlier does so where nobody has locked the project yet.
func finishEarlier(root string, out io.Writer) (bool, error) {
	if !isUnfinished(root) {
		return false, nil
	}
	held, err := lock(root)
	if err != nil {
		return false, err
	}
	defer held.Close()
	return resume(root, out)
}

// removeParts removes what a command that was killed had begun to write beside
// the files of these changes.
func removeParts(root string, changes []*change) error {
	var errs []error
	for _, c := range changes {
		parts, err := filepath.Glob(filepath.Join(root, filepath.Dir(c.Path), partName))
		errs = append(errs, err)
		for _, part := range parts {
			errs = append(errs, os.Remove(part))
		}
	}
	return errors.Join(errs...)
}

// partName is the pattern of a file that is being written.
const partName = ".gen-*"

// writeFile writes a file whole or not at all, nil to remove it. A folder that
// is empty then goes too.
func writeFile(file string, content []byte) error {
	if content == nil {
		if err := os.RemoveAll(file); err != nil {
			return err
		}
		os.Remove(filepath.Dir(file)) // fails unless it is empty
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), partName)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(file); err == nil {
		mode = info.Mode()
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// copyTree makes a copy of the sources, of those files only that differ.
func copyTree(from, to string) error {
	left := map[string]bool{".git": true, ".tools": true, "bin": true, "data": true, "sessions": true, "tmp": true, "bench": true, "node_modules": true}
	want := map[string]bool{}
	err := filepath.WalkDir(from, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if left[name] {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		want[name] = true
		target := filepath.Join(to, name)
		if have, err := os.ReadFile(target); err == nil && bytes.Equal(have, content) {
			return nil
		}
		return writeFile(target, append([]byte{}, content...))
	})
	if err != nil {
		return err
	}
	return filepath.WalkDir(to, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(to, file)
		if err != nil || want[name] {
			return err
		}
		return os.Remove(file)
	})
}

// lock has one command at a time write to a project, until the file is closed.
func lock(root string) (*os.File, error) {
	file := filepath.Join(root, "tmp", "gen.lock")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	// What one that has just ended has started may hold it for another moment.
	for range 50 {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			return f, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, errors.Join(errors.New("another gen is at work in this project: wait until it is done"), f.Close())
}
