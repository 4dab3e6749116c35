package input_test

import (
	"strings"
	"testing"

	"github.com/managethefans/portal/app/input"
)

// read returns what a field with this text reads as, written as a field has it,
// or the fault in brackets.
var read = map[string]func(e input.Errors, text string) string{
	"line": func(e input.Errors, text string) string { return e.Line("field", text, "Enter it.", 5) },
	"text": func(e input.Errors, text string) string { return e.Text("field", text, "Enter it.", 5) },
	"number": func(e input.Errors, text string) string {
		return input.NumberValue(e.Number("field", text, "Enter it."))
	},
	"decimal": func(e input.Errors, text string) string {
		return input.DecimalValue(e.Decimal("field", text, "Enter it.", 2), 2)
	},
	"whole": func(e input.Errors, text string) string {
		return input.DecimalValue(e.Decimal("field", text, "Enter it.", 0), 0)
	},
	"date":  func(e input.Errors, text string) string { return input.DateValue(e.Date("field", text, "Enter it.")) },
	"time":  func(e input.Errors, text string) string { return input.TimeValue(e.Time("field", text, "Enter it.")) },
	"email": func(e input.Errors, text string) string { return e.Email("field", text, "Enter it.") },
	"url":   func(e input.Errors, text string) string { return e.URL("field", text, "Enter it.") },
	"choice": func(e input.Errors, text string) string {
		return e.Choice("field", text, "Enter it.", input.Choices("open", "in_progress"))
	},
	"reference": func(e input.Errors, text string) string {
		return input.NumberValue(e.Reference("field", text, "Enter it.", []input.Choice{{Value: "7", Label: "Ada"}}))
	},
	"optional": func(e input.Errors, text string) string { return input.NumberValue(e.Number("field", text, "")) },
	"a line":   func(e input.Errors, text string) string { return e.Line("field", text, "", 5) },
}

func TestWhatIsTypedIsReadOrRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ kind, text, value, fault string }{
		{"line", " äöü ", "äöü", ""}, {"line", " \u200b ", "", "Enter it."}, {"line", "a\nb", "a\nb", "one line"}, {"line", "äääääa", "äääääa", "at most 5 characters: these are 6"},
		{"a line", "  ", "", ""}, {"a line", "\u200b", "", ""}, {"a line", "a\u202eb", "a\u202eb", "one line"},
		{"text", " a\nb", " a\nb", ""}, {"text", "\n ", "\n ", "Enter it."}, {"text", "123456", "123456", "these are 6"},
		{"number", " -42 ", "-42", ""}, {"number", "0042", "42", ""}, {"number", "", "", "Enter it."}, {"number", "4.2", "", "whole number"},
		{"number", "9223372036854775807", "9223372036854775807", ""}, {"number", "9223372036854775808", "", "whole number"}, {"number", "0x1", "", "whole number"}, {"number", "٤", "", "whole number"},
		{"optional", " ", "", ""}, {"optional", "1", "1", ""},
		{"decimal", "12.5", "12.50", ""}, {"decimal", "-0.05", "-0.05", ""}, {"decimal", "7", "7.00", ""}, {"decimal", ".5", "0.50", ""}, {"decimal", "5.", "5.00", ""}, {"decimal", "-.5", "-0.50", ""},
		{"decimal", "1.234", "", "at most 2 decimal places, such as 12.50"}, {"decimal", "1e2", "", "decimal places"}, {"decimal", "1.-5", "", "decimal places"}, {"decimal", "+1", "", "decimal places"},
		{"decimal", ".", "", "decimal places"}, {"decimal", "-", "", "decimal places"}, {"decimal", "1,5", "", "decimal places"}, {"decimal", "1.2.3", "", "decimal places"}, {"decimal", "99999999999999999999", "", "decimal places"},
		{"whole", "12", "12", ""}, {"whole", "1.5", "", "at most 0 decimal places"},
		{"date", "2024-02-29", "2024-02-29", ""}, {"date", "2023-02-29", "", "from 1900 on"}, {"date", "0001-01-01", "", "from 1900 on"}, {"date", "1.2.2024", "", "from 1900 on"}, {"date", "", "", "Enter it."},
		{"time", "2026-03-29T02:30", "2026-03-29T02:30", ""}, {"time", "2026-03-29T02:30:59", "2026-03-29T02:30", ""}, {"time", "2026-03-29", "", "date and time"}, {"time", "2026-03-29T25:00", "", "date and time"},
		{"email", " Ada@Example.com ", "ada@example.com", ""}, {"email", "a?bcc=eve@example.com", "a?bcc=eve@example.com", "name@example.com"}, {"email", "a%0abcc=eve@example.com", "a%0abcc=eve@example.com", "name@example.com"}, {"email", "ada", "ada", "name@example.com"}, {"email", "", "", "Enter it."},
		{"url", " https://example.com/a?b#c ", "https://example.com/a?b#c", ""}, {"url", "javascript:alert(1)", "javascript:alert(1)", "web address"}, {"url", "https://", "https://", "web address"},
		{"url", "//example.com", "//example.com", "web address"}, {"url", "https://example.com/a\tb", "https://example.com/a\tb", "web address"}, {"url", "https://" + strings.Repeat("a", 1693), "https://" + strings.Repeat("a", 1693), "at most 1700"},
		{"url", "https://example.com/" + strings.Repeat("票", 600), "https://example.com/" + strings.Repeat("票", 600), "these are 1820"}, {"url", "https://" + strings.Repeat("a", 1692), "https://" + strings.Repeat("a", 1692), ""},
		{"choice", "in_progress", "in_progress", ""}, {"choice", "", "", "Enter it."}, {"choice", "other", "other", "from the list"},
		{"reference", "7", "7", ""}, {"reference", "", "", "Enter it."}, {"reference", "8", "", "from the list"}, {"reference", "07", "", "from the list"},
	} {
		e := input.Errors{}
		value := read[test.kind](e, test.text)
		if fault := e.For("field"); value != test.value || (fault == "") != (test.fault == "") || !strings.Contains(fault, test.fault) {
			t.Errorf("%s %q: %q, %q; want %q, %q", test.kind, test.text, value, fault, test.value, test.fault)
		}
	}
}

func TestAChoiceIsReadAsWords(t *testing.T) {
	t.Parallel()
	if got := input.Choices("open", "in_progress"); got[0].Label != "Open" || got[1] != (input.Choice{Value: "in_progress", Label: "In progress"}) {
		t.Errorf("got %v", got)
	}
}
