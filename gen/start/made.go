package start

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What gen has made in a project, and how an upgrade merges it.

// addMade has what gen made here be merged with what it makes of the same
// commands now, unless the team has given it templates of its own.
func (m *merger) addMade() error {
	m.madeSums = map[string]string{}
	for name, was := range m.old.Files {
		if strings.HasPrefix(name, "gen/templates/") && hash(m.ours[name]) != was {
			return nil
		}
	}
	ours, err := readMade(m.ours[madeRecord])
	if err != nil {
		return err
	}
	for _, entry := range slices.Concat(slices.Collect(maps.Values(ours.Resources)), slices.Collect(maps.Values(ours.Pages))) {
		var e madeEntry
		if err := json.Unmarshal(entry, &e); err != nil {
			return fmt.Errorf("%s: %w", madeRecord, err)
		}
		for name, was := range e.Files {
			if content, ok := m.made[name]; ok && m.theirs[name] == nil && m.old.Files[name] == "" {
				m.madeSums[name], m.theirs[name] = was, content
			}
		}
	}
	return nil
}

// renewMadeSums has gen's list say what gen makes now, so that gen destroy tells
// what was edited.
func (m *merger) renewMadeSums() {
	i := slices.IndexFunc(m.outcomes, func(o outcome) bool { return o.Path == madeRecord })
	before := m.ours[madeRecord]
	after := before
	if i >= 0 {
		after = m.outcomes[i].after
	}
	renewed := after
	for name, was := range m.madeSums {
		line := func(sum string) []byte { return fmt.Appendf(nil, "%q: %q", name, sum) }
		renewed = bytes.ReplaceAll(renewed, line(was), line(hash(m.theirs[name])))
	}
	switch {
	case bytes.Equal(renewed, after):
	case i >= 0:
		m.outcomes[i].after = renewed
	default:
		m.outcomes = append(m.outcomes, outcome{Path: madeRecord, Does: merged, before: before, after: renewed})
	}
}

// destroyedFiles are those that the template has for resources which the project
// had, and gen lists no more.
func (m *merger) destroyedFiles() map[string]bool {
	destroyed := map[string]bool{}
	content, ok := m.ours[madeRecord]
	ours, err := readMade(content)
	theirs, _ := readMade(m.theirs[madeRecord])
	if !ok || err != nil { // mergeMade says so
		return destroyed
	}
	for name, entry := range theirs.Resources {
		if _, have := ours.Resources[name]; have {
			continue
		}
		if files, known := m.wasKnown(entry); known {
			for _, file := range files {
				destroyed[file] = true
			}
		}
	}
	return destroyed
}

// madeList is gen/record.json, as far as an upgrade looks into it.
type madeList struct {
	Resources map[string]json.RawMessage `json:"resources"`
	Pages     map[string]json.RawMessage `json:"pages"`
}

// madeEntry is a resource or a page in it.
type madeEntry struct {
	Command []string          `json:"command"`
	Files   map[string]string `json:"files"`
}

func readMade(content []byte) (list madeList, err error) {
	list = madeList{map[string]json.RawMessage{}, map[string]json.RawMessage{}}
	if len(content) > 0 {
		if err = json.Unmarshal(content, &list); err != nil {
			err = fmt.Errorf("%s can't be read: %w. Get it back from git", madeRecord, err)
		}
	}
	return list, err
}

// wasKnown reports whether the project once had files of an entry from the
// template.
func (m *merger) wasKnown(entry json.RawMessage) (files []string, known bool) {
	var e madeEntry
	if json.Unmarshal(entry, &e) != nil {
		return nil, false
	}
	files = slices.Sorted(maps.Keys(e.Files))
	return files, slices.ContainsFunc(files, func(file string) bool { return m.old.Files[file] != "" })
}

// mergeMade returns the project's list of what gen made, with what the template
// has changed of its own entries.
func (m *merger) mergeMade(mine, theirs []byte) ([]byte, error) {
	ours, err := readMade(mine)
	if err != nil {
		return nil, err
	}
	news, err := readMade(theirs)
	if err != nil {
		return nil, err
	}
	merge := func(ours, news map[string]json.RawMessage) {
		for name, entry := range news {
			mine, have := ours[name]
			_, known := m.wasKnown(entry)
			if have && sameCommand(mine, entry) || !have && !known {
				ours[name] = entry
			}
		}
	}
	merge(ours.Resources, news.Resources)
	merge(ours.Pages, news.Pages)
	return ours.encode()
}

func sameCommand(a, b json.RawMessage) bool {
	var one, other madeEntry
	return json.Unmarshal(a, &one) == nil && json.Unmarshal(b, &other) == nil && slices.Equal(one.Command, other.Command)
}

func (l madeList) encode() ([]byte, error) {
	content, err := json.MarshalIndent(l, "", "  ")
	return append(content, '\n'), err
}
