//go:build dev

package devtools

import (
	"bufio"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Fault is something that keeps the developer from seeing what they wrote.
type Fault struct {
	Kind   string  `json:"kind"`            // one of the constants below
	Title  string  `json:"title"`           // a sentence
	Text   string  `json:"text"`            // the tool's message, whole; its files are those of the project
	Places []Place `json:"places"`          // where to look, the likeliest first
	Facts  []Fact  `json:"facts,omitempty"` // of the request that failed
	Next   string  `json:"next,omitempty"`  // where to go on when the migration is applied
}

// Kinds of faults.
const (
	Compile   = "compile"
	SQL       = "sqlc"
	Start     = "start"
	Template  = "template"
	Panic     = "panic"
	Migration = "migration"
)

// Place is a line in a file of the project.
type Place struct {
	File    string   `json:"file"` // relative to the project
	Line    int      `json:"line"`
	Column  int      `json:"column,omitempty"`
	Note    string   `json:"note,omitempty"`    // the message at this place, or a stack frame's function
	First   int      `json:"first,omitempty"`   // the number of the first line of Excerpt
	Excerpt []string `json:"excerpt,omitempty"` // the lines around it
}

const (
	maxPlaces = 10 // more are consequences of the first
	around    = 3  // lines of an excerpt before and after its place
)

// What tools write: "file:line:column: message", where the column may be
// missing, and a stack's "file:line +0x1d", below the line of its function.
var (
	message = regexp.MustCompile(`^(?:vet: )?(\S[^:\n]*):(\d+)(?::(\d+))?: (.+)`)
	frame   = regexp.MustCompile(`^\t(/.+):(\d+)(?: \+0x[0-9a-f]+)?$`)
)

// ParseFault finds the places in a tool's output that are files of the project,
// which is at root.
func ParseFault(kind, title, output, root string) *Fault {
	f := &Fault{Kind: kind, Title: title, Text: strings.TrimSpace(strings.ReplaceAll(output, root+string(filepath.Separator), ""))}
	before, inMessage := "", false
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n")
		found := message.FindStringSubmatch(line)
		stack := frame.FindStringSubmatch(line)
		switch {
		case found != nil:
			inMessage = f.add(root, found[1], found[2], found[3], found[4])
		case stack != nil:
			inMessage = false
			f.add(root, stack[1], stack[2], "", function(before))
		case inMessage && strings.HasPrefix(line, "\t"): // such as what was wanted, and what is there
			last := &f.Places[len(f.Places)-1]
			last.Note += "\n" + strings.TrimSpace(line)
		default:
			inMessage = false
		}
		before = line
	}
	return f
}

// add reports whether the place is a new one, in a file of the project.
func (f *Fault) add(root, file, line, column, note string) bool {
	if filepath.IsAbs(file) {
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return false
		}
		file = rel
	}
	p := Place{File: filepath.ToSlash(filepath.Clean(file)), Note: note}
	p.Line, _ = strconv.Atoi(line)
	p.Column, _ = strconv.Atoi(column)
	same := func(other Place) bool {
		return other.File == p.File && other.Line == p.Line && other.Column == p.Column && other.Note == p.Note
	}
	if len(f.Places) == maxPlaces || !filepath.IsLocal(file) || slices.ContainsFunc(f.Places, same) || !p.read(root) {
		return false
	}
	f.Places = append(f.Places, p)
	return true
}

// read takes the lines around the place from its file. It reports whether the
// place exists.
func (p *Place) read(root string) bool {
	file, err := os.Open(filepath.Join(root, p.File))
	if err != nil {
		return false
	}
	defer file.Close()
	p.First, p.Excerpt = max(1, p.Line-around), nil
	lines := bufio.NewScanner(file)
	for n := 1; n <= p.Line+around && lines.Scan(); n++ {
		if n >= p.First {
			p.Excerpt = append(p.Excerpt, lines.Text())
		}
	}
	return len(p.Excerpt) > 0
}

// function takes the name out of a stack's line: "main.(*T).f(0x1, …)" is
// "main.(*T).f".
func function(line string) string {
	line = strings.TrimPrefix(line, "created by ")
	line, _, _ = strings.Cut(line, " in goroutine ")
	if i := strings.LastIndexByte(line, '('); i > 0 && strings.HasSuffix(line, ")") {
		line = line[:i]
	}
	return line[strings.LastIndexByte(line, '/')+1:]
}

// Link is where the developer's editor opens a place of the project in the
// working directory. EDITOR_URL says how, with {file}, {line} and {column} in
// it; without it, it is Visual Studio Code.
func Link(p Place) string {
	editor := os.Getenv("EDITOR_URL")
	if editor == "" {
		editor = "vscode://file{file}:{line}:{column}"
	}
	path, err := filepath.Abs(p.File)
	if err != nil {
		return ""
	}
	file := url.URL{Path: filepath.ToSlash(path)}
	return strings.NewReplacer(
		"{file}", file.EscapedPath(),
		"{line}", strconv.Itoa(p.Line),
		"{column}", strconv.Itoa(max(1, p.Column)),
	).Replace(editor)
}
