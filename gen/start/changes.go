package start

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// changes are how the template's files become those of a project, before they
// are renamed. They are written in the template's words, and each of them must
// find its place: one that doesn't is an error, so that none is forgotten when
// the template changes.
type changes struct {
	leftOut []string // files by a pattern, folders with a slash at the end
	edits   []edit

	everywhere []edit // in all files whose last name matches path, as often as it is there
}

// edit is one change of a file: what is old becomes new. Old is a text that is
// there once; or the lines from the one that begins with from to the next one that
// begins with upTo, which stays, or to the end where upTo is empty; or each line
// that begins with each.
type edit struct {
	path       string
	old, new   string
	from, upTo string
	each       string
}

// apply returns the files as they are after the changes.
func (c changes) apply(source project) (project, error) {
	p := project{}
	used := make([]bool, len(c.leftOut))
	for name, content := range source {
		keep := true
		for i, pattern := range c.leftOut {
			if matches(pattern, name) {
				used[i], keep = true, false
			}
		}
		if keep {
			p[name] = content
		}
	}
	for i, pattern := range c.leftOut {
		if !used[i] {
			return nil, fmt.Errorf("gen/start leaves out %s, which the template doesn't have", pattern)
		}
	}
	for _, e := range c.edits {
		content, ok := p[e.path]
		if !ok {
			return nil, fmt.Errorf("gen/start changes %s, which isn't there", e.path)
		}
		text, err := e.apply(string(content))
		if err != nil {
			return nil, fmt.Errorf("gen/start changes %s: %w", e.path, err)
		}
		p[e.path] = []byte(text)
	}
	for _, e := range c.everywhere {
		found := false
		for name, content := range p {
			if matches(e.path, path.Base(name)) && bytes.Contains(content, []byte(e.old)) {
				p[name] = bytes.ReplaceAll(content, []byte(e.old), []byte(e.new))
				found = true
			}
		}
		if !found {
			return nil, fmt.Errorf("gen/start changes %q in %s, which none has", e.old, e.path)
		}
	}
	return p, nil
}

// and returns all of both.
func (c changes) and(other changes) changes {
	return changes{slices.Concat(c.leftOut, other.leftOut), slices.Concat(c.edits, other.edits), slices.Concat(c.everywhere, other.everywhere)}
}

func matches(pattern, name string) bool {
	if strings.HasSuffix(pattern, "/") {
		return strings.HasPrefix(name, pattern)
	}
	match, err := path.Match(pattern, name)
	return match && err == nil
}

func (e edit) apply(text string) (string, error) {
	if e.each != "" {
		rest := regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(e.each)+`.*\n`).ReplaceAllLiteralString(text, "")
		if rest == text {
			return "", fmt.Errorf("no line begins with %q", e.each)
		}
		return rest, nil
	}
	if e.from == "" {
		if n := strings.Count(text, e.old); n != 1 {
			return "", fmt.Errorf("%q is there %d times", e.old, n)
		}
		return strings.Replace(text, e.old, e.new, 1), nil
	}
	text = "\n" + text // so that each line has one before it
	from := strings.Index(text, "\n"+e.from)
	if from < 0 || strings.Count(text, "\n"+e.from) > 1 {
		return "", fmt.Errorf("not one line begins with %q", e.from)
	}
	if e.upTo == "" {
		return strings.TrimRight(text[1:from+1], "\n") + "\n" + e.new, nil // no blank line at the end
	}
	length := strings.Index(text[from+1:], "\n"+e.upTo)
	if length < 0 {
		return "", fmt.Errorf("no line after %q begins with %q", e.from, e.upTo)
	}
	return text[1:from+1] + e.new + text[from+1+length+1:], nil
}
