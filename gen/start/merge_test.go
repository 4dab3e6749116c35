package start

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lost is a text of the template's that nobody has any more.
const lost = "lost"

// merge merges small projects, whose files are as long as it takes to see what
// becomes of them.
func merge(t *testing.T, then, ours, theirs project, old record) *merger {
	t.Helper()
	m := &merger{base: func(name, _ string) ([]byte, error) {
		if text, ok := old.Texts[name]; ok {
			return []byte(text), nil
		}
		if string(then[name]) == lost {
			return nil, nil
		}
		return then[name], nil
	}}
	mergeInto(t, m, then, ours, theirs, old)
	return m
}

func mergeInto(t *testing.T, m *merger, then, ours, theirs project, old record) {
	t.Helper()
	git := findGit()
	if git == nil {
		t.Skip("there is no git")
	}
	old.Files = map[string]string{}
	for name, content := range then {
		old.Files[name] = hash(content)
	}
	theirs = maps.Clone(theirs)
	theirs[recordName] = []byte(`{"version": "v2.0.0"}`)
	m.old, m.ours, m.theirs = old, ours, theirs
	m.text = func(mine, base, theirs []byte) ([]byte, bool, error) {
		return git.mergeText(t.Context(), mine, base, theirs, "v1.0.0", "v2.0.0")
	}
	if err := m.merge(); err != nil {
		t.Fatal(err)
	}
}

// files makes a project of paths and texts.
func files(pairs ...string) project {
	p := project{}
	for i := 0; i < len(pairs); i += 2 {
		p[pairs[i]] = []byte(pairs[i+1])
	}
	return p
}

// want compares what becomes of the files with lines of "what path", without the
// record.
func (m *merger) want(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, o := range m.outcomes {
		if o.Path != recordName {
			got = append(got, o.Does+" "+o.Path)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, not %q", got, want)
	}
}

// after returns a file as it will be.
func (m *merger) after(name string) string {
	for _, o := range m.outcomes {
		if o.Path == name {
			return string(o.after)
		}
	}
	return string(m.ours[name])
}

func TestWhatBecomesOfAFileFollowsFromWhoChangedIt(t *testing.T) {
	t.Parallel()
	const was, by, both, other = "1\n2\n3\n4\n5\n", "one\n2\n3\n4\n5\n", "one\n2\n3\n4\nfive\n", "ours\n2\n3\n4\n5\n"
	const none = "-" // no such file
	for name, test := range map[string]struct{ then, ours, theirs, does, after string }{
		"nobody":                        {was, was, was, "", was},
		"the team":                      {was, by, was, "", by},
		"the template":                  {was, was, by, replaced, by},
		"both, the same":                {was, by, by, "", by},
		"both, other lines":             {was, by, "1\n2\n3\n4\nfive\n", merged, both},
		"both, the same lines":          {was, other, by, conflicting, "<<<<<<< yours\nours\n||||||| the template v1.0.0\n1\n=======\none\n>>>>>>> the template v2.0.0\n2\n3\n4\n5\n"},
		"both, no text":                 {"a\x00", "b\x00", "c\x00", conflicting, "b\x00"},
		"the template, which added it":  {none, none, by, added, by},
		"the team, which added it":      {none, by, none, "", by},
		"both, which added the same":    {none, by, by, "", by},
		"both, which added it":          {none, other, by, conflicting, "<<<<<<< yours\nours\n=======\none\n>>>>>>> the template v2.0.0\n2\n3\n4\n5\n"},
		"the template, which took it":   {was, was, none, removed, none},
		"the template took an edited":   {was, by, none, kept, by},
		"the team, which took it":       {was, none, was, "", none},
		"the team took a changed":       {was, none, by, kept, none},
		"both, which took it":           {was, none, none, "", none},
		"both, and its text is nowhere": {lost, other, by, conflicting, "<<<<<<< yours\nours\n=======\none\n>>>>>>> the template v2.0.0\n2\n3\n4\n5\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			side := func(text string) project {
				if text == none {
					return project{}
				}
				return files("a", text)
			}
			m := merge(t, side(test.then), side(test.ours), side(test.theirs), record{})
			after, does := m.after("a"), ""
			if len(m.outcomes) > 1 {
				o := m.outcomes[slices.IndexFunc(m.outcomes, func(o outcome) bool { return o.Path == "a" })]
				does = o.Does
				if o.after == nil {
					after = none
				}
			} else if m.ours["a"] == nil {
				after = none
			}
			if does != test.does || after != test.after {
				t.Errorf("got %q and\n%s\nnot %q and\n%s", does, after, test.does, test.after)
			}
			if theirs := side(test.theirs)["a"]; theirs != nil && m.new.Files["a"] != hash(theirs) {
				t.Error("the record has another sum than that of the template's file")
			}
		})
	}
}

// TestTheNextUpgradeMergesWhatWasMerged: no commit has the template's file then.
func TestTheNextUpgradeMergesWhatWasMerged(t *testing.T) {
	t.Parallel()
	then, ours := files("a", "1\n2\n3\n4\n5\n"), files("a", "1\n2\nours\n4\n5\n")
	second := files("a", "one\n2\n3\n4\n5\n")
	m := merge(t, then, ours, second, record{})
	m.want(t, "merge a")

	ours["a"] = []byte(m.after("a"))
	onlyRecorded := func(texts map[string]string) *merger {
		return &merger{base: func(name, _ string) ([]byte, error) { return []byte(texts[name]), nil }}
	}
	old := m.new
	m = onlyRecorded(old.Texts)
	mergeInto(t, m, second, ours, second, old) // in which the template has left it alone
	m.want(t)
	old = m.new
	m = onlyRecorded(old.Texts)
	mergeInto(t, m, second, ours, files("a", "one\n2\n3\n4\nfive\n"), old)
	m.want(t, "merge a")
	if got := m.after("a"); got != "one\n2\nours\n4\nfive\n" {
		t.Errorf("got %s", got)
	}
}

func TestNewMigrationsComeAfterTheProjectsOwn(t *testing.T) {
	t.Parallel()
	const pg, lite = "db/migrations/postgres/", "db/migrations/sqlite/"
	then := files(pg+"00001_users.sql", "users", lite+"00001_users.sql", "users")
	ours := files(pg+"00001_users.sql", "users", lite+"00001_users.sql", "users", pg+"00002_tickets.sql", "tickets", lite+"00002_tickets.sql", "tickets")
	theirs := files(pg+"00001_users.sql", "users", lite+"00001_users.sql", "users",
		pg+"00002_tags.sql", "tags", lite+"00002_tags.sql", "lite tags", pg+"00003_more.sql", "more", lite+"00003_more.sql", "more", pg+"00009_last.sql", "last", lite+"00009_last.sql", "last")
	m := merge(t, then, ours, theirs, record{})
	m.want(t, "add "+pg+"00003_tags.sql", "add "+lite+"00003_tags.sql", "add "+pg+"00004_more.sql", "add "+lite+"00004_more.sql", "add "+pg+"00009_last.sql", "add "+lite+"00009_last.sql")
	if got := m.after(lite + "00003_tags.sql"); got != "lite tags" {
		t.Errorf("got %s", got)
	}

	// The next upgrade finds them, and changes none.
	for _, o := range m.outcomes {
		ours[o.Path] = o.after
	}
	ours[pg+"00010_ours.sql"], ours[lite+"00010_ours.sql"] = []byte("ours"), []byte("ours")
	theirs[pg+"00002_tags.sql"], theirs[pg+"00010_new.sql"] = []byte("other tags"), []byte("new")
	delete(theirs, pg+"00001_users.sql")
	known := project{}
	for name := range m.new.Files {
		known[name] = ours[name]
	}
	m = merge(t, known, ours, theirs, record{Renumbered: m.new.Renumbered})
	m.want(t, "keep "+pg+"00003_tags.sql", "keep "+pg+"00001_users.sql", "add "+pg+"00011_new.sql")
	if want := map[string]string{"00002_tags.sql": "00003_tags.sql", "00003_more.sql": "00004_more.sql", "00010_new.sql": "00011_new.sql"}; !maps.Equal(m.new.Renumbered, want) {
		t.Errorf("got %v", m.new.Renumbered)
	}
}

func TestWhatIsMadeOfOtherFilesIsMadeAgain(t *testing.T) {
	t.Parallel()
	then := files("db/a.sql.go", "1", "db/models.go", "1", "docs/access.md", "1", "db/gone.sql.go", "1", "db/same.sql.go", "1")
	ours := files("db/a.sql.go", "ours", "db/models.go", "1", "docs/access.md", "ours", "db/gone.sql.go", "1", "db/same.sql.go", "ours")
	theirs := files("db/a.sql.go", "2", "db/models.go", "2", "docs/access.md", "2", "db/new.sql.go", "2", "db/same.sql.go", "1")
	m := merge(t, then, ours, theirs, record{})
	m.want(t, "make db/a.sql.go", "make db/models.go", "make docs/access.md", "make db/gone.sql.go", "make db/new.sql.go")
}

// TestWhatGenMadeStaysListed, and what gen destroy took back stays away.
func TestWhatGenMadeStaysListed(t *testing.T) {
	t.Parallel()
	list := func(entries string) string { return `{"resources": {` + entries + `}, "pages": {}}` }
	const note1, note2 = `"notes": {"command": ["note"], "files": {"app/notes.go": "1"}}`, `"notes": {"command": ["note"], "files": {"app/notes.go": "2", "app/notes_new.go": "2"}}`
	const tag, ticket, other = `"tags": {"command": ["tag"], "files": {"app/tags.go": "2"}}`, `"tickets": {"command": ["ticket"], "files": {}}`, `"notes": {"command": ["note", "ours"], "files": {}}`
	then := files("app/main.go", "1", "app/notes.go", "1", madeRecord, list(note1))
	theirs := files("app/main.go", "1", "app/notes.go", "2", "app/notes_new.go", "2", "app/tags.go", "2", madeRecord, list(note2+","+tag))
	for name, test := range map[string]struct {
		ours     project
		list     string
		outcomes []string
	}{
		"with another": {files("app/main.go", "1", "app/notes.go", "1", madeRecord, list(note1+","+ticket)), list(note2 + "," + tag + "," + ticket),
			[]string{"take app/notes.go", "add app/notes_new.go", "add app/tags.go", "merge " + madeRecord}},
		"destroyed": {files("app/main.go", "1", madeRecord, list(ticket)), list(tag + "," + ticket), []string{"keep app/notes.go", "keep app/notes_new.go", "add app/tags.go", "merge " + madeRecord}},
		"made in another way": {files("app/main.go", "1", "app/notes.go", "ours", madeRecord, list(other)), list(other + "," + tag),
			[]string{"conflict app/notes.go", "add app/notes_new.go", "add app/tags.go", "merge " + madeRecord}},
	} {
		m := merge(t, then, test.ours, theirs, record{})
		m.want(t, test.outcomes...)
		var got, want any
		if err := json.Unmarshal([]byte(m.after(madeRecord)), &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(test.list), &want); err != nil {
			t.Fatal(err)
		}
		one, _ := json.Marshal(got)
		two, _ := json.Marshal(want)
		if string(one) != string(two) {
			t.Errorf("%s: got %s, not %s", name, one, two)
		}
	}
}

// TestWhatGenMadeHereIsMerged with what it makes of the same commands now, and
// its list says so.
func TestWhatGenMadeHereIsMerged(t *testing.T) {
	t.Parallel()
	const was, now = "1\n2\n3\n4\n5\n", "one\n2\n3\n4\n5\n"
	list := func(text string) string {
		return `{"resources": {"tickets": {"command": ["ticket"], "files": {"a": "` + hash([]byte(text)) + `", "b": "` + hash([]byte(text)) + `", "c": "` + hash([]byte(lost)) + `", "sql": "-"}}}, "pages": {}}`
	}
	then := files("gen/templates/t", "t")
	ours := files("gen/templates/t", "t", "a", was, "b", "1\n2\nours\n4\n5\n", "c", "ours\n", "sql", "ours", madeRecord, list(was))
	theirs := project{}
	maps.Copy(theirs, then)
	m := &merger{made: files("a", now, "b", now, "c", now), base: func(_, sum string) ([]byte, error) {
		if sum == hash([]byte(was)) {
			return []byte(was), nil
		}
		return nil, nil
	}}
	mergeInto(t, m, then, ours, theirs, record{})
	m.want(t, "take a", "merge b", "keep c", "merge "+madeRecord)
	if got := m.after("b"); got != "one\n2\nours\n4\n5\n" {
		t.Errorf("got %s", got)
	}
	if got, want := m.after(madeRecord), strings.ReplaceAll(list(now), hash([]byte(lost)), hash([]byte(now))); got != want {
		t.Errorf("got %s, not %s", got, want)
	}
	if m.new.Files["a"] != "" || m.new.Texts["b"] != now {
		t.Errorf("the record has %v and %v", m.new.Files, m.new.Texts)
	}

	ours["gen/templates/t"] = []byte("the team's own")
	m = &merger{made: files("a", now)}
	mergeInto(t, m, then, ours, theirs, record{})
	m.want(t)
}

// TestAFolderThatTheTeamDeletedStaysAway: a new file in it would be alone there.
func TestAFolderThatTheTeamDeletedStaysAway(t *testing.T) {
	t.Parallel()
	then := files("gen/a.go", "1", "gen/b.go", "1", "app/a.go", "1")
	theirs := files("gen/a.go", "1", "gen/b.go", "1", "gen/c.go", "1", "app/a.go", "1", "app/b.go", "1", "new/a.go", "1")
	merge(t, then, files("app/a.go", "ours"), theirs, record{}).want(t, "keep gen/c.go", "add app/b.go", "add new/a.go")
	merge(t, then, files("gen/b.go", "1", "app/a.go", "1"), theirs, record{}).want(t, "add gen/c.go", "add app/b.go", "add new/a.go")
}

func TestModulesAreMergedInTheNewerVersion(t *testing.T) {
	t.Parallel()
	then := files("go.mod", "module m\n\ngo 1.25\n\nrequire (\n\ta.b/a v1.0.0\n\ta.b/c v1.0.0\n\ta.b/d v1.0.0\n\ta.b/old v1.0.0\n)\n", "go.sum", "a 1\n")
	ours := files("go.mod", "module m\n\ngo 1.25\n\nrequire (\n\ta.b/a v1.0.0\n\ta.b/b v1.0.0\n\ta.b/c v1.0.0\n\ta.b/d v1.9.0\n\ta.b/old v1.0.0\n)\n", "go.sum", "a 1\nb 1\n")
	theirs := files("go.mod", "module m\n\ngo 1.26\n\nrequire (\n\ta.b/a v1.1.0\n\ta.b/c v1.1.0\n\ta.b/d v1.1.0\n\ta.b/e v1.0.0\n)\n", "go.sum", "a 1\na 2\n")
	m := merge(t, then, ours, theirs, record{})
	m.want(t, "merge go.mod", "merge go.sum")
	for _, want := range []string{"go 1.26\n", "a.b/a v1.1.0", "a.b/b v1.0.0", "a.b/c v1.1.0", "a.b/d v1.9.0", "a.b/e v1.0.0"} {
		if got := m.after("go.mod"); !strings.Contains(got, want) || strings.Contains(got, "old") {
			t.Errorf("go.mod without %s:\n%s", want, got)
		}
	}
	if got := m.after("go.sum"); got != "a 1\na 2\nb 1\n" {
		t.Errorf("go.sum: %s", got)
	}
}

func TestAFileAsTheTemplateWroteItIsFound(t *testing.T) {
	t.Parallel()
	git := findGit()
	if git == nil {
		t.Skip("there is no git")
	}
	dir := t.TempDir()
	for i, text := range []string{"first\n", "  second\n", "third\n"} {
		if err := os.WriteFile(filepath.Join(dir, "a"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if err := git.commitAll(t.Context(), dir, text); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if out, err := git.run(t.Context(), dir, "-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "-qam", text); err != nil {
			t.Fatal(out)
		}
	}
	for text, want := range map[string]string{"first\n": "first\n", "  second\n": "  second\n", "in the record\n": "in the record\n", "nowhere\n": ""} {
		e := &existing{dir: dir, git: git, record: record{Texts: map[string]string{"a": "in the record\n"}}}
		if got, err := e.base(t.Context(), "a", hash([]byte(text))); err != nil || string(got) != want {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
}

func TestAnOlderTemplateIsKnownByItsVersion(t *testing.T) {
	t.Parallel()
	git := findGit()
	if git == nil {
		t.Skip("there is no git")
	}
	for versions, newer := range map[[2]string]bool{
		{"v1.2.0", "v1.10.0"}:           false,
		{"v1.10.0", "v1.2.0"}:           true,
		{"v1.0.0", "v1.0.0"}:            false,
		{"v1.0.0-4-gabcdef0", "v1.0.0"}: false, // git may know more
		{"devel", "v1.0.0"}:             false,
	} {
		e := &existing{git: git, record: record{Version: versions[0]}}
		if err := e.mayFollow(t.Context(), versions[1]); (err != nil) != newer {
			t.Errorf("%s is newer than %s: %v", versions[0], versions[1], err)
		}
	}
}

// TestACloneUpgradesOnlyWhatItKnows: one that is behind would take a project back.
func TestACloneUpgradesOnlyWhatItKnows(t *testing.T) {
	git := findGit()
	if git == nil {
		t.Skip("there is no git")
	}
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("go.mod", []byte("module "+templatePath+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var commits []string
	for range 2 {
		if err := os.WriteFile("a", []byte(rand.Text()), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := git.commitAll(t.Context(), dir, "x"); err != nil {
			t.Fatal(err)
		}
		commit, err := git.run(t.Context(), dir, "rev-parse", "HEAD")
		if err != nil {
			t.Fatal(commit)
		}
		commits = append(commits, commit[:12])
	}
	mayFollow := func(recorded string) error {
		e := &existing{git: git, record: record{Version: recorded}}
		return e.mayFollow(t.Context(), "devel")
	}
	for _, known := range []string{commits[0], commits[1], commits[0] + "-dirty", "v0.0.0-20260101000000-" + commits[0], "devel"} {
		if err := mayFollow(known); err != nil {
			t.Errorf("%s: %v", known, err)
		}
	}
	for _, unknown := range []string{"0123abc", "v0.1.0-3-g0123abc", "v9.9.9"} {
		if err := mayFollow(unknown); err == nil || !strings.Contains(err.Error(), "git pull --tags") {
			t.Errorf("%s: %v", unknown, err)
		}
	}
	if out, err := git.run(t.Context(), dir, "checkout", "--quiet", commits[0]); err != nil {
		t.Fatal(out)
	}
	if err := mayFollow(commits[1]); err == nil || !strings.Contains(err.Error(), "run the newer one's gen") {
		t.Errorf("a newer one: %v", err)
	}
}
