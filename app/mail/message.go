// Package mail makes messages to people, in HTML and as text, and hands them to a
// mail server. It knows no database and no requests: app/outbox keeps messages
// until they are delivered.
package mail

import (
	"bytes"
	"crypto/rand"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/managethefans/portal/templates"
)

// Message is what somebody is told: the words, and nothing of their looks. The
// HTML and the text are both made of it, so that they say the same. Nothing in it
// is markup.
type Message struct {
	Kind    string // what it is, in a word or two, for lists: "test"
	To      string // the address alone
	Subject string // the heading too
	Preview string // what mail programs show behind the subject

	Paragraphs []string // before the facts and the action
	Facts      []Fact   // such as the time and the device
	Action     Action   // what there is to do, if anything
	Other      Action   // what else there is to do, less visible
	Notes      []string // below it, smaller: what to do if it wasn't you

	// GoodFor is how long its words are of use, for ever if it is 0: afterwards a
	// message whose link has ended isn't tried, nor tried again.
	GoodFor time.Duration
}

// Fact is a line such as "Device: Firefox on Linux".
type Fact struct{ Label, Value string }

// Action is the one button of a message, or a link below it, and where it leads: a
// path of ours.
type Action struct{ Label, Path string }

// House is who speaks in all messages.
type House struct {
	AppName string
	BaseURL string          // where the paths of actions begin
	From    netmail.Address // with a name
}

// Letter is a message as it is sent.
type Letter struct {
	ID      string // of the Message-ID, without brackets: the same in each try
	To      string
	Subject string
	Date    time.Time
	Text    string
	HTML    string
}

// shown is what the templates of a message get.
type shown struct {
	Message
	AppName, BaseURL, Link, OtherLink string
}

// Letter writes a message. It refuses one with characters that would end a line:
// what somebody has typed could become a header, or a sentence of ours.
func (h House) Letter(t *templates.Mail, m Message, now time.Time) (Letter, error) {
	if err := m.check(); err != nil {
		return Letter{}, fmt.Errorf("message %q: %w", m.Kind, err)
	}
	data := shown{Message: m, AppName: h.AppName, BaseURL: h.BaseURL}
	if m.Action != (Action{}) {
		data.Link = h.BaseURL + m.Action.Path
	}
	if m.Other != (Action{}) {
		data.OtherLink = h.BaseURL + m.Other.Path
	}
	var html, text bytes.Buffer
	if err := t.Render(&html, &text, data); err != nil {
		return Letter{}, fmt.Errorf("message %q: %w", m.Kind, err)
	}
	_, domain, _ := strings.Cut(h.From.Address, "@")
	return Letter{
		ID: rand.Text() + "@" + domain, To: m.To, Subject: m.Subject, Date: now,
		Text: text.String(), HTML: html.String(),
	}, nil
}

func (m Message) check() error {
	if a, err := netmail.ParseAddress(m.To); err != nil || a.Address != m.To {
		return fmt.Errorf("%q is no address", m.To)
	}
	for _, a := range []Action{m.Action, m.Other} {
		if a != (Action{}) && (a.Label == "" || !strings.HasPrefix(a.Path, "/") || strings.HasPrefix(a.Path, "//") || strings.ContainsAny(a.Path, " \\")) {
			return fmt.Errorf("its action %q leads to %q, which is no path of ours", a.Label, a.Path)
		}
	}
	lines := append([]string{m.Kind, m.To, m.Subject, m.Preview, m.Action.Label, m.Action.Path, m.Other.Label, m.Other.Path}, m.Paragraphs...)
	lines = append(lines, m.Notes...)
	for _, fact := range m.Facts {
		lines = append(lines, fact.Label, fact.Value)
	}
	for _, line := range lines {
		if !utf8.ValidString(line) || strings.ContainsFunc(line, unprintable) {
			return fmt.Errorf("%q has a line break or another character that can't be shown", line)
		}
	}
	if m.Kind == "" || strings.TrimSpace(m.Subject) == "" {
		return fmt.Errorf("it lacks a kind or a subject")
	}
	return nil
}

// unprintable reports whether a character ends a line, or isn't shown. U+2028 and
// U+2029 end lines in some programs.
func unprintable(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// Count says how many messages, in words.
func Count(n int64) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}
