package main

import (
	"context"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// grown is a copy of this project to try things in. It is always in the same
// folder, so that Go finds in its cache what it built there before.
func grown(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../tmp/_gentest")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("../.tools/sqlc"); err != nil {
		t.Skip("sqlc isn't built: make setup builds it")
	}
	if err := copyTree("..", root); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, ".tools"), 0o755); err != nil {
		t.Fatal(err)
	}
	sqlc, err := filepath.Abs("../.tools/sqlc")
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(root, ".tools/sqlc")
	if err := os.Symlink(sqlc, link); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	return root
}

// plans are commands that are tried together: each is written, and all are built
// and tested at once.
var plans = []string{
	"resource product name:string:search:sort price:decimal:sort weight:decimal:3:optional description:text:optional:search --access members",
	"resource ticket title:string:search:sort body:text:optional:search status:enum:open,in_progress,done:sort priority:enum:low,high:optional price:decimal:4 " +
		"due_on:date:optional:sort:due started_on:date:sort seen_at:datetime:optional:sort planned_at:datetime reporter_email:email:unique:search copy_email:email:optional:unique " +
		"website:url:optional:unique homepage:url quantity:int:sort rank:int:optional:sort urgent:bool:filter secret:bool:filter:index assignee:references:users:optional " +
		"author:references:users product:references:products product_two:references:products:optional code:string:optional:unique:index --access members",
	"resource blog_post title:string:unique:sort body:text teaser:string:optional:search published:bool:filter --access public",
	"resource AuditEntry subject:string level:int:optional:sort product:references:product:optional --access admin",
	"resource contact email:email:search:sort --access owner",
	"resource order number:string:sort group_name:string --access members",
	"resource index label:string --access public",
	"resource edition title:string editor:string pages:decimal:0 --access public",
	"resource person name:string:search:sort met_on:date:due --access members",
	"resource member name:string invited_by:references:people:optional --access members",
	"resource child first_name:string --access owner",
	"resource news headline:string:unique parent:references:contacts:optional --access owner",
	"resource status name:string --access members",
	"resource category-box label:string:search --access admin",
	"resource api2_key x:string y1:int:optional type_of:enum:a,b --access owner",
	"page imprint --access public",
	"page weekly-report --access members --nav",
	"page inbox_rules --access admin --nav",
}

// gen runs a command without trying what it plans.
func gen(t *testing.T, root, command string) (string, error) {
	t.Helper()
	var out strings.Builder
	g := &generator{root: root, out: &out, untried: true}
	err := g.command().Run(t.Context(), append([]string{"gen"}, strings.Fields(command)...))
	return out.String(), err
}

// TestWhatIsMadeWorks makes resources with every type of field, access and odd
// names, has their own tests run on both engines, and takes all back.
func TestWhatIsMadeWorks(t *testing.T) {
	root := grown(t)
	before := tree(t, root)
	for _, command := range plans {
		if _, err := gen(t, root, command); err != nil {
			t.Fatalf("gen %s: %v", command, err)
		}
	}
	rec, err := readRecord(root)
	if err != nil {
		t.Fatal(err)
	}
	var tests []string
	for _, m := range append(slices.Collect(maps.Values(rec.Resources)), slices.Collect(maps.Values(rec.Pages))...) {
		for file := range m.Files {
			if strings.HasSuffix(file, "_test.go") {
				tests = append(tests, file)
			}
		}
	}
	p := &plan{root: root}
	if err := p.try(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := p.commit(); err != nil {
		t.Fatal(err)
	}
	goTest(t, root, tests)

	for i := len(plans) - 1; i >= 0; i-- {
		args := strings.Fields(plans[i])
		if _, err := gen(t, root, "destroy "+args[0]+" "+args[1]); err != nil {
			t.Fatalf("destroy %s: %v", args[1], err)
		}
	}
	after := tree(t, root)
	for file := range maps.Keys(after) {
		if was, ok := before[file]; ok && was == after[file] || isGenerated(file) || strings.HasPrefix(file, "data/") {
			continue
		}
		t.Errorf("%s is another than before", file)
	}
	for file := range before {
		if _, ok := after[file]; !ok {
			t.Errorf("%s is gone", file)
		}
	}
}

// isGenerated reports whether a file is made of others, when a plan is tried.
func isGenerated(file string) bool {
	return strings.HasPrefix(file, "db/") && (strings.HasSuffix(file, ".sql.go") || file == "db/models.go") || file == "docs/access.md"
}

// TestWhatWouldClashIsRefused: nothing is written then.
func TestWhatWouldClashIsRefused(t *testing.T) {
	root := grown(t)
	before := tree(t, root)
	for command, want := range map[string]string{
		"resource note title:string --access owner":                          "there is a resource of that name, made by `gen resource note",
		"resource theme name:string --access owner":                          "theme",
		"resource device name:string --access owner":                         "app/web/devices.go is there already",
		"resource attempt name:string --access owner":                        "there is a table attempts",
		"resource user name:string --access owner":                           "there is a table users",
		"resource account name:string --access owner":                        "has a ",
		"page dashboard --access members":                                    "dashboard",
		"page login --access public":                                         "has",
		"page notes --access public":                                         "has",
		"page reports --access owner":                                        "say who may see it",
		"page reports":                                                       "say who may see it",
		"page":                                                               "say what the page is called",
		"resource":                                                           "say what it is called",
		"resource ticket title:string":                                       "say who may use it",
		"resource ticket title:string --access members --acess":              "flag",
		"resource ticket boss:references:tickets name:string --access owner": "can lead to",
		"destroy resource ticket":                                            "gen made no resource ticket: it made notes",
		"destroy page note":                                                  "gen made no page note: it made none",
		"page about_linux --access members":                                  "app/web/about_linux.go would be left out of builds",
		"page unit_test --access members":                                    "app/web/unit_test_test.go would be left out of builds",
		"resource house_window title:string --access members":                "app/seed_house_windows.go would be left out of builds",
		"resource window title:string --access members":                      "app/seed_windows.go would be left out of builds",
		"migration":            "say what it does",
		"migration Ünder":      "letters a to z",
		"resorce note":         "there is no `gen resorce`: did you mean resource?",
		"destroy resorce note": "there is no `gen destroy resorce`: did you mean resource?",
	} {
		out, err := gen(t, root, command)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("gen %s: %v, %s; want %q", command, err, out, want)
		}
	}
	if after := tree(t, root); !maps.Equal(before, after) {
		t.Error("something was written")
	}
}

func TestAPlanCanBeLookedAt(t *testing.T) {
	root := grown(t)
	before := tree(t, root)
	const command = "resource ticket title:string:search --access members "
	out, err := gen(t, root, command+"--dry-run")
	if err != nil || !strings.Contains(out, "create  app/web/tickets.go") || !strings.Contains(out, "Nothing was written") {
		t.Errorf("%v: %s", err, out)
	}
	out, err = gen(t, root, command+"--diff")
	if err != nil || !strings.Contains(out, "+++ b/app/web/tickets.go") || !strings.Contains(out, `+		s.handle(http.MethodGet, "/tickets", signedIn, s.listTickets),`) {
		t.Errorf("%v: %s", err, out)
	}
	if after := tree(t, root); !maps.Equal(before, after) {
		t.Error("something was written")
	}
}

func TestWhatWasEditedIsNotTakenAway(t *testing.T) {
	root := grown(t)
	before := tree(t, root)
	if _, err := gen(t, root, "page reports --access members --nav"); err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(root, "templates/pages/reports/show.html")
	if err := os.WriteFile(page, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	made := tree(t, root)
	_, err := gen(t, root, "destroy page reports")
	if err == nil || !strings.Contains(err.Error(), "templates/pages/reports/show.html") || !strings.Contains(err.Error(), "--force") {
		t.Errorf("got %v", err)
	}
	if after := tree(t, root); !maps.Equal(made, after) {
		t.Error("something was written")
	}
	if _, err := gen(t, root, "destroy page reports --force"); err != nil {
		t.Fatal(err)
	}
	after := tree(t, root)
	kept, err := filepath.Glob(filepath.Join(root, "_backup/*/templates/pages/reports/show.html"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("what was edited is in %v, %v", kept, err)
	}
	if content, err := os.ReadFile(kept[0]); err != nil || string(content) != "mine" {
		t.Errorf("got %s, %v", content, err)
	}
	for file, content := range before {
		if after[file] != content {
			t.Errorf("%s is another than before", file)
		}
	}
}

// goTest runs what is in these files, and what looks at all pages and routes.
func goTest(t *testing.T, root string, files []string) {
	t.Helper()
	names := []string{"TestAccess", "TestTemplates.*", "TestPages.*", "TestEvery.*", "TestSeed.*"}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			if name, _, ok := strings.Cut(strings.TrimPrefix(line, "func "), "(t *testing.T"); ok && strings.HasPrefix(name, "Test") {
				names = append(names, name)
			}
		}
	}
	cmd := exec.CommandContext(context.Background(), "go", "test", "-run", "^("+strings.Join(names, "|")+")$", "./app", "./app/web", "./db", "./templates/...")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath -buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestTheSpecimenGoesTheSameWay: without it a project is what gen new makes
// without notes, whatever else has been made in it.
func TestTheSpecimenGoesTheSameWay(t *testing.T) {
	t.Parallel()
	for _, db := range []string{"both", "postgres"} {
		dir, without := filepath.Join(t.TempDir(), "desk"), filepath.Join(t.TempDir(), "desk")
		for _, command := range []string{"new example.com/acme/desk " + dir + " --db " + db, "new example.com/acme/desk " + without + " --without notes --db " + db} {
			if _, err := gen(t, "", command); err != nil {
				t.Fatal(err)
			}
		}
		for _, command := range []string{"resource ticket title:string:search:sort --access members", "page reports --access members --nav"} {
			if _, err := gen(t, dir, command); err != nil {
				t.Fatalf("%s: %v", command, err)
			}
		}
		git(t, dir, "add", "--all") // so that nobody asks the database what was applied
		git(t, dir, "commit", "--quiet", "--message", "More")
		for _, command := range []string{"destroy resource note", "destroy page reports", "destroy resource ticket"} {
			if _, err := gen(t, dir, command); err != nil {
				t.Fatalf("%s: %v", command, err)
			}
		}
		have, want := sources(t, dir), sources(t, without)
		for _, name := range slices.Concat(sortedKeys(have), sortedKeys(want)) {
			if have[name] != want[name] && !isGenerated(name) && !strings.HasPrefix(name, "db/migrations/") && !slices.Contains([]string{".portal.json", "README.md", recordFile}, name) {
				t.Errorf("%s: %s is another than without notes", db, name)
			}
		}
		if !slices.ContainsFunc(sortedKeys(have), func(name string) bool { return strings.HasSuffix(name, "_drop_notes.sql") }) {
			t.Errorf("%s: the table stays", db)
		}
	}
}
