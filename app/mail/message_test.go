package mail

import (
	"fmt"
	netmail "net/mail"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/managethefans/portal/templates"
)

var meadow = House{AppName: "Meadow", BaseURL: "https://meadow.example.com", From: netmail.Address{Name: "Meadow", Address: "noreply@meadow.example.com"}}

// aMessage has something of everything.
func aMessage() Message {
	return Message{
		Kind: "test", To: "ada@example.com", Subject: "A test of mail", Preview: "It works.",
		Paragraphs: []string{"The first paragraph.", "The second one."},
		Facts:      []Fact{{"Device", "Firefox on Linux"}, {"Time", "2 Feb 2026"}},
		Action:     Action{"Open Meadow", "/account?a=b&c=d"},
		Notes:      []string{"You need to do nothing."},
	}
}

func layout(t *testing.T) *templates.Mail {
	t.Helper()
	l, err := templates.LoadMail()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAMessageSaysTheSameInHTMLAndAsText(t *testing.T) {
	t.Parallel()
	l, err := meadow.Letter(layout(t), aMessage(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	want := `A test of mail

The first paragraph.

The second one.

Device: Firefox on Linux
Time: 2 Feb 2026

Open Meadow:
https://meadow.example.com/account?a=b&c=d

You need to do nothing.

-- 
Meadow
https://meadow.example.com
`
	if l.Text != want {
		t.Errorf("the text is\n%s", l.Text)
	}
	for _, part := range []string{">It works.", ">The first paragraph.<", ">The second one.<", ">Device<", ">Firefox on Linux<", ">Open Meadow<", `href="https://meadow.example.com/account?a=b&amp;c=d"`, ">You need to do nothing.<"} {
		if !strings.Contains(l.HTML, part) {
			t.Errorf("the HTML lacks %s", part)
		}
	}
	if !strings.HasSuffix(l.ID, "@meadow.example.com") || l.To != "ada@example.com" || l.Subject != "A test of mail" {
		t.Errorf("got %+v", l)
	}
	plain, err := meadow.Letter(layout(t), Message{Kind: "test", To: "ada@example.com", Subject: "Only this"}, time.Now())
	if err != nil || plain.Text != "Only this\n\n-- \nMeadow\nhttps://meadow.example.com\n" || plain.ID == l.ID {
		t.Errorf("%v, %q", err, plain.Text)
	}
	for _, part := range []string{"<p", `class="fill"`, `class="line"`, "display: none"} {
		if strings.Contains(plain.HTML, part) {
			t.Errorf("nothing to say has %s", part)
		}
	}
}

// TestMarkupInAMessageIsText: what somebody has typed is shown as it is.
func TestMarkupInAMessageIsText(t *testing.T) {
	t.Parallel()
	const attack = `"><script>alert(1)</script><a href="https://evil.example">here</a>{{.To}}`
	m := Message{Kind: "test", To: "ada@example.com", Subject: attack, Preview: attack, Paragraphs: []string{attack}, Facts: []Fact{{attack, attack}},
		Action: Action{attack, "/x?" + strings.ReplaceAll(attack, " ", "+")}, Notes: []string{attack}}
	house := meadow
	house.AppName = attack
	l, err := house.Letter(layout(t), m, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(l.HTML, "<script") || strings.Contains(l.HTML, `<a href="https://evil`) || strings.Contains(l.HTML, "{{") && !strings.Contains(l.HTML, "{{.To}}") {
		t.Errorf("it is markup:\n%s", l.HTML)
	}
	if n := strings.Count(l.HTML, "&lt;script&gt;"); n < 8 {
		t.Errorf("it is shown %d times", n)
	}
	if !strings.Contains(l.Text, attack) {
		t.Errorf("the text isn't as it was:\n%s", l.Text)
	}
}

// TestALineBreakInAMessageIsRefused: in a subject it would begin a header, in a
// sentence one that isn't ours.
func TestALineBreakInAMessageIsRefused(t *testing.T) {
	t.Parallel()
	for _, attack := range []string{"Ada\r\nBcc: everybody@example.com", "Ada\nBcc: x", "Ada\rx", "Ada\x00", "Ada\u0085x", "Ada\u2028x", "Ada\u2029x", "Ada\xff", "Ada\t"} {
		for name, change := range map[string]func(*Message){
			"kind":         func(m *Message) { m.Kind = attack },
			"address":      func(m *Message) { m.To = "ada@example.com" + attack },
			"subject":      func(m *Message) { m.Subject = attack },
			"preview":      func(m *Message) { m.Preview = attack },
			"paragraph":    func(m *Message) { m.Paragraphs[1] = attack },
			"fact's label": func(m *Message) { m.Facts[1].Label = attack },
			"fact's value": func(m *Message) { m.Facts[1].Value = attack },
			"action":       func(m *Message) { m.Action.Label = attack },
			"path":         func(m *Message) { m.Action.Path += attack },
			"note":         func(m *Message) { m.Notes[0] = attack },
		} {
			m := aMessage()
			change(&m)
			if l, err := meadow.Letter(layout(t), m, time.Now()); err == nil {
				t.Errorf("%q as a %s is taken:\n%s", attack, name, l.Text)
			}
		}
	}
}

func TestAnAddressIsOneAddress(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"", "ada", "ada@", "@example.com", "ada@example.com, eve@example.com", "Ada <ada@example.com>", "<ada@example.com>", "ada@example.com ", "ada@example.com>\r\nRCPT TO:<eve@example.com"} {
		m := aMessage()
		m.To = to
		if _, err := meadow.Letter(layout(t), m, time.Now()); err == nil {
			t.Errorf("%q is taken", to)
		}
	}
}

// TestAnActionLeadsToOurselves, also where its path is made of what somebody has
// sent.
func TestAnActionLeadsToOurselves(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "account", "//evil.example", `/\evil.example`, "https://evil.example", "javascript:alert(1)", ".evil.example/", "@evil.example/", "/a b"} {
		m := aMessage()
		m.Action.Path = path
		if l, err := meadow.Letter(layout(t), m, time.Now()); err == nil {
			t.Errorf("%q leads to\n%s", path, l.Text)
		}
	}
	m := aMessage()
	m.Action.Label = ""
	if _, err := meadow.Letter(layout(t), m, time.Now()); err == nil {
		t.Error("a button without words")
	}
}

// TestMessagesHaveTheColoursOfPages: mail programs know no variables, so the
// colours stand in the layout once more.
func TestMessagesHaveTheColoursOfPages(t *testing.T) {
	t.Parallel()
	tokens, err := os.ReadFile("../../static/css/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	layout, err := os.ReadFile("../../templates/mail/message.html")
	if err != nil {
		t.Fatal(err)
	}
	colours := regexp.MustCompile(`#[0-9a-f]{6}\b`).FindAllString(string(layout), -1)
	if len(colours) < 20 {
		t.Errorf("only %d colours are there", len(colours))
	}
	for _, colour := range colours {
		if !strings.Contains(string(tokens), colour) {
			t.Errorf("%s is not in tokens.css", colour)
		}
	}
}

func TestAMailServersURL(t *testing.T) {
	t.Parallel()
	for rawURL, want := range map[string]string{
		"smtps://u:p@mail.example.com":             "mail.example.com:465, TLS",
		"smtps://u:p@mail.example.com:4650/":       "mail.example.com:4650, TLS",
		"smtp://u:p@mail.example.com":              "mail.example.com:587, STARTTLS",
		"smtp://mail.example.com:25":               "mail.example.com:25, STARTTLS",
		"smtp://u:p@mail.example.com?tls=starttls": "mail.example.com:587, STARTTLS",
		"smtp://mail.example.com:25?tls=none":      "mail.example.com:25, not encrypted",
		"smtp://localhost:1025":                    "localhost:1025, not encrypted",
		"smtp://u:p@127.0.0.1:1025":                "127.0.0.1:1025, not encrypted",
		"smtp://u:p@[::1]:1025?tls=starttls":       "[::1]:1025, STARTTLS",
	} {
		if s, err := ParseServer(rawURL); err != nil || fmt.Sprint(s) != want {
			t.Errorf("%s: %v, %v", rawURL, s, err)
		}
	}
	if s, err := ParseServer("smtps://mail%40example.com:hunter%2F2@mail.example.com"); err != nil || s.user != "mail@example.com" || s.password != "hunter/2" {
		t.Errorf("%+v, %v", s, err)
	}
	noCertificate := t.TempDir() + "/empty.pem"
	if err := os.WriteFile(noCertificate, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for rawURL, want := range map[string]string{
		"mail.example.com":                                      "write smtps://",
		"https://u:hunter2@mail.example.com":                    "write smtps://",
		"smtps://u:hunter2@":                                    "write smtps://",
		"smtps://u:hunter2/x@mail.example.com":                  "written as %2F",
		"smtps://u:hunter2@mail.example.com:0":                  "a port that is none",
		"smtps://u:hunter2@mail.example.com/path":               "write smtps://",
		"smtps://u:hunter2@mail.example.com?tls=none":           "smtps:// nothing",
		"smtp://u:hunter2@mail.example.com?tls=maybe":           "tls=maybe",
		"smtp://u:hunter2@mail.example.com?tls=none":            "everybody on the way could read it",
		"smtp://u:hunter2@mail.example.com?timeout=5":           `"timeout"`,
		"smtp://u:hunter2@mail.example.com?ca=/none.pem":        "can't be read",
		"smtp://u:hunter2@mail.example.com?ca=" + noCertificate: "has no certificate",
	} {
		if _, err := ParseServer(rawURL); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", rawURL, err)
		}
	}
}
