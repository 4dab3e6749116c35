package auth

import (
	_ "embed"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Limits on what a person may type, in characters. ASVS 6.2.1, 6.2.9.
const (
	MinPassword = 8
	MaxPassword = 128
	MaxName     = 100
	maxEmail    = 254 // RFC 5321, section 4.5.3.1.3
)

// common.txt lists passwords known from breaches, of 8 characters or more, in
// lower case (from zxcvbn-ts, MIT licence beside it); patterns aren't in it, see
// isGuessable. ASVS 6.2.4, 6.2.12.
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
	case isGuessable(password):
		return "This password is among the first that an attacker tries. Choose another."
	}
	// A name may be part of a password, but the rest must stand alone.
	rest := strings.ToLower(password)
	for _, word := range contextWords(context) {
		rest = strings.ReplaceAll(rest, word, "")
	}
	if rest != strings.ToLower(password) && (utf8.RuneCountInString(rest) < MinPassword || isGuessable(rest)) {
		return "This password is mostly a name that an attacker would try. Choose another."
	}
	return ""
}

// isGuessable reports whether a password is a common one, also with digits and
// signs after it, or a pattern: a run such as 87654321, or a few characters
// again and again.
func isGuessable(password string) bool {
	password = strings.ToLower(password)
	word := strings.TrimRightFunc(password, func(r rune) bool { return !unicode.IsLetter(r) })
	return commonPasswords()[password] || commonPasswords()[word] || isRun(password) || isRepeated(password)
}

// isRun reports whether each character follows the one before it, upwards or
// downwards, as 9 and 0 do too.
func isRun(s string) bool {
	runes := []rune(s)
	for _, step := range []rune{1, -1} {
		run := true
		for i := 1; i < len(runes) && run; i++ {
			wrapped := runes[i-1] == '9' && runes[i] == '0' && step == 1 || runes[i-1] == '0' && runes[i] == '9' && step == -1
			run = runes[i]-runes[i-1] == step || wrapped
		}
		if run {
			return true
		}
	}
	return false
}

// isRepeated reports whether s begins anew after four characters or fewer, to
// its end.
func isRepeated(s string) bool {
	runes := []rune(s)
	for period := 1; period <= 4 && period < len(runes); period++ {
		if string(runes[period:]) == string(runes[:len(runes)-period]) {
			return true
		}
	}
	return false
}

// contextWords splits names and addresses into words of three characters or
// more. The end of a domain (com, org) is nobody's name.
func contextWords(context []string) []string {
	var words []string
	for _, text := range context {
		if local, domain, ok := strings.Cut(text, "@"); ok {
			if dot := strings.LastIndex(domain, "."); dot > 0 {
				domain = domain[:dot]
			}
			text = local + " " + domain
		}
		for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r)
		}) {
			if utf8.RuneCountInString(word) >= 3 {
				words = append(words, word)
			}
		}
	}
	return words
}

// oneAddress is what HTML takes in a field of type email: ASCII, and a domain that
// can be looked up.
var oneAddress = regexp.MustCompile("^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$")

// NormalizeEmail returns the form in which an address is kept, compared and sent
// to: trimmed, in lower case, and all ASCII, as every mail server takes it. A domain
// in other letters becomes its ASCII form (IDNA); before the @ there are none, for
// two that look alike are two people's. ok is false when it can't be an address.
func NormalizeEmail(s string) (email string, ok bool) {
	s = strings.TrimSpace(s)
	local, domain, _ := strings.Cut(s, "@")
	ascii, err := idna.Lookup.ToASCII(domain)
	email = strings.ToLower(local + "@" + ascii)
	if err != nil || strings.ContainsFunc(local, func(r rune) bool { return r > unicode.MaxASCII }) || len(email) > maxEmail || !oneAddress.MatchString(email) {
		return strings.ToLower(s), false
	}
	if _, err := mail.ParseAddress(email); err != nil { // two dots in a row, say
		return email, false
	}
	return email, true
}

// isInvisible reports whether a character changes what is around it, or can't
// be seen.
func isInvisible(r rune) bool {
	return !unicode.IsPrint(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// NameFault returns what is wrong with a person's name, as a sentence for the
// person, or "". The name is expected without space around it.
func NameFault(name string) string {
	switch {
	case name == "":
		return "Enter a name."
	case utf8.RuneCountInString(name) > MaxName:
		return "Use at most 100 characters."
	case HasControl(name):
		return "Use letters, digits, spaces and punctuation only."
	case !strings.ContainsFunc(name, func(r rune) bool { return (unicode.IsLetter(r) || unicode.IsDigit(r)) && !isInvisible(r) }):
		return "Use at least one letter or digit."
	}
	return ""
}

// HasControl reports whether a line has characters that change how what is
// around it is read: line breaks, control characters, and those that turn the
// direction of writing.
func HasControl(line string) bool { return strings.ContainsFunc(line, isControl) }

// WithoutControl returns the line with a space in place of each of them.
func WithoutControl(line string) string {
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, line)
}

func isControl(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp)
}

// IsBlank reports whether nobody can see anything of a text.
func IsBlank(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsSpace(r) && !isInvisible(r) })
}
