package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"path"
	"path/filepath"
	"strings"
)

// checkNames returns an error when a new Go file declares what its package has
// already, or is left out of some builds for its name: the compiler would say so
// later in more words, or not at all.
func (p *plan) checkNames() error {
	taken := map[string]map[string]string{} // folder, name: file
	for _, c := range p.changes {
		if c.Before != nil || !strings.HasSuffix(c.Path, ".go") {
			continue
		}
		// a GOOS and GOARCH that there isn't: what they build is what everybody builds
		everywhere := build.Context{GOOS: "none", GOARCH: "none", Compiler: "gc", OpenFile: func(string) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(c.After)), nil
		}}
		if ok, err := everywhere.MatchFile(path.Dir(c.Path), path.Base(c.Path)); err != nil {
			return err
		} else if !ok || strings.HasSuffix(c.Path, "_test_test.go") {
			return fmt.Errorf("%s would be left out of builds, by what Go reads in the end of its name (an operating system, a processor, or test): choose another name", c.Path)
		}
		folder := path.Dir(c.Path)
		if taken[folder] == nil {
			taken[folder] = map[string]string{}
			files, err := filepath.Glob(filepath.Join(p.root, folder, "*.go"))
			if err != nil {
				return err
			}
			for _, file := range files {
				names, err := declared(file, nil)
				if err != nil {
					return err
				}
				for _, name := range names {
					taken[folder][name] = path.Join(folder, filepath.Base(file))
				}
			}
		}
		names, err := declared(c.Path, c.After)
		if err != nil {
			return err
		}
		for _, name := range names {
			if file, ok := taken[folder][name]; ok {
				return fmt.Errorf("%s has a %s already, and the new code would have another: choose another name", file, strings.TrimPrefix(name, "Server."))
			}
		}
	}
	return nil
}

// declared lists what a file declares for its package, methods and fields with
// their type before them. Files that other builds have are part of it.
func declared(file string, content []byte) ([]string, error) {
	var source any
	if content != nil {
		source = content
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, declaration := range parsed.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names = append(names, d.Name.Name)
			} else if receiver, ok := d.Recv.List[0].Type.(*ast.StarExpr); ok {
				names = append(names, fmt.Sprint(receiver.X)+"."+d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, spec.Name.Name)
					if s, ok := spec.Type.(*ast.StructType); ok {
						for _, field := range s.Fields.List {
							for _, name := range field.Names {
								names = append(names, spec.Name.Name+"."+name.Name)
							}
						}
					}
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names, nil
}
