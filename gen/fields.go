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
var taken = set("id user_id created_at updated_at search_text errors max_rows now page skip search sort q only check is_taken find list user theme here section unknown flashes app_name request_id layout base")

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
		if f.words[len(f.words)-1] == "id" && len(f.words) > 1 {
			f.words = f.words[:len(f.words)-1] // the column gets it again
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

// IsText reports whether it is kept as it is typed, and read from the form
// itself; the others have a value beside it.
func (f *field) IsText() bool { return f.is("string", "text", "email", "url", "enum") }

// Pointer reports whether what is stored may be NULL.
func (f *field) Pointer() bool {
	return f.Optional && f.is("int", "decimal", "date", "datetime", "references")
}

// Value is what is stored, as Go in a handler.
func (f *field) Value() string {
	switch {
	case f.IsText(), f.Type == "bool":
		return "form." + f.Go()
	case f.Pointer():
		return "form." + f.Var()
	}
	return "*form." + f.Var()
}

// Parsed is the type of the value beside what is typed.
func (f *field) Parsed() string {
	if f.is("date", "datetime") {
		return "*time.Time"
	}
	return "*int64"
}

// FormValue is the stored value as the form has it, as Go.
func (f *field) FormValue(row string) string {
	stored := row + "." + f.GoColumn()
	if !f.Pointer() {
		stored = "&" + stored
	}
	switch f.Type {
	case "date":
		return "input.DateValue(" + stored + ")"
	case "datetime":
		return "input.TimeValue(" + stored + ")"
	case "decimal":
		return fmt.Sprintf("input.DecimalValue(%s, %d)", stored, f.Places)
	case "int", "references":
		return "input.NumberValue(" + stored + ")"
	}
	return row + "." + f.GoColumn()
}

// Check is the line that reads it, as Go.
func (f *field) Check() string {
	name := strconv.Quote(f.Name())
	read := func(method string, more ...string) string {
		return fmt.Sprintf("f.Errors.%s(%s)", method, strings.Join(append([]string{name, "f." + f.Go(), f.Missing()}, more...), ", "))
	}
	switch f.Type {
	case "string":
		return fmt.Sprintf("f.%s = %s", f.Go(), read("Line", "200"))
	case "text":
		return read("Text", "10_000")
	case "email":
		return fmt.Sprintf("f.%s = %s", f.Go(), read("Email"))
	case "url":
		return fmt.Sprintf("f.%s = %s", f.Go(), read("URL"))
	case "enum":
		return read("Choice", "f."+f.Go()+"Choices()")
	case "references":
		return fmt.Sprintf("f.%s = %s", f.Var(), read("Reference", "f."+f.Go()+"Choices"))
	case "int":
		return fmt.Sprintf("f.%s = %s", f.Var(), read("Number"))
	case "decimal":
		return fmt.Sprintf("f.%s = %s", f.Var(), read("Decimal", strconv.Itoa(f.Places)))
	case "date":
		return fmt.Sprintf("f.%s = %s", f.Var(), read("Date"))
	case "datetime":
		return fmt.Sprintf("f.%s = %s", f.Var(), read("Time"))
	}
	return ""
}

// columnTypes are the types of columns: PostgreSQL's, SQLite's.
var columnTypes = map[string][2]string{
	"string": {"TEXT", "TEXT"}, "text": {"TEXT", "TEXT"}, "email": {"TEXT", "TEXT"}, "url": {"TEXT", "TEXT"}, "enum": {"TEXT", "TEXT"},
	"int": {"BIGINT", "INTEGER"}, "decimal": {"BIGINT", "INTEGER"}, "references": {"BIGINT", "INTEGER"}, "bool": {"BOOLEAN", "BOOLEAN"},
	"date": {"DATE", "DATE"}, "datetime": {"TIMESTAMPTZ", "TIMESTAMP"},
}

// Definition is the column's line in the migration, but for its name.
func (f *field) Definition(engine int) string {
	sql := columnTypes[f.Type][engine]
	if !f.Pointer() {
		sql += " NOT NULL"
	}
	switch {
	case f.Type == "enum":
		values := slices.Clone(f.Values)
		if f.Optional {
			values = append([]string{""}, values...)
		}
		sql += " CHECK (" + f.Column() + " IN ('" + strings.Join(values, "', '") + "'))"
	case f.Type == "references" && f.Optional:
		sql += " REFERENCES " + f.To.Table() + " (id) ON DELETE SET NULL"
	case f.Type == "references":
		sql += " REFERENCES " + f.To.Table() + " (id)"
	case f.IsText() && !f.Optional:
		sql += " CHECK (" + f.Column() + " <> '')"
	}
	return sql
}

// Order is the expression by which it is sorted.
func (f *field) Order() string {
	if f.is("string", "email", "url") {
		return "lower(" + f.resource.Col(f.Column()) + ")"
	}
	return f.resource.Col(f.Column())
}

// LabelColumn is the column by which the row is known that a reference leads to.
func (f *field) LabelColumn() string {
	if f.ToUser {
		return "name"
	}
	return f.to.Heading
}

// ToOwner reports whether the rows that a reference leads to are somebody's own.
func (f *field) ToOwner() bool { return f.to != nil && f.to.Access == "owner" }

// UniqueName is the name of the index that keeps a field unique.
func (f *field) UniqueName() string { return f.resource.Table() + "_" + f.Column() + "_key" }

// Example is 12.5 as it is stored.
func (f *field) Example() string { return "125" + strings.Repeat("0", max(0, f.Places-1)) }

// Show is the markup for its value in a row, which the template finds at row.
func (f *field) Show(row string) string { return f.show(row, "") }

// ShowOptional is Show, and a dash where there is no value.
func (f *field) ShowOptional(row string) string { return f.show(row, "{{else}}–") }

func (f *field) show(row, otherwise string) string {
	column := row + "." + f.GoColumn()
	value, markup := column, map[string]string{
		"enum": "{{words %s}}", "date": `{{template "date" %s}}`, "datetime": `{{template "time" %s}}`,
		"decimal": "{{decimal %s " + strconv.Itoa(f.Places) + "}}",
		"email":   `<a href="mailto:{{%[1]s}}">{{%[1]s}}</a>`, "url": `<a href="{{%[1]s}}" rel="noreferrer">{{%[1]s}}</a>`,
	}[f.Type]
	if f.Due {
		markup = `{{template "due" %s}}`
	}
	if markup == "" {
		markup = "{{%s}}"
	}
	if f.Type == "references" {
		column = row + "." + f.Go() // the label
		value = column
	}
	if f.Optional {
		return "{{with " + column + "}}" + strings.ReplaceAll(fmt.Sprintf(markup, "."), "%!(EXTRA string=.)", "") + otherwise + "{{end}}"
	}
	return fmt.Sprintf(markup, value)
}

// Input is its place in the form: the name of a part and what it is given.
func (f *field) Input() string {
	if f.Type == "bool" {
		hint := ""
		if f.Filter {
			hint = fmt.Sprintf(` "hint" "%s %s have a list of their own."`, f.Label(), f.resource.Labels())
		}
		return fmt.Sprintf(`"checkbox" (checkbox "%s" "%s" .%s%s)`, f.Name(), f.Label(), f.Go(), hint)
	}
	maker, options := "field", map[string]string{
		"string": ` "maxlength" "200"`, "text": ` "type" "textarea"`, "date": ` "type" "date"`, "datetime": ` "type" "datetime-local" "hint" "In UTC."`,
		"email": ` "type" "email" "autocomplete" "off"`, "url": ` "type" "url" "autocomplete" "off"`,
		"int": ` "inputmode" "numeric" "autocomplete" "off"`, "decimal": ` "inputmode" "decimal" "autocomplete" "off"`,
		"enum": " ." + f.Go() + "Choices", "references": " ." + f.Go() + "Choices",
	}[f.Type]
	if f.is("enum", "references") {
		maker = "select"
	}
	if f.Optional {
		options += ` "optional" "yes"`
	}
	return fmt.Sprintf(`"field" (%s "%s" "%s" .%s (.Errors.For "%s")%s)`, maker, f.Name(), f.Label(), f.Go(), f.Name(), options)
}

// What follows is for tests and for data to look at, as Go.

// Sample is a value as it is typed, the i-th.
func (f *field) Sample() string { return f.SampleOf("i") }

// SampleOf is Sample with another i.
func (f *field) SampleOf(i string) string {
	switch f.Type {
	case "string":
		return fmt.Sprintf(`fmt.Sprintf("%s %%03d", %s)`, f.Label(), i)
	case "text":
		return fmt.Sprintf(`fmt.Sprintf("%s %%03d\n\nof <several> lines", %s)`, f.Label(), i)
	case "int":
		return fmt.Sprintf(`strconv.Itoa(%s)`, i)
	case "decimal":
		if f.Places == 0 {
			return fmt.Sprintf(`strconv.Itoa(%s)`, i)
		}
		return fmt.Sprintf(`fmt.Sprintf("%%d.5%s", %s)`, strings.Repeat("0", f.Places-1), i)
	case "date":
		return fmt.Sprintf(`fmt.Sprintf("2031-01-%%02d", %s%%28+1)`, i)
	case "datetime":
		return fmt.Sprintf(`fmt.Sprintf("2031-01-%%02dT10:30", %s%%28+1)`, i)
	case "email":
		return fmt.Sprintf(`fmt.Sprintf("number%%03d@example.com", %s)`, i)
	case "url":
		return fmt.Sprintf(`fmt.Sprintf("https://example.com/%%03d", %s)`, i)
	case "enum":
		return strconv.Quote(f.Values[0])
	case "references":
		if f.ToUser {
			return "strconv.FormatInt(b.userID(), 10)"
		}
		writer := "b"
		if f.to.byAdministrators() && !f.resource.ByAdministrators() {
			writer = f.To.Var() + "Writer(b)"
		}
		return fmt.Sprintf("strconv.FormatInt(new%s(%s), 10)", f.To.Type(), writer)
	}
	return `"yes"`
}

// Other is another value of a heading.
func (f *field) Other() string {
	return map[string]string{"string": `"Another one"`, "email": `"another@example.com"`, "url": `"https://example.org/another"`}[f.Type]
}

// fault is what a test types, and what it is told.
type fault struct{ Value, Message string }

func (f *field) Faults() []fault {
	var all []fault
	if !f.Optional && f.Type != "bool" {
		all = append(all, fault{`""`, f.Missing()})
	}
	return append(all, map[string][]fault{
		"string":     {{`"a\nb"`, `"Use one line"`}, {`strings.Repeat("ä", 201)`, `"at most 200 characters: these are 201"`}},
		"text":       {{`strings.Repeat("ä", 10_001)`, `"at most 10000 characters: these are 10001"`}},
		"int":        {{`"4.2"`, `"Enter a whole number"`}, {`"9223372036854775808"`, `"Enter a whole number"`}},
		"decimal":    {{`"1,5"`, `"decimal places"`}, {`"1.2345678"`, `"decimal places"`}},
		"date":       {{`"tomorrow"`, `"Enter a date"`}, {`"2027-02-29"`, `"Enter a date"`}},
		"datetime":   {{`"tomorrow"`, `"Enter a date and time"`}, {`"2027-02-28"`, `"Enter a date and time"`}},
		"email":      {{`"ada"`, `"Enter an e-mail address"`}},
		"url":        {{`"javascript:alert(1)"`, `"Enter a web address"`}, {`"example.com"`, `"Enter a web address"`}},
		"enum":       {{`"none of them"`, `"Choose one from the list."`}},
		"references": {{`"999999"`, `"Choose one from the list."`}, {`"x"`, `"Choose one from the list."`}},
	}[f.Type]...)
}

// Demo is a value in the i-th row to look at, or "" for none.
func (f *field) Demo() string {
	value := map[string]string{
		"string": fmt.Sprintf(`fmt.Sprintf("%s %%d", i+1)`, f.Label()), "text": fmt.Sprintf(`fmt.Sprintf("%s %%d", i+1)`, f.Label()),
		"int": "int64(i + 1)", "decimal": "int64(i+1) * 1250", "bool": "i%7 == 0",
		"date": "now.Truncate(24*time.Hour).AddDate(0, 0, i-5)", "datetime": "now.Truncate(time.Hour).AddDate(0, 0, i-5)",
		"email": `fmt.Sprintf("person%d@example.com", i+1)`, "url": `fmt.Sprintf("https://example.com/%d", i+1)`,
	}[f.Type]
	switch {
	case f.Type == "enum":
		value = fmt.Sprintf("[]string{%s}[i%%%d]", quoted(f.Values), len(f.Values))
	case f.ToUser:
		value = "userID"
	case f.Type == "references" && f.Optional:
		return ""
	case f.Type == "references":
		value = fmt.Sprintf("%[1]s[i%%len(%[1]s)].ID", f.Var())
	}
	if f.Pointer() {
		return "new(" + value + ")"
	}
	return value
}

func quoted(values []string) string {
	var list []string
	for _, value := range values {
		list = append(list, strconv.Quote(value))
	}
	return strings.Join(list, ", ")
}
