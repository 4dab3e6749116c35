package start

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"go/format"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// What becomes of a file.
const (
	conflicting = "conflict" // both changed the same lines, which are marked
	merged      = "merge"    // both changed it
	replaced    = "take"     // the template alone changed it
	added       = "add"
	removed     = "remove"
	kept        = "keep" // as the project has it, though the template has changed it
	remade      = "make" // by make generate, of what was merged
)

// outcome is what becomes of one file, and why where that isn't plain.
type outcome struct {
	Path          string `json:"path"`
	Does          string `json:"does"`
	Why           string `json:"why,omitempty"`
	before, after []byte // nil where there is no file
}

// merger brings a project up to the template as it is now. Nothing is written.
type merger struct {
	old    record                                 // the project's
	ours   project                                // its files
	theirs project                                // what the template makes now of the same answers
	made   project                                // what gen makes now of the commands that were given here
	base   func(name, sum string) ([]byte, error) // a file as the template wrote it then, or nil
	text   func(mine, base, theirs []byte) (text []byte, conflict bool, err error)

	madeSums  map[string]string // of what gen made here, as it was then
	destroyed map[string]bool   // files of resources that gen destroy has taken out
	new       record
	outcomes  []outcome
}

// merge decides what becomes of each file. Files of which nothing becomes aren't
// listed.
func (m *merger) merge() error {
	if err := json.Unmarshal(m.theirs[recordName], &m.new); err != nil {
		return err
	}
	m.new.Texts = map[string]string{}
	if err := m.addMade(); err != nil {
		return err
	}
	m.destroyed = m.destroyedFiles()
	m.renumber()
	m.new.Files = map[string]string{}
	names := map[string]bool{}
	for name, content := range m.theirs {
		names[name] = true
		if m.madeSums[name] == "" {
			m.new.Files[name] = hash(content)
		}
	}
	for name := range m.old.Files {
		names[name] = true
	}
	// The record follows from the rest, and a licence's year isn't the template's
	// to say.
	delete(names, recordName)
	delete(m.new.Files, recordName)
	delete(names, "LICENSE")
	for _, name := range slices.Sorted(maps.Keys(names)) {
		o, err := m.outcome(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if o.Does != "" {
			m.outcomes = append(m.outcomes, o)
		}
	}
	m.renewMadeSums()
	content, err := m.new.encode()
	m.outcomes = append(m.outcomes, outcome{Path: recordName, Does: replaced, before: m.ours[recordName], after: content})
	order := []string{replaced, added, removed, merged, remade, kept, conflicting} // what has to be read comes last
	slices.SortStableFunc(m.outcomes, func(a, b outcome) int { return slices.Index(order, a.Does) - slices.Index(order, b.Does) })
	return err
}

func (m *merger) outcome(name string) (outcome, error) {
	was := cmp.Or(m.old.Files[name], m.madeSums[name])
	known := was != ""
	mine, have := m.ours[name]
	theirs, offered := m.theirs[name]
	o := outcome{Path: name, before: mine, after: mine}
	switch {
	case offered && hash(theirs) == was: // the template has left it alone
		if text, ok := m.old.Texts[name]; ok && have {
			m.new.Texts[name] = text
		}
	case bytes.Equal(mine, theirs) && have == offered:
	case isMade(name):
		o.Does = remade
	case isMigration(name) && known:
		o.Does, o.Why = kept, "the template has changed this migration since; one that may have been applied isn't"
	case !have && known:
		o.Does, o.Why = kept, "it was deleted here, and stays so; the template has changed it"
	case !have && m.destroyed[name]:
		o.Does, o.Why = kept, "it is new, and of a resource that was destroyed here"
	case !have && m.folderIsGone(path.Dir(name)):
		o.Does, o.Why = kept, "it is new, and its folder was deleted here"
	case !have:
		o.Does, o.after = added, theirs
	case !offered && hash(mine) == was:
		o.Does, o.after = removed, nil
	case !offered:
		o.Does, o.Why = kept, "the template has no such file any more; this one was edited"
	case hash(mine) == was:
		o.Does, o.after = replaced, theirs
	default:
		return o, m.both(&o, was, theirs)
	}
	return o, nil
}

// both merges what the project and the template have changed.
func (m *merger) both(o *outcome, was string, theirs []byte) (err error) {
	o.Does = merged
	switch {
	case strings.HasSuffix(o.Path, ".sum"):
		o.after = mergeLines(o.before, theirs)
		return nil
	case o.Path == madeRecord:
		o.after, err = m.mergeMade(o.before, theirs)
		return err
	case bytes.IndexByte(o.before, 0) >= 0 || bytes.IndexByte(theirs, 0) >= 0:
		o.Does, o.Why = conflicting, "it is no text: the project's is kept"
		return nil
	}
	var base []byte
	if was != "" {
		if base, err = m.base(o.Path, was); err != nil {
			return err
		}
	}
	if base == nil && m.madeSums[o.Path] != "" {
		o.Does, o.Why = kept, "gen makes it otherwise now; git has no commit with what it made then"
		return nil
	}
	var conflict bool
	if o.after, conflict, err = m.text(o.before, base, theirs); err != nil {
		return err
	}
	if conflict && base != nil && strings.HasSuffix(o.Path, ".mod") {
		o.after, err = mergeModules(o.before, base, theirs)
		conflict = false
	}
	if conflict {
		o.Does = conflicting
		switch {
		case was == "":
			o.Why = "both have added it"
		case base == nil:
			o.Why = "git has no commit with what the template wrote, so all that differs is marked"
		}
	}
	if formatted, formatErr := format.Source(o.after); !conflict && path.Ext(o.Path) == ".go" && formatErr == nil {
		o.after = formatted // lines that came together may have to be aligned
	}
	if utf8.Valid(theirs) {
		m.new.Texts[o.Path] = string(theirs)
	}
	return err
}

// isMade reports whether a file is made of others by make generate.
func isMade(name string) bool {
	return name == "docs/access.md" || name == "db/models.go" || name == "db/sqlc.go" || path.Dir(name) == "db" && strings.HasSuffix(name, ".sql.go")
}

func isMigration(name string) bool {
	return strings.HasPrefix(name, "db/migrations/") && strings.HasSuffix(name, ".sql")
}

// renumber gives the template's new migrations the numbers after the project's
// own, in their order, and those that got theirs in an earlier upgrade the same
// again.
func (m *merger) renumber() {
	m.new.Renumbered = maps.Clone(m.old.Renumbered)
	if m.new.Renumbered == nil {
		m.new.Renumbered = map[string]string{}
	}
	last := 0
	for name := range m.ours {
		if isMigration(name) {
			last = max(last, number(name))
		}
	}
	byName := map[string][]string{} // one for each engine
	for name := range m.theirs {
		if isMigration(name) {
			byName[path.Base(name)] = append(byName[path.Base(name)], name)
		}
	}
	for _, base := range slices.Sorted(maps.Keys(byName)) {
		files := byName[base]
		to, ok := m.old.Renumbered[base]
		if !ok {
			isThere := func(file string) bool { return m.old.Files[file] != "" || bytes.Equal(m.ours[file], m.theirs[file]) }
			if n := number(base); slices.ContainsFunc(files, isThere) {
				continue
			} else if n > last {
				last = n
				continue
			}
			last++
			_, rest, _ := strings.Cut(base, "_")
			to = fmt.Sprintf("%05d_%s", last, rest)
			m.new.Renumbered[base] = to
		}
		for _, file := range files {
			content := m.theirs[file]
			delete(m.theirs, file)
			m.theirs[path.Join(path.Dir(file), to)] = content
		}
		if made, ok := m.theirs[madeRecord]; ok {
			m.theirs[madeRecord] = bytes.ReplaceAll(made, []byte("/"+base), []byte("/"+to))
		}
	}
}

// number is that of a migration.
func number(name string) int {
	n := 0
	fmt.Sscanf(path.Base(name), "%d_", &n) // 0 where it has none
	return n
}

// folderIsGone reports whether the project has none of the template's files in a
// folder any more.
func (m *merger) folderIsGone(folder string) bool {
	gone := false
	for name := range m.old.Files {
		if path.Dir(name) == folder {
			if _, have := m.ours[name]; have {
				return false
			}
			gone = true
		}
	}
	return gone
}
