package mail

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/managethefans/portal/app/mail/mailtest"
)

func server(t *testing.T, rawURL string) *Server {
	t.Helper()
	s, err := ParseServer(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func connect(t *testing.T, to *mailtest.Server) *Conn {
	t.Helper()
	c, err := server(t, to.URL()).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func letter(t *testing.T, change func(*Message)) Letter {
	t.Helper()
	m := aMessage()
	if change != nil {
		change(&m)
	}
	l, err := meadow.Letter(layout(t), m, time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestAMessageArrivesAsItWasWritten through each kind of server.
func TestAMessageArrivesAsItWasWritten(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]mailtest.Options{
		"by TLS":                             {SMTPS: true},
		"by STARTTLS":                        {},
		"by TLS, from anybody":               {SMTPS: true, Anonymous: true},
		"in plain text on this machine":      {NoTLS: true, Anonymous: true},
		"the same, with a name and password": {NoTLS: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mailtest.Start(t, options)
			house := meadow
			house.From.Name = "Größe & Söhne"
			l := letter(t, func(m *Message) {
				m.Subject = "Grüße – 你好"
				m.Notes = []string{".", strings.Repeat("long ", 300)}
			})
			if err := connect(t, s).Send(t.Context(), house, l); err != nil {
				t.Fatal(err)
			}
			got := s.Received()
			if len(got) != 1 || got[0].From != meadow.From.Address || got[0].To != "ada@example.com" || got[0].Secure == options.NoTLS || got[0].SignedIn == options.Anonymous {
				t.Fatalf("got %+v", got)
			}
			m, err := netmail.ReadMessage(bytes.NewReader(got[0].Raw))
			if err != nil {
				t.Fatal(err)
			}
			subject, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
			from, err := m.Header.AddressList("From")
			if err != nil || subject != l.Subject || from[0].Name != house.From.Name || m.Header.Get("To") != "<ada@example.com>" {
				t.Errorf("%v, %q, %v", err, subject, m.Header)
			}
			for name, want := range map[string]string{"Message-Id": "<" + l.ID + ">", "Date": "Tue, 03 Feb 2026 04:05:06 +0000", "Auto-Submitted": "auto-generated", "User-Agent": "", "X-Mailer": ""} {
				if got := m.Header.Get(name); got != want {
					t.Errorf("%s is %q", name, got)
				}
			}
			text, html := parts(t, m)
			if text != l.Text || html != l.HTML {
				t.Errorf("the text is\n%s\nand the HTML\n%s", text, html)
			}
			for line := range strings.Lines(string(got[0].Raw)) {
				if len(line) > 200 || !strings.HasSuffix(line, "\r\n") {
					t.Errorf("a line of %d: %.80q", len(line), line)
				}
			}
		})
	}
}

func parts(t *testing.T, m *netmail.Message) (text, html string) {
	t.Helper()
	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	read := multipart.NewReader(m.Body, parameters["boundary"])
	next := func(kind string) string {
		part, err := read.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		if got := part.Header.Get("Content-Type"); !strings.HasPrefix(got, kind) || !strings.Contains(got, "UTF-8") {
			t.Errorf("a part is %s", got)
		}
		content, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(content), "\r\n", "\n")
	}
	return next("text/plain"), next("text/html") // what comes last is preferred
}

func TestAServerThatCantBeTrustedGetsNoPassword(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]mailtest.Options{
		"TLS by nobody known":          {SMTPS: true, UnknownRoot: true},
		"STARTTLS by nobody known":     {UnknownRoot: true},
		"TLS with another's name":      {SMTPS: true, OtherName: true},
		"STARTTLS with another's name": {OtherName: true},
	} {
		if _, err := server(t, mailtest.Start(t, options).URL()).Connect(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// It says that it knows no TLS, or somebody on the way has left that out.
	downgraded := mailtest.Start(t, mailtest.Options{NoTLS: true})
	if _, err := server(t, downgraded.URL()+"?tls=starttls").Connect(t.Context()); err == nil || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("without TLS: %v", err)
	}
	wrong := strings.Replace(mailtest.Start(t, mailtest.Options{SMTPS: true}).URL(), mailtest.User, "somebody", 1)
	if _, err := server(t, wrong).Connect(t.Context()); err == nil || !strings.Contains(err.Error(), "535") || strings.Contains(err.Error(), "horse") {
		t.Errorf("a wrong name: %v", err)
	}
}

func TestWhatAServerSaysOfAMessage(t *testing.T) {
	t.Parallel()
	type answers struct{ mail, rcpt, data error }
	for name, test := range map[string]struct {
		answers
		refused bool
		text    string
		taken   int
	}{
		"later, the sender":              {answers{mail: mailtest.Reply(451, "later")}, false, "451", 0},
		"never, the sender":              {answers{mail: mailtest.Reply(550, "not you")}, false, "550", 0},
		"later, the recipient":           {answers{rcpt: mailtest.Reply(450, "greylisted")}, false, "greylisted", 0},
		"never, the recipient":           {answers{rcpt: mailtest.Reply(550, "no such person")}, true, "no such person", 0},
		"sign in first":                  {answers{rcpt: mailtest.Reply(530, "sign in")}, false, "530", 0},
		"not from you":                   {answers{rcpt: mailtest.Reply(554, "5.7.1 relay access denied")}, false, "relay access denied", 0},
		"later, the content":             {answers{data: mailtest.Reply(452, "full")}, false, "full", 0},
		"never, the content":             {answers{data: mailtest.Reply(554, "5.6.0 malformed")}, true, "malformed", 0},
		"it shuts down":                  {answers{rcpt: mailtest.Reply(421, "bye")}, false, "421", 0},
		"cut in the middle":              {answers{data: mailtest.ErrCut}, false, "", 0},
		"cut when the server has it all": {answers{data: mailtest.ErrCutAfter}, false, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mailtest.Start(t, mailtest.Options{SMTPS: true})
			s.OnMail(func(string) error { return test.mail })
			s.OnRcpt(func(string) error { return test.rcpt })
			s.OnData(func(mailtest.Received) error { return test.data })
			c := connect(t, s)
			var got *SendError
			if err := c.Send(t.Context(), meadow, letter(t, nil)); !errors.As(err, &got) || got.Refused != test.refused || !strings.Contains(got.Text, test.text) || strings.Contains(got.Text, "\n") {
				t.Errorf("got %+v", err)
			}
			if n := len(s.Received()); n != test.taken {
				t.Errorf("%d were taken", n)
			}
		})
	}
}

// TestWhatIsSaidOfUsIsNoRefusal: settings mend it, and the message is tried again.
// The answers are those of Exchange, SES, Exim, Postfix, qmail and others.
func TestWhatIsSaidOfUsIsNoRefusal(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{SMTPS: true})
	for answer, refused := range map[string]struct{ rcpt, data bool }{
		"550 5.1.1 <ada@example.com>: user unknown in relay recipient table": {true, true},
		"550 5.1.1 no such person\n5.1.1 https://example.com/help":           {true, true},
		"550 5.1.10 RESOLVER.ADR.RecipientNotFound":                          {true, true},
		"552 5.2.2 mailbox full":                                             {true, true},
		"552 5.3.4 message too big":                                          {true, true},
		"554 5.6.0 malformed":                                                {true, true},
		"550 no such person":                                                 {true, false},
		"550 sorry, no mailbox here by that name (#5.1.1)":                   {true, false},
		"553 mailbox name not allowed":                                       {true, false},

		"550 5.7.60 SMTP; Client does not have permissions to send as this sender":    {},
		"554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException":               {},
		"554 5.2.252 SendAsDenied; noreply@meadow.example.com not allowed to send as": {},
		"554 Message rejected: Email address is not verified":                         {},
		"550 relay not permitted":  {},
		"550 Sender verify failed": {},
		"553 5.7.1 <noreply@meadow.example.com>: Sender address rejected: not owned by user": {},
		"553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)":              {},
		"550 Verification failed for <noreply@meadow.example.com>\nSender verify failed":     {},
		"550 authentication required":                   {},
		"550 you must log in first":                     {},
		"550 5.1.8 sender's domain not found":           {},
		"550 5.1.11 another code of which nobody knows": {},
		"550 we don't take mail from there":             {},
		"550 4.7.1 greylisted":                          {},
		"503 bad sequence of commands":                  {},
		"451 5.1.1 later, and the code is wrong":        {},
		"451 the next server said: 550 5.1.1 no such person, which was said of somebody before": {},
	} {
		for at, want := range map[string]bool{"MAIL": false, "RCPT": refused.rcpt, "DATA": refused.data} {
			code, _ := strconv.Atoi(answer[:3])
			say := func(when string) error {
				if when == at {
					return mailtest.Reply(code, answer[4:])
				}
				return nil
			}
			s.OnMail(func(string) error { return say("MAIL") })
			s.OnRcpt(func(string) error { return say("RCPT") })
			s.OnData(func(mailtest.Received) error { return say("DATA") })
			var got *SendError
			if err := connect(t, s).Send(t.Context(), meadow, letter(t, nil)); !errors.As(err, &got) || got.Refused != want || !strings.Contains(got.Text, answer[:3]) {
				t.Errorf("%s to %s: %+v", answer, at, err)
			}
		}
	}
}

func TestAServerThatHangsIsLeft(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{SMTPS: true})
	held := make(chan struct{})
	defer close(held)
	s.OnData(func(mailtest.Received) error { <-held; return nil })
	ctx, stop := context.WithCancel(t.Context())
	c := connect(t, s)
	time.AfterFunc(100*time.Millisecond, stop)
	var got *SendError
	if err := c.Send(ctx, meadow, letter(t, nil)); !errors.As(err, &got) || got.Refused {
		t.Errorf("got %v", err)
	}
}

func TestCheckingAServer(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{})
	if err := server(t, s.URL()).Check(t.Context(), meadow); err != nil {
		t.Error(err)
	}
	s.OnMail(func(string) error { return mailtest.Reply(553, "not your address") })
	if err := server(t, s.URL()).Check(t.Context(), meadow); err == nil || !strings.Contains(err.Error(), "takes nothing from MAIL_FROM, noreply@meadow.example.com") {
		t.Error(err)
	}
	s.Stop()
	if err := server(t, s.URL()).Check(t.Context(), meadow); err == nil || strings.Contains(err.Error(), "horse") {
		t.Error(err)
	}
	if len(s.Received()) > 0 {
		t.Error("it has sent something")
	}
}

// TestAServerThatSaysTooMuchIsLeft, before it would fill the memory: with and
// without TLS, and to who checks it too.
func TestAServerThatSaysTooMuchIsLeft(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			c.Write(bytes.Repeat([]byte("220 "), 16<<20)) // endless enough
			c.Close()
		}
	}()
	if err := server(t, "smtp://"+l.Addr().String()+"?tls=starttls").Check(t.Context(), meadow); !errors.Is(err, errTooMuch) {
		t.Errorf("before STARTTLS: %.200v", err)
	}
	for name, options := range map[string]mailtest.Options{"TLS": {SMTPS: true}, "STARTTLS": {}, "plain text": {NoTLS: true, Anonymous: true}} {
		s := mailtest.Start(t, options)
		c := connect(t, s)
		c.raw.left = 0 // what it said of others counts no more
		if err := c.Send(t.Context(), meadow, letter(t, nil)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		s.OnData(func(mailtest.Received) error { return mailtest.Reply(550, strings.Repeat("x", 16<<20)) })
		var got *SendError
		if err := c.Send(t.Context(), meadow, letter(t, nil)); !errors.As(err, &got) || got.Refused || !strings.Contains(got.Text, errTooMuch.Error()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
