package session

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"github.com/managethefans/portal/db"
)

// maxCookie bounds a cookie with its name, in bytes (ASVS 3.3.5), and
// maxCookieData the JSON that fits into it, encrypted and encoded.
const (
	maxCookie     = 4096 - len("__Host-portal_session=")
	maxCookieData = maxCookie*9/16 - 90
)

// maxStored bounds a session in a file or in PostgreSQL, encrypted and encoded,
// in bytes: what its values may hold grows by 16/9.
const maxStored = maxOnServer*16/9 + 4<<10

// Options say where sessions are kept.
type Options struct {
	Store   string   // "cookie", "filesystem" or "postgres"
	Dir     string   // the folder of the filesystem store
	Secrets []string // newest first: the first one signs and encrypts, all can read
	Secure  bool     // the site is served over HTTPS only

	Idle     time.Duration // a session ends when it wasn't used for so long
	Absolute time.Duration // a sign-in ends after so long, however much it is used

	DB *db.DB // where sign-ins are recorded, and the sessions of the postgres store
}

// NewStore returns the session store that o names. What it returns is gorilla's
// or pgstore's behind one rule for all: a cookie that doesn't lead to a session
// is an anonymous visitor, and an id that has ended is never used again.
func NewStore(o Options) (sessions.Store, error) {
	keys, err := keyPairs(o.Secrets)
	if err != nil {
		return nil, err
	}
	options := &sessions.Options{
		Path:     "/",
		MaxAge:   int(o.Idle.Seconds()),
		HttpOnly: true,
		Secure:   o.Secure,
		SameSite: http.SameSiteLaxMode,
	}

	switch o.Store {
	case "cookie":
		inner := &sessions.CookieStore{Codecs: newCodecs(keys, o.Idle, maxCookie), Options: options}
		return &store{inner: inner, options: options}, nil
	case "filesystem":
		if err := os.MkdirAll(filepath.Join(o.Dir, drafts), 0o700); err != nil {
			return nil, fmt.Errorf("make the folder for sessions: %w", err)
		}
		inner, draft := sessions.NewFilesystemStore(o.Dir), sessions.NewFilesystemStore(filepath.Join(o.Dir, drafts))
		inner.Codecs, inner.Options = newCodecs(keys, o.Idle, maxStored), options
		draft.Codecs, draft.Options = inner.Codecs, options
		return &store{inner: inner, options: options, dir: o.Dir, draft: draft}, nil
	case "postgres":
		return &store{inner: newPostgresStore(o.DB, options, newCodecs(keys, o.Idle, maxStored)), options: options}, nil
	}
	return nil, fmt.Errorf("unknown session store %q", o.Store)
}

// CookieName returns the name of the session's cookie. The prefix has browsers
// insist on Secure, on Path=/ and on this very host (RFC 6265bis, section
// 4.1.3.2).
func CookieName(secure bool) string {
	if secure {
		return "__Host-portal_session"
	}
	return "portal_session"
}

// idKey is where a stored session repeats its own id, so that the data of one
// session can't be put in the place of another's.
const idKey = "id"

// drafts is the folder, in that of the filesystem store, where sessions are
// written before they take the place of what was there.
const drafts = "drafts"

// store makes gorilla's stores and pgstore behave alike.
type store struct {
	inner   sessions.Store
	options *sessions.Options
	dir     string         // of the filesystem store
	draft   sessions.Store // where it writes first

	files sync.Mutex // so that a session's file isn't written after it was removed
}

func (s *store) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New returns the request's session, or a new one where the cookie leads to
// none. The error means that the store can't tell.
func (s *store) New(r *http.Request, name string) (*sessions.Session, error) {
	found, err := s.inner.New(r, name)
	if err != nil && !isInvalid(err) {
		return s.fresh(name), fmt.Errorf("load session: %w", err)
	}
	session := s.fresh(name)
	if id, _ := found.Values[idKey].(string); err == nil && !found.IsNew && id == found.ID {
		session.ID, session.Values, session.IsNew = found.ID, found.Values, false
	}
	return session, nil
}

// Save writes the session and sets the cookie; with a negative MaxAge it ends
// both.
func (s *store) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	if _, inCookie := s.inner.(*sessions.CookieStore); session.ID == "" && !inCookie {
		session.ID = newID()
	}
	session.Values[idKey] = session.ID
	save := s.inner.Save
	if s.dir != "" {
		s.files.Lock()
		defer s.files.Unlock()
		if _, err := os.Stat(s.file(session.ID)); !session.IsNew && session.Options.MaxAge > 0 && errors.Is(err, fs.ErrNotExist) {
			return ErrEnded // and it stays so
		}
		save = s.saveFile
	}
	if err := save(r, w, session); err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	session.IsNew = false
	return nil
}

// saveFile replaces a session's file by a whole one, or leaves it: gorilla empties
// a file before it writes, and on a full disk it stays empty.
func (s *store) saveFile(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	if session.Options.MaxAge <= 0 {
		return s.inner.Save(r, w, session)
	}
	draft := filepath.Join(s.dir, drafts, "session_"+session.ID)
	err := s.draft.Save(r, w, session)
	if err == nil {
		err = os.Rename(draft, s.file(session.ID))
	}
	if err != nil {
		os.Remove(draft) // which may not be there
	}
	return err
}

func (s *store) file(id string) string { return filepath.Join(s.dir, "session_"+id) }

func (s *store) fresh(name string) *sessions.Session {
	session := sessions.NewSession(s, name)
	options := *s.options
	session.Options = &options
	session.IsNew = true
	return session
}

// isInvalid reports whether err is about the cookie or what it leads to, and
// not about a store that fails: garbage, too long, an old key, expired, a file
// that has gone or that was cut short.
func isInvalid(err error) bool {
	var cookie securecookie.Error
	switch {
	case db.IsUnavailable(err): // the socket of a PostgreSQL that has stopped doesn't exist either
		return false
	case errors.As(err, &cookie), errors.Is(err, fs.ErrNotExist):
		return true
	}
	return false
}

func newID() string {
	id := make([]byte, 32)
	rand.Read(id) // never fails, says its documentation
	return base32ID.EncodeToString(id)
}

// base32ID is how ids are written: pgstore and the filesystem store do so too.
var base32ID = base32.StdEncoding.WithPadding(base32.NoPadding)

// keyPairs derives a key to sign with and a key to encrypt with from each
// secret (HKDF, RFC 5869), so that none is used for two purposes.
func keyPairs(secrets []string) ([][]byte, error) {
	if len(secrets) == 0 {
		return nil, errors.New("a session store needs a secret")
	}
	var keys [][]byte
	for _, secret := range secrets {
		for _, purpose := range []string{"session signing", "session encryption"} {
			key, err := hkdf.Key(sha256.New, []byte(secret), nil, "portal "+purpose, 32)
			if err != nil {
				return nil, fmt.Errorf("derive key: %w", err)
			}
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// KeyID names a secret without giving it away: sign-ins record under which one
// their cookies are.
func KeyID(secret string) (string, error) {
	id, err := hkdf.Key(sha256.New, []byte(secret), nil, "portal key id", 4)
	return hex.EncodeToString(id), err
}
