package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// What a field is in the code of its resource: Go, SQL and markup.

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

// Example is 12.5 as it is stored, with one decimal place or more.
func (f *field) Example() string { return "125" + strings.Repeat("0", f.Places-1) }

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

// autofilled are names by which a browser takes a field for one of whoever sits
// before it, as name; a resource's is somebody else's (HTML, autofill field names).
var autofilled = []string{"bday", "country", "email", "impp", "language", "name", "nickname", "organization", "photo", "sex", "tel", "url", "username"}

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
	if slices.Contains(autofilled, f.Name()) && !strings.Contains(options, "autocomplete") {
		options += ` "autocomplete" "off"`
	}
	if f.Optional {
		options += ` "optional" "yes"`
	}
	return fmt.Sprintf(`"field" (%s "%s" "%s" .%s (.Errors.For "%s")%s)`, maker, f.Name(), f.Label(), f.Go(), f.Name(), options)
}
