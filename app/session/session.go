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
	Token   string  `json:"token,omitempty"`
	Flashes []Flash `json:"flashes,omitempty"`
}

func (d data) empty() bool { return d.Token == "" && len(d.Flashes) == 0 }

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
}

// NewManager returns a Manager for sessions kept as o says.
func NewManager(o Options) (*Manager, error) {
	store, err := NewStore(o)
	if err != nil {
		return nil, err
	}
	id, err := keyID(o.Secrets[0])
	if err != nil {
		return nil, err
	}
	return &Manager{db: o.DB, store: store, cookie: CookieName(o.Secure), keyID: id}, nil
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

	changed bool
	ended   *sessions.Session // the one before a new id, to be removed
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

	text, err := json.Marshal(s.data)
	if err != nil {
		return fmt.Errorf("encode session: %w", err)
	}
	s.stored.Values[dataKey] = string(text)
	if err := s.manager.store.Save(s.c.Request(), s.c.Response(), s.stored); err != nil {
		return err
	}
	if s.ended != nil {
		return s.remove(s.ended, discard{})
	}
	return nil
}

// Discard forgets what was to be committed: the request has failed.
func (s *Session) Discard() { s.changed = false }

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
	if json.Unmarshal([]byte(text), &s.data) != nil {
		s.data = data{} // written by another version of this program
	}
	if s.data.Token == "" {
		return
	}
	user, err := s.manager.db.GetSessionUser(s.context(), db.GetSessionUserParams{
		TokenHash: hashToken(s.data.Token),
		Now:       db.Now(),
	})
	switch {
	case err == nil:
		s.user = &user
	case !errors.Is(err, sql.ErrNoRows):
		s.err = fmt.Errorf("load user: %w", err)
	}
}

func (s *Session) context() context.Context { return s.c.Request().Context() }

// discard is a response that nobody sees.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
