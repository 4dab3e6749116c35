// Package program executes pages of html/template several times faster than
// html/template does, and writes the same bytes.
//
// html/template parses the pages and decides what is escaped how. Most of what
// it takes to execute them is reflection for each of the escaping functions that
// it has put in. Compile turns what it made into closures, which know the
// functions and the shapes of values that pages mostly have. Whatever else
// comes, Execute leaves to html/template, which also says what is wrong with it.
// So the portal works without this package: the calls of it are in Set.Render.
package program

import (
	"bytes"
	"errors"
	"html/template"
	"reflect"
	"strings"
	"text/template/parse"
)

// Program is a page that can be executed. It is safe for concurrent use.
type Program struct{ page *body }

// Compile returns the page t as a program, or nil when t has something in it
// that programs can't do. T must have been executed, which is when html/template
// escapes it. Functions are what it calls.
func Compile(t *template.Template, functions template.FuncMap) (p *Program) {
	c := &compiler{t, functions, map[string]*body{}}
	defer func() {
		if value := recover(); value != nil && value != errUnknown {
			panic(value)
		}
	}()
	return &Program{c.body(t.Name())}
}

// Execute appends the page to out and reports whether it could. When it
// couldn't, out is as before.
func (p *Program) Execute(out *bytes.Buffer, data any) (ok bool) {
	length := out.Len()
	defer func() {
		if !ok {
			out.Truncate(length)
			recover() // a function that panics does so again in html/template
		}
	}()
	p.page.run(out, reflect.ValueOf(data), 0)
	return true
}

// errUnknown is the panic that ends Compile, or Execute, at what they can't do.
var errUnknown = errors.New("left to html/template")

// body is one {{define}}.
type body struct {
	parts     []part
	variables int
}

// frame is where a body is while it is executed.
type frame struct {
	out       *bytes.Buffer
	root, dot reflect.Value
	variables []reflect.Value
	depth     int // of bodies that call bodies
}

// maxDepth is far above what pages need, and far below what the stack can take:
// data may lead back to itself.
const maxDepth = 1000

// A part writes something of the page, and an operand is worked out.
type (
	part    func(*frame)
	operand func(*frame) reflect.Value
)

func (b *body) run(out *bytes.Buffer, dot reflect.Value, depth int) {
	if depth > maxDepth {
		panic(errUnknown)
	}
	f := frame{out: out, root: dot, dot: dot, depth: depth}
	if b.variables > 0 {
		f.variables = make([]reflect.Value, b.variables)
	}
	f.run(b.parts)
}

func (f *frame) run(parts []part) {
	for _, write := range parts {
		write(f)
	}
}

type compiler struct {
	page      *template.Template
	functions template.FuncMap
	bodies    map[string]*body
}

// body compiles the template of this name, once.
func (c *compiler) body(name string) *body {
	if b, ok := c.bodies[name]; ok {
		return b
	}
	t := c.page.Lookup(name)
	if t == nil || t.Tree == nil {
		panic(errUnknown) // html/template keeps one for each context to itself
	}
	b := &body{}
	c.bodies[name] = b
	s := &scope{compiler: c, body: b}
	b.parts = s.list(t.Tree.Root)
	return b
}

// scope is what is known in one place of a body: the names of its variables, by
// their place in the frame.
type scope struct {
	*compiler
	*body
	names []string
}

func (s *scope) declare(name string) int {
	s.names = append(s.names, name)
	s.variables = max(s.variables, len(s.names))
	return len(s.names) - 1
}

func (s *scope) list(list *parse.ListNode) []part {
	if list == nil {
		return nil
	}
	var parts []part
	for _, node := range list.Nodes {
		parts = append(parts, s.part(node))
	}
	return parts
}

func (s *scope) part(node parse.Node) part {
	switch node := node.(type) {
	case *parse.TextNode:
		return func(f *frame) { f.out.Write(node.Text) }
	case *parse.ActionNode:
		if len(node.Pipe.Decl) > 0 {
			return s.declaration(node.Pipe)
		}
		return s.print(node.Pipe)
	case *parse.TemplateNode:
		dot, called := s.pipe(node.Pipe), s.compiler.body(node.Name)
		return func(f *frame) { called.run(f.out, dot(f), f.depth+1) }
	case *parse.IfNode:
		return s.branch(&node.BranchNode, func(f *frame, _ reflect.Value, parts []part) { f.run(parts) })
	case *parse.WithNode:
		return s.branch(&node.BranchNode, func(f *frame, dot reflect.Value, parts []part) {
			outside := f.dot
			f.dot = dot
			f.run(parts)
			f.dot = outside
		})
	case *parse.RangeNode:
		return s.each(&node.BranchNode)
	}
	panic(errUnknown)
}

// declaration keeps the value of a pipeline in a variable, which is known after it.
func (s *scope) declaration(pipe *parse.PipeNode) part {
	value, keep := s.value(pipe)
	return func(f *frame) { keep(f, value(f)) }
}

// value is a pipeline that may declare a variable, and what keeps it there.
func (s *scope) value(pipe *parse.PipeNode) (operand, func(*frame, reflect.Value)) {
	if pipe.IsAssign || len(pipe.Decl) > 1 {
		panic(errUnknown)
	}
	value := s.pipe(&parse.PipeNode{Cmds: pipe.Cmds})
	if len(pipe.Decl) == 0 {
		return value, func(*frame, reflect.Value) {}
	}
	place := s.declare(pipe.Decl[0].Ident[0])
	return value, func(f *frame, v reflect.Value) { f.variables[place] = v }
}

// branch is an if or a with; then runs what is inside, of a value that counts as
// true.
func (s *scope) branch(node *parse.BranchNode, then func(*frame, reflect.Value, []part)) part {
	known := s.names
	defer func() { s.names = known }()
	condition, keep := s.value(node.Pipe)
	inside, otherwise := s.list(node.List), s.list(node.ElseList)
	return func(f *frame) {
		value := condition(f)
		keep(f, value)
		if isTrue(value) {
			then(f, value, inside)
		} else {
			f.run(otherwise)
		}
	}
}

// each is a range over a slice.
func (s *scope) each(node *parse.BranchNode) part {
	known := s.names
	defer func() { s.names = known }()
	if len(node.Pipe.Decl) > 0 {
		panic(errUnknown)
	}
	slice := s.pipe(node.Pipe)
	inside, otherwise := s.list(node.List), s.list(node.ElseList)
	return func(f *frame) {
		rows := slice(f)
		if rows.Kind() != reflect.Slice {
			panic(errUnknown)
		}
		if rows.Len() == 0 {
			f.run(otherwise)
		}
		outside := f.dot
		for i := range rows.Len() {
			f.dot = rows.Index(i)
			f.run(inside)
		}
		f.dot = outside
	}
}

// print writes the value of a pipeline, as the escaping functions at its end have
// it.
func (s *scope) print(pipe *parse.PipeNode) part {
	begin := len(pipe.Cmds)
	for begin > 0 && strings.HasPrefix(pipe.Cmds[begin-1].String(), "_html_template_") {
		begin--
	}
	var escapers []string
	for _, escaper := range pipe.Cmds[begin:] {
		escapers = append(escapers, escaper.String())
	}
	write, ok := writers[strings.Join(escapers, " ")]
	if !ok {
		panic(errUnknown)
	}
	value := s.pipe(&parse.PipeNode{Cmds: pipe.Cmds[:begin]})
	return func(f *frame) { write(f.out, value(f)) }
}
