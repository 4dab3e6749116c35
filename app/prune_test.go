package main

import (
	"strings"
	"testing"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func TestPruningByHand(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{"session --help": "prune", "session prune --help": "by itself"} {
		if out, err := invoke(t, nil, "", strings.Fields(command)...); err != nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
	for engine, url := range map[string]string{"sqlite": dbtest.SQLiteURL(t), "postgres": dbtest.PostgresURL(t)} {
		t.Run(engine, func(t *testing.T) {
			env := settings(url)
			if out, err := invoke(t, env, "correct horse battery\n", "user", "create", "ada@example.com", "--name", "Ada"); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			d, err := db.Open(url, "")
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if err := d.Connect(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			ada, err := d.GetCredentials(t.Context(), "ada@example.com")
			if err != nil {
				t.Fatal(err)
			}
			if err := d.CreateUserSession(t.Context(), db.CreateUserSessionParams{TokenHash: []byte("x"), UserID: ada.ID, Now: db.Now(), ExpiresAt: db.Now()}); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"Expired and deleted: 1 sign-ins, 0 sessions in the database, 0 in files, 0 links in messages, 0 events of the audit log.\n", "Expired and deleted: 0 sign-ins, 0 sessions in the database, 0 in files, 0 links in messages, 0 events of the audit log.\n"} {
				if out, err := invoke(t, env, "", "session", "prune"); err != nil || out != want {
					t.Errorf("%v, %q", err, out)
				}
			}
		})
	}
}
