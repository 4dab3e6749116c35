package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var full = flag.Bool("full", false, "build and test a project that was upgraded: minutes")

// olderLine is what the template has in some files of an older version, as their
// first line.
const olderLine = "An older line of the template."

// inOlder are these files, and how their first line is written.
var inOlder = map[string]string{
	"README.md":           "<!-- " + olderLine + " -->\n",
	"app/web/routes.go":   "// " + olderLine + "\n\n",
	"app/web/page.go":     "// " + olderLine + "\n\n",
	"db/db.go":            "// " + olderLine + "\n\n",
	"static/css/base.css": "/* " + olderLine + " */\n",
}

// older returns the folder of a project that an older version of the template
// has made: its files, and its record of them.
func older(t *testing.T, args string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "desk")
	if _, err := gen(t, "", "new example.com/acme/desk "+dir+" "+args); err != nil {
		t.Fatal(err)
	}
	rec := readJSON(t, dir)
	sums := rec["files"].(map[string]any)
	for file, line := range inOlder {
		sums[file] = edit(t, dir, file, func(text string) string { return line + text })
	}
	// One that the newer version doesn't have, and one that only that has.
	sums["docs/old.md"] = edit(t, dir, "docs/old.md", func(string) string { return "Old\n" })
	delete(sums, "docs/roles.md")
	if err := os.Remove(filepath.Join(dir, "docs/roles.md")); err != nil {
		t.Fatal(err)
	}
	rec["version"], rec["tree"] = "v0.9.0", "older"
	writeJSON(t, dir, rec)
	git(t, dir, "add", "--all")
	git(t, dir, "commit", "--quiet", "--amend", "--no-edit")
	git(t, dir, "tag", "made")
	return dir
}

// edit changes a file and returns its sum.
func edit(t *testing.T, dir, file string, change func(text string) string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	changed := []byte(change(string(text)))
	if err := os.WriteFile(filepath.Join(dir, file), changed, 0o644); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(changed))
}

func readJSON(t *testing.T, dir string) (rec map[string]any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, ".portal.json"))
	if err := errors.Join(err, json.Unmarshal(text, &rec)); err != nil {
		t.Fatal(err)
	}
	return rec
}

func writeJSON(t *testing.T, dir string, rec map[string]any) {
	t.Helper()
	text, err := json.Marshal(rec)
	if err := errors.Join(err, os.WriteFile(filepath.Join(dir, ".portal.json"), text, 0o644)); err != nil {
		t.Fatal(err)
	}
}

// sources are the files of a project, without git's own.
func sources(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := tree(t, dir)
	maps.DeleteFunc(files, func(name, _ string) bool { return strings.HasPrefix(name, ".git/") })
	return files
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=x", "-c", "user.email=x@localhost", "-c", "commit.gpgsign=false"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestAnUpgradeKeepsWhatTheTeamHasDone: with edits in five files and two
// resources, over a change of the template in three of the same files and more.
// One of them can't be merged.
func TestAnUpgradeKeepsWhatTheTeamHasDone(t *testing.T) {
	t.Parallel()
	dir := older(t, "")
	for _, command := range []string{"resource ticket title:string:search:sort --access members", "resource contact email:email:search --access owner"} {
		if _, err := gen(t, dir, command); err != nil {
			t.Fatal(err)
		}
	}
	edit(t, dir, "README.md", func(text string) string { return text + "\nOur last words.\n" })
	edit(t, dir, "app/web/page.go", func(text string) string { return strings.Replace(text, olderLine, "Our own line.", 1) })
	edit(t, dir, "app/web/errors.go", func(text string) string { return text + "\n// Our last words.\n" })
	edit(t, dir, "docs/decisions.md", func(text string) string { return text + "\nOur last words.\n" })
	git(t, dir, "add", "--all")
	git(t, dir, "commit", "--quiet", "--message", "Ours")
	before := sources(t, dir)

	out, err := gen(t, dir, "upgrade --dry-run "+dir)
	if err != nil || !strings.Contains(out, "conflict  app/web/page.go\n") || !strings.Contains(out, "from v0.9.0 to ") || !strings.Contains(out, "with 1 conflict. Nothing was written") {
		t.Fatalf("%v\n%s", err, out)
	}
	if !maps.Equal(before, sources(t, dir)) {
		t.Fatal("something was written")
	}

	out, err = gen(t, dir, "upgrade --json "+dir)
	if err == nil || err.Error() != "1 conflict to mend" {
		t.Errorf("got %v", err)
	}
	var said struct {
		From  string
		Files []struct{ Path, Does string }
		Next  []string
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	does := map[string]string{}
	for _, file := range said.Files {
		does[file.Path] = file.Does
	}
	if want := map[string]string{
		"README.md": "merge", "app/web/routes.go": "merge", "app/web/page.go": "conflict", "db/db.go": "take", "static/css/base.css": "take",
		"docs/roles.md": "add", "docs/old.md": "remove", ".portal.json": "take",
	}; !maps.Equal(does, want) {
		t.Errorf("got %v, not %v", does, want)
	}
	if said.From != "v0.9.0" || strings.Join(said.Next, ", ") != "git diff, make generate, make check, git add --all, git commit" {
		t.Errorf("got %+v", said)
	}

	after := sources(t, dir)
	for file, want := range map[string]string{"README.md": "Our last words", "app/web/errors.go": "Our last words", "docs/decisions.md": "Our last words",
		"app/web/routes.go": `"/tickets"`, "gen/record.json": `"contacts"`, "app/web/page.go": "// Our own line.\n"} {
		if !strings.Contains(after[file], want) {
			t.Errorf("%s has %q no more", file, want)
		}
	}
	for file, text := range after {
		if isConflict := file == "app/web/page.go"; isConflict != strings.Contains(text, "\n=======\n") {
			t.Errorf("%s is marked otherwise than it should be", file)
		}
		if file != "app/web/page.go" && strings.Contains(text, olderLine) {
			t.Errorf("%s is as it was", file)
		}
	}
	if diff := git(t, dir, "diff"); !strings.Contains(diff, "+++ b/docs/roles.md") {
		t.Error("git diff doesn't show what was added")
	}
	if _, err := gen(t, dir, "upgrade "+dir); err == nil || !strings.Contains(err.Error(), "not all is committed") {
		t.Errorf("again: %v", err)
	}

	if *full {
		edit(t, dir, "app/web/page.go", func(text string) string {
			_, rest, _ := strings.Cut(text, ">>>>>>> ")
			return rest[strings.Index(rest, "\n")+1:]
		})
		tools, err := filepath.Abs("../.tools")
		if err := errors.Join(err, os.Symlink(tools, filepath.Join(dir, ".tools")), os.Chtimes(filepath.Join(dir, "tools.mod"), time.Unix(0, 0), time.Unix(0, 0))); err != nil {
			t.Fatal(err)
		}
		for _, command := range []string{"make generate", "git add --all", "git -c user.name=x -c user.email=x@localhost commit --quiet --message upgrade", "go build ./...", "go vet ./...", "make test PKG=./app/web"} {
			args := strings.Fields(command)
			cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", command, err, out)
			}
		}
		out, err := gen(t, dir, "upgrade "+dir)
		if err != nil || !strings.Contains(out, "there is nothing to do") {
			t.Errorf("once more: %v\n%s", err, out)
		}
		return
	}
	git(t, dir, "reset", "--quiet", "--hard")
	if out := git(t, dir, "status", "--porcelain"); out != "" {
		t.Errorf("after git reset:\n%s", out)
	}
	for file, text := range sources(t, dir) {
		if was, ok := before[file]; !ok || was != text {
			t.Errorf("%s is another than before", file)
		}
	}
}

// TestWhatIsMadeAgainIsTheSame, as long as the generator is.
func TestWhatIsMadeAgainIsTheSame(t *testing.T) {
	root := grown(t)
	for _, command := range plans {
		if _, err := gen(t, root, command); err != nil {
			t.Fatalf("gen %s: %v", command, err)
		}
	}
	files, err := remake(root)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := readRecord(root)
	if err != nil {
		t.Fatal(err)
	}
	delete(rec.Resources, "notes") // which has a file that was written by hand
	for _, entries := range []map[string]*made{rec.Resources, rec.Pages} {
		for name, m := range entries {
			for file, want := range m.Files {
				if !strings.HasPrefix(file, "db/migrations/") && sum(files[file]) != want {
					t.Errorf("%s: %s is another", name, file)
				}
			}
		}
	}
}

// TestAProjectIsUpgradedAsItWasAskedFor: its answers are those of its record.
func TestAProjectIsUpgradedAsItWasAskedFor(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"--db postgres", "--without notes", "--license mit --author Acme", "--short dk --name Acme"} {
		dir := older(t, args)
		out, err := gen(t, dir, "upgrade --dry-run "+dir)
		if err != nil || strings.Count(out, "\n") != len(inOlder)+5 || !strings.Contains(out, "  take      README.md\n") || !strings.Contains(out, "no conflict") {
			t.Errorf("%s: %v\n%s", args, err, out)
		}
	}
}

// TestARenamedModuleIsUpgradedUnderItsNewName: the team has moved it since.
func TestARenamedModuleIsUpgradedUnderItsNewName(t *testing.T) {
	t.Parallel()
	dir := older(t, "")
	for file := range sources(t, dir) {
		if strings.HasSuffix(file, ".go") || file == "go.mod" {
			edit(t, dir, file, func(text string) string {
				return strings.ReplaceAll(text, "example.com/acme/desk", "example.com/acme/tables")
			})
		}
	}
	git(t, dir, "commit", "--quiet", "--all", "--message", "Moved")
	out, err := gen(t, dir, "upgrade --dry-run "+dir)
	if err != nil || !strings.Contains(out, "  merge     app/web/page.go\n") || !strings.Contains(out, "no conflict") || strings.Contains(out, "errors.go") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWhatCantBeUpgradedIsRefusedWithASentence(t *testing.T) {
	t.Parallel()
	dir := older(t, "")
	commit := func() { git(t, dir, "commit", "--quiet", "--all", "--message", "x") }
	record := func(name string, value any) {
		rec := readJSON(t, dir)
		rec[name] = value
		writeJSON(t, dir, rec)
		commit()
	}
	text := func(file, text string) { edit(t, dir, file, func(string) string { return text }) }
	for _, test := range []struct {
		want   string
		change func()
	}{
		{"such as app/main.go: commit", func() { text("app/main.go", "package main\n") }},
		{"such as notes.txt: commit", func() { text("notes.txt", "x") }},
		{"can't be read: ", func() { text(".portal.json", "{") }},
		{`unknown field "colour"`, func() { record("colour", "blue") }},
		{"was made of example.com/other", func() { record("template", "example.com/other") }},
		{"lists no files", func() { record("files", map[string]string{}) }},
		{`the database "mysql"`, func() { record("db", "mysql") }},
		{"the short name", func() { record("short", "Desk!") }},
		{"gen/record.json can't be read", func() {
			text("gen/record.json", "{")
			sums := readJSON(t, dir)["files"].(map[string]any)
			sums["gen/record.json"] = "another"
			record("files", sums)
		}},
		{"has no .portal.json", func() { git(t, dir, "rm", "--quiet", ".portal.json") }},
		{"run git init", func() { git(t, dir, "rm", "--quiet", "--cached", ".portal.json") }},
	} {
		test.change()
		before := sources(t, dir)
		out, err := gen(t, dir, "upgrade "+dir)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasSuffix(err.Error(), "Nothing was changed") {
			t.Errorf("%s: %v\n%s", test.want, err, out)
		}
		if !maps.Equal(before, sources(t, dir)) {
			t.Errorf("%s: something was written", test.want)
		}
		git(t, dir, "reset", "--quiet", "--hard", "made")
		git(t, dir, "clean", "--quiet", "--force")
	}
	if err := os.RemoveAll(filepath.Join(dir, ".git")); err != nil {
		t.Fatal(err)
	}
	if out, err := gen(t, dir, "upgrade "+dir); err == nil || !strings.Contains(err.Error(), "run git init") {
		t.Errorf("without a repository: %v\n%s", err, out)
	}
	if _, err := gen(t, "", "upgrade a b"); err == nil || !strings.Contains(err.Error(), "takes a folder at most") {
		t.Errorf("two folders: %v", err)
	}
	dir = filepath.Join(t.TempDir(), "desk")
	if _, err := gen(t, "", "new example.com/acme/desk "+dir); err != nil {
		t.Fatal(err)
	}
	if out, err := gen(t, dir, "upgrade "+dir); err != nil || !strings.Contains(out, "there is nothing to do") {
		t.Errorf("at this version: %v\n%s", err, out)
	}
}
