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
				"user promote ada@example.com", // who is one
				"user disable ada@example.com", "user disable ada@example.com", "user enable ada@example.com", "user enable ada@example.com",
				"user reset ada@example.com",
				"session revoke --user ada@example.com", "session revoke --all",
			} {
				if out, err := invoke(t, env, "difference engine\n", strings.Fields(command)...); err != nil {
					t.Fatalf("%s: %v\n%s", command, err, out)
				}
			}
			env["SMTP_URL"], env["MAIL_FROM"], env["BASE_URL"] = "smtp://localhost:1", "noreply@meadow.example.com", "https://meadow.example.com"
			for _, which := range []func() string{
				func() string { addMessage(t, url, "450 try later"); return "--all" },
				func() string { return "--all" }, // of which there are none
				func() string { return fmt.Sprint(addMessage(t, url, "450 try later")) },
			} {
				if out, err := invoke(t, env, "", "mail", "retry", which()); err != nil {
					t.Fatalf("mail retry: %v\n%s", err, out)
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
				"mail_retried nobody 1 message", "mail_retried nobody message 2",
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q", got)
			}
		})
	}
}
