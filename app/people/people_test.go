package people

import (
	"errors"
	"sync"
	"testing"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// TestTwoAtOnceDontTakeAwayTheLastAdministrators has each of two administrators
// taken away at the same time, over and over.
func TestTwoAtOnceDontTakeAwayTheLastAdministrators(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		emails := []string{"ada@example.com", "eve@example.com"}
		for _, email := range emails {
			if _, err := d.CreateUser(t.Context(), db.CreateUserParams{Email: email, Name: "Ada", PasswordHash: "x", Role: db.RoleAdmin, Now: db.Now()}); err != nil {
				t.Fatal(err)
			}
		}
		for round := range 20 {
			var errs [2]error
			var both sync.WaitGroup
			for i, email := range emails {
				both.Go(func() {
					errs[i] = d.InTx(t.Context(), func(q *db.Queries) (err error) {
						if (round+i)%2 == 0 {
							_, err = SetRole(t.Context(), q, email, db.RoleMember)
						} else {
							_, _, err = Disable(t.Context(), q, email)
						}
						return err
					})
				})
			}
			both.Wait()
			refused := 0
			for _, err := range errs {
				if errors.Is(err, ErrLastAdministrator) {
					refused++
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if left, err := d.HasAdministrator(t.Context()); refused != 1 || !left || err != nil {
				t.Fatalf("round %d: %v; an administrator is left: %t, %v", round, errs, left, err)
			}
			for _, email := range emails {
				if _, err := SetRole(t.Context(), d.Queries, email, db.RoleAdmin); err != nil && !errors.Is(err, ErrUnchanged) {
					t.Fatal(err)
				}
				if _, err := Enable(t.Context(), d.Queries, email); err != nil && !errors.Is(err, ErrUnchanged) {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestWithoutAnAdministratorMembersCanBeDisabled(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	id, err := d.CreateUser(t.Context(), db.CreateUserParams{Email: "ada@example.com", Name: "Ada", PasswordHash: "x", Role: db.RoleMember, Now: db.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := Disable(t.Context(), d.Queries, "ada@example.com"); got != id || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
}
