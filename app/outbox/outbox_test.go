package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/managethefans/portal/app/config"
	ourmail "github.com/managethefans/portal/app/mail"
	"github.com/managethefans/portal/app/mail/mailtest"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// quick are pauses for tests: but for what they ask for, nothing is waited for.
var quick = pauses{poll: 20 * time.Millisecond, first: 20 * time.Millisecond, lease: time.Minute, grace: 10 * time.Second, prune: time.Hour}

func settings(smtpURL string) config.Config {
	return config.Config{
		Env: config.Production, AppName: "Meadow", BaseURL: "https://meadow.example.com",
		SMTPURL: smtpURL, MailFrom: mail.Address{Name: "Meadow", Address: "noreply@meadow.example.com"},
	}
}

func newOutbox(t *testing.T, cfg config.Config, d *db.DB) (*Outbox, *dbtest.Output) {
	t.Helper()
	log := &dbtest.Output{}
	o, err := New(cfg, slog.New(slog.NewTextHandler(log, nil)), d)
	if err != nil {
		t.Fatal(err)
	}
	o.pauses = quick
	return o, log
}

// run delivers until the test ends, or the function that it returns is called.
func run(t *testing.T, o *Outbox) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); o.Run(ctx) }()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return stop
}

func eventually(t *testing.T, what fmt.Stringer, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came:\n%s", what)
		}
	}
}

func add(t *testing.T, o *Outbox, to string) {
	t.Helper()
	err := o.db.InTx(t.Context(), func(q *db.Queries) error {
		return o.Add(t.Context(), q, ourmail.Message{Kind: "test", To: to, Subject: "A test", Paragraphs: []string{"The secret is 42."}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// rows are all messages, the first one first.
func rows(t *testing.T, d *db.DB) []db.GetMessageRow {
	t.Helper()
	list, err := d.ListMessages(t.Context(), db.ListMessagesParams{MaxRows: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	all := make([]db.GetMessageRow, len(list))
	for i, m := range list {
		if all[len(list)-1-i], err = d.GetMessage(t.Context(), m.ID); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// settled reports whether no message waits.
func settled(t *testing.T, d *db.DB) bool {
	t.Helper()
	n, err := d.CountMessages(t.Context())
	return err == nil && n.Waiting == 0
}

// wantOnce looks for every message at the server, and counts those that came more
// than once.
func wantOnce(t *testing.T, s *mailtest.Server, d *db.DB, twice int) {
	t.Helper()
	counts, doubles := s.Count(), 0
	for _, m := range rows(t, d) {
		n := counts[m.MessageID]
		if n == 0 {
			t.Errorf("message %d is lost", m.ID)
		}
		doubles += max(n-1, 0)
		delete(counts, m.MessageID)
	}
	if len(counts) > 0 || doubles != twice {
		t.Errorf("%d came twice, and of others: %v", doubles, counts)
	}
}

func TestAMessageIsSentWithItsTransactionAndNotWithoutIt(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := mailtest.Start(t, mailtest.Options{SMTPS: true})
		o, log := newOutbox(t, settings(s.URL()), d)
		o.pauses.poll = time.Hour // so that only the commit wakes it
		run(t, o)
		failed := errors.New("something else has failed")
		err := d.InTx(t.Context(), func(q *db.Queries) error {
			if err := o.Add(t.Context(), q, ourmail.Message{Kind: "test", To: "eve@example.com", Subject: "A test"}); err != nil {
				t.Error(err)
			}
			return failed
		})
		if !errors.Is(err, failed) {
			t.Error(err)
		}
		for i := range 3 {
			add(t, o, fmt.Sprintf("person%d@example.com", i))
		}
		eventually(t, log, func() bool { return settled(t, d) })
		wantOnce(t, s, d, 0)
		for _, r := range s.Received() {
			if !r.Secure || !r.SignedIn || !strings.HasPrefix(r.To, "person") {
				t.Errorf("got %+v", r)
			}
		}
	})
}

// TestWordsGoWithTheDelivery: a link in them may be a secret. Developers keep
// them, for their mailbox.
func TestWordsGoWithTheDelivery(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := mailtest.Start(t, mailtest.Options{SMTPS: true})
		for _, env := range []string{config.Production, config.Development} {
			cfg := settings(s.URL())
			cfg.Env = env
			o, log := newOutbox(t, cfg, d)
			stop := run(t, o)
			add(t, o, env+"@example.com")
			eventually(t, log, func() bool { return settled(t, d) })
			stop()
		}
		all := rows(t, d)
		if all[0].TextBody+all[0].HtmlBody != "" || all[0].Recipient != "production@example.com" || all[0].Subject != "A test" || all[0].DeliveredAt == nil {
			t.Errorf("in production it is %+v", all[0])
		}
		if !strings.Contains(all[1].TextBody, "42") || !strings.Contains(all[1].HtmlBody, "42") {
			t.Errorf("in development it is %+v", all[1])
		}
	})
}

func TestWithoutAServerMessagesStayInTheMailbox(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		cfg := settings("")
		cfg.Env = config.Development
		o, _ := newOutbox(t, cfg, d)
		add(t, o, "ada@example.com")
		if m := rows(t, d)[0]; !o.On() || m.DeliveredAt == nil || m.DueAt != nil || !strings.Contains(m.TextBody, "42") {
			t.Errorf("%v, %+v", o.On(), m)
		}
	})
}

// TestProductionWithoutAServerRefusesMessages, instead of keeping them for nobody.
func TestProductionWithoutAServerRefusesMessages(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	o, _ := newOutbox(t, settings(""), d)
	err := o.Add(t.Context(), d.Queries, ourmail.Message{Kind: "test", To: "ada@example.com", Subject: "A test"})
	if o.On() || !errors.Is(err, ErrOff) || !strings.Contains(err.Error(), "set SMTP_URL") || len(rows(t, d)) > 0 {
		t.Errorf("%v, %v", o.On(), err)
	}
}

func TestAMessageThatIsDeferredIsTriedAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := mailtest.Start(t, mailtest.Options{SMTPS: true})
		var mu sync.Mutex
		tries := map[string]int{}
		s.OnRcpt(func(to string) error {
			mu.Lock()
			defer mu.Unlock()
			if tries[to]++; strings.HasPrefix(to, "slow") && tries[to] < 4 {
				return mailtest.Reply(451, "greylisted, try again later")
			}
			return nil
		})
		o, log := newOutbox(t, settings(s.URL()), d)
		o.pauses.first = 100 * time.Millisecond
		run(t, o)
		add(t, o, "slow@example.com")
		add(t, o, "quick@example.com") // waits for nobody
		eventually(t, log, func() bool { return settled(t, d) })
		wantOnce(t, s, d, 0)
		all := rows(t, d)
		if all[0].Attempts != 4 || all[0].Fault != "" || all[1].Attempts != 1 || !all[1].DeliveredAt.Before(*all[0].DeliveredAt) {
			t.Errorf("got %+v", all)
		}
		// 0.1, 0.2 and 0.4 s, each of them half as long at least.
		if took := all[0].DeliveredAt.Sub(all[0].CreatedAt); took < 350*time.Millisecond {
			t.Errorf("four tries in %s", took)
		}
		if n := log.Count("level=WARN"); n != 3 || log.Count("level=ERROR") > 0 || log.Count("slow@") > 0 {
			t.Errorf("%d warnings:\n%s", n, log)
		}
	})
}

func TestAMessageThatIsRefusedEndsAtOnceUntilItIsRetried(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := mailtest.Start(t, mailtest.Options{SMTPS: true})
		s.OnRcpt(func(string) error { return mailtest.Reply(550, "no such person") })
		o, log := newOutbox(t, settings(s.URL()), d)
		run(t, o)
		add(t, o, "nobody@example.com")
		eventually(t, log, func() bool { return settled(t, d) })
		s.OnRcpt(nil)
		s.OnData(func(mailtest.Received) error { return mailtest.Reply(554, "5.6.0 looks malformed") })
		add(t, o, "ada@example.com")
		eventually(t, log, func() bool { return settled(t, d) })
		for i, want := range []string{"refused: ", "refused: "} {
			m := rows(t, d)[i]
			if m.FailedAt == nil || m.Attempts != 1 || !strings.HasPrefix(m.Fault, want) || !strings.Contains(m.Fault, []string{"no such person", "looks malformed"}[i]) || !strings.Contains(m.TextBody, "42") {
				t.Errorf("got %+v", m)
			}
		}
		if n := log.Count("level=ERROR"); n != 2 || log.Count("`portal mail list` says why") != 2 || log.Count("example.com") > 0 {
			t.Errorf("it is said %d times:\n%s", n, log)
		}

		s.OnData(nil)
		retried, err := d.RetryMessages(t.Context(), db.RetryMessagesParams{ID: rows(t, d)[0].ID, Now: new(db.Now()), GiveUpAt: new(db.Now().Add(time.Hour))})
		if err != nil || retried != 1 {
			t.Fatal(retried, err)
		}
		eventually(t, log, func() bool { return settled(t, d) })
		if all := rows(t, d); all[0].DeliveredAt == nil || all[0].FailedAt != nil || all[0].Fault != "" || all[0].Attempts != 2 || all[1].DeliveredAt != nil || len(s.Received()) != 1 {
			t.Errorf("got %+v", all)
		}
	})
}

// TestAMessageWhoseLinkHasEndedIsNotTriedAgain, neither alone nor with all others;
// one whose link is good is, for as long as that.
func TestAMessageWhoseLinkHasEndedIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o, _ := newOutbox(t, settings("smtp://localhost:1"), d)
		for _, goodFor := range []time.Duration{time.Millisecond, 10 * time.Minute, 0, 7 * 24 * time.Hour} {
			if err := o.Add(t.Context(), d.Queries, ourmail.Message{Kind: "link", To: "ada@example.com", Subject: "A link", GoodFor: goodFor}); err != nil {
				t.Fatal(err)
			}
		}
		all := rows(t, d)
		for i, m := range all {
			if at := giveUpAt(t, d, m.ID); at.Sub(m.CreatedAt) > 24*time.Hour {
				t.Errorf("message %d is tried until %s", i, at)
			}
			if n, err := d.SetMessageFailed(t.Context(), db.SetMessageFailedParams{ID: m.ID, Now: new(db.Now()), Fault: "given up"}); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
		if n, err := Retry(t.Context(), d.Queries, all[0].ID); n != 0 || err == nil || !strings.Contains(err.Error(), "ask for a new link") {
			t.Errorf("alone: %d, %v", n, err)
		}
		if n, err := Retry(t.Context(), d.Queries, 0); n != 3 || err != nil {
			t.Errorf("of all: %d, %v", n, err)
		}
		retried := rows(t, d)
		if retried[0].FailedAt == nil || retried[1].FailedAt != nil || retried[2].FailedAt != nil {
			t.Errorf("got %+v", retried)
		}
		if at := giveUpAt(t, d, all[1].ID); at.Sub(all[1].CreatedAt) != 10*time.Minute {
			t.Errorf("it is tried until %s, and its link is good until %s", at, all[1].CreatedAt.Add(10*time.Minute))
		}
		if at := giveUpAt(t, d, all[2].ID); at.Sub(all[2].CreatedAt) <= 24*time.Hour {
			t.Errorf("it is tried until %s", at)
		}
	})
}

// TestAConnectionThatIsCutLosesNoMessage, also where that comes twice.
func TestAConnectionThatIsCutLosesNoMessage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cut     error
		doubles int
	}{"before the server has it": {mailtest.ErrCut, 0}, "when the server has it": {mailtest.ErrCutAfter, 3}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				s := mailtest.Start(t, mailtest.Options{})
				var mu sync.Mutex
				cut := map[string]bool{}
				s.OnData(func(r mailtest.Received) error {
					mu.Lock()
					defer mu.Unlock()
					if len(cut) == 3 || cut[r.To] {
						return nil
					}
					cut[r.To] = true
					return test.cut
				})
				o, log := newOutbox(t, settings(s.URL()), d)
				run(t, o)
				for i := range 6 {
					add(t, o, fmt.Sprintf("person%d@example.com", i))
				}
				eventually(t, log, func() bool { return settled(t, d) })
				wantOnce(t, s, d, test.doubles)
			})
		})
	}
}

// TestAServerThatIsDownIsWaitedFor is told of once, and costs no message a try.
func TestAServerThatIsDownIsWaitedFor(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := mailtest.Start(t, mailtest.Options{SMTPS: true})
		o, log := newOutbox(t, settings(s.URL()), d)
		run(t, o)
		s.Stop()
		for i := range 30 {
			add(t, o, fmt.Sprintf("person%d@example.com", i))
		}
		eventually(t, log, func() bool { return log.Count("mail server unavailable") == 1 })
		for tries := o.pauses.poll; tries < 200*time.Millisecond; tries *= 2 { // it tries again meanwhile
			time.Sleep(tries)
		}
		if n, err := d.CountMessages(t.Context()); err != nil || n.Waiting != 30 {
			t.Errorf("%+v, %v", n, err)
		}
		s.Restart()
		eventually(t, log, func() bool { return settled(t, d) })
		wantOnce(t, s, d, 0)
		for _, m := range rows(t, d) {
			if m.Attempts != 1 {
				t.Errorf("message %d was tried %d times", m.ID, m.Attempts)
			}
		}
		if log.Count("level=ERROR") != 1 || log.Count("mail server available again") != 1 || log.Count("horse") > 0 {
			t.Errorf("it is said otherwise:\n%s", log)
		}
	})
}

func TestSeveralInstancesSendEachMessageOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := mailtest.Start(t, mailtest.Options{SMTPS: true})
		var instances []*Outbox
		var logs []*dbtest.Output
		for range 3 {
			o, log := newOutbox(t, settings(s.URL()), d)
			instances, logs = append(instances, o), append(logs, log)
		}
		const messages = 150
		for i := range messages {
			add(t, instances[i%3], fmt.Sprintf("person%d@example.com", i))
		}
		for _, o := range instances {
			run(t, o)
		}
		eventually(t, logs[0], func() bool { return settled(t, d) })
		wantOnce(t, s, d, 0)
		share := 0
		for i, log := range logs {
			n := log.Count("message delivered")
			t.Logf("instance %d sent %d", i, n)
			share += n
		}
		if share != messages {
			t.Errorf("%d of %d", share, messages)
		}
	})
}

// TestAMessageInHandOfAnInstanceThatDiedIsSentByAnother when the lease has ended,
// and not before.
func TestAMessageInHandOfAnInstanceThatDiedIsSentByAnother(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := mailtest.Start(t, mailtest.Options{SMTPS: true})
		o, log := newOutbox(t, settings(s.URL()), d)
		add(t, o, "ada@example.com")
		m := rows(t, d)[0]
		end := db.Now().Add(400 * time.Millisecond)
		claim := db.ClaimMessageParams{ID: m.ID, Attempts: 0, Now: new(db.Now()), Until: &end}
		if _, err := d.ClaimMessage(t.Context(), claim); err != nil {
			t.Fatal(err)
		}
		if _, err := d.ClaimMessage(t.Context(), claim); err == nil {
			t.Error("two have it in hand")
		}
		run(t, o)
		eventually(t, log, func() bool { return settled(t, d) })
		if m := rows(t, d)[0]; m.DeliveredAt.Before(end) || m.Attempts != 2 {
			t.Errorf("got %+v, and the lease ended at %s", m, end)
		}
		wantOnce(t, s, d, 0)

		// What the first one has to say of it counts no more.
		late := db.Now()
		if err := d.DeferMessage(t.Context(), db.DeferMessageParams{ID: m.ID, Attempts: 1, DueAt: &late, Fault: "late"}); err != nil {
			t.Fatal(err)
		}
		if n, err := d.SetMessageFailed(t.Context(), db.SetMessageFailedParams{ID: m.ID, Attempts: 1, Now: &late, Fault: "late"}); n != 0 || err != nil {
			t.Error(n, err)
		}
		if m := rows(t, d)[0]; m.DueAt != nil || m.FailedAt != nil || m.Fault != "" {
			t.Errorf("got %+v", m)
		}
	})
}

func TestAMessageIsGivenUpAfterItsTimeAndThatIsSaid(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := mailtest.Start(t, mailtest.Options{SMTPS: true})
		s.OnRcpt(func(string) error { return mailtest.Reply(451, "later") })
		o, log := newOutbox(t, settings(s.URL()), d)
		add(t, o, "ada@example.com")
		if m := rows(t, d)[0]; m.CreatedAt.Add(24*time.Hour) != giveUpAt(t, d, m.ID) {
			t.Errorf("it is given up at %s", giveUpAt(t, d, m.ID))
		}
		err := o.Add(t.Context(), d.Queries, ourmail.Message{Kind: "link", To: "ada@example.com", Subject: "A link", GoodFor: 2 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		run(t, o)
		eventually(t, log, func() bool { return log.Count("level=ERROR") == 1 })
		all := rows(t, d)
		if m := all[1]; m.FailedAt == nil || m.FailedAt.Sub(m.CreatedAt) < 2*time.Second || m.Attempts < 2 || !strings.HasPrefix(m.Fault, "given up: ") || !strings.Contains(m.Fault, "451") {
			t.Errorf("got %+v", m)
		}
		if all[0].FailedAt != nil {
			t.Errorf("the other one: %+v", all[0])
		}

		// Nor is it kept while there is no server to try.
		s.Stop()
		err = o.Add(t.Context(), d.Queries, ourmail.Message{Kind: "link", To: "ada@example.com", Subject: "A link", GoodFor: 300 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, log, func() bool { return rows(t, d)[2].FailedAt != nil })
		if m := rows(t, d)[2]; m.Attempts != 0 || !strings.Contains(m.Fault, "refused") || log.Count("message given up") != 2 {
			t.Errorf("got %+v\n%s", m, log)
		}
	})
}

func giveUpAt(t *testing.T, d *db.DB, id int64) (at time.Time) {
	t.Helper()
	if err := d.Pool().QueryRowContext(t.Context(), "SELECT give_up_at FROM outbox WHERE id = $1", id).Scan(&at); err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

// TestTheMessageInHandIsFinished before the program ends, and no other is begun.
func TestTheMessageInHandIsFinished(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := mailtest.Start(t, mailtest.Options{SMTPS: true})
		arrived, release := make(chan struct{}), make(chan struct{})
		s.OnData(func(mailtest.Received) error { close(arrived); <-release; return nil })
		o, _ := newOutbox(t, settings(s.URL()), d)
		add(t, o, "ada@example.com")
		add(t, o, "eve@example.com")
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); o.Run(ctx) }()
		<-arrived
		stop()
		select {
		case <-ended:
			t.Error("it ended with a message in hand")
		case <-time.After(100 * time.Millisecond):
		}
		close(release)
		<-ended
		if all := rows(t, d); all[0].DeliveredAt == nil || all[1].Attempts != 0 || len(s.Received()) != 1 {
			t.Errorf("got %+v", all)
		}
	})
}

// TestWhatCameOfTheMessageInHandIsWritten, also when the server hung until its time
// was over.
func TestWhatCameOfTheMessageInHandIsWritten(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := mailtest.Start(t, mailtest.Options{SMTPS: true})
		arrived, release := make(chan struct{}), make(chan struct{})
		defer close(release)
		s.OnData(func(mailtest.Received) error { close(arrived); <-release; return nil })
		o, log := newOutbox(t, settings(s.URL()), d)
		o.pauses.grace = 50 * time.Millisecond
		add(t, o, "ada@example.com")
		stop := run(t, o)
		<-arrived
		stop()
		m := rows(t, d)[0]
		if m.Fault == "" || m.DueAt == nil || time.Until(*m.DueAt) > 2*o.pauses.first || log.Count("to be tried again") != 1 {
			t.Errorf("it is due at %s, of the fault %q:\n%s", m.DueAt, m.Fault, log)
		}
	})
}

// TestAnOutageOfTheDatabaseSendsNothingTwice that is over before the lease is.
func TestAnOutageOfTheDatabaseSendsNothingTwice(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ begin, end func(*dbtest.Server) error }{
		"killed": {(*dbtest.Server).Kill, (*dbtest.Server).Start},
		"paused": {(*dbtest.Server).Freeze, (*dbtest.Server).Thaw},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := dbtest.OwnServer(t, "synchronous_commit=on")
			d := dbtest.Open(t, server.URL("postgres"))
			dbtest.Watch(t, d, &dbtest.Output{})
			s := mailtest.Start(t, mailtest.Options{SMTPS: true})
			arrived, release := make(chan struct{}), make(chan struct{})
			var once sync.Once
			s.OnData(func(mailtest.Received) error { once.Do(func() { close(arrived); <-release }); return nil })
			o, log := newOutbox(t, settings(s.URL()), d)
			for i := range 3 {
				add(t, o, fmt.Sprintf("person%d@example.com", i))
			}
			run(t, o)
			<-arrived
			if err := test.begin(server); err != nil {
				t.Fatal(err)
			}
			close(release)
			eventually(t, log, func() bool { return len(s.Received()) == 1 && d.Ready() != nil })
			if err := test.end(server); err != nil {
				t.Fatal(err)
			}
			eventually(t, log, func() bool { return settled(t, d) })
			wantOnce(t, s, d, 0)
			if log.Count("level=ERROR")+log.Count("level=WARN") > 0 {
				t.Errorf("the database's outage is said here too:\n%s", log)
			}
		})
	}
}

func TestMessagesThatEndedLongAgoAreDeleted(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		cfg := settings("")
		cfg.Env = config.Development
		o, log := newOutbox(t, cfg, d)
		long := db.Now().Add(-Keep - time.Minute)
		for i := range 3 {
			add(t, o, fmt.Sprintf("person%d@example.com", i))
		}
		all := rows(t, d)
		exec := func(statement string, args ...any) {
			if _, err := d.Pool().ExecContext(t.Context(), statement, args...); err != nil {
				t.Fatal(err)
			}
		}
		exec("UPDATE outbox SET created_at = $1 WHERE id <= $2", long, all[1].ID)
		exec("UPDATE outbox SET due_at = $1, delivered_at = NULL WHERE id = $2", long, all[1].ID) // waits still
		o.prune(t.Context())
		if left := rows(t, d); len(left) != 2 || left[0].ID != all[1].ID || log.String() != "" {
			t.Errorf("%d are left: %s", len(left), log)
		}
	})
}
