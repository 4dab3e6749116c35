package input

import (
	"strconv"
	"strings"
	"time"
)

// Words is a value such as in_progress as a person reads it: "In progress".
func Words(value string) string {
	words := strings.ReplaceAll(value, "_", " ")
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// The functions below return values as fields have them, nil as "": what they
// return is read again as the same value.

// NumberValue is a whole number in a field.
func NumberValue(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

// DecimalValue is a number with decimal places, given in units of the last one.
func DecimalValue(n *int64, places int) string {
	if n == nil {
		return ""
	}
	sign, digits := "", strconv.FormatInt(*n, 10)
	if *n < 0 {
		sign, digits = "-", digits[1:]
	}
	if missing := places + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, fraction := digits[:len(digits)-places], digits[len(digits)-places:]
	if places == 0 {
		return sign + whole
	}
	return sign + whole + "." + fraction
}

// DateValue is a date in a field.
func DateValue(date *time.Time) string {
	if date == nil {
		return ""
	}
	return date.Format(time.DateOnly)
}

// TimeValue is a date with a time in a field, in UTC.
func TimeValue(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(localTime)
}
