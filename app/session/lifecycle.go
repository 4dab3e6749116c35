package session

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	echosession "github.com/labstack/echo-contrib/session"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"github.com/managethefans/portal/db"
)

// The life of a session during a request: it is loaded when a handler first
// asks, and what has changed is committed before the first byte of the answer.

// load fetches the session and who is signed in, once. A visitor without a
// cookie costs nothing.
func (s *Session) load() {
	if s.loaded {
		return
	}
	s.loaded = true
	if s.err = s.fetch(); s.err != nil {
		s.data = data{} // nobody knows whose it is
	}
	if s.manager.outage != nil {
		s.recall()
	}
}

// fetch returns an error when the store or the database can't tell. A session
// that has ended is no error: there is a new, empty one.
func (s *Session) fetch() (err error) {
	if s.stored, err = echosession.Get(s.manager.cookie, s.c); err != nil {
		return err
	}
	return s.read()
}

// read takes what is stored apart, and finds who is signed in.
func (s *Session) read() error {
	text, _ := s.stored.Values[dataKey].(string)
	if text == "" {
		return nil
	}
	now := s.manager.now()
	if json.Unmarshal([]byte(text), &s.data) != nil || // another version of this program wrote it
		s.manager.ended(time.Unix(s.data.Begun, 0), time.Unix(s.data.Saved, 0), now) {
		s.renew()
		return nil
	}
	if s.data.Token == "" {
		return nil
	}
	user, err := s.findUser(now)
	switch {
	case err == nil && !s.manager.ended(user.AuthenticatedAt, user.LastSeenAt, now):
		s.user = user
	case err == nil, errors.Is(err, sql.ErrNoRows): // it has ended: what it held was that person's
		s.renew()
	default:
		return fmt.Errorf("load user: %w", err)
	}
	return nil
}

// recall adds what the visitor got while the store was away.
func (s *Session) recall() {
	held := s.manager.outage.held(s.c.Request())
	s.held = !held.empty()
	s.data.addFlashes(held.Flashes...)
	for name, value := range held.Values {
		if s.data.Values[name] == nil {
			s.data.setValue(name, value)
		}
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

// Commit saves what has changed and sets the cookie. It is called in one place,
// before the first byte of the answer: afterwards a failure could no longer
// become an error page. (Where nothing has changed none would.) A session that
// could not be loaded is left as it is.
func (s *Session) Commit() error {
	if s.err != nil {
		if !s.changed && !s.flashed {
			return nil
		}
		return s.hold(s.err)
	}
	now := s.manager.now()
	if touched := s.prolong(now); !s.changed && !s.flashed && !s.held && !touched {
		return nil
	}
	err := s.save(now)
	switch {
	case err != nil && !s.changed && !s.flashed: // it was only read: the next request tries again
		return nil
	case errors.Is(err, ErrEnded) && !s.changed: // its messages are for nobody
		s.flashed = false
		return nil
	case db.IsUnavailable(err) && (!s.changed || s.isFirst()):
		return s.hold(err)
	case err == nil && s.held:
		s.manager.outage.release(s.c.Response())
		s.held = false
	}
	if err == nil && s.remember != 0 {
		err = s.manager.known.remember(s.c.Response(), s.c.Request(), s.remember)
		s.remember = 0
	}
	s.changed, s.flashed = false, false
	return err
}

// isFirst reports whether this is the first session of somebody who came without
// one.
func (s *Session) isFirst() bool { return s.stored.IsNew && s.ended == nil && s.data.Token == "" }

// hold keeps for later what can't be saved because of err.
func (s *Session) hold(err error) error {
	s.changed, s.flashed = false, false
	kept := data{Flashes: s.data.Flashes}
	if s.err == nil && s.isFirst() {
		kept.Values = s.data.Values
	}
	if o := s.manager.outage; o != nil && o.hold(s.c.Response(), s.c.Request(), kept) == nil {
		return nil
	}
	return err
}

// save stores the session, or removes it when there is nothing in it.
func (s *Session) save(now time.Time) error {
	if err := s.catchUp(); err != nil {
		return err
	}
	if s.data.empty() {
		if s.ended == nil && !s.stored.IsNew {
			s.ended = s.stored
		}
		if s.ended == nil {
			return nil
		}
		return s.remove(s.ended, s.c.Response())
	}

	first := s.stored.IsNew
	if s.data.Begun == 0 {
		s.data.Begun, s.data.KeyID = now.Unix(), s.manager.keyID
	}
	if !first {
		s.endReplaced()
	}
	s.data.Saved = now.Unix()
	text, err := s.encode()
	if err != nil {
		return fmt.Errorf("encode session: %w", err)
	}
	s.stored.Values[dataKey] = text
	s.stored.Options.MaxAge = int(s.manager.ends(time.Unix(s.data.Begun, 0), now).Sub(now).Seconds())
	if err := s.manager.store.Save(s.c.Request(), s.c.Response(), s.stored); err != nil {
		return err
	}
	s.saved = true
	if first {
		s.endReplaced()
	}
	if s.ended != nil {
		return s.remove(s.ended, discard{})
	}
	return nil
}

// catchUp makes this request's changes to what is stored now: another tab may have
// saved since this request loaded the session. Messages of both stay; of two that
// change values the later one's are kept, all of them. It returns ErrEnded where
// the session, or the sign-in in it, has ended meanwhile, as when the other tab has
// signed in: a cookie of this one would take the place of that one's. A cookie
// store knows that of those who are signed in, and nothing else.
func (s *Session) catchUp() (err error) {
	if s.stored.IsNew || s.saved {
		return nil
	}
	latest := &Session{manager: s.manager, c: s.c}
	if latest.stored, err = s.manager.store.New(s.c.Request(), s.manager.cookie); err == nil {
		err = latest.read()
	}
	switch {
	case err != nil:
		return err
	case latest.stored.IsNew:
		return ErrEnded
	case !s.manager.onServer || latest.stored.Values[dataKey] == s.stored.Values[dataKey]:
		return nil
	}
	values := s.data.Values
	if s.data = latest.data; s.held {
		s.recall()
	}
	if s.changed {
		s.data.Values = values
	}
	s.data.Flashes = slices.DeleteFunc(s.data.Flashes, func(f Flash) bool { return slices.Contains(s.shown, f) })
	s.data.addFlashes(s.added...)
	return nil
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

// remove deletes a stored session. The cookie's end goes to w.
func (s *Session) remove(stored *sessions.Session, w http.ResponseWriter) error {
	options := *stored.Options
	options.MaxAge = -1
	stored.Options, stored.Values = &options, map[any]any{}
	return s.manager.store.Save(s.c.Request(), w, stored)
}

// prolong has a session that is used last longer, and reports whether it is to
// be saved for that. Once a minute is enough (more often when it may be idle for
// minutes only): a read must cost no write. Of requests that come together one
// does it. A failure is left to the next request. When the secret has changed, each
// request brings a new cookie until one comes back: only then has the session left
// the old secret, since an answer may be lost.
func (s *Session) prolong(now time.Time) bool {
	if !s.loaded || s.discarded || s.saved || s.stored.IsNew || s.data.empty() {
		return false
	}
	seen, every := time.Unix(s.data.Saved, 0), min(time.Minute, s.manager.idle/4)
	if s.user != nil {
		seen = s.user.LastSeenAt
	}
	switch {
	case s.data.KeyID != s.manager.keyID && !s.isUnderNewestKey():
		return true
	case s.data.KeyID == s.manager.keyID && now.Sub(seen) < every:
		return false
	}
	s.data.KeyID = s.manager.keyID
	if s.user == nil {
		return true
	}
	n, err := s.manager.db.TouchUserSession(s.context(), db.TouchUserSessionParams{
		TokenHash:  hashToken(s.data.Token),
		KeyID:      s.manager.keyID,
		Now:        now,
		SeenBefore: now.Add(-every),
		ExpiresAt:  s.manager.ends(s.user.AuthenticatedAt, now),
	})
	if hour := now.Truncate(time.Hour); err == nil && n > 0 && s.user.LastSeenAt.Before(hour) {
		// Lists of people are sorted by it, so it costs more than the sign-in's own,
		// and is written once an hour. The next one mends it if it fails.
		_ = s.manager.db.SetUserSeen(s.context(), db.SetUserSeenParams{ID: s.user.ID, Now: &now})
	}
	s.user.LastSeenAt = now    // so that it isn't tried again
	return err == nil && n > 0 // else it has ended since it was loaded, or was prolonged
}

// isUnderNewestKey reports whether the request's cookie is.
func (s *Session) isUnderNewestKey() bool {
	cookie, err := s.c.Request().Cookie(s.manager.cookie)
	if err != nil {
		return false
	}
	var content string
	newest := newCodecs(s.manager.keys[:2], s.manager.idle, maxCookie)
	return securecookie.DecodeMulti(cookie.Name, cookie.Value, &content, newest...) == nil
}

// ends returns when something that began then ends unless it is used again.
func (m *Manager) ends(begun, now time.Time) time.Time {
	idle, absolute := now.Add(m.idle), begun.Add(m.absolute)
	if absolute.Before(idle) {
		return absolute
	}
	return idle
}

// ended reports whether something that began and was last used then has ended.
func (m *Manager) ended(begun, used, now time.Time) bool {
	return now.Sub(used) > m.idle || now.Sub(begun) > m.absolute
}

func (s *Session) context() context.Context { return s.c.Request().Context() }

// discard is a response that nobody sees.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
