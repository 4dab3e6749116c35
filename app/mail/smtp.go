package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// timeout bounds connecting, and handing over one message. A server may look
// through a message before it says that it has taken it; who gives up meanwhile
// sends it twice.
const timeout = time.Minute

// goodbye bounds the end of a connection.
const goodbye = 2 * time.Second

// Server is the mail server that takes our messages and brings them to people's.
type Server struct {
	host     string
	port     int
	smtps    bool // TLS from the first byte
	plain    bool // no TLS at all
	user     string
	password string
	roots    *x509.CertPool // nil for the system's
}

// ParseServer reads SMTP_URL. The error doesn't show it: it may hold a password.
func ParseServer(rawURL string) (*Server, error) {
	const remedy = "write smtps://user:password@host:465, or smtp://user:password@host:587 for STARTTLS"
	u, err := url.Parse(rawURL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		return nil, errors.New("not a mail server's URL: " + remedy + " (in a password, characters such as / @ # are written as %2F %40 %23)")
	}
	s := &Server{host: u.Hostname(), smtps: u.Scheme == "smtps"}
	s.user = u.User.Username()
	s.password, _ = u.User.Password()
	s.port = 587
	if s.smtps {
		s.port = 465
	}
	if port := u.Port(); port != "" {
		if s.port, err = strconv.Atoi(port); err != nil || s.port < 1 || s.port > 65535 {
			return nil, errors.New("a mail server's URL with a port that is none: " + remedy)
		}
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("a mail server's URL with a query that can't be understood: it may have tls and ca")
	}
	for name := range query {
		if !slices.Contains([]string{"tls", "ca"}, name) {
			return nil, fmt.Errorf("a mail server's URL with the parameter %q: it may have tls and ca", name)
		}
	}
	switch tls := query.Get("tls"); {
	case tls == "none" && !s.smtps:
		s.plain = true
	case tls == "starttls" && !s.smtps:
	case tls != "":
		return nil, fmt.Errorf("a mail server's URL with tls=%s: smtp:// takes none or starttls, smtps:// nothing", tls)
	default:
		s.plain = !s.smtps && isLoopback(s.host)
	}
	if s.plain && s.password != "" && !isLoopback(s.host) {
		return nil, errors.New("a mail server's URL with a password and tls=none, where everybody on the way could read it: leave out tls=none")
	}
	if path := query.Get("ca"); path != "" {
		if s.roots, err = readRoots(path); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func readRoots(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("a mail server's URL with a ca that can't be read: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("a mail server's URL with ca=%s, which has no certificate: name a file in PEM", path)
	}
	return roots, nil
}

// String says where the server is, and nothing secret.
func (s *Server) String() string {
	kind := "STARTTLS"
	switch {
	case s.smtps:
		kind = "TLS"
	case s.plain:
		kind = "not encrypted"
	}
	return net.JoinHostPort(s.host, strconv.Itoa(s.port)) + ", " + kind
}

// Conn is a connection to the server, signed in if need be, for one message after
// the other.
type Conn struct {
	client *gomail.Client
	smtp   *smtp.Client
	raw    *bounded
}

// maxAnswers bounds what is read of a server, in bytes, while one signs in (its
// certificates with it) and then of each message. Its answers are some lines; one
// line without an end would fill the memory.
const maxAnswers = 64 << 10

var errTooMuch = errors.New("it has said more than 64 kB, which no mail server does: look whether SMTP_URL names one")

// bounded is a connection from which no more than what is left can be read. TLS
// is above it, and makes what is read no longer.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooMuch
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// Connect connects, by TLS unless that was excluded, and signs in. When ctx ends
// it gives up.
func (s *Server) Connect(ctx context.Context) (*Conn, error) {
	c := &Conn{}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	config := &tls.Config{ServerName: s.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}
	stop := func() bool { return true }
	defer func() { stop() }()
	// go-mail looks at a context while it dials, and no longer: what ends it later
	// is that the connection is closed.
	dial := func(dialing context.Context, network, address string) (net.Conn, error) {
		var dialer net.Dialer
		conn, err := dialer.DialContext(dialing, network, address)
		if err != nil {
			return nil, err
		}
		raw := &bounded{conn, maxAnswers}
		c.raw = raw
		stop = context.AfterFunc(ctx, func() { raw.Close() })
		if !s.smtps {
			return raw, nil
		}
		secure := tls.Client(raw, config)
		return secure, secure.HandshakeContext(dialing)
	}
	options := []gomail.Option{
		gomail.WithPort(s.port), gomail.WithTimeout(timeout), gomail.WithTLSConfig(config), gomail.WithDialContextFunc(dial),
		gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithoutNoop(), gomail.WithoutRset(),
	}
	plain, login := gomail.SMTPAuthPlain, gomail.SMTPAuthLogin
	switch {
	case s.smtps:
		options = append(options, gomail.WithSSL())
	case s.plain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
		plain, login = gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc
	}
	if s.user != "" {
		options = append(options, gomail.WithUsername(s.user), gomail.WithPassword(s.password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, plain, login))
	}
	var err error
	if c.client, err = gomail.NewClient(s.host, options...); err != nil {
		return nil, fmt.Errorf("mail server %s: %w", s, err)
	}
	if c.smtp, err = c.client.DialToSMTPClientWithContext(ctx); err != nil {
		if c.raw != nil {
			c.raw.Close()
		}
		return nil, fmt.Errorf("mail server %s: %w", s, err)
	}
	return c, nil
}

// Close says goodbye.
func (c *Conn) Close() {
	time.AfterFunc(goodbye, func() { c.raw.Close() }) // of a server that doesn't answer
	c.client.CloseWithSMTPClient(c.smtp)
	c.raw.Close()
}

// SendError says why the server hasn't taken a message.
type SendError struct {
	Refused bool // for good: it would say the same the next time
	Text    string
}

func (e *SendError) Error() string { return e.Text }

// Send hands a message over. The error is a SendError, after which another
// connection is needed: this one may be lost, and servers answer slowly to who has
// made them refuse something. If it isn't Refused the server may have taken the
// message all the same, and the connection was lost at its very end. When ctx
// ends, the connection is cut.
func (c *Conn) Send(ctx context.Context, h House, l Letter) error {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&h.From)
	if err := msg.To(l.To); err != nil {
		return &SendError{Refused: true, Text: err.Error()}
	}
	msg.Subject(l.Subject)
	msg.SetMessageIDWithValue(l.ID)
	msg.SetDateWithValue(l.Date)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's holiday notice answers
	msg.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	msg.SetBodyString(gomail.TypeTextPlain, l.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, l.HTML)

	c.raw.left = maxAnswers
	stop := context.AfterFunc(ctx, func() { c.raw.Close() })
	defer stop()
	err := c.client.SendWithSMTPClient(c.smtp, msg)
	if err == nil || msg.IsDelivered() {
		return nil
	}
	if c.raw.left <= 0 { // a line that was cut reads like a whole one
		return &SendError{Text: errTooMuch.Error()}
	}
	return sendError(err)
}

// What an answer is about. Enhanced codes are those of RFC 3463, read from its text
// since servers write them that haven't announced them; of mailboxes only what it
// lists, since Exchange says 5.2.0 and 5.2.252 to one who may not send as this
// sender.
var (
	enhanced    = regexp.MustCompile(`^[^:]*: 5\d\d "?(\d\.\d+\.\d+)(?:[^.\d]|$)`)
	ofTheLetter = regexp.MustCompile(`^5\.(1\.(1|2|3|6|10)|2\.[1-4]|3\.4|6\.\d+)$`) // or its recipient
	ofUs        = regexp.MustCompile(`(?i)\b(relay|rcpthosts|sender|from\b|(un)?auth(enti|ori[sz]|\b)|(sign|signed|log|logged)[ -]?(in|on)\b)`)
)

// sendError tells what the server said of the message or its recipient, for good,
// from what it said of us, which settings mend, and from what it didn't say. Where
// that is in doubt, the message is tried again.
func sendError(err error) *SendError {
	text, _, _ := strings.Cut(err.Error(), ", affected ") // who and which message are known
	text = strings.ReplaceAll(text, `\n`, " ")            // textproto quotes what was said
	e := &SendError{Text: brief(text)}
	var failed *gomail.SendError
	if !errors.As(err, &failed) || failed.ErrorCode() < 500 {
		return e
	}
	switch failed.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		if code := enhanced.FindStringSubmatch(text); code != nil {
			e.Refused = ofTheLetter.MatchString(code[1])
		} else if failed.Reason == gomail.ErrSMTPRcptTo {
			e.Refused = failed.ErrorCode() >= 550 && failed.ErrorCode() <= 553 && !ofUs.MatchString(text)
		}
	}
	return e
}

// maxText bounds what is kept of what a server says, in bytes.
const maxText = 500

// brief is one line of at most maxText bytes.
func brief(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unprintable(r) }), " ")
	if len(text) > maxText {
		text = text[:maxText] + "…"
	}
	return strings.ToValidUTF8(text, "")
}

// Check connects, signs in, and asks whether the server takes messages from us.
// It sends none.
func (s *Server) Check(ctx context.Context, h House) error {
	c, err := s.Connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.raw.Close() })
	defer stop()
	if err := c.smtp.Mail(h.From.Address); err != nil {
		return fmt.Errorf("mail server %s takes nothing from MAIL_FROM, %s: %w", s, h.From.Address, err)
	}
	return c.smtp.Reset()
}
