package web

import (
	"database/sql"
	"errors"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// proof is how somebody has proved to own an e-mail address: by a link that was
// sent there, say.
type proof struct {
	// email is the address that was proved, as auth.NormalizeEmail has it.
	email string
	// spend makes the proof good for once, in the transaction of the sign-in.
	spend func(q *db.Queries) error
	// newcomer is whom to add where nobody has the address; nil for nobody.
	newcomer *newcomer
	// change is what else is done to the account of who has the address. It returns
	// the hash of the password that they have afterwards. Where it is nil, nobody
	// who has an account is let in.
	change func(q *db.Queries, person db.GetUserByEmailRow) (hash string, err error)
}

// newcomer is a person to be added. An empty hash is that of no password.
type newcomer struct{ name, role, passwordHash string }

// errTaken says that a newcomer's address has an account already.
var errTaken = errors.New("the address has an account already")

// enter turns a proved e-mail address into a person who is signed in: in one
// transaction the proof is used up, the account found or made, and the sign-in
// recorded. It is the one place where somebody comes in without a password, and
// where single sign-on would: see docs/people.md. It returns sql.ErrNoRows or
// errTaken for somebody who isn't let in, and what spend and change return.
func (s *Server) enter(c echo.Context, p proof) error {
	ctx, id := c.Request().Context(), int64(0)
	err := session.From(c).SignInProved(func(q *db.Queries) (_ int64, hash string, err error) {
		if err := p.spend(q); err != nil {
			return 0, "", err
		}
		person, err := q.GetUserByEmail(ctx, p.email)
		switch {
		case errors.Is(err, sql.ErrNoRows) && p.newcomer != nil:
			id, err = s.addNewcomer(c, q, p.email, *p.newcomer)
			return id, p.newcomer.passwordHash, err
		case err != nil:
			return 0, "", err
		case p.change == nil:
			return 0, "", errTaken
		case person.DisabledAt != nil:
			return 0, "", session.ErrChanged
		}
		hash, err = p.change(q, person)
		id = person.ID
		return id, hash, err
	})
	if err == nil {
		session.From(c).Remember(id)
	}
	if db.IsUniqueViolation(err) { // somebody else was quicker
		return errTaken
	}
	return err
}

func (s *Server) addNewcomer(c echo.Context, q *db.Queries, email string, n newcomer) (int64, error) {
	ctx := c.Request().Context()
	id, err := q.CreateUser(ctx, db.CreateUserParams{Email: email, Name: n.name, PasswordHash: n.passwordHash, Role: n.role, Now: db.Now()})
	if err != nil {
		return 0, err
	}
	details := ""
	if n.role != db.RoleMember {
		details = n.role
	}
	return id, recordProved(c, q, audit.AccountCreated, id, details)
}
