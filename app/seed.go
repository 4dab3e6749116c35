package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
)

// demoPeople are whom seed makes. The first one has the notes.
var demoPeople = []struct{ email, name, role string }{
	{"mara@example.com", "Mara Lindgren", db.RoleMember},
	{"admin@example.com", "Jonas Weber", db.RoleAdmin},
}

// seeds add the other rows, for the person with this id.
var seeds = []func(ctx context.Context, q *db.Queries, userID int64) error{
	seedNotes,
	// gen adds lines above this one.
}

// seed fills a development database with people and notes to look at, and
// prints how to sign in. It can be run again: the people get a new password,
// and notes are added only where there are none.
func (p *program) seed(ctx context.Context) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	if cfg.Env != config.Development {
		return fmt.Errorf("seed makes accounts for a demonstration, in development only: APP_ENV is %s", cfg.Env)
	}
	return p.withReadyDatabase(ctx, func(cfg config.Config, d *db.DB) error {
		password := strings.ToLower(rand.Text()[:16])
		hash, err := auth.NewHasher(auth.Cost).Hash(ctx, password)
		if err != nil {
			return err
		}
		err = d.InTx(ctx, func(q *db.Queries) error {
			for i, person := range demoPeople {
				id, err := seedUser(ctx, q, person.email, person.name, person.role, hash)
				if err != nil {
					return err
				}
				if i > 0 {
					continue
				}
				for _, add := range seeds {
					if err := add(ctx, q, id); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Sign in as %s, a member with notes,\nor as %s, an administrator.\nThe password of both is %s\n",
			demoPeople[0].email, demoPeople[1].email, password)
		return nil
	})
}

// seedUser adds a person, or has the one who is there sign in with this
// password and role.
func seedUser(ctx context.Context, q *db.Queries, email, name, role, hash string) (int64, error) {
	known, err := q.GetCredentials(ctx, email)
	if errors.Is(err, sql.ErrNoRows) {
		id, err := q.CreateUser(ctx, db.CreateUserParams{Email: email, Name: name, PasswordHash: hash, Role: role, Now: db.Now()})
		if err != nil {
			return 0, err
		}
		return id, audit.Record(ctx, q, audit.Event{Action: audit.AccountCreated, Subject: id, Details: role})
	}
	if err != nil {
		return 0, err
	}
	_, err = q.ReplacePasswordHash(ctx, db.ReplacePasswordHashParams{ID: known.ID, VerifiedHash: known.PasswordHash, PasswordHash: hash, Now: db.Now()})
	if err != nil {
		return 0, err
	}
	_, err = q.UpdateUserRole(ctx, db.UpdateUserRoleParams{Email: email, Role: role, Now: db.Now()})
	if err != nil && !errors.Is(err, sql.ErrNoRows) { // no row: they have it
		return 0, err
	}
	_, err = q.EnableUser(ctx, db.EnableUserParams{Email: email, Now: db.Now()})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	_, err = q.DeleteUserSessions(ctx, known.ID)
	return known.ID, err
}
