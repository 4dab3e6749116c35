package start

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// madeRecord is what gen lists in that it made in a project.
const madeRecord = "gen/record.json"

// specimen is the entry of the resource that the template has to learn from, in
// the list by which gen destroy takes out what was made.
type specimen struct {
	Command []string          `json:"command"`
	Access  string            `json:"access"`
	Heading string            `json:"heading"`
	One     []string          `json:"one"`
	Many    []string          `json:"many"`
	Files   map[string]string `json:"files"`
	Inserts []insertion       `json:"inserts"`
}

// insertion is text in a file, and what is there instead once it is taken out.
type insertion struct {
	Path    string `json:"path"`
	Text    string `json:"text"`
	Instead string `json:"instead,omitempty"`
}

// recordSpecimen has the list say what a project without notes doesn't have: more
// than gen made of them, since pages and tests that were written by hand use them.
func (p project) recordSpecimen(without project) error {
	list, err := readMade(p[madeRecord])
	if err != nil {
		return err
	}
	var s specimen
	if err := json.Unmarshal(list.Resources["notes"], &s); err != nil {
		return fmt.Errorf("%s: notes: %w", madeRecord, err)
	}
	s.Files, s.Inserts = map[string]string{}, nil
	for _, name := range p.paths() {
		other, stays := without[name]
		switch {
		case isMade(name) || name == madeRecord || name == "README.md": // which is about the project
		case !stays:
			s.Files[name] = hash(p[name])
		default:
			s.Inserts = append(s.Inserts, insertions(name, string(p[name]), string(other))...)
		}
	}
	if list.Resources["notes"], err = json.Marshal(s); err != nil {
		return err
	}
	p[madeRecord], err = list.encode()
	return err
}

// insertions are what has to be taken out of a file, one after the other, to have
// it be another. Each is found by its words alone, once: it has as many lines
// before it as that takes.
func insertions(name, text, want string) []insertion {
	var all []insertion
	have, wanted := strings.SplitAfter(text, "\n"), strings.SplitAfter(want, "\n")
	for {
		a, b := have, wanted
		if path.Ext(name) == ".go" { // gofmt aligns what stays
			a, b = squeezed(have), squeezed(wanted)
		}
		edits := udiff.Lines(strings.Join(a, ""), strings.Join(b, ""))
		if len(edits) == 0 {
			return all
		}
		from, to := lineAt(a, edits[0].Start), lineAt(a, edits[0].End)
		n := strings.Count(edits[0].New, "\n")
		first := from
		for first > 0 && (first == to || times(squeezed(have), squeezed(have[first:to])) > 1) {
			first--
		}
		all = append(all, insertion{name, strings.Join(have[first:to], ""), strings.Join(slices.Concat(have[first:from], wanted[from:from+n]), "")})
		have = slices.Concat(have[:from], wanted[from:from+n], have[to:])
	}
}

// squeezed are lines without what indents and aligns them, by which gen destroy
// finds them too.
func squeezed(lines []string) []string {
	var all []string
	for _, line := range lines {
		all = append(all, strings.Join(strings.Fields(line), " ")+"\n")
	}
	return all
}

func lineAt(lines []string, offset int) int {
	n := 0
	for offset > 0 {
		offset -= len(lines[n])
		n++
	}
	return n
}

// times says how often some lines are in others.
func times(lines, some []string) int {
	n := 0
	for i := range len(lines) - len(some) + 1 {
		if slices.Equal(lines[i:i+len(some)], some) {
			n++
		}
	}
	return n
}
