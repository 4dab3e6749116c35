package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestImportsGoOneWay holds the packages to the order in which they may know
// each other. A package that isn't listed may import none of ours.
func TestImportsGoOneWay(t *testing.T) {
	t.Parallel()
	module := ownModule(t) + "/"
	allowed := map[string][]string{
		"app":              {"app/audit", "app/auth", "app/config", "app/links", "app/mail", "app/outbox", "app/people", "app/session", "app/web", "db"},
		"app/audit":        {"app/auth", "db"},
		"app/config":       {"app/auth"},
		"app/input":        {"app/auth"},
		"app/links":        {"db"},
		"app/mail":         {"templates"},
		"app/outbox":       {"app/config", "app/mail", "db", "templates"},
		"app/people":       {"app/links", "app/mail", "app/outbox", "db"},
		"app/web":          {"app/audit", "app/auth", "app/config", "app/devtools", "app/input", "app/links", "app/mail", "app/outbox", "app/people", "app/session", "db", "static", "templates"},
		"app/session":      {"app/audit", "db"},
		"bench":            {"app/session", "db", "db/dbtest"},
		"db/dbtest":        {"db"},
		"dev":              {"app/config", "app/devtools"},
		"gen":              {"gen/start"},
		"gen/start":        {""},
		"templates":        {"app/input", "templates/program"},
		"db/dbtest/withpg": {"db/dbtest", "e2e/browser"},
	}
	speaksHTTP := []string{"app", "app/web", "app/session", "app/devtools", "bench", "dev", "static"}

	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && name != ".." && strings.HasPrefix(name, ".") || name == "tmp" {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel("..", filepath.Dir(path))
		if err != nil {
			return err
		}
		from := filepath.ToSlash(dir)
		for _, spec := range file.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if ours, ok := strings.CutPrefix(to, module); ok && !slices.Contains(allowed[from], ours) {
				t.Errorf("%s imports %s: allowed are %v", path, ours, allowed[from])
			}
			if (to == "net/http" || strings.Contains(to, "labstack/echo")) && !slices.Contains(speaksHTTP, from) {
				t.Errorf("%s imports %s: HTTP stays in %v", path, to, speaksHTTP)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ownModule is the path that go.mod names.
func ownModule(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimPrefix(first, "module ")
}
