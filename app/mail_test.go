package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	netmail "net/mail"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/mail"
	"github.com/managethefans/portal/app/mail/mailtest"
	"github.com/managethefans/portal/app/outbox"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// withMail adds a mail server to settings.
func withMail(env map[string]string, smtpURL string) map[string]string {
	env["SMTP_URL"], env["MAIL_FROM"], env["BASE_URL"] = smtpURL, "noreply@meadow.example.com", "https://meadow.example.com"
	return env
}

func TestLookingAfterMail(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := mailtest.Start(t, mailtest.Options{SMTPS: true})
			databaseURL := url(t)
			env := withMail(settings(databaseURL), s.URL())
			failed := addMessage(t, databaseURL, "refused: 550 no such person")
			addMessage(t, databaseURL, "")
			for _, step := range []struct{ command, want string }{
				{"mail test ada@example.com", "has taken it for ada@example.com, as "},
				{"mail test ada", `"ada" is not an e-mail address`},
				{"mail test", "takes one e-mail address"},
				{"mail list", "test  ada@example.com  0      waiting\n"},
				{"mail list", "failed, refused: 550 no such person"},
				{"doctor", "ok     messages    1 wait, 1 have failed: `portal mail list --undelivered` says why"},
				{"doctor", "TLS, from noreply@meadow.example.com"},
				{"mail retry", "takes either the ID of a message or --all"},
				{"mail retry 0", "takes either"},
				{"mail retry one", "takes either"},
				{"mail retry 1 --all", "takes either"},
				{"mail retry 4711", "message 4711 has not failed, or there is none"},
				{fmt.Sprint("mail retry ", failed), "1 message will be tried again at once"},
				{fmt.Sprint("mail retry ", failed), "has not failed"},
				{"mail retry --all", "0 messages will be tried again at once"},
				{"doctor", "2 wait, 0 have failed\n"},
			} {
				out, err := invoke(t, env, "", strings.Fields(step.command)...)
				if text := fmt.Sprint(out, err); !strings.Contains(text, step.want) {
					t.Errorf("%s: want %q in %s", step.command, step.want, text)
				}
			}
			if got := s.Received(); len(got) != 1 || got[0].To != "ada@example.com" || !strings.Contains(string(got[0].Raw), "https://meadow.example.com/") {
				t.Errorf("the server has %+v", got)
			}
		})
	}
}

// TestAMessageWhoseLinkHasEndedIsNotRetried: who reads it could do nothing with it.
func TestAMessageWhoseLinkHasEndedIsNotRetried(t *testing.T) {
	t.Parallel()
	databaseURL := dbtest.SQLiteURL(t)
	env := withMail(settings(databaseURL), "smtp://localhost:1")
	id := addMessage(t, databaseURL, "given up: refused")
	if _, err := dbtest.Open(t, databaseURL).Pool().ExecContext(t.Context(), "UPDATE outbox SET useless_at = $1", db.Now()); err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]string{fmt.Sprint("mail retry ", id): "its link has ended, so nobody has a use for it: ask for a new link", "mail retry --all": "0 messages will be tried again at once"} {
		out, err := invoke(t, env, "", strings.Fields(command)...)
		if text := fmt.Sprint(out, err); !strings.Contains(text, want) {
			t.Errorf("%s: want %q in %s", command, want, text)
		}
	}
}

// addMessage adds one as a feature would, and has it fail for a reason unless that
// is "".
func addMessage(t *testing.T, databaseURL, fault string) (id int64) {
	t.Helper()
	d := dbtest.Open(t, databaseURL)
	cfg := config.Config{Env: config.Production, SMTPURL: "smtp://localhost:1", MailFrom: netmail.Address{Address: "noreply@meadow.example.com"}, BaseURL: "https://meadow.example.com"}
	o, err := outbox.New(cfg, slog.New(slog.DiscardHandler), d)
	if err != nil {
		t.Fatal(err)
	}
	err = d.InTx(t.Context(), func(q *db.Queries) error {
		return o.Add(t.Context(), q, mail.Message{Kind: "test", To: "ada@example.com", Subject: "A test"})
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := d.ListMessages(t.Context(), db.ListMessagesParams{MaxRows: 1})
	if err != nil {
		t.Fatal(err)
	}
	if fault != "" {
		if n, err := d.SetMessageFailed(t.Context(), db.SetMessageFailedParams{ID: list[0].ID, Now: new(db.Now()), Fault: fault}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	return list[0].ID
}

func TestMailWithoutAServer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ env, command, want string }{
		{config.Production, "doctor", "ok     mail        off: SMTP_URL is not set"},
		{config.Production, "mail test ada@example.com", "there is no mail: set SMTP_URL, MAIL_FROM and BASE_URL"},
		{config.Production, "mail list", "No messages."},
		{config.Production, "mail retry --all", "SMTP_URL is not set"},
		{config.Development, "doctor", "stays in the mailbox, http://localhost:0/_dev/mail"},
		{config.Development, "mail test ada@example.com", "it is in the mailbox: http://localhost:0/_dev/mail"},
		{config.Development, "mail list --undelivered", "No messages."},
	} {
		env := settings(dbtest.SQLiteURL(t))
		env["APP_ENV"] = test.env
		out, err := invoke(t, env, "", strings.Fields(test.command)...)
		if text := fmt.Sprint(out, err); !strings.Contains(text, test.want) {
			t.Errorf("%s in %s: want %q in %s", test.command, test.env, test.want, text)
		}
	}
}

func TestDoctorSaysWhyMailDoesntWork(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{})
	for name, test := range map[string]struct {
		url, want string
		prepare   func()
	}{
		"a wrong password": {strings.Replace(s.URL(), mailtest.User, "nobody", 1), "535", nil},
		"no such server":   {"smtps://u:hunter2@127.0.0.1:1", "refused", nil},
		"a wrong sender":   {s.URL(), "takes nothing from MAIL_FROM", func() { s.OnMail(func(string) error { return mailtest.Reply(553, "no") }) }},
	} {
		if test.prepare != nil {
			test.prepare()
		}
		out, err := invoke(t, withMail(settings(dbtest.SQLiteURL(t)), test.url), "", "doctor")
		if err == nil || !strings.Contains(out, "FAULT  mail") || !strings.Contains(out, test.want) || strings.Contains(out, "hunter2") || strings.Contains(out, "horse") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	out, err := invoke(t, withMail(settings(dbtest.SQLiteURL(t)), "smtp://u:hunter2@mail.example.com?tls=none"), "", "doctor")
	if text := fmt.Sprint(out, err); err == nil || !strings.Contains(text, "SMTP_URL is a mail server's URL with a password and tls=none") || strings.Contains(text, "hunter2") {
		t.Errorf("%s", text)
	}
}

// envDie has this test program be one that is killed right after it has committed
// a message, before anybody could deliver it.
const envDie = "PORTAL_TEST_DIE_AFTER_COMMIT"

func dieAfterCommit() {
	cfg, err := config.Load(os.Getenv, ".")
	if err != nil {
		panic(err)
	}
	d, err := db.Open(cfg.DatabaseURL, "")
	if err != nil {
		panic(err)
	}
	ctx, log := context.Background(), slog.New(slog.DiscardHandler)
	if err := d.Connect(ctx, true); err != nil {
		panic(err)
	}
	o, err := outbox.New(cfg, log, d)
	if err != nil {
		panic(err)
	}
	go o.Run(ctx)
	err = d.InTx(ctx, func(q *db.Queries) error {
		db.AfterCommit(q, func() { syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} })
		return o.Add(ctx, q, mail.Message{Kind: "test", To: "ada@example.com", Subject: "A test"})
	})
	panic(err)
}

// TestAKilledProgramLosesNoMessage kills one between its commit and the delivery,
// and another with the message in hand.
func TestAKilledProgramLosesNoMessage(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := mailtest.Start(t, mailtest.Options{SMTPS: true})
			databaseURL := url(t)
			d := dbtest.Open(t, databaseURL)
			env := []string{"SMTP_URL=" + s.URL(), "MAIL_FROM=noreply@meadow.example.com", "BASE_URL=https://meadow.example.com"}
			killed, out := start(t, nil, databaseURL, t.TempDir(), append(env, envDie+"=yes")...)
			if err := killed.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
				t.Fatalf("ended with %v\n%s", err, out)
			}
			if n, err := d.CountMessages(t.Context()); err != nil || n.Waiting != 1 || len(s.Received()) != 0 {
				t.Fatalf("%+v, %v", n, err)
			}

			arrived, release := make(chan struct{}), make(chan struct{})
			s.OnData(func(mailtest.Received) error { close(arrived); <-release; return mailtest.ErrCut })
			socket, port := listenOn(t, "127.0.0.1:0")
			inHand, out := start(t, socket, databaseURL, t.TempDir(), env...)
			<-arrived
			inHand.Process.Kill()
			inHand.Wait()
			close(release)
			s.OnData(nil)
			if n, err := d.CountMessages(t.Context()); err != nil || n.Waiting != 1 || len(s.Received()) != 0 {
				t.Fatalf("%+v, %v\n%s", n, err, out)
			}

			// The lease of the one that was killed ends in some minutes; here it ends now.
			if _, err := d.Pool().ExecContext(t.Context(), "UPDATE outbox SET due_at = $1", db.Now()); err != nil {
				t.Fatal(err)
			}
			last, out := start(t, socket, databaseURL, t.TempDir(), env...)
			eventually(t, out, func() bool { return status("http://127.0.0.1:"+port+"/readyz") == http.StatusOK })
			eventually(t, out, func() bool { n, err := d.CountMessages(t.Context()); return err == nil && n.Waiting == 0 })
			if got := s.Received(); len(got) != 1 || got[0].To != "ada@example.com" {
				t.Errorf("got %+v", got)
			}
			last.Process.Signal(syscall.SIGTERM)
			if err := last.Wait(); err != nil {
				t.Errorf("ended with %v\n%s", err, out)
			}
		})
	}
}
