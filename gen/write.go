package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// A plan is written to a project all or nothing: a command that is killed leaves a
// note of what it wrote, from which the next one finishes.

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

// unfinishedFile has what was being written when a command was cut short. Git
// ignores it.
const unfinishedFile = "tmp/gen-unfinished.json"
