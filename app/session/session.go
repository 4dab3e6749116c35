// Package session keeps what is known of a visitor from one request to the
// next: which store it is kept in, who is signed in, messages to show once.
//
// There are two records. The session itself is the visitor's data, kept by one
// of gorilla's stores or by pgstore. A sign-in is a row in user_sessions whose
// token the session carries: when the row goes, the sign-in has ended,
// whatever a store or a copy of a cookie still says.
package session

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
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
	KeyID   string                     `json:"k,omitempty"` // of the secret that it was saved under
	Begun   int64                      `json:"b,omitempty"` // when it was saved first, and
	Saved   int64                      `json:"s,omitempty"` // last, in seconds since 1970
}

func (d data) empty() bool { return d.Token == "" && len(d.Flashes) == 0 && len(d.Values) == 0 }

const (
	dataKey    = "data"
	contextKey = "portal session"
)

// Manager gives each request its session.
type Manager struct {
	db     *db.DB
	store  sessions.Store
	cookie string
	keyID  string

	idle, absolute time.Duration
	maxValues      int // bytes
	now            func() time.Time
}

// NewManager returns a Manager for sessions kept as o says.
func NewManager(o Options) (*Manager, error) {
	store, err := NewStore(o)
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
	return &Manager{db: o.DB, store: store, cookie: CookieName(o.Secure), keyID: id, idle: o.Idle, absolute: o.Absolute, maxValues: limit, now: db.Now}, nil
}

// Middleware puts the request's session where From finds it. Nothing is loaded
// before a handler asks, and nothing is saved before Commit.
func (m *Manager) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return echosession.Middleware(m.store)(func(c echo.Context) error {
		s := &Session{manager: m, c: c}
		c.Set(contextKey, s)
		if err := next(c); err != nil {
			return err
		}
		if s.changed {
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

	changed   bool
	discarded bool
	ended     *sessions.Session // the one before a new id, to be removed
}

// maxFlashes bounds the messages that wait to be shown: somebody may send form
// after form and open no page, and a cookie holds little.
const maxFlashes = 3

// Flash adds a message for the next page. Of many the last ones are kept; all
// are dropped when the session can't be loaded.
func (s *Session) Flash(kind, text string) {
	if s.load(); s.err == nil {
		s.data.Flashes = append(s.data.Flashes, Flash{kind, text})
		s.data.Flashes = s.data.Flashes[max(0, len(s.data.Flashes)-maxFlashes):]
		s.changed = true
	}
}

// TakeFlashes returns the messages to show now, and forgets them.
func (s *Session) TakeFlashes() []Flash {
	s.load()
	flashes := s.data.Flashes
	if len(flashes) > 0 {
		s.data.Flashes, s.changed = nil, true
	}
	return flashes
}

// Commit saves what has changed and sets the cookie. It is called in one place,
// before the first byte of the answer: afterwards a failure could no longer
// become an error page.
func (s *Session) Commit() error {
	now := s.manager.now()
	if err := s.prolong(now); err != nil {
		return err
	}
	if !s.changed {
		return nil
	}
	s.changed = false
	if s.data.empty() {
		if s.ended == nil && !s.stored.IsNew {
			s.ended = s.stored
		}
		if s.ended == nil {
			return nil
		}
		return s.remove(s.ended, s.c.Response())
	}

	if s.data.Begun == 0 {
		s.data.Begun = now.Unix()
	}
	s.data.Saved, s.data.KeyID = now.Unix(), s.manager.keyID
	text, err := s.encode()
	if err != nil {
		return fmt.Errorf("encode session: %w", err)
	}
	s.stored.Values[dataKey] = text
	s.stored.Options.MaxAge = int(s.manager.ends(time.Unix(s.data.Begun, 0), now).Sub(now).Seconds())
	if err := s.manager.store.Save(s.c.Request(), s.c.Response(), s.stored); err != nil {
		return err
	}
	if s.ended != nil {
		return s.remove(s.ended, discard{})
	}
	return nil
}

// prolong has a session that is used last longer. Once a minute is enough, or
// at once when the secret has changed: a read must cost no write.
func (s *Session) prolong(now time.Time) error {
	if !s.loaded || s.err != nil || s.discarded || s.stored.IsNew || s.data.empty() {
		return nil
	}
	seen := time.Unix(s.data.Saved, 0)
	if s.user != nil {
		seen = s.user.LastSeenAt
	}
	if s.data.KeyID == s.manager.keyID && now.Sub(seen) < time.Minute {
		return nil
	}
	if s.user != nil {
		n, err := s.manager.db.TouchUserSession(s.context(), db.TouchUserSessionParams{
			TokenHash: hashToken(s.data.Token),
			KeyID:     s.manager.keyID,
			Now:       now,
			ExpiresAt: s.manager.ends(s.user.AuthenticatedAt, now),
		})
		if err != nil {
			return fmt.Errorf("prolong sign-in: %w", err)
		}
		if n == 0 { // it has ended since it was loaded
			return nil
		}
	}
	s.changed = true
	return nil
}

// ends returns when something that began then ends unless it is used again.
func (m *Manager) ends(begun, now time.Time) time.Time {
	idle, absolute := now.Add(m.idle), begun.Add(m.absolute)
	if absolute.Before(idle) {
		return absolute
	}
	return idle
}

// encode returns what is stored. Messages that a cookie has no room for go, the
// oldest first.
func (s *Session) encode() (string, error) {
	for {
		text, err := json.Marshal(s.data)
		if err != nil || len(s.data.Flashes) == 0 || s.manager.maxValues > maxInCookie || len(text) <= maxCookieData {
			return string(text), err
		}
		s.data.Flashes = s.data.Flashes[1:]
	}
}

// Discard forgets what was to be committed: the request has failed.
func (s *Session) Discard() { s.changed, s.discarded = false, true }

// remove deletes a stored session. The cookie's end goes to w.
func (s *Session) remove(stored *sessions.Session, w http.ResponseWriter) error {
	options := *stored.Options
	options.MaxAge = -1
	stored.Options, stored.Values = &options, map[any]any{}
	return s.manager.store.Save(s.c.Request(), w, stored)
}

// load fetches the session and who is signed in, once. A visitor without a
// cookie costs nothing.
func (s *Session) load() {
	if s.loaded {
		return
	}
	s.loaded = true
	s.stored, s.err = echosession.Get(s.manager.cookie, s.c)
	if s.err != nil {
		return
	}
	text, _ := s.stored.Values[dataKey].(string)
	now := s.manager.now()
	switch {
	case text == "":
		return
	case json.Unmarshal([]byte(text), &s.data) != nil, // written by another version of this program
		now.Sub(time.Unix(s.data.Saved, 0)) > s.manager.idle, now.Sub(time.Unix(s.data.Begun, 0)) > s.manager.absolute:
		s.renew()
		return
	case s.data.Token == "":
		return
	}
	user, err := s.manager.db.GetSessionUser(s.context(), db.GetSessionUserParams{
		TokenHash: hashToken(s.data.Token),
		Now:       now,
	})
	switch {
	case err == nil && now.Sub(user.LastSeenAt) <= s.manager.idle && now.Sub(user.AuthenticatedAt) <= s.manager.absolute:
		s.user = &user
	case err == nil, errors.Is(err, sql.ErrNoRows): // it has ended: what it held was that person's
		s.renew()
	default:
		s.err = fmt.Errorf("load user: %w", err)
	}
}

// renew makes this an empty session with a new id. What was stored before is
// removed when something is committed.
func (s *Session) renew() {
	if s.ended == nil && !s.stored.IsNew {
		ended := *s.stored
		s.ended = &ended
	}
	s.stored.ID, s.stored.IsNew = "", true
	s.stored.Values = map[any]any{}
	s.data, s.user = data{}, nil
}

func (s *Session) context() context.Context { return s.c.Request().Context() }

// discard is a response that nobody sees.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
