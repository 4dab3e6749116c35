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
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"github.com/managethefans/portal/db"
)

// Lifetime is how long a session lasts, in the browser and on the server.
const Lifetime = 7 * 24 * time.Hour

// maxStored bounds what a session may hold in files and in PostgreSQL, encoded,
// in bytes. A cookie holds at most 4096 (RFC 6265, section 6.1).
const maxStored = 64 << 10

// Options say where sessions are kept.
type Options struct {
	Store   string   // "cookie", "filesystem" or "postgres"
	Dir     string   // the folder of the filesystem store
	Secrets []string // newest first: the first one signs and encrypts, all can read
	Secure  bool     // the site is served over HTTPS only
	DB      *db.DB   // where sign-ins are recorded, and the sessions of the postgres store
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
		MaxAge:   int(Lifetime.Seconds()),
		HttpOnly: true,
		Secure:   o.Secure,
		SameSite: http.SameSiteLaxMode,
	}

	switch o.Store {
	case "cookie":
		inner := sessions.NewCookieStore(keys...)
		inner.Options = options
		inner.MaxAge(options.MaxAge)
		return &store{inner, options}, nil
	case "filesystem":
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("make the folder for sessions: %w", err)
		}
		inner := sessions.NewFilesystemStore(o.Dir, keys...)
		inner.Options = options
		inner.MaxAge(options.MaxAge)
		inner.MaxLength(maxStored)
		return &store{inner, options}, nil
	case "postgres":
		return &store{newPostgresStore(o.DB, options, keys), options}, nil
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

// store makes gorilla's stores and pgstore behave alike.
type store struct {
	inner   sessions.Store
	options *sessions.Options
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
	if err := s.inner.Save(r, w, session); err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	session.IsNew = false
	return nil
}

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
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(id)
}

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

// keyID names a secret without giving it away.
func keyID(secret string) (string, error) {
	id, err := hkdf.Key(sha256.New, []byte(secret), nil, "portal key id", 4)
	return hex.EncodeToString(id), err
}
