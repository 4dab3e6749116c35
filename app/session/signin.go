package session

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/db"
)

// maxDevice is how much is kept of what a browser says of itself, in bytes.
const maxDevice = 200

// User returns who is signed in: nil for anybody else. An error means that it
// can't be told, since the database is away.
func (s *Session) User() (*User, error) {
	s.load()
	return s.user, s.err
}

// ErrChanged says that an account is no longer as it was when its password was
// verified: the password was changed meanwhile, or the account disabled.
var ErrChanged = errors.New("the account has changed since its password was verified")

// ErrEnded says that a form came after its sign-in had ended, or that a session
// has ended while a request was changing it.
var ErrEnded = errors.New("the sign-in has ended")

// SignIn makes this the session of a person who has proved who they are, by the
// password whose hash is verifiedHash. It has a new id and a new token; what was
// signed in before ends once the new session is saved, so that nobody is signed
// out where that fails. It returns ErrChanged for a proof that holds no longer:
// a sign-in under way must not outlive a change of the password.
func (s *Session) SignIn(userID int64, verifiedHash string) error {
	return s.SignInAnd(userID, verifiedHash, func(*db.Queries) error { return nil })
}

// SignInAnd is SignIn with something else in the same transaction.
func (s *Session) SignInAnd(userID int64, verifiedHash string, also func(*db.Queries) error) error {
	return s.signIn(audit.Reauthenticated, func(q *db.Queries) (int64, string, error) {
		return userID, verifiedHash, also(q)
	})
}

// SignInAlone is SignIn after a change of the password, which change makes, and
// records, in the same transaction: every other sign-in of the person ends with
// it.
func (s *Session) SignInAlone(userID int64, verifiedHash string, change func(*db.Queries) error) error {
	return s.signIn("", func(q *db.Queries) (int64, string, error) {
		if err := change(q); err != nil {
			return 0, "", err
		}
		_, err := q.DeleteOtherUserSessions(s.context(), db.DeleteOtherUserSessionsParams{UserID: userID, TokenHash: hashToken(s.data.Token)})
		return userID, verifiedHash, err
	})
}

// SignInProved is SignIn of a person who has proved who they are otherwise. prove
// returns who it is, and the hash of their password, in the same transaction; the
// account may be made in it.
func (s *Session) SignInProved(prove func(*db.Queries) (userID int64, hash string, err error)) error {
	return s.signIn(audit.SignedIn, prove)
}

// signIn records a sign-in, or again where the person is signed in here already,
// unless that is empty.
func (s *Session) signIn(again audit.Action, prove func(*db.Queries) (int64, string, error)) error {
	if s.load(); s.err != nil {
		return s.err
	}
	kept, before, ousted := s.data.Values, s.data.Replaced, s.data.Ousted
	if s.data.Token != "" {
		before, ousted = hashToken(s.data.Token), 0
	}
	key := make([]byte, 32)
	rand.Read(key) // never fails, says its documentation
	token, now := base64.RawURLEncoding.EncodeToString(key), s.manager.now()
	var userID int64
	err := s.manager.db.InTx(s.context(), func(q *db.Queries) error {
		id, hash, err := prove(q)
		if err != nil {
			return err
		}
		userID = id
		n, err := q.LockVerifiedUser(s.context(), db.LockVerifiedUserParams{ID: userID, VerifiedHash: hash, Now: &now})
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrChanged
		}
		event := s.Event(audit.SignedIn, userID, "")
		event.Actor = userID
		if s.user != nil && s.user.ID == userID {
			event.Action = again
		}
		err = q.CreateUserSession(s.context(), db.CreateUserSessionParams{
			TokenHash: hashToken(token),
			UserID:    userID,
			KeyID:     s.manager.keyID,
			Address:   event.Address,
			Device:    event.Device,
			Now:       now,
			ExpiresAt: s.manager.ends(now, now),
		})
		if err != nil || event.Action == "" {
			return err
		}
		return audit.Record(s.context(), q, event)
	})
	if err != nil {
		return fmt.Errorf("record sign-in: %w", err)
	}
	if s.user != nil && s.user.ID != userID {
		kept, ousted = nil, s.user.ID // it was another person's
	}
	s.renew()
	s.data.Token, s.data.Values, s.data.Replaced, s.data.Ousted = token, kept, before, ousted
	s.changed = true
	if s.manager.onServer {
		s.stored.ID = idOf(token)
	}
	return nil
}

// endReplaced ends the sign-in before this one. What can't be ended now is ended
// when the session is saved next.
func (s *Session) endReplaced() {
	if len(s.data.Replaced) > 0 && s.endSignIn(s.data.Replaced, s.data.Ousted) == nil {
		s.data.Replaced, s.data.Ousted = nil, 0
	}
}

// endSignIn ends the sign-in with this token's hash, and records that whose it was
// has signed out, unless userID is 0.
func (s *Session) endSignIn(tokenHash []byte, userID int64) error {
	if userID == 0 {
		_, err := s.manager.db.DeleteUserSession(s.context(), tokenHash)
		return err
	}
	return s.manager.db.InTx(s.context(), func(q *db.Queries) error {
		n, err := q.DeleteUserSession(s.context(), tokenHash)
		if err != nil || n == 0 { // it has just ended otherwise
			return err
		}
		event := s.Event(audit.SignedOut, userID, "")
		event.Actor = userID // another may be signed in here by now
		return audit.Record(s.context(), q, event)
	})
}

// SignOut ends the sign-in, if there is one, and gives the visitor a new,
// empty session.
func (s *Session) SignOut() error {
	s.load()
	if s.err != nil {
		return s.err
	}
	if s.user != nil {
		if err := s.endSignIn(hashToken(s.data.Token), s.user.ID); err != nil {
			return fmt.Errorf("end sign-in: %w", err)
		}
	}
	s.leave()
	return nil
}

// Leave gives the visitor a new, empty session, once what the old one signed in has
// ended otherwise.
func (s *Session) Leave() {
	s.load()
	s.leave()
}

// leave gives the visitor a new, empty session.
func (s *Session) leave() {
	s.renew()
	s.changed = true
}

// findUser returns whom the session's token signs in, or sql.ErrNoRows. The
// postgres store has read that along with the session, unless the session's id
// isn't its token's.
func (s *Session) findUser(now time.Time) (*User, error) {
	row, read := s.stored.Values[signInKey].(db.GetHTTPSessionRow)
	switch {
	case !read || s.stored.ID != idOf(s.data.Token):
		user, err := s.manager.db.GetSessionUser(s.context(), db.GetSessionUserParams{TokenHash: hashToken(s.data.Token), Now: now})
		return &user, err
	case row.ID == nil || !row.ExpiresAt.After(now):
		return nil, sql.ErrNoRows
	}
	return &User{
		ID: *row.ID, Email: *row.Email, Name: *row.Name, Role: *row.Role,
		AuthenticatedAt: *row.AuthenticatedAt, LastSeenAt: *row.LastSeenAt,
	}, nil
}

// signInKey is where the postgres store leaves the sign-in that it has read. It
// is not stored.
const signInKey = "sign-in"

// idOf returns the id of a session that is signed in: the hash of its token, so
// that the cookie, which holds the id, leads to the row of the sign-in as well.
// The token itself is in the session's data only.
func idOf(token string) string { return base32ID.EncodeToString(hashToken(token)) }

// tokenHashOf undoes idOf. What isn't the id of a sign-in leads to none.
func tokenHashOf(id string) []byte {
	hash, _ := base32ID.DecodeString(id)
	return hash
}

// hashToken is what the database keeps of a token: somebody who reads it there
// can't sign in with it. A token is random, so a plain hash is enough.
func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// device returns what the browser says of itself.
func device(r *http.Request) string {
	agent := strings.ToValidUTF8(r.UserAgent(), "")
	if len(agent) > maxDevice {
		agent = strings.ToValidUTF8(agent[:maxDevice], "")
	}
	return agent
}
