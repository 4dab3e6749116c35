// Package links makes the links in messages to people that prove something: who
// opens one reads the mail of an address. It knows nothing of HTTP.
//
// The token in a link is good for one purpose, once, and for a while. The database
// has a hash of it.
package links

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/managethefans/portal/db"
)

// Purpose is what a link is for.
type Purpose string

const (
	Register    Purpose = "register"     // a new account
	Invite      Purpose = "invite"       // one that an administrator offers
	Reset       Purpose = "reset"        // a new password
	ChangeEmail Purpose = "change_email" // another address, to which it is sent
	UndoEmail   Purpose = "undo_email"   // the address before, to which it is sent
)

// purposes has where each leads, and for how long: a password as short as ASVS
// 6.5.5 has it, the way back from another address as long as somebody may be on
// holiday.
var purposes = map[Purpose]struct {
	path    string
	goodFor time.Duration
}{
	Register:    {"/register/confirm", time.Hour},
	Invite:      {"/invitation", 7 * 24 * time.Hour},
	Reset:       {"/reset-password", 10 * time.Minute},
	ChangeEmail: {"/account/email/confirm", time.Hour},
	UndoEmail:   {"/undo-email", 7 * 24 * time.Hour},
}

// Path is the page that a link of this purpose leads to.
func (p Purpose) Path() string { return purposes[p].path }

// GoodFor is how long a link of this purpose is good for.
func (p Purpose) GoodFor() time.Duration { return purposes[p].goodFor }

// ErrEnded is the error of a link that is good for nothing: it never was one of
// this purpose, it was used, it is too old, or a newer one has taken its place.
var ErrEnded = errors.New("the link is good no longer")

// Link is what a link is about.
type Link struct {
	Purpose Purpose
	UserID  int64  // whose account, 0 where nobody has one yet
	Email   string // the address that it is sent to, but for Reset the same as the account's
	Role    string // of an invitation; "" is a member

	id int64
}

// New makes a link, and returns the path with its token: BASE_URL goes before it.
// It takes the place of the older one for the same purpose and person, or address
// where there is no person, also where several are made at once. Ways back to an
// address stay: else whoever has got into an account would end the owner's by
// changing the address twice.
func New(ctx context.Context, q *db.Queries, l Link) (path string, err error) {
	key := make([]byte, 32)
	rand.Read(key) // never fails, says its documentation
	token, now := base64.RawURLEncoding.EncodeToString(key), db.Now()
	row := db.CreateUserTokenParams{
		TokenHash: hash(token), Purpose: string(l.Purpose), Email: l.Email, Role: l.Role,
		Now: now, ExpiresAt: now.Add(l.Purpose.GoodFor()),
	}
	if row.Role == "" {
		row.Role = db.RoleMember
	}
	if l.UserID != 0 {
		row.UserID = &l.UserID
	}
	if err := q.CreateUserToken(ctx, row); err != nil {
		return "", fmt.Errorf("make a link to %s: %w", l.Purpose, err)
	}
	return l.Purpose.Path() + "?" + url.Values{"token": {token}}.Encode(), nil
}

// Look returns what a link is about, and leaves it good: programs that look
// through mail open links too. The error is ErrEnded for one that isn't good.
func Look(ctx context.Context, q *db.Queries, p Purpose, token string) (Link, error) {
	row, err := q.GetUserToken(ctx, db.GetUserTokenParams{TokenHash: hash(token), Purpose: string(p), Now: db.Now()})
	return found(p, db.UseUserTokenRow(row), err)
}

// Use is Look for once. It belongs in the transaction of what the link is used
// for, which its error must end.
func Use(ctx context.Context, q *db.Queries, p Purpose, token string) (Link, error) {
	now := db.Now()
	row, err := q.UseUserToken(ctx, db.UseUserTokenParams{TokenHash: hash(token), Purpose: string(p), Now: &now})
	return found(p, row, err)
}

func found(p Purpose, row db.UseUserTokenRow, err error) (Link, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return Link{}, ErrEnded
	}
	if err != nil {
		return Link{}, fmt.Errorf("look up a link to %s: %w", p, err)
	}
	l := Link{Purpose: p, Email: row.Email, Role: row.Role, id: row.ID}
	if row.UserID != nil {
		l.UserID = *row.UserID
	}
	return l, nil
}

// EndOf ends the links of these purposes that are about a person.
func EndOf(ctx context.Context, q *db.Queries, userID int64, which ...Purpose) error {
	for _, p := range which {
		if _, err := q.DeleteUserTokens(ctx, db.DeleteUserTokensParams{UserID: userID, Purpose: string(p)}); err != nil {
			return fmt.Errorf("end links to %s: %w", p, err)
		}
	}
	return nil
}

// EndFor ends the links of these purposes that were sent to an address.
func EndFor(ctx context.Context, q *db.Queries, email string, which ...Purpose) error {
	for _, p := range which {
		if _, err := q.DeleteUserTokensForEmail(ctx, db.DeleteUserTokensForEmailParams{Email: email, Purpose: string(p)}); err != nil {
			return fmt.Errorf("end links to %s: %w", p, err)
		}
	}
	return nil
}

// EndLater ends the links about the same person that are younger than this one.
func EndLater(ctx context.Context, q *db.Queries, l Link) error {
	_, err := q.DeleteLaterUserTokens(ctx, db.DeleteLaterUserTokensParams{UserID: l.UserID, ID: l.id})
	return err
}

// SentTo returns the addresses that have a link of this purpose about a person
// which is still good.
func SentTo(ctx context.Context, q *db.Queries, userID int64, p Purpose) ([]string, error) {
	emails, err := q.ListAddressesOfUserTokens(ctx, db.ListAddressesOfUserTokensParams{UserID: userID, Purpose: string(p), Now: db.Now()})
	if err != nil {
		return nil, fmt.Errorf("look up who has links to %s: %w", p, err)
	}
	return emails, nil
}

// hash is what the database keeps of a token: somebody who reads it there can't use
// it. A token is random, so a plain hash is enough.
func hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
