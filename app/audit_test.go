package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func TestWhatCommandsDoIsInTheAuditLog(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]string{"sqlite": dbtest.SQLiteURL(t), "postgres": dbtest.PostgresURL(t)} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			env := settings(url)
			for _, command := range []string{
				"user create eve@example.com --name Eve --admin", // who is left
				"user create ada@example.com --name Ada --admin", "user demote ada@example.com", "user promote ada@example.com",
				"user disable ada@example.com", "user enable ada@example.com",
				"user reset ada@example.com",
				"session revoke --user ada@example.com", "session revoke --all",
			} {
				if out, err := invoke(t, env, "difference engine\n", strings.Fields(command)...); err != nil {
					t.Fatalf("%s: %v\n%s", command, err, out)
				}
			}
			for _, command := range []string{
				"user create ada@example.com --name Ada", "user promote nobody@example.com", "user disable nobody@example.com", "user reset nobody@example.com", "session revoke --user nobody@example.com",
			} {
				if out, err := invoke(t, env, "difference engine\n", strings.Fields(command)...); err == nil {
					t.Fatalf("%s: %s", command, out)
				}
			}

			d, err := db.Open(url, "")
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if err := d.Connect(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			events, err := d.ListAuditEvents(t.Context(), db.ListAuditEventsParams{Before: time.Now().AddDate(1, 0, 0), MaxRows: 100})
			if err != nil {
				t.Fatal(err)
			}
			slices.Reverse(events)
			var got []string
			for _, e := range events {
				subject := "nobody"
				if e.SubjectEmail != nil {
					subject = *e.SubjectEmail
				}
				if e.ActorID != nil || e.Address+e.Device+e.RequestID != "" {
					t.Errorf("by somebody: %+v", e)
				}
				got = append(got, fmt.Sprint(e.Action, " ", subject, " ", e.Details))
			}
			want := []string{
				"account_created eve@example.com admin",
				"account_created ada@example.com admin", "role_changed ada@example.com member", "role_changed ada@example.com admin",
				"account_disabled ada@example.com ", "account_enabled ada@example.com ",
				"reset_sent ada@example.com ",
				"user_signed_out ada@example.com 0 devices", "everybody_signed_out nobody 0 devices",
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q", got)
			}
		})
	}
}
