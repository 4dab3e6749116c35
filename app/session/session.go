// Package session keeps what is known of a visitor from one request to the
// next: which store it is kept in, who is signed in, messages to show once.
//
// There are two records. The session itself is the visitor's data, kept by one
// of gorilla's stores or by pgstore. A sign-in is a row in user_sessions whose
// token the session carries: when the row goes, the sign-in has ended,
// whatever a store or a copy of a cookie still says.
package session

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	echosession "github.com/labstack/echo-contrib/session"

	"github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/db"
)

// ErrNotSaved is returned by Middleware when a handler changed the session and
// didn't commit it. It is a mistake in the program.
var ErrNotSaved = errors.New("the session was changed and not committed: use render or redirect")

// Kinds of flash messages.
const (
	Success = "success"
	Error   = "error"
)

// Flash is a message that is shown once, on the next page.
type Flash struct {
	Kind string `json:"k"`
	Text string `json:"t"`
}

// User is the person who is signed in.
type User = db.GetSessionUserRow

// data is what a session holds, kept as JSON under one key.
type data struct {
	Token   string                     `json:"t,omitempty"`
	Flashes []Flash                    `json:"f,omitempty"`
	Values  map[string]json.RawMessage `json:"v,omitempty"`
	KeyID   string                     `json:"k,omitempty"` // of the secret that its cookie last came back under
	Begun   int64                      `json:"b,omitempty"` // when it was saved first, and
	Saved   int64                      `json:"s,omitempty"` // last, in seconds since 1970

	Replaced []byte `json:"r,omitempty"` // the hash of the token before, if it may still be alive
	Ousted   int64  `json:"o,omitempty"` // whose that is, if it is another person's
}

func (d *data) empty() bool { return d.Token == "" && len(d.Flashes) == 0 && len(d.Values) == 0 }

func (d *data) setValue(name string, value json.RawMessage) {
	if d.Values == nil {
		d.Values = map[string]json.RawMessage{}
	}
	d.Values[name] = value
}

func (d *data) addFlashes(more ...Flash) {
	d.Flashes = append(d.Flashes, more...)
	d.Flashes = d.Flashes[max(0, len(d.Flashes)-maxFlashes):]
}

const (
	dataKey    = "data"
	contextKey = "portal session"
)

// Manager gives each request its session.
type Manager struct {
	db     *db.DB
	store  sessions.Store
	cookie string
	keys   [][]byte
	keyID  string

	idle, absolute time.Duration
	onServer       bool // and not in the cookie
	maxValues      int  // bytes
	now            func() time.Time
	outage         outage // may be nil
	known          knownCookie
}

// outage keeps what visitors get while the store can't be had: see outage.go.
type outage interface {
	held(*http.Request) data // since the store went
	hold(http.ResponseWriter, *http.Request, data) error
	release(http.ResponseWriter)
}

// NewManager returns a Manager for sessions kept as o says.
func NewManager(o Options) (*Manager, error) {
	store, err := NewStore(o)
	if err != nil {
		return nil, err
	}
	keys, err := keyPairs(o.Secrets)
	if err != nil {
		return nil, err
	}
	id, err := KeyID(o.Secrets[0])
	if err != nil {
		return nil, err
	}
	limit := maxOnServer
	if o.Store == "cookie" {
		limit = maxInCookie
	}
	m := &Manager{
		db: o.DB, store: store, cookie: CookieName(o.Secure), keys: keys, keyID: id, idle: o.Idle, absolute: o.Absolute,
		onServer: o.Store != "cookie", maxValues: limit, now: db.Now,
	}
	m.outage, m.known = newOutageCookie(keys, o.Secure), newKnownCookie(keys, o.Secure)
	return m, nil
}

// Middleware puts the request's session where From finds it. Nothing is loaded
// before a handler asks, and nothing is changed before Commit. An answer that comes
// without it, such as data, has the session last longer, as a page has.
func (m *Manager) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return echosession.Middleware(m.store)(func(c echo.Context) error {
		s := &Session{manager: m, c: c}
		c.Set(contextKey, s)
		c.Response().Before(func() {
			if !s.changed && !s.flashed {
				s.Commit()
			}
		})
		if err := next(c); err != nil {
			return err
		}
		if s.changed || s.flashed {
			return ErrNotSaved
		}
		return nil
	})
}

// From returns the session of the request that c serves, under Middleware.
func From(c echo.Context) *Session { return c.Get(contextKey).(*Session) }

// Session is one visitor's session during one request. It is not safe for
// concurrent use.
type Session struct {
	manager *Manager
	c       echo.Context

	loaded bool
	err    error             // why it could not be loaded
	stored *sessions.Session // as the store has it
	data   data
	user   *User

	changed   bool // and has to be saved
	flashed   bool // messages came or went, which can wait elsewhere
	added     []Flash
	shown     []Flash
	discarded bool
	saved     bool              // in this request
	held      bool              // it has what was kept during an outage
	ended     *sessions.Session // the one before a new id, to be removed
	remember  int64             // whom this browser is to know, by id
}

// maxFlashes bounds the messages that wait to be shown: somebody may send form
// after form and open no page, and a cookie holds little.
const maxFlashes = 3

// Flash adds a message for the next page. Of many the last ones are kept.
func (s *Session) Flash(kind, text string) {
	s.load()
	s.data.addFlashes(Flash{kind, text})
	s.added, s.flashed = append(s.added, Flash{kind, text}), true
}

// TakeFlashes returns the messages to show now, and forgets them.
func (s *Session) TakeFlashes() []Flash {
	s.load()
	flashes := s.data.Flashes
	if len(flashes) > 0 {
		s.data.Flashes, s.flashed = nil, true
		s.shown, s.added = append(s.shown, flashes...), nil
	}
	return flashes
}

// Discard forgets what was to be committed: the request has failed.
func (s *Session) Discard() {
	s.changed, s.flashed, s.held, s.discarded = false, false, false, true
}
