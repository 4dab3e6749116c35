package links_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

const adaEmail = "ada@example.com"

var all = []links.Purpose{links.Register, links.Invite, links.Reset, links.ChangeEmail, links.UndoEmail}

func newPerson(t *testing.T, d *db.DB, email string) int64 {
	t.Helper()
	id, err := d.CreateUser(t.Context(), db.CreateUserParams{Email: email, Name: "Ada", PasswordHash: "hash", Role: db.RoleMember, Now: db.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// newLink makes a link and returns its token.
func newLink(t *testing.T, d *db.DB, l links.Link) string {
	t.Helper()
	path, err := links.New(t.Context(), d.Queries, l)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(path)
	if err != nil || u.Path != l.Purpose.Path() {
		t.Fatalf("the link is %s: %v", path, err)
	}
	return u.Query().Get("token")
}

func wantEnded(t *testing.T, d *db.DB, p links.Purpose, token string) {
	t.Helper()
	if got, err := links.Look(t.Context(), d.Queries, p, token); !errors.Is(err, links.ErrEnded) {
		t.Errorf("looked at it is %+v, %v", got, err)
	}
	if got, err := links.Use(t.Context(), d.Queries, p, token); !errors.Is(err, links.ErrEnded) {
		t.Errorf("used it is %+v, %v", got, err)
	}
}

func wantGood(t *testing.T, d *db.DB, p links.Purpose, token string) {
	t.Helper()
	if _, err := links.Look(t.Context(), d.Queries, p, token); err != nil {
		t.Error(err)
	}
}

func TestALinkThatIsReplayedHasEnded(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		id := newPerson(t, d, adaEmail)
		for _, p := range all {
			token := newLink(t, d, links.Link{Purpose: p, UserID: id, Email: adaEmail, Role: db.RoleAdmin})
			for range 3 { // looking at it uses nothing up
				wantGood(t, d, p, token)
			}
			got, err := links.Use(t.Context(), d.Queries, p, token)
			if err != nil || got.UserID != id || got.Email != adaEmail || got.Role != db.RoleAdmin || got.Purpose != p {
				t.Errorf("%s: %+v, %v", p, got, err)
			}
			wantEnded(t, d, p, token)
		}
	})
}

func TestALinkThatHasExpiredHasEnded(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, p := range all {
			token := newLink(t, d, links.Link{Purpose: p, Email: adaEmail})
			if _, err := d.Pool().ExecContext(t.Context(), "UPDATE user_tokens SET expires_at = $1", db.Now()); err != nil {
				t.Fatal(err)
			}
			wantEnded(t, d, p, token)
		}
		n, err := d.DeleteExpiredUserTokens(t.Context(), db.DeleteExpiredUserTokensParams{Now: db.Now(), MaxRows: 10})
		if err != nil || n != int64(len(all)) {
			t.Errorf("%d deleted, %v", n, err)
		}
	})
}

func TestALinkForAPasswordIsGoodForTenMinutes(t *testing.T) {
	t.Parallel()
	if d := links.Reset.GoodFor(); d > 10*time.Minute { // ASVS 6.5.5
		t.Errorf("it is good for %s", d)
	}
}

func TestALinkOfAnotherPurposeIsGoodForNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, made := range all {
			token := newLink(t, d, links.Link{Purpose: made, Email: adaEmail})
			for _, asked := range all {
				if asked != made {
					wantEnded(t, d, asked, token)
				}
			}
			wantGood(t, d, made, token)
		}
	})
}

func TestALinkWithOneCharacterChangedIsGoodForNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		token := newLink(t, d, links.Link{Purpose: links.Reset, Email: adaEmail})
		for i := range token {
			other := "A"
			if token[i] == 'A' {
				other = "B"
			}
			wantEnded(t, d, links.Reset, token[:i]+other+token[i+1:])
		}
		for _, other := range []string{"", " " + token, token + "=", token + token, strings.ToLower(token), "' OR '1'='1"} {
			wantEnded(t, d, links.Reset, other)
		}
		wantGood(t, d, links.Reset, token)
	})
}

func TestALinkThatTwentyUseAtOnceIsGoodForOne(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		token := newLink(t, d, links.Link{Purpose: links.Reset, Email: adaEmail})
		var used, ended atomic.Int64
		var group sync.WaitGroup
		begin := make(chan struct{})
		for range 20 {
			group.Go(func() {
				<-begin
				err := d.InTx(t.Context(), func(q *db.Queries) error {
					_, err := links.Use(t.Context(), q, links.Reset, token)
					return err
				})
				switch {
				case err == nil:
					used.Add(1)
				case errors.Is(err, links.ErrEnded):
					ended.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		close(begin)
		group.Wait()
		if used.Load() != 1 || ended.Load() != 19 {
			t.Errorf("%d have used it, for %d it had ended", used.Load(), ended.Load())
		}
	})
}

func TestAUseThatIsTakenBackLeavesTheLinkGood(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		token := newLink(t, d, links.Link{Purpose: links.Reset, Email: adaEmail})
		later := errors.New("something later in the transaction")
		err := d.InTx(t.Context(), func(q *db.Queries) error {
			if _, err := links.Use(t.Context(), q, links.Reset, token); err != nil {
				t.Error(err)
			}
			return later
		})
		if !errors.Is(err, later) {
			t.Error(err)
		}
		wantGood(t, d, links.Reset, token)
	})
}

func TestANewerLinkEndsTheOlderOnesOfThePersonAlone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ada, eve := newPerson(t, d, adaEmail), newPerson(t, d, "eve@example.com")
		token := func(p links.Purpose, id int64, email string) string {
			t.Helper()
			return newLink(t, d, links.Link{Purpose: p, UserID: id, Email: email})
		}
		first, another, foreign := token(links.Reset, ada, adaEmail), token(links.ChangeEmail, ada, "a@example.com"), token(links.Reset, eve, "eve@example.com")
		second := token(links.Reset, ada, adaEmail)
		wantEnded(t, d, links.Reset, first)
		wantGood(t, d, links.Reset, second)
		wantGood(t, d, links.Reset, foreign)
		token(links.ChangeEmail, ada, "b@example.com")
		wantEnded(t, d, links.ChangeEmail, another)

		one, other := token(links.Register, 0, "new@example.com"), token(links.Register, 0, "other@example.com")
		token(links.Register, 0, "new@example.com")
		wantEnded(t, d, links.Register, one)
		wantGood(t, d, links.Register, other)
	})
}

// TestOfManyMadeAtOnceOneIsGood has eight made for one person, or address, and each
// purpose that has one link alone.
func TestOfManyMadeAtOnceOneIsGood(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ada := newPerson(t, d, adaEmail)
		for _, l := range []links.Link{
			{Purpose: links.Reset, UserID: ada, Email: adaEmail},
			{Purpose: links.ChangeEmail, UserID: ada, Email: "countess@example.com"},
			{Purpose: links.Reset, Email: "nobody@example.com"},
			{Purpose: links.Register, Email: "new@example.com"},
			{Purpose: links.Invite, Email: "eve@example.com", Role: db.RoleAdmin},
		} {
			for range 3 { // with none before, and with one
				tokens := make([]string, 8)
				var group sync.WaitGroup
				begin := make(chan struct{})
				for i := range tokens {
					group.Go(func() {
						<-begin
						err := d.InTx(t.Context(), func(q *db.Queries) error {
							path, err := links.New(t.Context(), q, l)
							_, tokens[i], _ = strings.Cut(path, "token=")
							return err
						})
						if err != nil {
							t.Error(err)
						}
					})
				}
				close(begin)
				group.Wait()
				good := 0
				for _, token := range tokens {
					got, err := links.Look(t.Context(), d.Queries, l.Purpose, token)
					if err == nil {
						good++
						if got.Email != l.Email || got.UserID != l.UserID {
							t.Errorf("%s: got %+v", l.Purpose, got)
						}
					} else if !errors.Is(err, links.ErrEnded) {
						t.Error(err)
					}
				}
				if good != 1 {
					t.Errorf("%s: %d are good", l.Purpose, good)
				}
			}
		}
	})
}

// TestALinkAfterOneThatWasUsedIsGood: it takes the place of its row.
func TestALinkAfterOneThatWasUsedIsGood(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, p := range all {
			l := links.Link{Purpose: p, Email: adaEmail, Role: db.RoleAdmin}
			used := newLink(t, d, l)
			if _, err := links.Use(t.Context(), d.Queries, p, used); err != nil {
				t.Fatal(err)
			}
			l.Role = db.RoleMember
			token := newLink(t, d, l)
			wantEnded(t, d, p, used)
			if got, err := links.Use(t.Context(), d.Queries, p, token); err != nil || got.Role != db.RoleMember {
				t.Errorf("%s: %+v, %v", p, got, err)
			}
		}
	})
}

// TestTheWayBackStays has a thief change the address twice.
func TestTheWayBackStays(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ada := newPerson(t, d, adaEmail)
		owners := newLink(t, d, links.Link{Purpose: links.UndoEmail, UserID: ada, Email: adaEmail})
		thiefs := newLink(t, d, links.Link{Purpose: links.UndoEmail, UserID: ada, Email: "thief@example.com"})
		wantGood(t, d, links.UndoEmail, thiefs)
		used, err := links.Use(t.Context(), d.Queries, links.UndoEmail, owners)
		if err != nil {
			t.Fatal(err)
		}
		if err := links.EndLater(t.Context(), d.Queries, used); err != nil {
			t.Fatal(err)
		}
		wantEnded(t, d, links.UndoEmail, thiefs)
	})
}

func TestATokenIs256RandomBitsAndOnlyItsHashIsInTheDatabase(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seen := map[string]bool{}
		for range 100 {
			token := newLink(t, d, links.Link{Purpose: links.UndoEmail, Email: adaEmail})
			if len(token) != 43 || seen[token] { // 32 bytes in base64
				t.Errorf("got %s", token)
			}
			seen[token] = true
		}
		var hashes int
		if err := d.Pool().QueryRowContext(context.Background(), "SELECT count(*) FROM user_tokens WHERE length(token_hash) = 32").Scan(&hashes); err != nil || hashes != 100 {
			t.Errorf("%d hashes, %v", hashes, err)
		}
	})
}

func TestADeletedAccountHasNoLinks(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		token := newLink(t, d, links.Link{Purpose: links.Reset, UserID: newPerson(t, d, adaEmail), Email: adaEmail})
		if _, err := d.Pool().ExecContext(t.Context(), "DELETE FROM users"); err != nil {
			t.Fatal(err)
		}
		wantEnded(t, d, links.Reset, token)
	})
}
