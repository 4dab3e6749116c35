// Package mailtest is a mail server for tests: it speaks SMTP, with TLS and
// authentication, takes messages, and fails in the ways that servers do.
package mailtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// User and Password sign in to every server that asks.
const (
	User     = "mailer"
	Password = "correct/horse@battery#staple"
)

// Received is a message that a server was sent.
type Received struct {
	From, To string // of the envelope
	Secure   bool   // by TLS
	SignedIn bool
	Raw      []byte
}

// ID returns its Message-ID.
func (r Received) ID() string {
	m, err := mail.ReadMessage(bytes.NewReader(r.Raw))
	if err != nil {
		return err.Error()
	}
	return m.Header.Get("Message-ID")
}

// Server is one that listens on an address that stays, so that it can go and come
// back.
type Server struct {
	t       testing.TB
	options Options
	tls     *tls.Config
	ca      string
	address string

	mu       sync.Mutex
	server   *smtp.Server
	listener net.Listener
	received []Received
	onRcpt   func(to string) error
	onData   func(Received) error
	onMail   func(from string) error
}

// Options are what a server is like.
type Options struct {
	SMTPS       bool // TLS from the first byte; else STARTTLS is offered
	NoTLS       bool
	Anonymous   bool // takes messages without a sign-in
	OtherName   bool // its certificate is another machine's
	UnknownRoot bool // nobody is told of its authority
}

// Start starts a server, which ends with the test.
func Start(t testing.TB, options Options) *Server {
	t.Helper()
	s := &Server{t: t, options: options}
	s.ca, s.tls = certificate(t, options.OtherName)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	s.serve(listener)
	t.Cleanup(s.Stop)
	return s
}

// URL is what SMTP_URL is to be set to.
func (s *Server) URL() string {
	u := url.URL{Scheme: "smtp", Host: s.address}
	query := url.Values{}
	if s.options.SMTPS {
		u.Scheme = "smtps"
	}
	if !s.options.Anonymous {
		u.User = url.UserPassword(User, Password)
	}
	if !s.options.SMTPS && !s.options.NoTLS {
		query.Set("tls", "starttls") // on this machine it isn't asked for otherwise
	}
	if !s.options.UnknownRoot && !s.options.NoTLS {
		query.Set("ca", s.ca)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// Stop closes the server with all its connections.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		s.listener.Close() // the server may not know of it yet
		s.server.Close()
		s.server = nil
	}
}

// Restart has it listen again where it did before.
func (s *Server) Restart() {
	s.t.Helper()
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.serve(listener)
}

func (s *Server) serve(listener net.Listener) {
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{s: s, conn: c}, nil
	}))
	server.Domain = "mail.example.com"
	server.AllowInsecureAuth = s.options.NoTLS
	server.ErrorLog = log.New(io.Discard, "", 0)
	server.ReadTimeout, server.WriteTimeout = time.Minute, time.Minute
	switch {
	case s.options.SMTPS:
		listener = tls.NewListener(listener, s.tls)
	case !s.options.NoTLS:
		server.TLSConfig = s.tls
	}
	s.mu.Lock()
	s.server, s.listener = server, listener
	s.mu.Unlock()
	go server.Serve(listener)
}

// Received returns the messages that were taken, and those whose sender was cut
// off after they were.
func (s *Server) Received() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.received)
}

// OnMail, OnRcpt and OnData answer the commands from now on: nil takes it,
// Reply refuses it, ErrCut and ErrCutAfter cut the connection. They may block.
func (s *Server) OnMail(f func(from string) error) { s.mu.Lock(); defer s.mu.Unlock(); s.onMail = f }

func (s *Server) OnRcpt(f func(to string) error) { s.mu.Lock(); defer s.mu.Unlock(); s.onRcpt = f }

func (s *Server) OnData(f func(Received) error) { s.mu.Lock(); defer s.mu.Unlock(); s.onData = f }

// Reply is an answer such as 451. The text begins with the enhanced code, if any.
func Reply(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: text}
}

// ErrCut cuts the connection before the server has taken the message; ErrCutAfter
// when it has, and before it says so.
var (
	ErrCut      = errors.New("cut")
	ErrCutAfter = errors.New("cut after it was taken")
)

type session struct {
	s    *Server
	conn *smtp.Conn
	Received
}

func (c *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != User || password != Password {
			return smtp.ErrAuthFailed
		}
		c.SignedIn = true
		return nil
	}), nil
}

func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	if !c.SignedIn && !c.s.options.Anonymous {
		return Reply(530, "sign in first")
	}
	c.From = from
	_, c.Secure = c.conn.TLSConnectionState()
	c.s.mu.Lock()
	answer := c.s.onMail
	c.s.mu.Unlock()
	if answer == nil {
		return nil
	}
	return answer(from)
}

func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.To = to
	c.s.mu.Lock()
	answer := c.s.onRcpt
	c.s.mu.Unlock()
	if answer == nil {
		return nil
	}
	return answer(to)
}

func (c *session) Data(r io.Reader) error {
	c.s.mu.Lock()
	answer := c.s.onData
	c.s.mu.Unlock()
	var err error
	if answer != nil {
		err = answer(c.Received)
	}
	if errors.Is(err, ErrCut) { // with the message on its way
		io.ReadFull(r, make([]byte, 100))
		c.conn.Conn().Close()
		return err
	}
	raw, readErr := io.ReadAll(r)
	if readErr != nil {
		return readErr
	}
	if err == nil || errors.Is(err, ErrCutAfter) {
		taken := c.Received
		taken.Raw = raw
		c.s.mu.Lock()
		c.s.received = append(c.s.received, taken)
		c.s.mu.Unlock()
	}
	if errors.Is(err, ErrCutAfter) {
		c.conn.Conn().Close()
	}
	return err
}

func (c *session) Reset() { c.From, c.To = "", "" }

func (c *session) Logout() error { return nil }

// certificate makes one for this machine, or for another, and a file with what
// signed it.
func certificate(t testing.TB, other bool) (ca string, config *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}
	if other {
		template.IPAddresses, template.DNSNames = nil, []string{"elsewhere.example.com"}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return ca, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// Count returns how often each Message-ID was taken.
func (s *Server) Count() map[string]int {
	counts := map[string]int{}
	for _, r := range s.Received() {
		counts[strings.Trim(r.ID(), "<>")]++
	}
	return counts
}
