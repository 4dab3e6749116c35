package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// field is one field of a resource, as the command line has it:
// name:type[:arguments][:mods].
type field struct {
	words  []string
	Type   string
	Values []string // of an enum
	Places int      // of a decimal
	To     *noun    // what a reference leads to
	ToUser bool     // and that is a person
	to     *made    // or a resource that gen made

	Optional, Unique, Index, Search, Sort, Filter, Due bool

	resource *resource
}

// word is one of several that the command line takes, with what it means.
type word struct{ name, help string }

// fieldTypes are the types with what one says about them in the help.
var fieldTypes = []word{
	{"string", "one line, 200 characters at most"},
	{"text", "many lines, 10,000 characters at most"},
	{"int", "a whole number"},
	{"bool", "yes or no"},
	{"decimal", "an exact number, with 2 decimal places or decimal:4"},
	{"date", "a day"},
	{"datetime", "a day and time, in UTC"},
	{"email", "an e-mail address"},
	{"url", "a web address"},
	{"enum", "one of several values: enum:open,waiting,done"},
	{"references", "a row of another resource, or a person: references:users"},
}

// mods are what can be said of a field, with the types for which it can.
var mods = map[string][]string{
	"optional": {"string", "text", "int", "decimal", "date", "datetime", "email", "url", "enum", "references"},
	"unique":   {"string", "int", "email", "url"},
	"index":    {"string", "int", "bool", "decimal", "date", "datetime", "email", "url", "enum", "references"},
	"search":   {"string", "text", "email", "url"},
	"sort":     {"string", "int", "decimal", "date", "datetime", "email", "url", "enum"},
	"filter":   {"bool"},
	"due":      {"date"},
}

// taken are columns that every table has, and names that a form has.
var taken = set("id user_id created_at updated_at search_text errors max_rows now page skip search sort q only check is_taken find list user theme here section unknown may_register flashes app_name request_id layout base")

var enumValue = regexp.MustCompile(`^[a-z][a-z0-9_]{0,29}$`)

// newField reads a field. Known are the resources that a reference can lead to.
func newField(text, access string, known map[string]*made) (*field, error) {
	parts := strings.Split(text, ":")
	f := &field{}
	fault := func(format string, args ...any) (*field, error) {
		return nil, fmt.Errorf("field %q: %s", text, fmt.Sprintf(format, args...))
	}
	var err error
	if f.words, err = splitWords(parts[0]); err != nil {
		return fault("%v", err)
	}
	if last := len(f.words) - 1; len(parts) > 1 && parts[1] == "references" && last > 0 && f.words[last] == "id" {
		f.words = f.words[:last] // the column gets it again
	}
	if name := f.Column(); reserved[name] || taken[name] || ownNames[f.Var()] {
		return fault("%s is a word that SQL or the generated code has for something else: choose another name", name)
	}
	if len(parts) < 2 || !slices.ContainsFunc(fieldTypes, func(t word) bool { return t.name == parts[1] }) {
		return fault("say of what type it is, such as %s:string. Types: %s", parts[0], typeNames())
	}
	f.Type, parts = parts[1], parts[2:]
	argument, hasArgument := "", len(parts) > 0 && mods[parts[0]] == nil
	if hasArgument {
		argument, parts = parts[0], parts[1:]
	}
	switch f.Type {
	case "enum":
		f.Values = strings.Split(argument, ",")
		for i, value := range f.Values {
			if !enumValue.MatchString(value) || slices.Contains(f.Values[:i], value) {
				return fault("its values are small letters, digits and _, once each: enum:open,in_progress,done")
			}
		}
	case "decimal":
		f.Places = 2
		if argument != "" {
			if f.Places, err = strconv.Atoi(argument); err != nil || f.Places < 0 || f.Places > 6 {
				return fault("it can have 0 to 6 decimal places: decimal:4")
			}
		}
	case "references":
		f.ToUser = argument == "users" || argument == "user"
		if f.ToUser {
			f.To = &noun{[]string{"user"}, []string{"users"}}
		} else if _, to := find(known, argument); to != nil {
			n := to.noun()
			f.To, f.to = &n, to
		} else {
			return fault("it can lead to users, and to what `gen resource` made: %s", knownNames(known))
		}
		seenBy := map[bool]string{true: "members", false: ""}[f.ToUser]
		if f.to != nil {
			seenBy = f.to.Access
		}
		if !slices.Contains(maySee[access], seenBy) {
			return fault("it would show %s to people who may not see them: those of --access %s can lead to those of %s", f.To.Labels(), access, strings.Join(maySee[access], ", "))
		}
	default:
		if hasArgument {
			return fault("%q is none of: %s", argument, modNames(f.Type))
		}
	}
	flags := map[string]*bool{
		"optional": &f.Optional, "unique": &f.Unique, "index": &f.Index, "search": &f.Search, "sort": &f.Sort, "filter": &f.Filter, "due": &f.Due,
	}
	for _, mod := range parts {
		if !slices.Contains(mods[mod], f.Type) {
			return fault("%q can't be said of %s: %s", mod, f.Type, modNames(f.Type))
		}
		*flags[mod] = true
	}
	if f.Filter && taken[f.Short()] {
		return fault("the list would have it in its address as %s, which is something else there: choose another name", f.Short())
	}
	return f, nil
}

// maySee are the accesses of what may be shown to all who see a resource.
var maySee = map[string][]string{
	"owner": {"owner", "members", "public"}, "members": {"members", "public"}, "admin": {"admin", "members", "public"}, "public": {"public"},
}

func typeNames() string {
	var names []string
	for _, t := range fieldTypes {
		names = append(names, t.name)
	}
	return strings.Join(names, ", ")
}

func modNames(fieldType string) string {
	var names []string
	for mod, types := range mods {
		if slices.Contains(types, fieldType) {
			names = append(names, mod)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func knownNames(known map[string]*made) string {
	if len(known) == 0 {
		return "nothing yet"
	}
	return strings.Join(sortedKeys(known), ", ")
}

// is reports whether the field is of one of these types.
func (f *field) is(types ...string) bool { return slices.Contains(types, f.Type) }

// Is is is, for templates.
func (f *field) Is(types ...string) bool { return f.is(types...) }

// Name is what the form calls it, and Column the table.
func (f *field) Name() string { return strings.Join(f.words, "_") }

func (f *field) Column() string {
	if f.Type == "references" {
		return f.Name() + "_id"
	}
	return f.Name()
}

func (f *field) Go() string       { return camel(f.words) }                                                 // in the form
func (f *field) GoColumn() string { return camel(strings.Split(f.Column(), "_")) }                          // in what sqlc makes
func (f *field) Var() string      { return lower(f.Go()) }                                                  // its value, once it is read
func (f *field) Short() string    { return strings.TrimSuffix(strings.TrimSuffix(f.Name(), "_on"), "_at") } // in addresses

// Label is what a person reads.
func (f *field) Label() string {
	if f.Name() == "body" {
		return "Text"
	}
	words := slices.Clone(f.words)
	if last := len(words) - 1; f.is("date", "datetime") && last > 0 && (words[last] == "on" || words[last] == "at") {
		words = words[:last]
	}
	for i, word := range words {
		switch word {
		case "email":
			words[i] = "e-mail"
		case "url", "id", "vat", "iban", "isbn":
			words[i] = strings.ToUpper(word)
		}
	}
	return capital(strings.Join(words, " "))
}

// LowerLabel is the label inside a sentence.
func (f *field) LowerLabel() string {
	label := f.Label()
	if len(label) > 1 && label[1] >= 'A' && label[1] <= 'Z' { // URL
		return label
	}
	return lower(label)
}

// Missing is what to say when it is empty, as Go.
func (f *field) Missing() string {
	switch {
	case f.Optional:
		return `""`
	case f.is("enum", "references"):
		return strconv.Quote("Choose " + article(f.LowerLabel()) + ".")
	case f.is("date", "datetime") && !strings.HasSuffix(f.LowerLabel(), "date") && !strings.HasSuffix(f.LowerLabel(), "time"):
		return strconv.Quote("Enter a date.")
	}
	return strconv.Quote("Enter " + article(f.LowerLabel()) + ".")
}
