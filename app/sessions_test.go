package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// signIns adds people with sign-ins from begun on, a second apart.
func signIns(t *testing.T, url string, begun time.Time, people map[string]int) {
	t.Helper()
	d, err := db.Open(url, "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Connect(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	for email, n := range people {
		id, err := d.CreateUser(t.Context(), db.CreateUserParams{Email: email, Name: "A Name", PasswordHash: "x", Role: db.RoleMember, Now: db.Now()})
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			err := d.CreateUserSession(t.Context(), db.CreateUserSessionParams{
				TokenHash: fmt.Append(nil, email, i), UserID: id, KeyID: "x", Address: "192.0.2.1",
				Device: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
				Now:    begun.Add(time.Duration(i) * time.Second), ExpiresAt: db.Now().Add(time.Hour),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestLookingAfterSessions(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			url := url(t)
			begun := db.Now().Add(-2 * time.Hour)
			first, second := begun.Format(time.DateTime), begun.Add(time.Second).Format(time.DateTime)
			signIns(t, url, begun, map[string]int{"ada@example.com": 2, "eve@example.com": 1, "mia@example.com": 2})
			lowered := settings(url)
			lowered["SESSION_IDLE_TIMEOUT"] = "1h"
			if out, err := invoke(t, lowered, "", "session", "list"); err != nil || !strings.Contains(out, "Nobody is signed in.") {
				t.Errorf("by a lower limit: %s, %v", out, err)
			}
			for _, step := range []struct{ command, want string }{
				{"session list", "ada@example.com  Firefox on Linux  192.0.2.1  " + second + "  " + second + "\nada@example.com  Firefox on Linux  192.0.2.1  " + first},
				{"session list", "eve@example.com"},
				{"session list --user Eve@Example.com", "LAST SEEN\neve@example.com"},
				{"session list --user nobody@example.com", "nobody has the address nobody@example.com"},
				{"session list --user nobody", `--user: "nobody" is not an e-mail address`},
				{"session list everybody", "takes no arguments"},
				{"session revoke", "takes either --user EMAIL or --all"},
				{"session revoke --user ada@example.com --all", "takes either --user EMAIL or --all"},
				{"session revoke --all=false", "takes either --user EMAIL or --all"},
				{"session revoke --user=", `--user: "" is not an e-mail address`},
				{"session revoke --all ada@example.com", "takes no arguments"},
				{"session revoke --user nobody@example.com", "nobody has the address"},
				{"session revoke --user ada@example.com", "ada@example.com is signed out of 2 sessions"},
				{"session list --user ada@example.com", "Nobody is signed in."},
				{"session revoke --all", "everybody is signed out, of 3 sessions"},
				{"session list", "Nobody is signed in."},
			} {
				out, err := invoke(t, settings(url), "", strings.Fields(step.command)...)
				if text := fmt.Sprint(out, err); !strings.Contains(text, step.want) {
					t.Errorf("%s: want %q in %s", step.command, step.want, text)
				}
			}
		})
	}
}
