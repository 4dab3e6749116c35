package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A plan is tried in a copy of the project first. What sqlc, the compiler and
// the test of access don't refuse there is written to the project itself, all of
// it or nothing: see commit.

// stageDir is the copy. It is always the same one, so that Go finds in its cache
// what it built there before.
const stageDir = "tmp/_gen"

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
