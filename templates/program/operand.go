package program

import (
	"cmp"
	"reflect"
	"strings"
	"sync/atomic"
	"text/template/parse"
)

// pipe works out a pipeline: the value of each command is the last argument of
// the next.
func (s *scope) pipe(pipe *parse.PipeNode) operand {
	if pipe == nil {
		return func(*frame) reflect.Value { return reflect.Value{} }
	}
	if len(pipe.Decl) > 0 || len(pipe.Cmds) == 0 {
		panic(errUnknown)
	}
	var value operand
	for _, command := range pipe.Cmds {
		value = s.command(command, value)
	}
	return value
}

// command is a value, or a call with the last argument last, if there is one.
func (s *scope) command(command *parse.CommandNode, last operand) operand {
	var arguments []operand
	for _, node := range command.Args[1:] {
		arguments = append(arguments, s.operand(node))
	}
	if last != nil {
		arguments = append(arguments, last)
	}
	switch node := command.Args[0].(type) {
	case *parse.IdentifierNode:
		return s.function(node.Ident, arguments)
	case *parse.FieldNode:
		return path(func(f *frame) reflect.Value { return f.dot }, node.Ident, arguments)
	case *parse.VariableNode:
		return path(s.variable(node.Ident[0]), node.Ident[1:], arguments)
	case *parse.ChainNode:
		return path(s.operand(node.Node), node.Field, arguments)
	default:
		if len(arguments) > 0 {
			panic(errUnknown)
		}
		return s.operand(node)
	}
}

func (s *scope) operand(node parse.Node) operand {
	var constant any
	switch node := node.(type) {
	case *parse.DotNode:
		return func(f *frame) reflect.Value { return f.dot }
	case *parse.FieldNode, *parse.VariableNode, *parse.ChainNode, *parse.IdentifierNode:
		return s.command(&parse.CommandNode{Args: []parse.Node{node}}, nil)
	case *parse.PipeNode:
		return s.pipe(node)
	case *parse.StringNode:
		constant = node.Text
	case *parse.BoolNode:
		constant = node.True
	case *parse.NumberNode:
		if !node.IsInt || strings.ContainsAny(node.Text, ".eEpP") { // 1.0 is a float
			panic(errUnknown)
		}
		constant = int(node.Int64)
	default:
		panic(errUnknown)
	}
	value := reflect.ValueOf(constant)
	return func(*frame) reflect.Value { return value }
}

func (s *scope) variable(name string) operand {
	if name == "$" {
		return func(f *frame) reflect.Value { return f.root }
	}
	for place := len(s.names) - 1; place >= 0; place-- {
		if s.names[place] == name {
			return func(f *frame) reflect.Value { return f.variables[place] }
		}
	}
	panic(errUnknown)
}

// path follows fields and methods from a value; arguments are for the last one.
func path(value operand, names []string, arguments []operand) operand {
	for i, name := range names {
		if i == len(names)-1 {
			value = member(value, name, arguments)
		} else {
			value = member(value, name, nil)
		}
	}
	return value
}

// found is where values of a type have a member: a method, else a field.
type found struct {
	of     reflect.Type
	method int // -1: it is a field
	field  []int
}

func member(value operand, name string, arguments []operand) operand {
	var last atomic.Pointer[found] // mostly, all values in a place have one type
	return func(f *frame) reflect.Value {
		v := concrete(value(f))
		if v.Kind() != reflect.Pointer && v.CanAddr() {
			v = v.Addr() // its methods may be the pointer's
		}
		if !v.IsValid() {
			panic(errUnknown)
		}
		where := last.Load()
		if where == nil || where.of != v.Type() {
			where = find(v.Type(), name)
			last.Store(where)
		}
		if where.method >= 0 {
			return call(v.Method(where.method), arguments, f)
		}
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if len(arguments) > 0 {
			panic(errUnknown)
		}
		return concrete(v.FieldByIndex(where.field))
	}
}

func find(t reflect.Type, name string) *found {
	if m, ok := t.MethodByName(name); ok {
		return &found{t, m.Index, nil}
	}
	of := t
	if t.Kind() == reflect.Pointer {
		of = t.Elem()
	}
	if of.Kind() == reflect.Struct {
		if field, ok := of.FieldByName(name); ok && field.IsExported() {
			return &found{t, -1, field.Index}
		}
	}
	panic(errUnknown)
}

// function is a call of one of html/template's own functions, or of ours.
func (s *scope) function(name string, arguments []operand) operand {
	if ours, ok := s.functions[name]; ok {
		function := reflect.ValueOf(ours)
		return func(f *frame) reflect.Value { return call(function, arguments, f) }
	}
	if builtin, ok := builtins[name]; ok {
		return builtin(arguments)
	}
	panic(errUnknown)
}

// call calls a function that returns a value, and maybe an error.
func call(function reflect.Value, arguments []operand, f *frame) reflect.Value {
	t := function.Type()
	if t.NumIn() != len(arguments) && !t.IsVariadic() || t.NumOut() == 0 || t.NumOut() > 2 {
		panic(errUnknown)
	}
	var space [8]reflect.Value
	in := space[:0]
	for i, argument := range arguments {
		wanted := t.In(min(i, t.NumIn()-1))
		if t.IsVariadic() && i >= t.NumIn()-1 {
			wanted = wanted.Elem()
		}
		v := argument(f)
		if !v.IsValid() {
			panic(errUnknown)
		}
		if v.Kind() == reflect.Pointer && !v.Type().AssignableTo(wanted) {
			v = v.Elem()
		}
		in = append(in, v)
	}
	out := function.Call(in)
	if len(out) == 2 && !out[1].IsNil() {
		panic(errUnknown)
	}
	return concrete(out[0])
}

// concrete is what an interface holds.
func concrete(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Interface {
		return v.Elem()
	}
	return v
}

// builtins are the functions of text/template that pages use, made of their
// arguments.
var builtins = map[string]func([]operand) operand{
	"eq":  comparison(func(order int) bool { return order == 0 }),
	"ne":  comparison(func(order int) bool { return order != 0 }),
	"lt":  comparison(func(order int) bool { return order < 0 }),
	"gt":  comparison(func(order int) bool { return order > 0 }),
	"and": choice(func(value bool) bool { return !value }),
	"or":  choice(func(value bool) bool { return value }),
	"not": unary(func(v reflect.Value) any { return !isTrue(v) }),
	"len": unary(func(v reflect.Value) any { return v.Len() }),
}

func unary(work func(reflect.Value) any) func([]operand) operand {
	return func(arguments []operand) operand {
		if len(arguments) != 1 {
			panic(errUnknown)
		}
		return func(f *frame) reflect.Value { return reflect.ValueOf(work(arguments[0](f))) }
	}
}

// comparison compares two numbers or two texts.
func comparison(holds func(order int) bool) func([]operand) operand {
	return func(arguments []operand) operand {
		if len(arguments) != 2 {
			panic(errUnknown)
		}
		return func(f *frame) reflect.Value {
			return reflect.ValueOf(holds(compare(arguments[0](f), arguments[1](f))))
		}
	}
}

// choice is the first of several values for which enough holds, else the last.
func choice(enough func(bool) bool) func([]operand) operand {
	return func(arguments []operand) operand {
		if len(arguments) == 0 {
			panic(errUnknown)
		}
		return func(f *frame) (v reflect.Value) {
			for _, argument := range arguments {
				if v = argument(f); enough(isTrue(v)) {
					break
				}
			}
			return v
		}
	}
}

func compare(a, b reflect.Value) int {
	switch {
	case a.Kind() == reflect.String && b.Kind() == reflect.String:
		return cmp.Compare(a.String(), b.String())
	case a.CanInt() && b.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	}
	panic(errUnknown)
}

// isTrue is text/template's idea of what counts as true.
func isTrue(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.String, reflect.Slice, reflect.Map:
		return v.Len() > 0
	case reflect.Pointer:
		return !v.IsNil()
	case reflect.Struct:
		return true
	case reflect.Invalid:
		return false
	}
	if v.CanInt() {
		return v.Int() != 0
	}
	panic(errUnknown)
}
