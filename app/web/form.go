package web

import (
	"database/sql"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/managethefans/portal/app/auth"
)

// formErrors has a sentence for each field of a form that was filled in wrong,
// by the field's name.
type formErrors map[string]string

// add keeps a fault, if there is one.
func (e formErrors) add(field, fault string) {
	if fault != "" {
		e[field] = fault
	}
}

// For returns the fault of a field, or "".
func (e formErrors) For(field string) string { return e[field] }

// date reads a field with a date, which may be empty.
func (e formErrors) date(field, text string) *time.Time {
	if text == "" {
		return nil
	}
	date, err := time.Parse(time.DateOnly, text)
	if err != nil || date.Year() < 1900 {
		e.add(field, "Enter a date from 1900 on, such as 2026-12-31.")
		return nil
	}
	return &date
}

// dateValue is a date as a field has it.
func dateValue(date *time.Time) string {
	if date == nil {
		return ""
	}
	return date.Format(time.DateOnly)
}

// lineFault returns what is wrong with a line of text, or "". missing is what
// to say when it is empty.
func lineFault(text, missing string, most int) string {
	switch {
	case auth.IsBlank(text):
		return missing
	case auth.HasControl(text):
		return "Use one line, without control characters."
	}
	return textFault(text, most)
}

// textFault returns what is wrong with a text of any number of lines, or "".
func textFault(text string, most int) string {
	if n := utf8.RuneCountInString(text); n > most {
		return fmt.Sprintf("Use at most %d characters: these are %d.", most, n)
	}
	return ""
}

// oneRow is the error of a change to a row: sql.ErrNoRows if it wasn't there,
// or was somebody else's.
func oneRow(n int64, err error) error {
	if err == nil && n == 0 {
		return sql.ErrNoRows
	}
	return err
}
