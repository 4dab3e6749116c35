package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// change is what happens to one file. Before is nil where there is none yet, and
// After where it goes.
type change struct {
	Path          string // from the root, with slashes
	Before, After []byte
}

// plan is all that a command does to a project. Nothing is written while it is
// made.
type plan struct {
	root    string
	changes []*change
	made    *made    // for the record, or nil
	trial   bool     // it has to be tried before it is written
	remarks []string // lines for the end
}

// read returns a file as it will be.
func (p *plan) read(path string) ([]byte, error) {
	for _, c := range p.changes {
		if c.Path == path {
			return c.After, nil
		}
	}
	return os.ReadFile(filepath.Join(p.root, filepath.FromSlash(path)))
}

// create adds a file that mustn't be there.
func (p *plan) create(path string, content []byte) error {
	if _, err := os.Lstat(filepath.Join(p.root, filepath.FromSlash(path))); err == nil {
		return fmt.Errorf("%s is there already: choose another name, or take it away first", path)
	}
	p.changes = append(p.changes, &change{Path: path, After: content})
	return nil
}

// replace gives a file other content, nil to remove it.
func (p *plan) replace(path string, content []byte) error {
	for _, c := range p.changes {
		if c.Path == path {
			c.After = content
			return nil
		}
	}
	before, err := p.read(path)
	if err != nil {
		return err
	}
	if content == nil || !bytes.Equal(before, content) {
		p.changes = append(p.changes, &change{path, before, content})
	}
	return nil
}

// insertion is text in a file of the project's own, above the line with a mark.
// That of the resource that a project begins with has had other text moved away,
// which comes back.
type insertion struct {
	Path    string `json:"path"`
	Text    string `json:"text"`
	Instead string `json:"instead,omitempty"`
}

// mark is in the lines above which gen inserts.
const mark = "gen adds"

// insert puts text above the mark.
func (p *plan) insert(in insertion) error {
	content, err := p.read(in.Path)
	if err != nil {
		return err
	}
	lines := strings.SplitAfter(string(content), "\n")
	at := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, mark) })
	if at < 0 {
		return fmt.Errorf("%s has no line with %q, above which this belongs:\n\n%s\nPut that line back where new ones shall go", in.Path, mark, in.Text)
	}
	content, err = formatted(in.Path, []byte(strings.Join(slices.Insert(lines, at, in.Text), "")))
	if err != nil {
		return err
	}
	return p.replace(in.Path, content)
}

// remove takes an insertion out again, however its space was changed since.
func (p *plan) remove(in insertion) error {
	content, err := p.read(in.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // and with it what was inserted
	}
	if err != nil {
		return err
	}
	lines, wanted := strings.SplitAfter(string(content), "\n"), squeezed(strings.SplitAfter(strings.TrimSuffix(in.Text, "\n"), "\n"))
	have := squeezed(lines)
	at := -1
	for i := range len(have) - len(wanted) + 1 {
		if slices.Equal(have[i:i+len(wanted)], wanted) {
			at = i
			break
		}
	}
	if at < 0 {
		return &editedError{in, content}
	}
	content, err = formatted(in.Path, []byte(strings.Join(slices.Replace(lines, at, at+len(wanted), in.Instead), "")))
	if err != nil {
		return err
	}
	return p.replace(in.Path, content)
}

func squeezed(lines []string) []string {
	var all []string
	for _, line := range lines {
		all = append(all, strings.Join(strings.Fields(line), " "))
	}
	return all
}

// editedError says that an insertion isn't in its file as it was written.
type editedError struct {
	insertion
	content []byte
}

func (e *editedError) Error() string {
	return e.Path + " doesn't have these lines any more, or not together:\n\n" + e.Text
}

// names reports whether the file still has an address or one below it.
func (e *editedError) names(path string) bool { return hasPath(e.content, path) }

// diff is the plan as a patch.
func (p *plan) diff() string {
	var out strings.Builder
	for _, c := range p.changes {
		from, to := "a/"+c.Path, "b/"+c.Path
		if c.Before == nil {
			from = "/dev/null"
		}
		if c.After == nil {
			to = "/dev/null"
		}
		out.WriteString(udiff.Unified(from, to, string(c.Before), string(c.After)))
	}
	return out.String()
}

// summary lists the files: what becomes of each, and how long it is.
func (p *plan) summary() string {
	var out strings.Builder
	for _, c := range p.changes {
		verb, lines := "change", bytes.Count(c.After, []byte("\n"))-bytes.Count(c.Before, []byte("\n"))
		switch {
		case c.Before == nil:
			verb = "create"
		case c.After == nil:
			verb = "remove"
		}
		fmt.Fprintf(&out, "  %s  %-52s %+d lines\n", verb, c.Path, lines)
	}
	return out.String()
}
