package program

import (
	"bytes"
	"errors"
	"html/template"
	"strings"
	"testing"
	"time"
)

type person struct {
	Name  string
	Role  role
	Age   int
	Years time.Duration
	Born  *time.Time
	Bio   template.HTML
	Tags  []string
	Boss  *person
	Any   any
	Names map[string]string
}

type role string

func (p *person) Greet(word string) string { return word + ", " + p.Name }

func (p person) Path() string { return "/people/" + p.Name }

func (p person) Try(ok bool) (string, error) {
	if !ok {
		return "", errors.New("no")
	}
	return "yes", nil
}

var functions = template.FuncMap{
	"year":  func(t time.Time) int { return t.Year() },
	"join":  func(sep string, words ...string) string { return strings.Join(words, sep) },
	"upper": strings.ToUpper,
	"crash": func() string { panic("crash") },
	"add":   func(a, b int) int { return a + b },
}

// twice executes a page of this text by html/template and as a program.
func twice(t *testing.T, text string, data any) (want, got string, ok bool) {
	t.Helper()
	page, err := template.New("page").Funcs(functions).Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if page.Execute(&out, data) != nil {
		out.Reset()
	}
	written := bytes.NewBufferString("before")
	p := Compile(page, functions)
	if ok = p != nil && p.Execute(written, data); !ok && written.String() != "before" {
		t.Errorf("%s: what it couldn't write is in %q", text, written)
	}
	return out.String(), strings.TrimPrefix(written.String(), "before"), ok
}

func TestProgramsWriteWhatTemplatesWrite(t *testing.T) {
	t.Parallel()
	born := time.Date(1815, 12, 10, 0, 0, 0, 0, time.UTC)
	ada := &person{
		Name: `<A&"d'a+`, Role: "admin", Age: 36, Born: &born, Bio: "<b>Countess</b>", Tags: []string{"a", "<b>", ""},
		Boss: &person{Name: "Charles"}, Any: "any", Names: map[string]string{"one": "1"},
	}
	for _, text := range []string{
		`{{.Name}} <p title="{{.Name}}">{{.Age}}</p> <title>{{.Name}}</title><textarea>{{.Name}}</textarea>`,
		`{{.Bio}}`,
		`{{if .Name}}yes{{else}}no{{end}} {{if .Boss.Boss}}yes{{else if eq .Role "admin"}}admin{{else}}no{{end}}`,
		`{{with .Boss}}{{.Name}} {{$.Name}}{{else}}none{{end}} {{with .Boss.Boss}}{{.}}{{else}}{{.Name}}{{end}}`,
		`{{range .Tags}}<li>{{.}} {{$.Age}}</li>{{end}} {{range .Boss.Tags}}{{.}}{{else}}none of {{.Name}}{{end}}`,
		`{{$name := .Name}}{{with $other := .Boss.Name}}{{$name}} {{$other}}{{end}}{{if $age := .Age}}{{$age}}{{end}}`,
		`{{.Greet "Hello"}} {{.Boss.Greet "Hello"}} {{.Path}} <a href="/x/{{.Age}}/{{.Boss.Name}}">{{.Try true}}</a>`,
		`<a href="{{.Boss.Path}}">b</a><a href="/p/{{.Boss.Name}}">c</a>`,
		`{{year .Born}} {{year (.Born)}} {{.Name | upper}} {{upper .Name | join "-" "x"}} {{join ","}} {{(.Boss).Name}}`,
		`{{if eq .Age 36}}a{{end}}{{if ne .Age 36}}b{{end}}{{if lt .Age 40}}c{{end}}{{if gt .Age 40}}d{{end}}{{if eq .Any "any"}}e{{end}}`,
		`{{len .Tags}} {{or .Boss.Tags .Name}} {{and .Name .Age}} {{or "" ""}}{{if and .Age (not .Boss.Boss) true}}a{{end}}`,
		`{{define "a"}}{{.}}{{template "b" .}}{{end}}{{define "b"}}[{{$}}]{{end}}{{template "a" .Name}}{{range .Tags}}{{template "a" .}}{{end}}`,
		`{{define "loop"}}{{if .Boss}}{{template "loop" .Boss}}{{end}}{{.Name}}{{end}}{{template "loop" .}}`,
		`{{- /* a remark */ -}} text {{""}}`,
		`{{$n := 1}}{{with $n := add $n 1}}{{.}} {{$n}}{{end}} {{$n}}{{if $n := add $n 2}}{{$n}}{{else}}{{$n}}{{end}}`,
	} {
		want, got, ok := twice(t, text, ada)
		if !ok || got != want || want == "" {
			t.Errorf("%s\ngot  %q\nwant %q (%v)", text, got, want, ok)
		}
	}
}

// TestTheRestIsLeft: what programs don't do, or do not surely do alike, they don't
// do by halves.
func TestTheRestIsLeft(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`before {{.Missing}}`, `before {{.Boss.Name}}`, `before {{.Try false}}`, `before {{crash}}`, `before {{.Any}}`,
		`before {{.Years}}`, `before {{.Born}}`, `before {{.Role}}`, `before {{printf "%d" .Age}}`, `before {{.Names.one}}`,
		`<a href="{{.Name}}">`, `<a href="/{{.Bio}}">`, `<a href="/{{"a b"}}">`, `<script>let a = {{.Name}}</script>`, `<p title={{.Name}}>`,
		`{{range $i, $tag := .Tags}}{{$tag}}{{end}}`, `{{range 3}}x{{end}}`, `{{$a := 1}}{{$a = 2}}{{$a}}`, `{{range .Tags}}{{break}}{{end}}`,
		`{{define "a"}}{{.}}{{end}}<p title="{{template "a" .Name}}">`, `<p title="{{.Bio}}">`, `{{.Name "argument"}}`, `{{1.5}}`, `{{1e6}}`, `{{-0.0}}`, `{{add 1.0 2}}`, `{{eq 1 1 1}}`,
	} {
		if want, got, ok := twice(t, text, person{Name: "javascript:alert(1)", Bio: "<b>", Tags: []string{"a"}}); ok && got != want {
			t.Errorf("%s: wrote %q, want %q", text, got, want)
		}
	}
}

// TestDataThatLeadsBackToItselfIsLeft: html/template ends it with an error, where
// a stack that is full would end the program.
func TestDataThatLeadsBackToItselfIsLeft(t *testing.T) {
	t.Parallel()
	const text = `{{define "person"}}{{if .Boss}}{{template "person" .Boss}}{{end}}{{.Name}}{{end}}{{template "person" .}}`
	page, err := template.New("page").Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	good := &person{Name: "a", Boss: &person{Name: "b"}}
	var out bytes.Buffer
	if err := page.Execute(&out, good); err != nil {
		t.Fatal(err)
	}
	bad := &person{Name: "c"}
	bad.Boss = bad
	var got bytes.Buffer
	p := Compile(page, nil)
	if !p.Execute(&got, good) || got.String() != out.String() || p.Execute(&got, bad) || got.String() != out.String() {
		t.Errorf("got %q", got.String())
	}
}

// FuzzEscape: whatever a text is, wherever it is shown, a program writes it as
// html/template does, or leaves it.
func FuzzEscape(f *testing.F) {
	const text = `{{.Name}}<p title="{{.Name}}" class='{{.Name}}'><title>{{.Name}}</title>`
	pages := []string{
		text, `<a href="{{.Name}}">`, `<a href="/{{.Name}}">`, `<a href="/?q={{.Name}}">`, `<a href='/x/{{.Name}}#a'>`, `<img src="{{.Path}}">`,
	}
	for _, seed := range []string{"", "<&>\"'+`", "\x00\xff", "javascript:alert(1)", "/a?b=c&d=%20%zz", "//evil.example", "é ü", "a b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for _, page := range pages {
			want, got, ok := twice(t, page, person{Name: name})
			if ok && got != want || page == text && !ok {
				t.Errorf("%s of %q: wrote %q, want %q (%v)", page, name, got, want, ok)
			}
		}
	})
}
