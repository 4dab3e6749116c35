package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/managethefans/portal/db/dbtest"
)

// inAnOutage is what a request takes at most: 2 s for the database, and the rest
// for all else. Tests add twice what an answer takes on this machine without an
// outage, since it may be busy.
const inAnOutage = 2*time.Second + 300*time.Millisecond

var outageSeconds = flag.Float64("outage.seconds", 1, "how long each outage lasts at least, in seconds")

// outage is a fault of the database, and its end.
type outage struct {
	name       string
	begin, end func() error
	noticed    bool // by /readyz and in the log: nothing at all works
}

// TestAnOutageSignsNobodyOut has 50 clients at work on the real program while its
// database goes, hangs and comes back. docs/outages.md has what it prints.
func TestAnOutageSignsNobodyOut(t *testing.T) {
	t.Parallel()
	t.Run("reached", func(t *testing.T) {
		t.Parallel()
		const connections = 40
		server := dbtest.OwnServer(t, fmt.Sprint("max_connections=", connections), "synchronous_commit=on")
		others := &crowdedOut{url: server.URL("postgres"), connections: connections}
		testOutages(t, server, []outage{
			{"stopped", server.Stop, server.Start, true},
			{"killed", server.Kill, server.Start, true},
			{"paused", server.Freeze, server.Thaw, true},
			{"restarted", server.Stop, server.Start, false},
			{"connections used up", others.come, others.leave, true},
		})
	})
	t.Run("full", func(t *testing.T) {
		t.Parallel()
		server := dbtest.SmallServer(t, "64m")
		testOutages(t, server, []outage{
			{"no space", func() error { return server.FillDisk(t.Context()) }, func() error { return server.FreeDisk(t.Context()) }, false},
		})
	})
}

func testOutages(t *testing.T, server *dbtest.Server, outages []outage) {
	t.Helper()
	people := signIn(t, server.URL("postgres"), peopleInLoad)
	socket, port := listenOn(t, "127.0.0.1:0")
	program, out := startFast(t, socket, server.URL("postgres"), "LOG_LEVEL=info")
	address := "http://127.0.0.1:" + port
	ready := watchReadiness(t, address)
	eventually(t, out, func() bool { return ready.is(http.StatusOK) })
	l := startLoad(t, people, false, func() string { return address })
	enough := func(p *period) { eventually(t, out, func() bool { return p.count() >= 100 }) }
	enough(l.now.Load())

	for _, o := range outages {
		unavailable, available := strings.Count(out.String(), "database unavailable"), strings.Count(out.String(), "database ready")
		changes := ready.changes()
		calm := l.now.Load()
		l.trouble.Store(true)
		p := l.next()
		check(t, "before "+o.name, calm, 0)
		if err := o.begin(); err != nil {
			t.Fatalf("%s: %v", o.name, err)
		}
		if o.name != "restarted" {
			eventually(t, out, func() bool {
				return time.Since(p.begun).Seconds() > *outageSeconds && p.count(http.StatusServiceUnavailable) > 0 && ready.is(http.StatusOK) != o.noticed
			})
		}
		if err := o.end(); err != nil {
			t.Fatalf("%s: %v", o.name, err)
		}
		eventually(t, out, func() bool {
			return ready.is(http.StatusOK) && strings.Count(out.String(), "database unavailable")-unavailable == strings.Count(out.String(), "database ready")-available
		})
		line := p.String()
		eventually(t, out, func() bool { // a restart isn't told of
			p := l.next()
			enough(p)
			return p.count(http.StatusServiceUnavailable) == 0
		})
		l.next()
		l.trouble.Store(false)
		enough(l.now.Load())

		lost := l.lost(t)
		unavailable, available = strings.Count(out.String(), "database unavailable")-unavailable, strings.Count(out.String(), "database ready")-available
		t.Logf("%-19s | %s | sessions lost %d | told of %d + %d times", o.name, line, lost, unavailable, available)
		check(t, o.name, p, inAnOutage+2*calm.slowest)
		if o.noticed && (unavailable != 1 || available != 1 || ready.changes()-changes != 2) {
			t.Errorf("%s: said %d times that it is unavailable, %d times that it is available; readyz changed %d times", o.name, unavailable, available, ready.changes()-changes)
		}
		if o.name == "no space" && unavailable+available > 0 || unavailable > 1 {
			t.Errorf("%s: said %d times that it is unavailable", o.name, unavailable)
		}
	}
	l.end()
	check(t, "afterwards", l.now.Load(), 0)
	wantNotes(t, server.URL("postgres"), people)
	program.Process.Signal(syscall.SIGTERM)
	if err := program.Wait(); err != nil {
		t.Errorf("ended with %v\n%s", err, out)
	}
}

// TestAThousandRequestsDontPileUp sends them at the moment when the database hangs,
// and again when that is known.
func TestAThousandRequestsDontPileUp(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnServer(t)
	people := signIn(t, server.URL("postgres"), 1)
	socket, port := listenOn(t, "127.0.0.1:0")
	program, out := startFast(t, socket, server.URL("postgres"))
	address := "http://127.0.0.1:" + port
	ready := watchReadiness(t, address)
	eventually(t, out, func() bool { return ready.is(http.StatusOK) })

	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000, DisableCompression: true}, Timeout: time.Minute}
	ask := func(path string, want int) time.Duration {
		begun := time.Now()
		answer, _, err := send(client, people[0], http.MethodGet, address+path, "")
		if err != nil || answer.StatusCode != want {
			t.Errorf("%s is not answered with %d: %v", path, want, err)
		}
		return time.Since(begun)
	}
	atOnce := func(n int, path string, want int) time.Duration {
		var slowest atomic.Int64
		var group sync.WaitGroup
		for range n {
			group.Go(func() {
				took := int64(ask(path, want))
				for before := slowest.Load(); took > before && !slowest.CompareAndSwap(before, took); before = slowest.Load() {
				}
			})
		}
		group.Wait()
		return time.Duration(slowest.Load())
	}
	before := weigh(t, program.Process, out)
	atOnce(1000, "/healthz", http.StatusOK) // has the connections made, and the next one some of those to the database
	atOnce(20, "/dashboard", http.StatusOK)

	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	waiting := atOnce(1000, "/dashboard", http.StatusServiceUnavailable)
	eventually(t, out, func() bool { return ready.is(http.StatusServiceUnavailable) })
	known := atOnce(1000, "/dashboard", http.StatusServiceUnavailable)
	if waiting > inAnOutage+2*known {
		t.Errorf("the slowest of a thousand took %s, where nobody waits %s", waiting, known)
	}
	var one time.Duration
	for range 20 {
		one = max(one, ask("/dashboard", http.StatusServiceUnavailable))
	}
	if one > 500*time.Millisecond {
		t.Errorf("the outage is known, and an answer takes %s", one)
	}
	if err := server.Thaw(); err != nil {
		t.Fatal(err)
	}
	eventually(t, out, func() bool { return ready.is(http.StatusOK) })
	ask("/dashboard", http.StatusOK)
	client.CloseIdleConnections()
	var after weight
	eventually(t, out, func() bool {
		after = weigh(t, program.Process, out)
		return after.goroutines < before.goroutines+50
	})
	if after.kilobytes > before.kilobytes+16<<10 {
		t.Errorf("holds %d kB, and %d kB before", after.kilobytes, before.kilobytes)
	}
	t.Logf("the slowest of a thousand at once: %d ms as the database begins to hang, %d ms when that is known, one alone then %d ms; goroutines %d before and %d after, memory %d kB and %d kB",
		waiting.Milliseconds(), known.Milliseconds(), one.Milliseconds(), before.goroutines, after.goroutines, before.kilobytes, after.kilobytes)
}

// TestAPausedDatabaseIsWaitedForOnce is about requests that ask it several times:
// people who sign in, with a session already, and who give their password again.
func TestAPausedDatabaseIsWaitedForOnce(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnServer(t)
	people := signIn(t, server.URL("postgres"), 8)
	socket, port := listenOn(t, "127.0.0.1:0")
	_, out := startFast(t, socket, server.URL("postgres"))
	address := "http://127.0.0.1:" + port
	ready := watchReadiness(t, address)
	eventually(t, out, func() bool { return ready.is(http.StatusOK) })

	client := &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	all := func(ask func(i int, p *person) (*http.Response, error), want int) (slowest time.Duration) {
		var mu sync.Mutex
		var group sync.WaitGroup
		for i, p := range people {
			group.Go(func() {
				begun := time.Now()
				answer, err := ask(i, p)
				took := time.Since(begun)
				mu.Lock()
				defer mu.Unlock()
				slowest = max(slowest, took)
				if err != nil || answer.StatusCode != want || len(answer.Cookies()) > 0 {
					t.Errorf("%s: %v, %v", p.name, answer, err)
				}
			})
		}
		group.Wait()
		return slowest
	}
	look := func(_ int, p *person) (*http.Response, error) {
		answer, _, err := send(client, p, http.MethodGet, address+"/dashboard", "")
		return answer, err
	}
	forms := []string{"/login?email=ada@example.com", "/account/reauthenticate?", "/login?email=eve@example.com", "/account/profile?name=Ada"}
	post := func(i int, p *person) (*http.Response, error) {
		path, fields, _ := strings.Cut(forms[i%len(forms)], "?")
		answer, _, err := send(client, p, http.MethodPost, address+path, fields+"&password=analytical+engine&current_password=analytical+engine")
		return answer, err
	}
	calm := all(look, http.StatusOK) // has the connections made
	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	waiting := all(post, http.StatusServiceUnavailable)
	t.Logf("the slowest took %d ms, and %d ms before", waiting.Milliseconds(), calm.Milliseconds())
	if waiting > inAnOutage+2*calm {
		t.Errorf("the slowest took %s, and %s before", waiting, calm)
	}
	eventually(t, out, func() bool { return !ready.is(http.StatusOK) }) // else it would be that of before
	if err := server.Thaw(); err != nil {
		t.Fatal(err)
	}
	eventually(t, out, func() bool { return ready.is(http.StatusOK) })
	all(look, http.StatusOK)
}

// check judges a period. limit is for the slowest answer, 0 for none.
func check(t *testing.T, name string, p *period, limit time.Duration) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if limit > 0 && p.slowest > limit {
		t.Errorf("%s: the slowest answer took %s", name, p.slowest)
	}
	if p.signedOut > 0 || p.unanswered > 0 || len(p.odd) > 0 {
		t.Errorf("%s: %d signed out, %d unanswered, %d odd answers, such as\n%s", name, p.signedOut, p.unanswered, len(p.odd), strings.Join(p.odd[:min(len(p.odd), 10)], "\n"))
	}
}

// wantNotes looks for every note that somebody was told is saved.
func wantNotes(t *testing.T, url string, people []*person) {
	t.Helper()
	pool, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var told, kept int64
	for _, p := range people {
		var n int64
		if err := pool.QueryRowContext(t.Context(), "SELECT count(*) FROM notes WHERE user_id = $1", p.id).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n < p.notes.Load() {
			t.Errorf("%s was told of %d notes and has %d", p.name, p.notes.Load(), n)
		}
		told, kept = told+p.notes.Load(), kept+n
	}
	t.Logf("%d notes were said to be saved, %d are there", told, kept)
}

// readiness follows what /readyz answers.
type readiness struct {
	mu       sync.Mutex
	statuses []int // each that differs from the one before
}

func watchReadiness(t *testing.T, address string) *readiness {
	t.Helper()
	r := &readiness{statuses: []int{0}}
	ctx, stop := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			// With a context: a socket that nobody answers on any more would hold it.
			request, _ := http.NewRequestWithContext(ctx, http.MethodGet, address+"/readyz", nil)
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				continue
			}
			answer.Body.Close()
			r.mu.Lock()
			if r.statuses[len(r.statuses)-1] != answer.StatusCode {
				r.statuses = append(r.statuses, answer.StatusCode)
			}
			r.mu.Unlock()
			time.Sleep(10 * time.Millisecond)
		}
	})
	t.Cleanup(func() { stop(); done.Wait() })
	return r
}

func (r *readiness) is(status int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.statuses[len(r.statuses)-1] == status
}

func (r *readiness) changes() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.statuses)
}

// crowdedOut is other programs that take every connection of a server, those for
// superusers too, and have the portal's ended.
type crowdedOut struct {
	url         string
	connections int
	taken       []*pgx.Conn
}

func (c *crowdedOut) come() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for len(c.taken) < c.connections {
		conn, err := pgx.Connect(ctx, c.url)
		if err == nil {
			c.taken = append(c.taken, conn)
			continue
		}
		if len(c.taken) == 0 || ctx.Err() != nil {
			return err
		}
		var ours []uint32
		for _, conn := range c.taken {
			ours = append(ours, conn.PgConn().PID())
		}
		if _, err := c.taken[0].Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> ALL ($1)", ours); err != nil {
			return err
		}
	}
	return nil
}

func (c *crowdedOut) leave() error {
	var errs []error
	for _, conn := range c.taken {
		errs = append(errs, conn.Close(context.Background()))
	}
	c.taken = nil
	return errors.Join(errs...)
}

// weight is what a program holds.
type weight struct{ goroutines, kilobytes int }

// weigh asks a portal that is a test's process, which answers by weighOnSignal.
func weigh(t *testing.T, program *os.Process, out *dbtest.Output) (w weight) {
	t.Helper()
	before := strings.Count(out.String(), "weighs")
	if err := program.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	eventually(t, out, func() bool {
		said := out.String()
		_, err := fmt.Sscanf(said[strings.LastIndex(said, "weighs")+1:], "eighs %d goroutines, %d kB\n", &w.goroutines, &w.kilobytes)
		return strings.Count(said, "weighs") > before && err == nil
	})
	return w
}

func weighOnSignal() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	for range asked {
		var memory runtime.MemStats
		runtime.GC()
		runtime.GC() // what pools hold goes with the second one
		runtime.ReadMemStats(&memory)
		fmt.Fprintf(os.Stderr, "weighs %d goroutines, %d kB\n", runtime.NumGoroutine(), memory.HeapAlloc>>10)
	}
}
