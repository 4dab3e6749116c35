// Package input reads what people type into the fields of forms: text in, a
// value out, and a sentence for the person where there is none.
package input

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/managethefans/portal/app/auth"
)

// Errors has a sentence for each field of a form that was filled in wrong, by
// the field's name.
//
// The methods that read a field take what to say when it is empty, or "" where
// it may be. A value that is a pointer is nil when the field is empty or wrong.
type Errors map[string]string

// Add keeps a fault, if there is one.
func (e Errors) Add(field, fault string) {
	if fault != "" {
		e[field] = fault
	}
}

// For returns the fault of a field, or "".
func (e Errors) For(field string) string { return e[field] }

// isEmpty reports whether nothing was typed, and says that it is missing.
func (e Errors) isEmpty(field, text, missing string) bool {
	if !auth.IsBlank(text) {
		return false
	}
	e.Add(field, missing)
	return true
}

// Line reads one line of text of at most so many characters, without the space
// around it.
func (e Errors) Line(field, text, missing string, most int) string {
	text = strings.TrimSpace(text)
	switch {
	case missing == "" && text == "":
	case auth.IsBlank(text):
		e.Add(field, missing)
		return ""
	case auth.HasControl(text):
		e.Add(field, "Use one line, without control characters.")
	default:
		e.length(field, text, most)
	}
	return text
}

// Text reads text of any number of lines, as it was typed.
func (e Errors) Text(field, text, missing string, most int) string {
	if missing == "" || !e.isEmpty(field, text, missing) {
		e.length(field, text, most)
	}
	return text
}

func (e Errors) length(field, text string, most int) {
	if n := utf8.RuneCountInString(text); n > most {
		e.Add(field, fmt.Sprintf("Use at most %d characters: these are %d.", most, n))
	}
}

// Number reads a whole number.
func (e Errors) Number(field, text, missing string) *int64 {
	if e.isEmpty(field, text, missing) {
		return nil
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		e.Add(field, "Enter a whole number, such as 42.")
		return nil
	}
	return &n
}

// Decimal reads a number with at most so many decimal places, and returns it in
// units of the last one: 12.5 with two places is 1250.
func (e Errors) Decimal(field, text, missing string, places int) *int64 {
	if e.isEmpty(field, text, missing) {
		return nil
	}
	whole, fraction, _ := strings.Cut(strings.TrimSpace(text), ".")
	digits := strings.TrimPrefix(whole, "-") + fraction
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", max(0, places-len(fraction))), 10, 64)
	if err != nil || digits == "" || len(fraction) > places || strings.Trim(digits, "0123456789") != "" {
		example := int64(12.5 * math.Pow10(places))
		e.Add(field, fmt.Sprintf("Enter a number with at most %d decimal places, such as %s.", places, DecimalValue(&example, places)))
		return nil
	}
	return &n
}

// Date reads a date as browsers send it.
func (e Errors) Date(field, text, missing string) *time.Time {
	if e.isEmpty(field, text, missing) {
		return nil
	}
	date, err := time.Parse(time.DateOnly, text)
	if err != nil || date.Year() < 1900 {
		e.Add(field, "Enter a date from 1900 on, such as 2026-12-31.")
		return nil
	}
	return &date
}

// localTime is how browsers send a date with a time, without a zone.
const localTime = "2006-01-02T15:04"

// Time reads a date with a time, in UTC.
func (e Errors) Time(field, text, missing string) *time.Time {
	if e.isEmpty(field, text, missing) {
		return nil
	}
	t, err := time.Parse(localTime, text)
	if err != nil {
		t, err = time.Parse(localTime+":05", text)
	}
	if err != nil || t.Year() < 1900 {
		e.Add(field, "Enter a date and time from 1900 on, such as 2026-12-31T17:30.")
		return nil
	}
	return &t
}

// Email reads an e-mail address, in the form in which addresses are kept.
func (e Errors) Email(field, text, missing string) string {
	if e.isEmpty(field, text, missing) {
		return ""
	}
	address, ok := auth.NormalizeEmail(text)
	if !ok || strings.ContainsAny(address, "?%#") { // what a link with mailto: would read as more than an address
		e.Add(field, "Enter an e-mail address, such as name@example.com.")
	}
	return address
}

// maxURL bounds an address, in bytes: a row of an index of PostgreSQL has 2,700 at
// most, and small letters of another script can take half as many again.
const maxURL = 1700

// URL reads a web address. Others, such as javascript:, are refused: pages make
// links of it.
func (e Errors) URL(field, text, missing string) string {
	text = strings.TrimSpace(text)
	if e.isEmpty(field, text, missing) {
		return ""
	}
	address, err := url.Parse(text)
	switch {
	case err != nil, address.Host == "", address.Scheme != "http" && address.Scheme != "https", auth.HasControl(text):
		e.Add(field, "Enter a web address, such as https://example.com.")
	case len(text) > maxURL:
		e.Add(field, fmt.Sprintf("Use at most %d characters, where letters beyond a to z count for several: these are %d.", maxURL, len(text)))
	}
	return text
}

// Choice is one of several values that a field can have, and what a person reads
// for it.
type Choice struct{ Value, Label string }

// Choices returns choices of these values, which say what they are: in_progress
// is read as "In progress".
func Choices(values ...string) []Choice {
	var list []Choice
	for _, value := range values {
		list = append(list, Choice{value, Words(value)})
	}
	return list
}

// WithStored adds the row that is stored to choices that lack it, so that saving a
// form again keeps it. It is nil or 0 where there is none.
func WithStored(choices []Choice, id *int64, label *string) []Choice {
	stored := Choice{Value: NumberValue(id)}
	if id == nil || *id == 0 || slices.ContainsFunc(choices, func(c Choice) bool { return c.Value == stored.Value }) {
		return choices
	}
	stored.Label = *label
	return append(choices, stored)
}

// Choice reads one of several values.
func (e Errors) Choice(field, value, missing string, choices []Choice) string {
	if value == "" {
		e.Add(field, missing)
	} else if !slices.ContainsFunc(choices, func(c Choice) bool { return c.Value == value }) {
		e.Add(field, "Choose one from the list.")
	}
	return value
}

// Reference reads the id of a row that is among the choices.
func (e Errors) Reference(field, value, missing string, choices []Choice) *int64 {
	if e.Choice(field, value, missing, choices); value == "" || e.For(field) != "" {
		return nil
	}
	return e.Number(field, value, missing)
}
