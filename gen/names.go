package main

import (
	"fmt"
	"go/token"
	"go/types"
	"regexp"
	"strings"
	"unicode"

	pluralize "github.com/gertd/go-pluralize"
)

// noun is what a resource is called, in all its forms: from blog_post,
// BlogPost and blog-post come the same.
type noun struct{ one, many []string } // in words

// newNoun reads the name of a resource, in the singular or the plural; plural
// overrides what English makes of it.
func newNoun(name, plural string) (noun, error) {
	words, err := splitWords(name)
	if err != nil {
		return noun{}, err
	}
	var n noun
	english, last := pluralize.NewClient(), len(words)-1
	one, many := english.Singular(words[last]), english.Plural(words[last])
	n.one, n.many = append(n.one, words...), append(n.many, words...)
	n.one[last], n.many[last] = one, many
	if plural != "" {
		n.one = words
		if n.many, err = splitWords(plural); err != nil {
			return n, err
		}
	} else if one == many { // news, series
		n.many = append(n.many, "items")
	}
	if n.Snake() == n.Table() {
		return n, fmt.Errorf("%s is its own plural: pass another with --plural", name)
	}
	if reserved[n.Table()] {
		return n, fmt.Errorf("%s is a reserved word of SQL: choose another name", n.Table())
	}
	return n, n.checkWords(n.Var(), n.Vars())
}

// checkWords returns an error for a word that can't be a name in the code.
func (n noun) checkWords(words ...string) error {
	for _, word := range words {
		switch {
		case token.IsKeyword(word), types.Universe.Lookup(word) != nil:
			return fmt.Errorf("%s is a word of Go: choose another name", word)
		case ownNames[word]:
			return fmt.Errorf("%s is a name that the generated code uses itself: choose another", word)
		}
	}
	return nil
}

var wordPattern = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

// splitWords reads blog_post, blog-post, BlogPost and "blog post".
func splitWords(name string) ([]string, error) {
	var spaced strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 && !unicode.IsUpper(rune(name[i-1])) {
			spaced.WriteByte(' ')
		}
		spaced.WriteRune(unicode.ToLower(r))
	}
	words := strings.FieldsFunc(spaced.String(), func(r rune) bool { return r == '_' || r == '-' || r == ' ' })
	for i, word := range words {
		if !wordPattern.MatchString(word) && (i == 0 || strings.Trim(word, "0123456789") != "") {
			return nil, fmt.Errorf("%q can't be a name: use the letters a to z, and digits after the first of them, such as blog_post", name)
		}
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("%q has no letter: choose a name such as blog_post", name)
	}
	if len(strings.Join(words, "_")) > maxName {
		return nil, fmt.Errorf("%q is too long: use at most %d letters", name, maxName)
	}
	return words, nil
}

// maxName leaves room for the names of most indexes: see maxIndexName.
const maxName = 30

func (n noun) Type() string  { return camel(n.one) }
func (n noun) Types() string { return camel(n.many) }
func (n noun) Var() string   { return lower(n.Type()) }
func (n noun) Vars() string  { return lower(n.Types()) }
func (n noun) Snake() string { return strings.Join(n.one, "_") }
func (n noun) Table() string { return strings.Join(n.many, "_") }
func (n noun) Path() string  { return "/" + strings.Join(n.many, "-") }
func (n noun) Part() string  { return strings.Join(n.one, "-") } // of a template's name

// Section is the first part of the path.
func (n noun) Section() string { return strings.Join(n.many, "-") }

func (n noun) Label() string  { return strings.Join(n.one, " ") }
func (n noun) Labels() string { return strings.Join(n.many, " ") }
func (n noun) Title() string  { return capital(n.Label()) }
func (n noun) Titles() string { return capital(n.Labels()) }

// A is the noun with its article.
func (n noun) A() string { return article(n.Label()) }

func article(label string) string {
	if strings.ContainsRune("aeiou", rune(label[0])) && !strings.HasPrefix(label, "uni") && !strings.HasPrefix(label, "use") && !strings.HasPrefix(label, "one") && !strings.HasPrefix(label, "eu") {
		return "an " + label
	}
	return "a " + label
}

// camel joins words as sqlc does: only id has two capital letters.
func camel(words []string) string {
	var name strings.Builder
	for _, word := range words {
		if word == "id" {
			name.WriteString("ID")
			continue
		}
		name.WriteString(capital(word))
	}
	return name.String()
}

func lower(name string) string {
	if strings.HasPrefix(name, "ID") {
		return "id" + name[2:]
	}
	return strings.ToLower(name[:1]) + name[1:]
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func set(words string) map[string]bool {
	all := map[string]bool{}
	for _, word := range strings.Fields(words) {
		all[word] = true
	}
	return all
}

// ownNames are what the templates of a resource call other things.
var ownNames = set(`
	b bind browser c ctx db echo err errors f fmt form http id input list main n owner page r s search seed server
	session skip sorts sql strconv strings t templates testing text time total url values web choices now fields slices`)

// reserved are the words that PostgreSQL or SQLite reserve, of those that
// somebody may want to call a thing.
var reserved = set(`
	abort action add after all alter always analyse analyze and any array as asc asymmetric attach authorization autoincrement
	before begin between binary both by cascade case cast check collate collation column commit concurrently conflict
	constraint create cross current current_date current_role current_time current_timestamp current_user database default
	deferrable deferred delete desc detach distinct do drop each else end escape except exclude exclusive exists explain fail
	false fetch filter first following for foreign freeze from full generated glob grant group groups having if ignore ilike
	immediate in index indexed initially inner insert instead intersect into is isnull join key last lateral leading left like
	limit localtime localtimestamp match materialized natural no not nothing notnull null nulls of offset on only or order
	others outer over overlaps partition placing plan pragma preceding primary query raise range recursive references regexp
	reindex release rename replace restrict returning right rollback row rows savepoint select session_user similar some
	symmetric table tablesample temp temporary then ties to trailing transaction trigger true unbounded union unique update
	user using vacuum values variadic verbose view virtual when where window with without`)
