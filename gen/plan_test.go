package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// project is a folder with these files: path, content, path, content …
func project(t *testing.T, files ...string) string {
	t.Helper()
	root := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := writeFile(filepath.Join(root, files[i]), []byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// tree returns the files of a folder with their content.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.Walk(root, func(file string, info os.FileInfo, err error) error {
		if err == nil && info.IsDir() && (info.Name() == "tmp" || info.Name() == ".tools") {
			return filepath.SkipDir
		}
		if err != nil || info.IsDir() {
			return err
		}
		name, _ := filepath.Rel(root, file)
		content, err := os.ReadFile(file)
		files[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestWhatIsInsertedCanBeTakenOutAgain(t *testing.T) {
	t.Parallel()
	const before = "package p\n\nvar m = map[string]int{\n\t\"a\": 1,\n\t// gen adds lines above this one.\n}\n"
	root := project(t, "p.go", before, "nav.html", "<a>\n{{/* gen adds links above this line. */}}\n")
	p := &plan{root: root}
	for _, in := range []insertion{{Path: "p.go", Text: "\t\"a longer key\": 2,\n"}, {Path: "nav.html", Text: "<b>\n"}} {
		if err := p.insert(in); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.commit(); err != nil {
		t.Fatal(err)
	}
	after := tree(t, root)
	if want := "\t\"a\":            1,\n\t\"a longer key\": 2,\n"; !strings.Contains(after["p.go"], want) {
		t.Errorf("got %s", after["p.go"])
	}
	p = &plan{root: root}
	for _, in := range []insertion{{Path: "p.go", Text: "\t\"a longer key\": 2,\n"}, {Path: "nav.html", Text: "<b>\n"}} {
		if err := p.remove(in); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.commit(); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, root); got["p.go"] != before || len(got) != 2 {
		t.Errorf("got %v", got)
	}
}

func TestAMissingMarkIsNamedWithWhatBelongsThere(t *testing.T) {
	t.Parallel()
	p := &plan{root: project(t, "nav.html", "<a>\n")}
	err := p.insert(insertion{Path: "nav.html", Text: "<b>\n"})
	if err == nil || !strings.Contains(err.Error(), "nav.html") || !strings.Contains(err.Error(), "<b>") || len(p.changes) > 0 {
		t.Errorf("got %v", err)
	}
}

func TestAFileThatIsThereIsNotOverwritten(t *testing.T) {
	t.Parallel()
	p := &plan{root: project(t, "a.go", "package a\n")}
	if err := p.create("a.go", nil); err == nil || !strings.Contains(err.Error(), "a.go is there already") {
		t.Errorf("got %v", err)
	}
}

func TestAFileThatChangesMeanwhileStopsEverything(t *testing.T) {
	t.Parallel()
	root := project(t, "a", "1", "b", "1")
	p := &plan{root: root}
	for _, name := range []string{"a", "b"} {
		if err := p.replace(name, []byte("2")); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeFile(filepath.Join(root, "b"), []byte("mine")); err != nil {
		t.Fatal(err)
	}
	if err := p.commit(); err == nil || !strings.Contains(err.Error(), "b was changed while this was running") {
		t.Errorf("got %v", err)
	}
	if got := tree(t, root); got["a"] != "1" || got["b"] != "mine" || len(got) != 2 {
		t.Errorf("got %v", got)
	}
}

// TestACommandThatIsKilledIsFinishedByTheNext has a plan half written, at each
// place.
func TestACommandThatIsKilledIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	for written := range 4 {
		root := project(t, "old", "1", "gone", "1")
		p := &plan{root: root}
		for _, err := range []error{p.create("new/file", []byte("2")), p.replace("old", []byte("2")), p.replace("gone", nil)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := p.note(); err != nil {
			t.Fatal(err)
		}
		for _, c := range p.changes[:written] {
			if err := writeFile(filepath.Join(root, c.Path), c.After); err != nil {
				t.Fatal(err)
			}
		}
		var out strings.Builder
		had, err := resume(root, &out)
		if err != nil || !had || !strings.Contains(out.String(), "new/file") {
			t.Errorf("%v, %v: %s", had, err, out.String())
		}
		if got := tree(t, root); len(got) != 2 || got["new/file"] != "2" || got["old"] != "2" {
			t.Errorf("after %d of 3: %v", written, got)
		}
		if had, err := resume(root, &out); had || err != nil {
			t.Errorf("there is something left: %v", err)
		}
	}
}

func TestADiskThatIsFullChangesNothing(t *testing.T) {
	t.Parallel()
	root := project(t, "gen/x", "1", "a", "1")
	p := &plan{root: root}
	if err := p.replace("a", []byte("2")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, unfinishedFile), 0o755); err != nil { // nothing can be written there
		t.Fatal(err)
	}
	if err := p.commit(); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("got %v", err)
	}
	if got := tree(t, root); got["a"] != "1" {
		t.Errorf("got %v", got)
	}
}

func TestASqlcThatWritesNothingIsBlamedItself(t *testing.T) {
	t.Parallel()
	root := project(t, "Makefile", ".tools/sqlc:\n", ".tools/sqlc", "#!/bin/sh\n", "db/models.go", "package db\n")
	if err := os.Chmod(filepath.Join(root, ".tools/sqlc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := (&plan{root: root}).try(t.Context(), io.Discard); err == nil || !strings.Contains(err.Error(), "sqlc wrote nothing, so nothing was changed") {
		t.Errorf("got %v", err)
	}
}

// TestAFilesOwnImportsAndEmptyLinesStay: a package may have another name than its
// path ends in, and a text may have empty lines.
func TestAFilesOwnImportsAndEmptyLinesStay(t *testing.T) {
	t.Parallel()
	const before = "package p\n\nimport (\n\t\"example.com/plain\"\n)\n\nvar (\n\ttext = `a\n\n\n\nb`\n\tother = fancy.New()\n\t// gen adds lines above this one.\n)\n"
	root := project(t, "p.go", before)
	p := &plan{root: root}
	if err := p.insert(insertion{Path: "p.go", Text: "\tone = 1\n"}); err != nil {
		t.Fatal(err)
	}
	after := string(p.changes[0].After)
	if !strings.Contains(after, `"example.com/plain"`) || !strings.Contains(after, "a\n\n\n\nb") || !strings.Contains(after, "one   = 1") {
		t.Errorf("got %s", after)
	}
}
