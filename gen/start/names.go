package start

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/module"
)

// names are what a project is called, and where.
type names struct {
	Module  string // its path in go.mod: example.com/acme/desk
	Short   string // its program, cookies, files and variables: desk
	Display string // what people read: Acme Desk
}

// The longest names with which everything works: short ones are a part of the
// paths of sockets, and a display name stands in the header on a phone.
const (
	maxShort   = 20
	maxDisplay = 40
)

var shortForm = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

// taken are short names that are something else already, where the program's
// stands beside it: in tmp/, at the root of the image, or among what must not be
// in a binary for production.
var taken = []string{
	"build", "dev", "withpg", "bench", // tmp/
	"bin", "boot", "data", "etc", "home", "lib", "proc", "root", "run", "src", "sys", "tmp", "usr", "var", // the image
	"devtools", "fsnotify", "idiomorph",
}

// newNames returns the names of the project with this module path. short and
// display are made of its last element where they are empty.
func newNames(path, short, display string) (names, error) {
	if err := module.CheckPath(path); err != nil {
		return names{}, fmt.Errorf("%w. Write it as a host and a path, such as example.com/acme/desk", err)
	}
	if slices.Contains(strings.Split(path, "/"), "vendor") {
		return names{}, fmt.Errorf("malformed module path %q: Go keeps the name vendor for itself. Choose another", path)
	}
	if path == templatePath {
		return names{}, fmt.Errorf("%s is the template's own module path. Choose one of yours, such as example.com/acme/desk", path)
	}

	prefix, _, _ := module.SplitPathVersion(path) // without /v2
	last := prefix[strings.LastIndex(prefix, "/")+1:]
	if short == "" {
		short = strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, last)
	}
	switch {
	case !shortForm.MatchString(short):
		return names{}, fmt.Errorf("the short name %q can't be the name of a program and a cookie. Give one of small letters and digits that begins with a letter, such as --short desk", short)
	case len(short) > maxShort:
		return names{}, fmt.Errorf("the short name %q has %d letters; at most %d fit everywhere. Give a shorter one, such as --short desk", short, len(short), maxShort)
	case slices.Contains(taken, short):
		return names{}, fmt.Errorf("the short name %q is taken by something else in a project. Give another, such as --short %s", short, short+"app")
	}

	if display == "" {
		display = title(last)
	}
	display = strings.TrimSpace(display)
	switch {
	case display == "" || !utf8.ValidString(display) || strings.ContainsFunc(display, func(r rune) bool { return !unicode.IsGraphic(r) && r != '\u200d' }):
		return names{}, fmt.Errorf("the name %q can't be shown in a line. Give one of letters, signs and spaces, such as --name %q", display, "Acme Desk")
	case utf8.RuneCountInString(display) > maxDisplay:
		return names{}, fmt.Errorf("the name %q has %d characters; at most %d fit the header of a page. Give a shorter one with --name", display, utf8.RuneCountInString(display), maxDisplay)
	}
	_, err := dotenv("APP_NAME", display)
	return names{path, short, display}, err
}

// title makes "Acme Desk" of "acme-desk".
func title(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, word := range words {
		first, size := utf8.DecodeRuneInString(word)
		words[i] = string(unicode.ToUpper(first)) + word[size:]
	}
	return strings.Join(words, " ")
}
