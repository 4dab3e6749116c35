// Package people changes what people may do. It knows nothing of HTTP.
package people

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/db"
)

// ErrLastAdministrator says that nobody would be left who can administer: somebody
// else has to be made an administrator first.
var ErrLastAdministrator = errors.New("nobody else is an administrator who can sign in")

// ErrUnchanged says that what was to be done is so already: nothing was changed, and
// there is nothing to record.
var ErrUnchanged = errors.New("nothing has changed")

// KeepAdministrator does what may take away an administrator, in the transaction
// of q, which an error must end: ErrLastAdministrator where that was the last one.
// One such act waits for another, so that two at once don't take away two.
func KeepAdministrator(ctx context.Context, q *db.Queries, act func() error) error {
	if _, err := q.LockRole(ctx, db.RoleAdmin); err != nil {
		return fmt.Errorf("wait for other changes of administrators: %w", err)
	}
	before, err := q.HasAdministrator(ctx)
	if err != nil {
		return fmt.Errorf("look for administrators: %w", err)
	}
	if err := act(); err != nil {
		return err
	}
	after, err := q.HasAdministrator(ctx)
	if err != nil {
		return fmt.Errorf("look for administrators: %w", err)
	}
	if before && !after {
		return ErrLastAdministrator
	}
	return nil
}

// SetRole gives the person with an address a role, and returns the person's id.
// The error is sql.ErrNoRows where nobody has the address, and ErrUnchanged where
// they have that role.
func SetRole(ctx context.Context, q *db.Queries, email, role string) (id int64, err error) {
	err = KeepAdministrator(ctx, q, func() (err error) {
		id, err = q.UpdateUserRole(ctx, db.UpdateUserRoleParams{Email: email, Role: role, Now: db.Now()})
		return unchanged(ctx, q, err, email, "has the role "+role+" already")
	})
	return id, err
}

// Disable keeps the person with an address out: sessions end, and links that would
// let somebody in or change the address. It returns the person's id, and how many
// sessions there were; ErrUnchanged where they are kept out.
func Disable(ctx context.Context, q *db.Queries, email string) (id, ended int64, err error) {
	err = KeepAdministrator(ctx, q, func() (err error) {
		id, err = q.DisableUser(ctx, db.DisableUserParams{Email: email, Now: db.Now()})
		return unchanged(ctx, q, err, email, "is disabled already")
	})
	if err != nil {
		return 0, 0, err
	}
	if ended, err = q.DeleteUserSessions(ctx, id); err != nil {
		return 0, 0, err
	}
	return id, ended, links.EndOf(ctx, q, id, links.Reset, links.ChangeEmail)
}

// Enable lets the person with an address sign in again, and returns the person's id.
// The error is ErrUnchanged where they can.
func Enable(ctx context.Context, q *db.Queries, email string) (id int64, err error) {
	id, err = q.EnableUser(ctx, db.EnableUserParams{Email: email, Now: db.Now()})
	return id, unchanged(ctx, q, err, email, "isn't disabled")
}

// unchanged tells, of a change that found no row, somebody who is so already from an
// address that nobody has.
func unchanged(ctx context.Context, q *db.Queries, err error, email, why string) error {
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if _, err := q.GetUserID(ctx, email); err != nil {
		return err
	}
	return fmt.Errorf("%w: %s %s", ErrUnchanged, email, why)
}
