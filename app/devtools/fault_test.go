//go:build dev

package devtools

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// project returns a folder with these files, each of ten lines.
func project(t *testing.T, names ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range names {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("1\n2\n3\n4\n\t5 <b>\n6\n7\n8\n9\n10\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestAToolsMessageLeadsToItsPlaces(t *testing.T) {
	t.Parallel()
	root := project(t, "app/web/home.go", "queries/notes.sql", "go.mod")
	for name, test := range map[string]struct {
		output string
		want   []Place // without the excerpt
	}{
		"the compiler's": {
			"# example.com/app/web\napp/web/home.go:5:2: undefined: x\n./app/web/home.go:7:3: not enough arguments\n\thave ()\n\twant (int)\napp/web/home.go:7:3: too many errors\n",
			[]Place{
				{File: "app/web/home.go", Line: 5, Column: 2, Note: "undefined: x", First: 2},
				{File: "app/web/home.go", Line: 7, Column: 3, Note: "not enough arguments\nhave ()\nwant (int)", First: 4},
				{File: "app/web/home.go", Line: 7, Column: 3, Note: "too many errors", First: 4},
			},
		},
		"vet's": {"vet: app/web/home.go:1:1: expected 'package'", []Place{{File: "app/web/home.go", Line: 1, Column: 1, Note: "expected 'package'", First: 1}}},
		"sqlc's": {
			"# package db\nqueries/notes.sql:5:2: syntax error at or near \"SELECTT\"\n",
			[]Place{{File: "queries/notes.sql", Line: 5, Column: 2, Note: `syntax error at or near "SELECTT"`, First: 2}},
		},
		"the go command's":             {"go: errors parsing go.mod:\ngo.mod:3: unknown directive: x\n", []Place{{File: "go.mod", Line: 3, Note: "unknown directive: x", First: 1}}},
		"one of another project":       {"../other/x.go:1:1: no\n/usr/lib/go/src/fmt/print.go:1:1: no\nnone.go:1:1: no\napp/web/home.go:99:1: no\n", nil},
		"one without a place":          {"portal: 1 setting needs attention:\n  PORT is \"x\"\n", nil},
		"one that is said three times": {strings.Repeat("go.mod:3: x\n", 3), []Place{{File: "go.mod", Line: 3, Note: "x", First: 1}}},
		"a panic's, of which only our frames": {
			"panic: no\n\ngoroutine 1 [running]:\nruntime.gopanic({0x1, 0x2})\n\t/usr/lib/go/src/runtime/panic.go:1 +0x1\n" +
				"example.com/app/web.(*Server).show(0x0)\n\t" + root + "/app/web/home.go:5 +0x1d\n" +
				"created by example.com/app/web.New in goroutine 1\n\t" + root + "/app/web/home.go:9 +0x2e\n",
			[]Place{
				{File: "app/web/home.go", Line: 5, Note: "web.(*Server).show", First: 2},
				{File: "app/web/home.go", Line: 9, Note: "web.New", First: 6},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := ParseFault(Compile, "It doesn't compile.", test.output, root)
			if text := strings.ReplaceAll(test.output, root+"/", ""); f.Text != strings.TrimSpace(text) || f.Title != "It doesn't compile." || f.Kind != Compile {
				t.Errorf("got %+v", f)
			}
			same := func(got, want Place) bool {
				return got.File == want.File && got.Line == want.Line && got.Column == want.Column && got.Note == want.Note && got.First == want.First
			}
			if !slices.EqualFunc(f.Places, test.want, same) {
				t.Errorf("got  %+v\nwant %+v", f.Places, test.want)
			}
		})
	}
}

func TestAPlaceHasTheLinesAroundIt(t *testing.T) {
	t.Parallel()
	root := project(t, "x.go")
	f := ParseFault(Compile, "", "x.go:5:2: no\nx.go:1:1: no\nx.go:10:1: no\n", root)
	for i, want := range [][]string{{"2", "3", "4", "\t5 <b>", "6", "7", "8"}, {"1", "2", "3", "4"}, {"7", "8", "9", "10"}} {
		if !slices.Equal(f.Places[i].Excerpt, want) {
			t.Errorf("got %q, want %q", f.Places[i].Excerpt, want)
		}
	}
}

func TestAHundredMistakesAreTenPlaces(t *testing.T) {
	t.Parallel()
	root := project(t, "x.go")
	var output strings.Builder
	for i := range 100 {
		output.WriteString("x.go:5:" + string(rune('1'+i%9)) + ": mistake " + strings.Repeat("x", i) + "\n")
	}
	if f := ParseFault(Compile, "", output.String(), root); len(f.Places) != 10 {
		t.Errorf("got %d", len(f.Places))
	}
}

func TestALinkOpensTheEditor(t *testing.T) {
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("EDITOR_URL", "")
	if got, want := Link(Place{File: "a b.go", Line: 3}), "vscode://file"+filepath.ToSlash(wd)+"/a%20b.go:3:1"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	t.Setenv("EDITOR_URL", "idea://open?file={file}&line={line}&column={column}")
	if got, want := Link(Place{File: "x.go", Line: 3, Column: 7}), "idea://open?file="+filepath.ToSlash(wd)+"/x.go&line=3&column=7"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAFaultIsAPageWithNothingOfItsTextAsMarkup(t *testing.T) {
	t.Setenv("EDITOR_URL", "")
	root := project(t, "x.go")
	f := ParseFault(Compile, "It doesn't compile.", "x.go:5:2: <script>alert(1)</script>\n", root)
	var page strings.Builder
	if err := WritePage(&page, State{Fault: f}, ""); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<h1>It doesn&#39;t compile.</h1>", "/x.go:5:2\">x.go:5:2</a>", `href="vscode://file/`,
		"&lt;script&gt;alert(1)", "<mark><b>5</b> \t5 &lt;b&gt;</mark>", "<b>4</b> 4\n",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("want %q in:\n%s", want, page.String())
		}
	}
	if strings.Contains(page.String(), "<script>alert") {
		t.Error("it is markup")
	}

	page.Reset()
	if err := WritePage(&page, State{Building: true}, "72 packages"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), "<h1>The portal is being built</h1>") || !strings.Contains(page.String(), "Building: 72 packages") {
		t.Error(page.String())
	}
}
