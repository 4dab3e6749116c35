package main

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"regexp"
	"strings"
	"text/template"
)

//go:embed templates
var templateFiles embed.FS

// templates are what code is written from. Their delimiters are [[ and ]], since
// pages have the others.
func renderer() (*template.Template, error) {
	t := template.New("").Delims("[[", "]]").Funcs(template.FuncMap{
		"camelText": func(text string) string { return camel(strings.Fields(text)) },
	})
	for _, pattern := range []string{"templates/resource/*.tmpl", "templates/page/*.tmpl", "templates/migration/*.tmpl"} {
		names, err := templateFiles.ReadDir(strings.TrimSuffix(pattern, "/*.tmpl"))
		if err != nil {
			return nil, err
		}
		for _, entry := range names {
			path := strings.TrimSuffix(pattern, "*.tmpl") + entry.Name()
			text, err := templateFiles.ReadFile(path)
			if err != nil {
				return nil, err
			}
			if _, err := t.New(strings.TrimPrefix(path, "templates/")).Parse(string(text)); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// render writes one file from a template.
func render(t *template.Template, name, path string, data any) ([]byte, error) {
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, name, data); err != nil {
		return nil, err
	}
	return tidy(path, out.Bytes())
}

// tidy formats Go, and takes imports away that nothing uses.
func tidy(path string, content []byte) ([]byte, error) {
	if !strings.HasSuffix(path, ".go") {
		return content, nil
	}
	content = importLine.ReplaceAllFunc(content, func(line []byte) []byte {
		name := importLine.FindSubmatch(line)[1]
		if !regexp.MustCompile(`\b` + string(name) + `\.[A-Z]`).Match(content) {
			return nil
		}
		return line
	})
	content = regexp.MustCompile(`import \(\n\n+`).ReplaceAll(content, []byte("import (\n"))
	content = regexp.MustCompile(`\n{3,}`).ReplaceAll(content, []byte("\n\n"))
	content, err := format.Source(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return content, nil
}

// importLine is an import without a name of its own; a version at its end isn't
// its name.
var importLine = regexp.MustCompile(`(?m)^\t"(?:[^"\n]*/)?([a-z]+)(?:/v[0-9]+)?"\n`)
