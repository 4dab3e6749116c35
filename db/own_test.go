package db_test

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// TestEveryKindOfTableIsInADownload has tables that a project may add.
func TestEveryKindOfTableIsInADownload(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ada, exec := addAda(t, d)
		exec("CREATE TABLE user_settings (user_id BIGINT PRIMARY KEY REFERENCES users (id), theme TEXT, shown JSON, absent JSON)")
		exec(`INSERT INTO user_settings VALUES ($1, 'dark', '{"columns": ["a", 12345678901234567890]}', NULL)`, ada)
		exec(`CREATE TABLE "team ""members""" (team BIGINT, user_id BIGINT, "order" BIGINT, PRIMARY KEY ("order", team))`)
		exec(`INSERT INTO "team ""members""" VALUES (1, $1, 3), (2, $1, 1), (1, $1, 2)`, ada)
		exec("CREATE TABLE without_key (about JSON, user_id BIGINT, photo BYTEA, low DOUBLE PRECISION, high DOUBLE PRECISION)")
		exec("INSERT INTO without_key VALUES ('[1]', $1, $2, $3, $4)", ada, []byte("x"), math.Inf(-1), math.Inf(1))
		exec("CREATE VIEW people_seen AS SELECT id AS user_id, name FROM users")
		text, more := download(t, d, ada)
		if !slices.Equal(more, []string{`team "members"`}) {
			t.Errorf("cut short: %q", more)
		}
		for _, part := range []string{
			`"user_settings":[{"absent":null,"shown":{"columns":["a",12345678901234567890]},"theme":"dark"}]`,
			`"team \"members\"":[{"order":1,"team":2},{"order":2,"team":1}]`, `"without_key":[{"about":[1],"high":"+Inf","low":"-Inf"}]`,
		} {
			if !strings.Contains(text, part) {
				t.Errorf("no %s in %s", part, text)
			}
		}
		if strings.Contains(text, "people_seen") {
			t.Error("a view is no table")
		}
	})
}

func TestEveryKindOfValueIsInADownload(t *testing.T) {
	t.Parallel()
	d := dbtest.Postgres(t)
	ada, exec := addAda(t, d)
	exec("CREATE TABLE measures (id BIGINT PRIMARY KEY, user_id BIGINT, a FLOAT8, b FLOAT4, c NUMERIC, at TIMESTAMPTZ, late TIMESTAMPTZ, about JSONB, tags TEXT[])")
	exec(`INSERT INTO measures VALUES (1, $1, 'NaN', '-Infinity', 'NaN', 'infinity', '20000-01-01 00:00Z', '{"x": null}', '{a,b}')`, ada)
	const want = `"measures":[{"a":"NaN","about":{"x":null},"at":"infinity","b":"-Inf","c":"NaN","id":1,"late":"20000-01-01T00:00:00Z","tags":"{a,b}"}]`
	if text, _ := download(t, d, ada); !strings.Contains(text, want) {
		t.Errorf("no %s in %s", want, text)
	}
}

// addAda adds a person, and returns the id and what changes the database.
func addAda(t *testing.T, d *db.DB) (int64, func(statement string, args ...any)) {
	t.Helper()
	id, err := d.CreateUser(t.Context(), db.CreateUserParams{Email: "ada@example.com", Name: "Ada", PasswordHash: "x", Role: db.RoleMember, Now: db.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return id, func(statement string, args ...any) {
		t.Helper()
		if _, err := d.Pool().ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// download returns a person's rows as they are downloaded, two of each table, and
// the tables that have more.
func download(t *testing.T, d *db.DB, userID int64) (text string, more []string) {
	t.Helper()
	rows, more, err := d.OwnRows(t.Context(), userID, 2)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	return string(body), more
}

// TestAProfileIsNamedAsRowsAre compares it with the columns.
func TestAProfileIsNamedAsRowsAre(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		id, _ := addAda(t, d)
		now := db.Now()
		if err := d.SetUserSeen(t.Context(), db.SetUserSeenParams{ID: id, Now: &now}); err != nil {
			t.Fatal(err)
		}
		profile, err := d.GetOwnProfile(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(profile)
		times := regexp.MustCompile(`"20[0-9-]+T[0-9:.]+Z"`)
		want := fmt.Sprintf(`{"id":%d,"email":"ada@example.com","name":"Ada","role":"member","created_at":T,"updated_at":T,"last_seen_at":T}`, id)
		if err != nil || times.ReplaceAllString(string(text), "T") != want {
			t.Errorf("got %s, %v, want %s", text, err, want)
		}
	})
}
