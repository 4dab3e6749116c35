package db_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// TestEveryQueryIsGoodOnBothEngines takes the queries out of the generated code
// and has each engine prepare them.
func TestEveryQueryIsGoodOnBothEngines(t *testing.T) {
	t.Parallel()
	queries := generatedQueries(t)
	if len(queries) < 10 {
		t.Fatalf("only %d queries found", len(queries))
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for name, query := range queries {
			statement, err := d.Pool().PrepareContext(t.Context(), query)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			statement.Close()
		}
	})
}

func TestANewDatabaseHasNobody(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var people int
		if err := d.Pool().QueryRowContext(t.Context(), "SELECT count(*) FROM users").Scan(&people); err != nil || people != 0 {
			t.Errorf("%d people, %v", people, err)
		}
	})
}

// TestTheAuditLogIsOnlyAddedTo finds what changes it: one query adds, and one
// removes what is old.
func TestTheAuditLogIsOnlyAddedTo(t *testing.T) {
	t.Parallel()
	for name, query := range generatedQueries(t) {
		words := strings.Fields(strings.ToLower(query))
		for i, word := range words[1:] {
			changes := words[i] == "update" || words[i] == "into" || words[i] == "from" && i > 0 && words[i-1] == "delete"
			if word == "audit_events" && changes && name != "createAuditEvent" && name != "deleteOldAuditEvents" {
				t.Errorf("%s changes the audit log:\n%s", name, query)
			}
		}
	}
}

func generatedQueries(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.sql.go")
	if err != nil {
		t.Fatal(err)
	}
	queries := map[string]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
				if literal, ok := spec.Values[0].(*ast.BasicLit); ok && strings.HasPrefix(literal.Value, "`-- name:") {
					if queries[spec.Names[0].Name], err = strconv.Unquote(literal.Value); err != nil {
						t.Fatal(err)
					}
				}
			}
			return true
		})
	}
	return queries
}

// TestParametersAreBoundByNumber guards what makes one text good for both
// engines: other SQLite drivers bind in order of appearance, and swap values
// silently.
func TestParametersAreBoundByNumber(t *testing.T) {
	t.Parallel()
	dbtest.Everywhere(t, func(t *testing.T, d *db.DB) {
		var a, b, c string
		row := d.Pool().QueryRowContext(t.Context(), "SELECT CAST($2 AS TEXT), CAST($1 AS TEXT), CAST($2 AS TEXT)", "one", "two")
		if err := row.Scan(&a, &b, &c); err != nil {
			t.Fatal(err)
		}
		if a != "two" || b != "one" || c != "two" {
			t.Errorf("got %s, %s, %s", a, b, c)
		}
	})
}

func addUser(t *testing.T, q *db.Queries, email string) int64 {
	t.Helper()
	id, err := q.CreateUser(t.Context(), db.CreateUserParams{
		Email: email, Name: "Somebody", PasswordHash: "hash", Role: db.RoleMember, Now: db.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestTimesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	dbtest.Everywhere(t, func(t *testing.T, d *db.DB) {
		now := time.Date(2026, 2, 3, 4, 5, 6, 789012000, time.UTC)
		id, err := d.CreateUser(t.Context(), db.CreateUserParams{Email: "a", Name: "A", PasswordHash: "h", Role: db.RoleAdmin, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		if disabled, err := d.DisableUser(t.Context(), db.DisableUserParams{Email: "a", Now: now.Add(time.Microsecond)}); disabled != id || err != nil {
			t.Fatal(disabled, err)
		}
		users, err := d.ListUsers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := users[0].CreatedAt; !got.Equal(now) || got.Location() != time.UTC {
			t.Errorf("got %s, want %s", got, now)
		}
		if got := users[0].DisabledAt; got == nil || !got.Equal(now.Add(time.Microsecond)) || got.Location() != time.UTC {
			t.Errorf("got %v", got)
		}
	})
}

func TestASignInEndsAtItsTimeToTheMicrosecond(t *testing.T) {
	t.Parallel()
	dbtest.Everywhere(t, func(t *testing.T, d *db.DB) {
		// SQLite compares text, in which a whole second has no fraction.
		id, end := addUser(t, d.Queries, "a"), time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
		err := d.CreateUserSession(t.Context(), db.CreateUserSessionParams{
			TokenHash: []byte{0, 1, 0xff}, UserID: id, Now: end.Add(-time.Hour), ExpiresAt: end,
		})
		if err != nil {
			t.Fatal(err)
		}
		for at, want := range map[time.Duration]bool{-time.Second: true, -time.Microsecond: true, 0: false, time.Microsecond: false} {
			user, err := d.GetSessionUser(t.Context(), db.GetSessionUserParams{TokenHash: []byte{0, 1, 0xff}, Now: end.Add(at)})
			if (err == nil) != want || want && user.ID != id {
				t.Errorf("%s: %v, %v", at, user, err)
			}
		}
	})
}

func TestAWindowOfAttemptsEndsAndBeginsAnew(t *testing.T) {
	t.Parallel()
	dbtest.Everywhere(t, func(t *testing.T, d *db.DB) {
		start := db.Now()
		add := func(at time.Duration) db.AddAttemptRow {
			t.Helper()
			row, err := d.AddAttempt(t.Context(), db.AddAttemptParams{Bucket: "b", Now: start.Add(at), ExpiresAt: start.Add(at + time.Minute)})
			if err != nil {
				t.Fatal(err)
			}
			return row
		}
		add(0)
		if row := add(59 * time.Second); row.Failures != 2 || !row.ExpiresAt.Equal(start.Add(time.Minute)) {
			t.Errorf("the window moves: %+v", row)
		}
		if row := add(time.Minute); row.Failures != 1 || !row.ExpiresAt.Equal(start.Add(2*time.Minute)) {
			t.Errorf("the window doesn't begin anew: %+v", row)
		}
		if err := d.DeleteExpiredAttempts(t.Context(), start.Add(2*time.Minute)); err != nil {
			t.Fatal(err)
		}
		if row := add(0); row.Failures != 1 {
			t.Errorf("an ended window isn't forgotten: %+v", row)
		}
	})
}
