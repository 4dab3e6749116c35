package main

import (
	"fmt"
	"strconv"
	"strings"
)

// Values of a field as Go: for the tests of its resource, and for rows to look at.

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
