package main

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"io/fs"
	"regexp"
	"strings"
	"text/template"
)

//go:embed templates
var templateFiles embed.FS

// renderer has the templates that code is written from. Their delimiters are [[ and ]], since
// pages have the others.
func renderer() (*template.Template, error) {
	t := template.New("").Delims("[[", "]]").Funcs(template.FuncMap{
		"indent":    func(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") },
		"camelText": func(text string) string { return camel(strings.Fields(text)) },
	})
	err := fs.WalkDir(templateFiles, "templates", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := templateFiles.ReadFile(path)
		if err == nil {
			_, err = t.New(strings.TrimPrefix(path, "templates/")).Parse(string(text))
		}
		return err
	})
	return t, err
}

// render writes one file from a template.
func render(t *template.Template, name, path string, data any) ([]byte, error) {
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, name, data); err != nil {
		return nil, err
	}
	return formatted(path, withoutUnused(path, out.Bytes()))
}

// withoutUnused takes imports away that a rendered file doesn't use, and the empty
// lines that conditions leave.
func withoutUnused(path string, content []byte) []byte {
	if !strings.HasSuffix(path, ".go") {
		return content
	}
	content = importLine.ReplaceAllFunc(content, func(line []byte) []byte {
		name := importLine.FindSubmatch(line)[1]
		if !regexp.MustCompile(`\b` + string(name) + `\.[A-Z]`).Match(content) {
			return nil
		}
		return line
	})
	content = emptyFirst.ReplaceAll(content, []byte("import (\n"))
	return emptyLines.ReplaceAll(content, []byte("\n\n"))
}

// formatted is a file as gofmt has it.
func formatted(path string, content []byte) ([]byte, error) {
	if !strings.HasSuffix(path, ".go") {
		return content, nil
	}
	content, err := format.Source(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return content, nil
}

// importLine is an import without a name of its own; a version at its end isn't
// its name.
var (
	importLine = regexp.MustCompile(`(?m)^\t"(?:[^"\n]*/)?([a-z]+)(?:/v[0-9]+)?"\n`)
	emptyFirst = regexp.MustCompile(`import \(\n\n+`)
	emptyLines = regexp.MustCompile(`\n{3,}`)
)
