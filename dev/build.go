//go:build dev

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"github.com/managethefans/portal/app/devtools"
)

const binary = "tmp/portal"

// build makes the program from what is saved: the code of the queries, if they
// have changed, then the binary. It returns nil when that is good.
func (l *loop) build(ctx context.Context) *devtools.Fault {
	if fault := l.generate(ctx); fault != nil {
		return fault
	}
	// The go command leaves its files behind when it is interrupted.
	work := filepath.Join(l.dir, "go")
	if err := os.Mkdir(work, 0o700); err != nil {
		return devtools.ParseFault(devtools.Compile, "The program can't be built", err.Error(), l.root)
	}
	defer os.RemoveAll(work)
	// These flags make the shortest build: no symbols, no C, our own packages as
	// they are written, not optimized, and no collection of garbage in a compiler
	// that lives for a second. -v shows how far it is.
	cmd := exec.CommandContext(ctx, "go", "build", "-v", "-buildvcs=false", "-tags", "dev",
		"-gcflags", "./...=-dwarf=false -N -l", "-ldflags", "-s -w", "-o", binary, "./app")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOGC=off", "GOTMPDIR="+work)
	return l.tool(ctx, cmd, devtools.Compile, "The program doesn't compile")
}

// tool runs a command, which ends with ctx. When it fails, what it said is the
// fault.
func (l *loop) tool(ctx context.Context, cmd *exec.Cmd, kind, title string) *devtools.Fault {
	said := &output{ctx: ctx, progress: l.progress}
	cmd.Stdout, cmd.Stderr = said, said
	err := l.children.start(cmd)
	if err == nil {
		err = l.children.wait(cmd)
	}
	said.line(said.rest)
	if err == nil {
		return nil
	}
	if said.text.Len() == 0 {
		said.line(fmt.Appendf(nil, "%s: %v\n", cmd.Args[0], err))
	}
	return devtools.ParseFault(kind, title, said.text.String(), l.root)
}

// output is where a tool writes. Its messages are for the terminal, and kept;
// the names of packages, which go build -v writes as it comes to them, are
// progress. What it says when it is cut short is of no interest.
type output struct {
	ctx      context.Context
	progress func(string)
	rest     []byte // the beginning of a line
	text     bytes.Buffer
	packages int
}

var packageName = regexp.MustCompile(`^[\w.~/-]+\n$`)

func (o *output) Write(p []byte) (int, error) {
	o.rest = append(o.rest, p...)
	for {
		end := bytes.IndexByte(o.rest, '\n') + 1
		if end == 0 {
			return len(p), nil
		}
		o.line(o.rest[:end])
		o.rest = o.rest[end:]
	}
}

func (o *output) line(line []byte) {
	switch {
	case o.ctx.Err() != nil:
	case packageName.Match(line):
		o.packages++
		o.progress(fmt.Sprintf("%d packages", o.packages))
	case bytes.HasPrefix(line, []byte("go: downloading ")):
		o.progress(string(bytes.TrimSpace(line)))
		os.Stderr.Write(line)
	default:
		o.text.Write(line)
		os.Stderr.Write(line)
	}
}
