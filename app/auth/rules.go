package auth

import (
	_ "embed"
	"net/mail"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Limits on what a person may type, in characters. ASVS 6.2.1, 6.2.9.
const (
	MinPassword = 8
	MaxPassword = 128
	MaxName     = 100
	maxEmail    = 254 // RFC 5321, section 4.5.3.1.3
)

// common.txt lists passwords known from breaches, of 8 characters or more, in
// lower case (from zxcvbn-ts, MIT licence beside it). ASVS 6.2.4, 6.2.12.
//
//go:embed common.txt
var commonText string

var commonPasswords = sync.OnceValue(func() map[string]bool {
	set := make(map[string]bool, 18_000)
	for password := range strings.Lines(commonText) {
		set[strings.TrimSuffix(password, "\n")] = true
	}
	return set
})

// PasswordFault returns what is wrong with a new password, as a sentence for
// the person, or "". There are no rules about kinds of characters (ASVS 6.2.5);
// context lists names that an attacker would try first: the product's, the
// person's, the address.
func PasswordFault(password string, context ...string) string {
	switch n := utf8.RuneCountInString(password); {
	case n < MinPassword:
		return "Use at least 8 characters."
	case n > MaxPassword:
		return "Use at most 128 characters."
	case commonPasswords()[strings.ToLower(password)]:
		return "This password is among the first that an attacker tries. Choose another."
	case isOneCharacter(password):
		return "Use more than one character."
	}
	// A name may be part of a password, but the rest must stand alone.
	rest := strings.ToLower(password)
	for _, word := range contextWords(context) {
		rest = strings.ReplaceAll(rest, word, "")
	}
	if utf8.RuneCountInString(rest) < MinPassword && rest != strings.ToLower(password) {
		return "This password is mostly a name that an attacker would try. Choose another."
	}
	return ""
}

func isOneCharacter(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return strings.Trim(s, string(first)) == ""
}

// contextWords splits names and addresses into words of three characters or
// more.
func contextWords(context []string) []string {
	var words []string
	for _, text := range context {
		text = strings.ToLower(text)
		words = append(words, strings.FieldsFunc(text, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r)
		})...)
	}
	kept := words[:0]
	for _, word := range words {
		if utf8.RuneCountInString(word) >= 3 {
			kept = append(kept, word)
		}
	}
	return kept
}

// NormalizeEmail returns the form in which an address is kept and compared:
// trimmed and in lower case. ok is false when it can't be an address.
func NormalizeEmail(s string) (email string, ok bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	address, err := mail.ParseAddress(s)
	if err != nil || address.Address != s || len(s) > maxEmail || strings.ContainsFunc(s, unicode.IsControl) {
		return s, false
	}
	return s, true
}

// NameFault returns what is wrong with a person's name, as a sentence for the
// person, or "". The name is expected without space around it.
func NameFault(name string) string {
	switch {
	case name == "":
		return "Enter a name."
	case utf8.RuneCountInString(name) > MaxName:
		return "Use at most 100 characters."
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }):
		return "Use letters, digits, spaces and punctuation only."
	}
	return ""
}
