//go:build dev

package devtools

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Failure is the kind of an error that a handler returned.
const Failure = "error"

// FaultJSON is the media type of a fault, for a page that asks for itself again
// and stays as it is when there is one.
const FaultJSON = "application/vnd.portal.fault+json"

// inTemplate is where an error in a template is: parsing gives no column, and
// counts of bytes begin at 0.
var inTemplate = regexp.MustCompile(`(?:html/)?template: ?([\w./-]+\.html):(\d+)(?::(\d+))?: (.+)`)

// TemplateFault is an error of html/template in a file below templates/, or nil
// when it is of something else.
func TemplateFault(err error, root string) *Fault {
	found := inTemplate.FindStringSubmatch(err.Error())
	if found == nil {
		return nil
	}
	f := &Fault{Kind: Template, Text: found[0]}
	column := found[3]
	if n, err := strconv.Atoi(column); err == nil {
		column = strconv.Itoa(n + 1)
	}
	f.add(root, "templates/"+found[1], found[2], column, found[4])
	f.Title = "templates/" + found[1] + " has a fault"
	return f
}

// PanicFault is a panic with its stack, as debug.Stack returns it where the
// panic is caught. Frames of the project come before all others, which are in
// the text only.
func PanicFault(value any, stack []byte, root string) *Fault {
	text := string(stack)
	if i := strings.LastIndex(text, "\npanic("); i >= 0 { // what caught it is before that
		text = text[i+1:]
		_, text, _ = strings.Cut(text, "\n")
		_, text, _ = strings.Cut(text, "\n")
	}
	f := ParseFault(Panic, fmt.Sprintf("A panic: %v", value), text, root)
	f.Text = fmt.Sprintf("panic: %v\n\n%s", value, f.Text)
	return f
}

// FailureFault is an error that a handler returned.
func FailureFault(err error, handler string) *Fault {
	return &Fault{Kind: Failure, Title: handler + " returned an error", Text: err.Error()}
}

// Fact is something to know about a request that failed.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Root is the project that the program was started in, to be worked on. ok is
// false anywhere else: then there is nothing to watch.
func Root() (root string, ok bool) {
	root, err := filepath.Abs(".")
	if err != nil {
		return "", false
	}
	for _, name := range []string{"go.mod", "templates/layout.html", "static"} {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			return "", false
		}
	}
	return root, true
}
