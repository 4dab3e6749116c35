package main

import (
	"fmt"
	"slices"
	"strings"
)

// resource is what `gen resource` makes: a table with its pages.
type resource struct {
	noun
	Module string
	Access string // owner, members, admin or public
	Number string // of its migration
	Fields []*field
	SQLite bool // beside PostgreSQL
}

// accesses are who may use a resource.
var accesses = []word{
	{"owner", "each person has their own, and nobody sees another's"},
	{"members", "everybody who is signed in sees and changes all"},
	{"admin", "administrators see and change all, others see nothing"},
	{"public", "everybody reads all, without signing in; administrators change them"},
}

func newResource(n noun, module, access string, texts []string, known map[string]*made) (*resource, error) {
	r := &resource{noun: n, Module: module, Access: access}
	if !slices.ContainsFunc(accesses, func(a word) bool { return a.name == access }) {
		return nil, fmt.Errorf("say who may use it: --access owner, members, admin or public. `gen resource --help` says what they mean")
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("say which fields it has, such as title:string")
	}
	for _, text := range texts {
		f, err := newField(text, access, known)
		if err != nil {
			return nil, err
		}
		f.resource = r
		for _, other := range r.Fields {
			if other.Column() == f.Column() || other.Name() == f.Name() || other.Short() == f.Short() || other.Go() == f.Go() {
				return nil, fmt.Errorf("field %q: there is one of that name: %s", text, other.Name())
			}
		}
		if f.Short() == "updated" || f.Type == "references" && (f.To.Table() == n.Table() || f.Name() == n.Table()) {
			return nil, fmt.Errorf("field %q: %s can't be made by gen: add it by hand", text, f.Name())
		}
		r.Fields = append(r.Fields, f)
	}
	if r.Heading() == nil {
		return nil, fmt.Errorf("one field has to be the heading of its page: add a string, an email or a url that isn't optional, such as title:string")
	}
	for _, line := range slices.Concat(r.Indexes(postgres), r.UniqueIndexes()) {
		name, _, _ := strings.Cut(line, " ON ")
		if name = name[strings.LastIndex(name, " ")+1:]; len(name) > maxIndexName {
			return nil, fmt.Errorf("its index %s would have a name of more than %d letters, where PostgreSQL cuts it: choose a shorter name for the resource or the field", name, maxIndexName)
		}
	}
	return r, nil
}

// maxIndexName is how long a name can be in PostgreSQL.
const maxIndexName = 63

// Heading is the field by which a row is known: the first line of text.
func (r *resource) Heading() *field {
	for _, f := range r.Fields {
		if f.is("string", "email", "url") && !f.Optional {
			return f
		}
	}
	return nil
}

// where lists the fields for which keep holds.
func (r *resource) where(keep func(*field) bool) []*field {
	var fields []*field
	for _, f := range r.Fields {
		if keep(f) {
			fields = append(fields, f)
		}
	}
	return fields
}

func (r *resource) Owner() bool      { return r.Access == "owner" }
func (r *resource) Badges() []*field { return r.where(func(f *field) bool { return f.Type == "bool" }) }
func (r *resource) Filters() []*field {
	return r.where(func(f *field) bool { return f.Filter })
}
func (r *resource) Searched() []*field { return r.where(func(f *field) bool { return f.Search }) }
func (r *resource) Sorted() []*field   { return r.where(func(f *field) bool { return f.Sort }) }
func (r *resource) Uniques() []*field  { return r.where(func(f *field) bool { return f.Unique }) }
func (r *resource) References() []*field {
	return r.where(func(f *field) bool { return f.Type == "references" })
}
func (r *resource) Enums() []*field { return r.where(func(f *field) bool { return f.Type == "enum" }) }

// Columns are the fields with a column of their own in the list, after the
// heading.
func (r *resource) Columns() []*field {
	return r.where(func(f *field) bool { return f != r.Heading() && (f.Sort || f.Type == "enum") })
}

// Listed are the fields that the list reads.
func (r *resource) Listed() []*field {
	return r.where(func(f *field) bool { return f == r.Heading() || f.Type == "bool" || slices.Contains(r.Columns(), f) })
}

// Dues, Facts and Texts are what its own page shows below the heading.
func (r *resource) Dues() []*field { return r.where(func(f *field) bool { return f.Due }) }
func (r *resource) Facts() []*field {
	return r.where(func(f *field) bool { return f != r.Heading() && !f.Due && !f.is("bool", "text") })
}
func (r *resource) Texts() []*field { return r.where(func(f *field) bool { return f.Type == "text" }) }

// Parsed are the fields whose value isn't what was typed.
func (r *resource) Parsed() []*field {
	return r.where(func(f *field) bool { return !f.IsText() && f.Type != "bool" })
}

// Offers reports whether its form has choices that come from the database.
func (r *resource) Offers() bool { return len(r.References()) > 0 }

// RequiredRows are references that the data to look at has to have a row for.
func (r *resource) RequiredRows() []*field {
	return r.where(func(f *field) bool { return f.Type == "references" && !f.ToUser && !f.Optional })
}

// Lookups reports whether there are indexes for other things than sorting.
func (r *resource) Lookups() bool {
	return slices.ContainsFunc(r.Fields, func(f *field) bool { return f.Index || f.Type == "references" })
}

// ByAdministrators reports whether only they write.
func (r *resource) ByAdministrators() bool { return r.Writes() == "administrator" }

// SearchedWords are the fields that a search looks through.
func (r *resource) SearchedWords() string {
	var words []string
	for _, f := range r.Searched() {
		words = append(words, f.LowerLabel())
	}
	if last := len(words) - 1; last > 0 {
		return strings.Join(words[:last], ", ") + " or " + words[last]
	}
	return strings.Join(words, "")
}

// Nothing is what a list says that a filter leaves empty.
func (r *resource) Nothing() string {
	if filters := r.Filters(); len(filters) == 1 {
		return fmt.Sprintf("No %s is %s.", r.Label(), filters[0].LowerLabel())
	}
	return "No " + r.Label() + " is like that."
}

// ForWriters is markup that is shown to those who may write.
func (r *resource) ForWriters(markup string) string {
	if r.Access == "public" {
		return "{{if .User}}{{if eq .User.Role \"admin\"}}" + markup + "{{end}}{{end}}"
	}
	return markup
}

// Reads and Writes are the access of its routes.
func (r *resource) Reads() string {
	return map[string]string{"owner": "signedIn", "members": "signedIn", "admin": "administrator", "public": "public"}[r.Access]
}

func (r *resource) Writes() string {
	if r.Access == "public" {
		return "administrator"
	}
	return r.Reads()
}

// Sentence says in the code whose they are.
func (r *resource) Sentence() string {
	switch r.Access {
	case "owner":
		return r.Titles() + " belong to the person who wrote them. Every query says whose they are,\n// so that somebody else's is not found."
	case "members":
		return r.Titles() + " belong to all who are signed in: everybody sees and changes every one."
	case "admin":
		return r.Titles() + " are for administrators."
	}
	return r.Titles() + " are there for everybody to read. Administrators write them."
}

// Lead says it on the page.
func (r *resource) Lead() string {
	switch r.Access {
	case "owner":
		return "Only you can see them."
	case "members":
		return "Everybody who is signed in can see and change them."
	case "admin":
		return "Only administrators can see them."
	}
	return "Everybody can read them."
}

// Col is a column in a query that may join other tables.
func (r *resource) Col(column string) string {
	if r.Offers() {
		return r.Table() + "." + column
	}
	return column
}

// argument is what a query of the list takes beside its page.
type argument struct{ Name, Value, Field, Condition string }

// Arguments are what the list and its count have in common.
func (r *resource) Arguments() []argument {
	var all []argument
	if r.Owner() {
		all = append(all, argument{"owner", "currentUser(c).ID", "UserID", r.Col("user_id") + " = @user_id"})
	}
	for _, f := range r.Filters() {
		all = append(all, argument{f.Var(), fmt.Sprintf("list.Filter(%q)", f.Short()), "Only" + f.Go(),
			fmt.Sprintf("(NOT CAST(@only_%s AS boolean) OR %s)", f.Name(), r.Col(f.Column()))})
	}
	if len(r.Searched()) > 0 {
		all = append(all, argument{"search", "db.SearchPattern(list.Search)", "Search",
			`(CAST(@search AS text) = '' OR ` + r.Col("search_text") + ` LIKE @search ESCAPE '\')`})
	}
	return all
}

// Conditions is the WHERE clause of the list.
func (r *resource) Conditions() string {
	var all []string
	for _, a := range r.Arguments() {
		all = append(all, a.Condition)
	}
	if len(all) == 0 {
		return ""
	}
	return "\nWHERE " + strings.Join(all, "\n  AND ")
}

// CountArguments is what the count is given: sqlc makes a struct of two parameters
// or more.
func (r *resource) CountArguments() string {
	if len(r.Arguments()) == 0 {
		return "maxCount"
	}
	return fmt.Sprintf("db.Count%sParams{%s, MaxRows: maxCount}", r.Types(), r.ListArguments())
}

// CountOne is the same, to see whether a person can see any.
func (r *resource) CountOne() string {
	switch {
	case len(r.Arguments()) == 0:
		return "1"
	case r.Owner():
		return fmt.Sprintf("db.Count%sParams{UserID: userID, MaxRows: 1}", r.Types())
	}
	return fmt.Sprintf("db.Count%sParams{MaxRows: 1}", r.Types())
}

func (r *resource) ListArguments() string {
	var all []string
	for _, a := range r.Arguments() {
		all = append(all, a.Field+": "+a.Name)
	}
	return strings.Join(all, ", ")
}

// SearchText is the Go that makes search_text.
func (r *resource) SearchText(form string) string {
	var parts []string
	for _, f := range r.Searched() {
		parts = append(parts, form+"."+f.Go())
	}
	return "db.SearchText(" + strings.Join(parts, ", ") + ")"
}

// Indexes are the migration's lines after the table.
func (r *resource) Indexes(engine int) []string {
	scope := ""
	if r.Owner() {
		scope = "user_id, "
	}
	plain := func(f *field) string {
		if f.is("string", "email", "url") {
			return "lower(" + f.Column() + ")"
		}
		return f.Column()
	}
	lines := []string{fmt.Sprintf("CREATE INDEX %s_updated_at_idx ON %s (%supdated_at, id);", r.Table(), r.Table(), scope)}
	for _, f := range r.Fields {
		switch {
		case f.Sort:
			lines = append(lines, fmt.Sprintf("CREATE INDEX %s_%s_idx ON %s (%s%s, id);", r.Table(), f.Column(), r.Table(), scope, plain(f)))
			if f.Pointer() && engine == postgres {
				lines = append(lines, fmt.Sprintf("CREATE INDEX %s_%s_desc_idx ON %s (%s%s DESC NULLS LAST, id DESC);", r.Table(), f.Column(), r.Table(), scope, plain(f)))
			}
		case f.Index, f.Type == "references":
			lines = append(lines, fmt.Sprintf("CREATE INDEX %s_%s_idx ON %s (%s%s);", r.Table(), f.Column(), r.Table(), scope, f.Column()))
		}
	}
	return lines
}

// UniqueIndexes are constraints as indexes: an optional text may be empty many
// times.
func (r *resource) UniqueIndexes() []string {
	var lines []string
	for _, f := range r.Uniques() {
		scope, when := "", ""
		if r.Owner() {
			scope = "user_id, "
		}
		if f.Optional && f.IsText() {
			when = " WHERE " + f.Column() + " <> ''"
		}
		lines = append(lines, fmt.Sprintf("CREATE UNIQUE INDEX %s ON %s (%s%s)%s;", f.UniqueName(), r.Table(), scope, f.Column(), when))
	}
	return lines
}

// The engines, by their place in columnTypes.
const (
	postgres = iota
	sqlite
)
