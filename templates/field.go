package templates

import (
	"fmt"
	"strings"

	"github.com/managethefans/portal/app/input"
)

// field is what partials/field.html shows: one field of a form, with what a
// screen reader needs.
type field struct {
	Name, Label, Value, Error, Hint  string
	Type, Autocomplete, Autocapitals string
	MaxLength, InputMode             string
	Required                         bool
	Choices                          []input.Choice // of a select
}

// ID is the id of the input; the ids of its hint and error begin with it.
func (f field) ID() string { return "field-" + f.Name }

// DescribedBy lists the ids of what describes the input.
func (f field) DescribedBy() string {
	ids := ""
	if f.Hint != "" {
		ids += f.ID() + "-hint"
	}
	if f.Error != "" {
		ids += " " + f.ID() + "-error"
	}
	return strings.TrimSpace(ids)
}

// checkbox is what the part "checkbox" shows: one box to tick.
type checkbox struct {
	field
	Checked bool
}

// newCheckbox makes a box to tick in a template, with the options of newField:
//
//	{{template "checkbox" (checkbox "pinned" "Pinned" .Form.Pinned)}}
func newCheckbox(name, label string, checked bool, options ...string) (checkbox, error) {
	f, err := newField(name, label, "", "", options...)
	return checkbox{f, checked}, err
}

// newSelect makes a choice of several values in a template, with the options of
// newField:
//
//	{{template "field" (select "status" "Status" .Form.Status (.Form.Errors.For "status") .Form.Statuses)}}
func newSelect(name, label, value, fault string, choices []input.Choice, options ...string) (field, error) {
	f, err := newField(name, label, value, fault, options...)
	f.Type, f.Choices = "select", choices
	return f, err
}

// newField makes a field in a template:
//
//	{{template "field" (field "email" "E-mail" .Form.Email (.Form.Errors.For "email") "type" "email")}}
//
// The options type (an input's, or textarea; default text), autocomplete,
// inputmode, maxlength and hint are names and values; a field is required unless the option optional is "yes". A
// password is never sent back.
func newField(name, label, value, fault string, options ...string) (field, error) {
	f := field{Name: name, Label: label, Value: value, Error: fault, Type: "text", Required: true}
	if len(options)%2 != 0 {
		return f, fmt.Errorf("field %s: option %q has no value", name, options[len(options)-1])
	}
	for i := 0; i < len(options); i += 2 {
		switch option, setting := options[i], options[i+1]; option {
		case "type":
			f.Type = setting
		case "autocomplete":
			f.Autocomplete = setting
		case "inputmode":
			f.InputMode = setting
		case "maxlength":
			f.MaxLength = setting
		case "hint":
			f.Hint = setting
		case "optional":
			f.Required = setting != "yes"
		default:
			return f, fmt.Errorf("field %s: unknown option %q", name, option)
		}
	}
	if f.Type == "password" {
		f.Value = ""
	}
	if f.Type == "email" || f.Type == "password" {
		f.Autocapitals = "none"
	}
	return f, nil
}
