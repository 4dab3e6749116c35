package main

import (
	"io"
	"maps"
	"slices"

	"github.com/managethefans/portal/gen/start"
)

// writeChanges is how start writes to a project: as the commands here do, one at
// a time, and all of it or nothing.
func writeChanges(root string, changes []start.Change) error {
	held, err := lock(root)
	if err != nil {
		return err
	}
	defer held.Close()
	p := &plan{root: root}
	for _, c := range changes {
		p.changes = append(p.changes, (*change)(&c))
	}
	return p.commit()
}

// finishOther finishes what a command was cut short at in another project, or
// reports only that there is something.
func finishOther(root string, look bool, out io.Writer) (bool, error) {
	if look {
		return isUnfinished(root), nil
	}
	return finishEarlier(root, out)
}

// remake returns what gen makes today of the resources and pages that it made in
// a project, by path, without their migrations.
func remake(root string) (map[string][]byte, error) {
	rec, err := readRecord(root)
	if err != nil {
		return nil, err
	}
	mod, err := module(root)
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for _, m := range slices.Concat(slices.Collect(maps.Values(rec.Resources)), slices.Collect(maps.Values(rec.Pages))) {
		if files, err := m.remake(root, mod, rec); err == nil { // a command that is an error today is left alone
			maps.Copy(all, files)
		}
	}
	return all, nil
}

func (m *made) remake(root, mod string, rec *record) (map[string][]byte, error) {
	sqlite := slices.Contains(engines(root), "sqlite")
	if m.Command[0] == "page" {
		return (&singlePage{noun: noun{m.One, m.One}, Module: mod, Access: m.Access, SQLite: sqlite}).files()
	}
	r, err := newResource(m.noun(), mod, m.Access, m.Command[2:slices.Index(m.Command, "--access")], rec.Resources)
	if err != nil {
		return nil, err
	}
	r.SQLite = sqlite
	return r.files(nil) // of no engine: without migrations
}
