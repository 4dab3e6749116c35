package start

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/joho/godotenv"
	"github.com/urfave/cli/v3"

	portal "github.com/managethefans/portal"
)

var full = flag.Bool("full", false, "run make check in projects that were made: minutes")

// gen runs the command as main does.
func gen(ctx context.Context, args ...string) (string, error) {
	var out bytes.Buffer
	root := &cli.Command{Name: "gen", Writer: &out, ErrWriter: &out, Commands: Commands(nil, nil, nil),
		ExitErrHandler: func(context.Context, *cli.Command, error) {}}
	err := root.Run(ctx, append([]string{"gen"}, args...))
	return out.String(), err
}

// acme is what most tests ask for.
func acme(t *testing.T) request {
	t.Helper()
	n, err := newNames("example.com/acme/desk", "", "Acme Desk")
	if err != nil {
		t.Fatal(err)
	}
	return request{names: n, DB: both, Notes: true, License: noLicense, Template: "v1.2.3"}
}

func mustMake(t *testing.T, req request) project {
	t.Helper()
	p, err := newProject(req)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// wantNoTrace looks through the names and lines of all files but those that may
// have it.
func (p project) wantNoTrace(t *testing.T, trace *regexp.Regexp, but ...string) {
	t.Helper()
	for _, name := range p.paths() {
		if slices.Contains(but, name) {
			continue
		}
		if trace.MatchString(name) {
			t.Errorf("a file is called %s", name)
		}
		if !trace.Match(p[name]) {
			continue
		}
		for line := range strings.Lines(string(p[name])) {
			if trace.MatchString(line) {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

func TestAProjectDoesNotNameTheTemplate(t *testing.T) {
	t.Parallel()
	mustMake(t, acme(t)).wantNoTrace(t, regexp.MustCompile(`(?i)portal|managethefans`), recordName)
}

func TestAProjectWithoutNotesHasNone(t *testing.T) {
	t.Parallel()
	req := acme(t)
	req.Notes = false
	p := mustMake(t, req)
	p.wantNoTrace(t, regexp.MustCompile(`/notes|[nN]otePath|\bNotes?\(|notes\.(sql|go|html)|notes_test`), recordName, "templates/partials/breadcrumbs.html", "docs/decisions.md")
}

// TestAProjectWithoutNotesHasWhatMadeResourcesUse: the specimen is what gen makes,
// so that each name that it uses has to be there without it.
func TestAProjectWithoutNotesHasWhatMadeResourcesUse(t *testing.T) {
	t.Parallel()
	source, err := readTemplate(portal.Files)
	if err != nil {
		t.Fatal(err)
	}
	req := acme(t)
	req.Notes = false
	p := mustMake(t, req)
	for folder, files := range map[string][]string{"app/web": {"notes.go", "notes_test.go"}, "app": {"seed_notes.go"}} {
		used, has := map[string]bool{}, map[string]bool{}
		for _, file := range files {
			parsed := parse(t, file, source[folder+"/"+file])
			for _, id := range parsed.Unresolved {
				used[id.Name] = true
			}
			for name := range parsed.Scope.Objects {
				has[name] = true
			}
			for _, i := range parsed.Imports {
				has[strings.Trim(path.Base(strings.TrimSuffix(i.Path.Value, "/v4\"")), "\"")] = true
			}
		}
		for name, content := range p {
			if path.Dir(name) == folder && path.Ext(name) == ".go" {
				for declared := range parse(t, name, content).Scope.Objects {
					has[declared] = true
				}
			}
		}
		for name := range used {
			if !has[name] && types.Universe.Lookup(name) == nil {
				t.Errorf("%s of %v isn't there without them", name, files)
			}
		}
	}
}

func parse(t *testing.T, name string, content []byte) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, content, 0)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestNothingInGoIsCalledAfterTheTemplate: what is, may not compile under
// another name, such as main.
func TestNothingInGoIsCalledAfterTheTemplate(t *testing.T) {
	t.Parallel()
	source, err := readTemplate(portal.Files)
	if err != nil {
		t.Fatal(err)
	}
	source, err = changesFor(acme(t)).apply(source)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range source {
		if filepath.Ext(name) != ".go" {
			continue
		}
		ast.Inspect(parse(t, name, content), func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && strings.Contains(strings.ToLower(id.Name), "portal") {
				t.Errorf("%s has the identifier %s", name, id.Name)
			}
			return true
		})
	}
}

func TestProseSpeaksOfTheApplicationAndNamesAreNames(t *testing.T) {
	t.Parallel()
	n := acme(t).names
	for text, want := range map[string]string{
		"The portal runs.":                         "The application runs.",
		"a portal, two portals":                    "an application, two applications",
		"A portal's log":                           "An application's log",
		"// of the\n\t// portal itself":            "// of the\n\t// application itself",
		"# as the\n# portal does":                  "# as the\n# application does",
		"run `portal migrate up`":                  "run `desk migrate up`",
		"the portal_session and the portal.db":     "the desk_session and the desk.db",
		"bin/portal, /portal, portal-devtools":     "bin/desk, /desk, desk-devtools",
		"PORTAL_DEV_LOOP":                          "DESK_DEV_LOOP",
		`"github.com/managethefans/portal/db"`:     `"example.com/acme/desk/db"`,
		"module github.com/managethefans/portal\n": "module example.com/acme/desk\n",
	} {
		if got := n.rename(text); got != want {
			t.Errorf("%q becomes %q, not %q", text, got, want)
		}
	}
	twice := names{Module: "example.com/myportal", Short: "myportal"}
	if got := twice.rename("portal_session of the portal"); got != "myportal_session of the application" {
		t.Errorf("a name with the template's in it: %q", got)
	}
}

func TestEveryChangeStillFindsItsPlace(t *testing.T) {
	t.Parallel()
	source := project{"a.txt": []byte("one\ntwo\nthree\ntwo words\n"), "b/c": nil}
	for name, c := range map[string]changes{
		"a pattern without a file":   {leftOut: []string{"*.md"}},
		"a folder that isn't there":  {leftOut: []string{"docs/"}},
		"a file that isn't there":    {edits: []edit{{path: "d", old: "x"}}},
		"a file that is left out":    {leftOut: []string{"a.txt"}, edits: []edit{{path: "a.txt", old: "one"}}},
		"a text that isn't there":    {edits: []edit{{path: "a.txt", old: "four"}}},
		"a text that is there twice": {edits: []edit{{path: "a.txt", old: "two"}}},
		"a line that isn't there":    {edits: []edit{{path: "a.txt", from: "hree", upTo: "two"}}},
		"a line that is there twice": {edits: []edit{{path: "a.txt", from: "two", upTo: "three"}}},
		"an end that isn't there":    {edits: []edit{{path: "a.txt", from: "three", upTo: "one"}}},
	} {
		if _, err := c.apply(source); err == nil {
			t.Errorf("%s is no error", name)
		}
	}
	p, err := changes{leftOut: []string{"b/"}, edits: []edit{{path: "a.txt", from: "one", upTo: "three"}, {path: "a.txt", from: "two"}}}.apply(source)
	if err != nil || len(p) != 1 || string(p["a.txt"]) != "three\n" {
		t.Errorf("got %q, %v", p, err)
	}
}

func TestAProjectOnPostgreSQLAloneKnowsNoOther(t *testing.T) {
	t.Parallel()
	req := acme(t)
	req.DB = postgresOnly
	p := mustMake(t, req)
	maps.DeleteFunc(p, func(name string, _ []byte) bool { return strings.HasPrefix(name, "gen/") }) // writes for either
	// What goose tests itself with, and what sqlc is made of.
	p.wantNoTrace(t, regexp.MustCompile(`(?i)sqlite|modernc\.org/sqlite`), recordName, "go.sum", "tools.mod", "tools.sum")
	req.Notes = false
	mustMake(t, req)
}

func TestAProjectIsFormatted(t *testing.T) {
	t.Parallel()
	req := acme(t)
	req.Short = "x" // another length moves what is aligned
	for name, content := range mustMake(t, req) {
		if filepath.Ext(name) != ".go" {
			continue
		}
		if formatted, err := format.Source(content); err != nil || !bytes.Equal(formatted, content) {
			t.Errorf("%s isn't formatted: %v", name, err)
		}
	}
}

// TestNothingThatGitIgnoresIsInAProject: a binary that was built in a clone may
// have it.
func TestNothingThatGitIgnoresIsInAProject(t *testing.T) {
	t.Parallel()
	source, err := readTemplate(os.DirFS(junkyard(t)))
	if err != nil || !slices.Equal(source.paths(), []string{".gitignore", "app/main.go", "go.mod"}) {
		t.Errorf("got %v, %v", source.paths(), err)
	}
	// It was made by gonew.
	if got := string(source["go.mod"]) + string(source["app/main.go"]); got != "module github.com/managethefans/portal\nimport \"github.com/managethefans/portal/db\"" {
		t.Errorf("got %s", got)
	}
}

func junkyard(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	ignore, err := fs.ReadFile(portal.Files, ".gitignore")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{".gitignore": string(ignore), "go.mod": "module example.com/copy\n", "app/main.go": "import \"example.com/copy/db\"", "app/.env": "SECRET", "app/x.db": "", "db/y.db-wal": "", "app/z.db.migrate": ""} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestNamesAreMadeOfTheModulePath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]names{
		"example.com/acme/desk":         {Short: "desk", Display: "Desk"},
		"example.com/acme/desk/v2":      {Short: "desk", Display: "Desk"},
		"gopkg.in/desk.v3":              {Short: "desk", Display: "Desk"},
		"example.com/acme/service-desk": {Short: "servicedesk", Display: "Service Desk"},
		"example.com/acme/Desk.App":     {Short: "deskapp", Display: "Desk App"},
		"example.com/acme/func":         {Short: "func", Display: "Func"},
		"example.com/acme/main":         {Short: "main", Display: "Main"},
		"example.com/acme/internal":     {Short: "internal", Display: "Internal"},
		"example.com/myportal":          {Short: "myportal", Display: "Myportal"},
		"desk.example.com":              {Short: "deskexamplecom", Display: "Desk Example Com"},
	} {
		want.Module = path
		if got, err := newNames(path, "", ""); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", path, got, err)
		}
	}
}

func TestNamesThatCantWorkAreRefusedWithASentence(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ path, short, display, want string }{
		"no path":                             {"", "", "", "example.com/acme/desk"},
		"a path without a host":               {"desk", "", "", "example.com/acme/desk"},
		"a path in capital letters":           {"Example.com/desk", "", "", "example.com/acme/desk"},
		"a path with a space":                 {"example.com/my desk", "", "", "example.com/acme/desk"},
		"a path with letters that Go refuses": {"example.com/büro", "", "", "example.com/acme/desk"},
		"a path that climbs":                  {"example.com/../desk", "", "", "example.com/acme/desk"},
		"a path that is a URL":                {"https://example.com/desk", "", "", "example.com/acme/desk"},
		"vendor":                              {"example.com/vendor/desk", "", "", "vendor"},
		"the template's":                      {"github.com/managethefans/portal", "", "", "template's own"},
		"a number":                            {"example.com/acme/2026", "", "", "--short"},
		"a name that make has":                {"example.com/acme/build", "", "", "--short buildapp"},
		"a folder of the image":               {"example.com/acme/data", "", "", "--short dataapp"},
		"a long one":                          {"example.com/acme/abcdefghijklmnopqrstuvwxyz", "", "", "--short"},
		"a short name with a dash":            {"example.com/acme/desk", "my-desk", "", "--short"},
		"a name of space":                     {"example.com/acme/desk", "", " ", "--name"},
		"a name of two lines":                 {"example.com/acme/desk", "", "Acme\nDesk", "--name"},
		"a name that turns round":             {"example.com/acme/desk", "", "Acme\u202eDesk", "--name"},
		"a name of broken bytes":              {"example.com/acme/desk", "", "Acme\xff", "--name"},
		"a name of 100 letters":               {"example.com/acme/desk", "", strings.Repeat("Desk ", 20), "--name"},
	} {
		if got, err := newNames(test.path, test.short, test.display); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

// hostile are names that mean something where they are put.
var hostile = []string{`Desk & Sons`, `<b>Desk</b>`, `Ada's Desk`, `"Desk"`, `Desk 🗃️`, `Größe`, `$HOME`, "`Desk`", `50 % Desk`, `Desk \ n`, `# Desk`, `{{.}}`, `=Desk`, `A'"$b\`, strings.Repeat("ö", maxDisplay)}

func TestADisplayNameIsTheSameInCodeAndSettings(t *testing.T) {
	t.Parallel()
	source, err := readTemplate(portal.Files)
	if err != nil {
		t.Fatal(err)
	}
	for _, display := range hostile {
		n, err := newNames("example.com/acme/desk", "", display)
		if err != nil {
			t.Errorf("%s: %v", display, err)
			continue
		}
		p, err := changes{edits: displayed(n.Display)}.apply(source)
		if err != nil {
			t.Fatal(err)
		}
		if got := defaultName(t, p); got != display {
			t.Errorf("%s is %q in config.go", display, got)
		}
		_, rest, _ := strings.Cut(string(p[".env.example"]), "# APP_NAME=")
		line, _, _ := strings.Cut(rest, "\n")
		if values, err := godotenv.Unmarshal("APP_NAME=" + line); err != nil || values["APP_NAME"] != display {
			t.Errorf("%s is %q in .env.example, %v", display, values["APP_NAME"], err)
		}
	}
}

// defaultName returns the default of APP_NAME.
func defaultName(t *testing.T, p project) string {
	t.Helper()
	var name string
	ast.Inspect(parse(t, "config.go", p["app/config/config.go"]), func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 2 {
			if first, ok := call.Args[0].(*ast.BasicLit); ok && first.Value == `"APP_NAME"` {
				name = literal(t, call.Args[1].(*ast.BasicLit).Value)
			}
		}
		return true
	})
	return name
}

func literal(t *testing.T, text string) (value string) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestTheRecordHasEveryFile(t *testing.T) {
	t.Parallel()
	p := mustMake(t, acme(t))
	var r record
	if err := json.Unmarshal(p[recordName], &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Files) != len(p)-1 || r.Files["go.mod"] != hash(p["go.mod"]) || r.Version != "v1.2.3" || r.Tree == "" || !strings.Contains(r.Notice, "MIT") {
		t.Errorf("got %+v", r)
	}
}

func TestTheLicenceNamesItsHolder(t *testing.T) {
	t.Parallel()
	req := acme(t)
	if _, ok := mustMake(t, req)["LICENSE"]; ok {
		t.Error("there is a licence that nobody asked for")
	}
	req.License, req.Author = mit, "Acme & Sons"
	if text := string(mustMake(t, req)["LICENSE"]); !strings.Contains(text, "Acme & Sons\n") || !strings.Contains(text, "Permission is hereby granted") {
		t.Errorf("got %s", text)
	}
}

func TestMistakesAreSentencesAndMakeNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letter"), []byte("Dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a link to nothing":       {[]string{"example.com/desk", dir + "/link"}, "is a link to a folder that isn't there"},
		"nothing":                 {nil, "a module path"},
		"too much":                {[]string{"example.com/a", "b", "c"}, "a module path"},
		"a bad path":              {[]string{"desk", dir + "/x"}, "malformed module path"},
		"a folder with something": {[]string{"example.com/desk", dir}, "letter"},
		"the same, to look at":    {[]string{"--dry-run", "example.com/desk", dir}, "letter"},
		"a file":                  {[]string{"example.com/desk", dir + "/letter"}, "not a directory"},
		"a folder in none":        {[]string{"example.com/desk", dir + "/x/y"}, "no folder"},
		"another database":        {[]string{"--db", "mysql", "example.com/desk", dir + "/x"}, "both or postgres"},
		"without something else":  {[]string{"--without", "users", "example.com/desk", dir + "/x"}, "Only notes"},
		"another licence":         {[]string{"--license", "gpl", "example.com/desk", dir + "/x"}, "none or mit"},
		"a licence of nobody":     {[]string{"--license", "mit", "example.com/desk", dir + "/x"}, "--author"},
	} {
		if out, err := gen(t.Context(), append([]string{"new"}, test.args...)...); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	wantEntries(t, dir, "letter", "link")
}

func wantEntries(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s has %v, not %v", dir, got, want)
	}
}

func TestADryRunListsAndWritesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out, err := gen(t.Context(), "new", "example.com/acme/desk", filepath.Join(dir, "desk"), "--dry-run")
	if err != nil || !strings.Contains(out, "app/web/routes.go\n") || !strings.Contains(out, "Nothing was written") {
		t.Errorf("%v\n%s", err, out)
	}
	wantEntries(t, dir)
}

func TestWhatWasDoneIsSaidAsJSON(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "my desk")
	out, err := gen(t.Context(), "new", "--json", "--no-git", "example.com/acme/desk", dir)
	var said struct {
		Folder, Module, Short, Name string
		Git, DryRun                 bool
		Files, Next                 []string
	}
	if err := errors.Join(err, json.Unmarshal([]byte(out), &said)); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if said.Folder != dir || said.Module != "example.com/acme/desk" || said.Short != "desk" || said.Name != "Desk" || said.Git || said.DryRun || said.Next[0] != "cd '"+dir+"'" {
		t.Errorf("got %+v", said)
	}
	for _, name := range said.Files {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
		t.Error("there is a repository")
	}
}

func TestAnEmptyFolderIsFilledAndHasOneCommit(t *testing.T) {
	t.Parallel()
	if findGit() == nil {
		t.Skip("there is no git")
	}
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 240)) // as long as a name may be
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := gen(t.Context(), "new", "example.com/acme/desk", dir); err != nil || !strings.Contains(out, "one commit") {
		t.Fatalf("%v\n%s", err, out)
	}
	for args, want := range map[string]string{"log --format=%s": "Start of Desk\n", "status --short": "", "branch --show-current": "main\n"} {
		out, err := exec.Command("git", append([]string{"-C", dir}, strings.Fields(args)...)...).CombinedOutput()
		if err != nil || string(out) != want {
			t.Errorf("git %s: %v\n%s", args, err, out)
		}
	}
}

// TestAFailureLeavesNothing has git fail, the disk fill up, and somebody press
// Ctrl-C.
func TestAFailureLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := mustMake(t, acme(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.write(ctx, filepath.Join(dir, "desk"), nil, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if err := p.write(t.Context(), filepath.Join(dir, "desk"), &gitCommand{"/bin/false"}, ""); err == nil || !strings.Contains(err.Error(), "git init") {
		t.Errorf("git fails: %v", err)
	}
	if err := p.write(t.Context(), dir, &gitCommand{"/bin/false"}, ""); err == nil || !strings.Contains(err.Error(), "git init") {
		t.Errorf("git fails in a folder that is there: %v", err)
	}
	broken := project{"a/b": nil, "a": nil, "c": nil} // a can't be both
	if err := broken.write(t.Context(), filepath.Join(dir, "desk"), nil, ""); err == nil {
		t.Error("a file that can't be written is no error")
	}
	wantEntries(t, dir)
}

// TestAFullDiskLeavesNothing has files be no longer than so many bytes, which is
// the same to a program as a full disk.
func TestAFullDiskLeavesNothing(t *testing.T) {
	if os.Getenv("GEN_TEST_FULL_DISK") == "" {
		t.Parallel()
		dir := t.TempDir()
		cmd := exec.Command(os.Args[0], "-test.run=^TestAFullDiskLeavesNothing$")
		cmd.Env = append(os.Environ(), "GEN_TEST_FULL_DISK="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		wantEntries(t, dir)
		return
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1000, Max: 1000}); err != nil {
		t.Fatal(err)
	}
	_, err := gen(t.Context(), "new", "--no-git", "example.com/acme/desk", filepath.Join(os.Getenv("GEN_TEST_FULL_DISK"), "desk"))
	if !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), "nothing was made") {
		t.Errorf("got %v", err)
	}
}

// made returns the folder of a project with all that these tests need.
func made(t *testing.T, args ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "project")
	if out, err := gen(t.Context(), slices.Concat([]string{"new"}, args, []string{dir})...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

func runIn(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOPROXY=off", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// kinds are the projects that gen new can make, as its arguments.
var kinds = map[string][]string{
	"as it is":      {"example.com/acme/service-desk/v2", "--name", "Acme Desk"},
	"without notes": {"example.com/acme/main", "--name", `Ada's "Desk" & <Sons> 🗃️`, "--without", "notes"},
	"on PostgreSQL": {"example.com/acme/internal/func/v2", "--short", "abcdefghijklmnopqrst", "--db", "postgres"},
}

func TestAProjectBuildsWithoutANetwork(t *testing.T) {
	t.Parallel()
	for name, args := range kinds {
		t.Run(name, func(t *testing.T) {
			dir := made(t, args...)
			runIn(t, dir, "go", "vet", "./...") // with what it needs of the compiler
			runIn(t, dir, "go", "vet", "-tags", "dev", "./...")
		})
	}
}

// TestAProjectIsGreen runs make check in new projects that have a resource.
func TestAProjectIsGreen(t *testing.T) {
	if !*full {
		t.Skip("without -full: it takes minutes")
	}
	for name, args := range kinds {
		t.Run(name, func(t *testing.T) { makeCheck(t, made(t, args...)) })
	}
}

func makeCheck(t *testing.T, dir string) {
	t.Helper()
	tools, err := filepath.Abs("../../.tools")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(tools, filepath.Join(dir, ".tools")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "tools.mod"), time.Unix(0, 0), time.Unix(0, 0)); err != nil { // they aren't built anew
		t.Fatal(err)
	}
	runIn(t, dir, "go", "run", "./gen", "resource", "ticket", "title:string:search:sort", "price:decimal", "assignee:references:users:optional", "--access", "members")
	runIn(t, dir, "git", "add", "--all")
	runIn(t, dir, "git", "-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "--quiet", "--message", "Tickets")
	runIn(t, dir, "make", "check")
	runIn(t, dir, "git", "diff", "--exit-code", "HEAD")
}
