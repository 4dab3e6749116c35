package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db/dbtest"
)

// instance is one of several portals on one database, on a socket of its own that
// outlives it.
type instance struct {
	address string
	start   func()
	program *exec.Cmd
	out     *dbtest.Output
}

func startInstances(t *testing.T, n int, databaseURL string) []*instance {
	t.Helper()
	instances := make([]*instance, n)
	for i := range instances {
		socket, port := listenOn(t, "127.0.0.1:0")
		in := &instance{address: "http://127.0.0.1:" + port}
		in.start = func() { in.program, in.out = startFast(t, socket, databaseURL) }
		in.start()
		instances[i] = in
	}
	for _, in := range instances {
		eventually(t, in.out, func() bool { return status(in.address+"/readyz") == http.StatusOK })
	}
	return instances
}

// TestThreeInstancesAreOneSite signs in on one, works on another, and ends a
// sign-in on the third; limits count over all of them.
func TestThreeInstancesAreOneSite(t *testing.T) {
	t.Parallel()
	databaseURL := dbtest.PostgresURL(t)
	env := settings(databaseURL)
	if _, err := invoke(t, env, "difference engine\n", "user", "create", "ada@example.com", "--name", "Ada"); err != nil {
		t.Fatal(err)
	}
	one, two, three := func() (a, b, c string) {
		in := startInstances(t, 3, databaseURL)
		return in[0].address, in[1].address, in[2].address
	}()
	laptop, phone := &person{}, &person{}
	none := ""
	laptop.latest.Store(&none)
	phone.latest.Store(&none)
	// visit answers as a browser sees it: status, where to, and the page.
	visit := func(p *person, method, address string, form url.Values) (int, string, string) {
		t.Helper()
		answer, _, err := send((&load{}).client(0), p, method, address, form.Encode())
		if err != nil {
			t.Fatal(err)
		}
		for _, cookie := range answer.Cookies() {
			if cookie.Name == session.CookieName(true) {
				p.latest.Store(&cookie.Value)
			}
		}
		return answer.StatusCode, answer.Header.Get("Location"), answer.Header.Get("Body")
	}
	password := url.Values{"email": {"ada@example.com"}, "password": {"difference engine"}}
	for p, address := range map[*person]string{laptop: one, phone: two} {
		if status, to, _ := visit(p, http.MethodPost, address+"/login", password); status != http.StatusSeeOther || to != "/dashboard" {
			t.Fatalf("signing in: %d to %q", status, to)
		}
	}

	_, note, _ := visit(laptop, http.MethodPost, two+"/notes", url.Values{"title": {"written on the second"}})
	if status, _, page := visit(phone, http.MethodGet, three+note, nil); status != http.StatusOK || !strings.Contains(page, "written on the second") {
		t.Errorf("the note: %d", status)
	}
	if _, _, page := visit(laptop, http.MethodGet, three+"/dashboard", nil); !strings.Contains(page, "The note is saved.") {
		t.Error("the message of the second isn't shown by the third")
	}

	_, _, page := visit(laptop, http.MethodGet, three+"/account/sessions", nil)
	other := ""
	for _, device := range strings.Split(page, "<li>") {
		if found := regexp.MustCompile(`/account/sessions/\d+/revoke`).FindString(device); !strings.Contains(device, "This device") {
			other += found
		}
	}
	if status, to, _ := visit(laptop, http.MethodPost, three+other, nil); status != http.StatusSeeOther || to != "/account/sessions" {
		t.Errorf("ending the other: %d to %q", status, to)
	}
	for _, address := range []string{one, two, three} {
		if status, to, _ := visit(laptop, http.MethodGet, address+"/dashboard", nil); status != http.StatusOK {
			t.Errorf("the laptop on %s: %d to %q", address, status, to)
		}
		gone := &person{} // visit takes a new cookie, and the other instances should see the old one
		gone.latest.Store(phone.latest.Load())
		if status, to, _ := visit(gone, http.MethodGet, address+"/dashboard", nil); status != http.StatusSeeOther || !strings.HasPrefix(to, "/login") {
			t.Errorf("the phone on %s: %d to %q", address, status, to)
		}
	}

	password.Set("password", "analytical engine")
	for i, address := range []string{one, two, three, one, two, three, one, two, three, one} {
		if status, _, _ := visit(phone, http.MethodPost, address+"/login", password); status != http.StatusUnprocessableEntity {
			t.Errorf("wrong password %d: %d", i+1, status)
		}
	}
	if status, _, _ := visit(phone, http.MethodPost, two+"/login", password); status != http.StatusTooManyRequests {
		t.Errorf("after ten wrong passwords: %d", status)
	}
}

// TestARollingRestartLosesNothing ends one of three instances after the other and
// starts it anew, under 50 clients, half of whom keep their connections. Each
// instance has a socket that stays.
func TestARollingRestartLosesNothing(t *testing.T) {
	t.Parallel()
	databaseURL := dbtest.PostgresURL(t)
	people := signIn(t, databaseURL, peopleInLoad)
	instances := startInstances(t, 3, databaseURL)
	var turn atomic.Int64
	l := startLoad(t, people, true, func() string { return instances[turn.Add(1)%3].address })
	testRollingRestart(t, l, databaseURL, func() {
		for _, in := range instances {
			in.stop(t)
			in.start()
			eventually(t, in.out, func() bool { return status(in.address+"/readyz") == http.StatusOK })
		}
	})
}

// TestABalancerLosesNothingWhileAnInstanceIsReplaced has each instance listen by
// itself, behind a balancer that asks /readyz.
func TestABalancerLosesNothingWhileAnInstanceIsReplaced(t *testing.T) {
	t.Parallel()
	databaseURL := dbtest.PostgresURL(t)
	people := signIn(t, databaseURL, peopleInLoad)
	b := startBalancer(t)
	begin := func() *instance {
		in := &instance{}
		in.program, in.out = startFast(t, nil, databaseURL, "LISTEN_FDS=", "ADDR=127.0.0.1:0", "LOG_LEVEL=info", "SHUTDOWN_DELAY=3s")
		eventually(t, in.out, func() bool { in.address = addressOf(in.out); return in.address != "" })
		b.add(in.address)
		eventually(t, in.out, func() bool { return b.uses(in.address) })
		return in
	}
	old := begin()
	begin()
	l := startLoad(t, people, true, func() string { return b.address })
	testRollingRestart(t, l, databaseURL, func() {
		begin()
		old.stop(t)
		b.remove(old.address)
	})
}

func testRollingRestart(t *testing.T, l *load, databaseURL string, restart func()) {
	t.Helper()
	enough := func() { eventually(t, &dbtest.Output{}, func() bool { return l.now.Load().count() >= 200 }) }
	connecting := watchConnecting(t, databaseURL)
	l.trouble.Store(true) // a 503 is judged below
	p := l.now.Load()
	enough()
	restart()
	line := p.String()
	check(t, "during the restart", p, 0)
	if n, took := p.count(http.StatusServiceUnavailable), connecting(); n > 0 && took > 300*time.Millisecond {
		t.Skipf("this machine is too busy: connecting to the database took %s, and %d requests were answered with 503", took, n)
	} else if n > 0 {
		t.Errorf("%d requests were answered with 503", n)
	}
	l.trouble.Store(false)
	l.next()
	enough()
	lost := l.lost(t)
	l.end()
	check(t, "afterwards", l.now.Load(), 0)
	wantNotes(t, databaseURL, l.people)
	t.Logf("rolling restart | %s | sessions lost %d", line, lost)
}

// watchConnecting makes connections to the database until the function that it
// returns is called, which says how long the slowest one took.
func watchConnecting(t *testing.T, databaseURL string) (slowest func() time.Duration) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var worst time.Duration
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			begun := time.Now()
			if conn, err := pgx.Connect(ctx, databaseURL); err == nil {
				worst = max(worst, time.Since(begun))
				conn.Close(ctx)
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	t.Cleanup(func() { stop(); done.Wait() })
	return func() time.Duration { stop(); done.Wait(); return worst }
}

func (in *instance) stop(t *testing.T) {
	t.Helper()
	in.program.Process.Signal(syscall.SIGTERM)
	if err := in.program.Wait(); err != nil {
		t.Errorf("ended with %v\n%s", err, in.out)
	}
}

// addressOf returns where a portal says that it listens.
func addressOf(out *dbtest.Output) string {
	found := regexp.MustCompile(`"address":"(127\.0\.0\.1:\d+)"`).FindStringSubmatch(out.String())
	if found == nil {
		return ""
	}
	return "http://" + found[1]
}

// balancer shares requests out among the instances whose /readyz says 200. It
// sends none a second time.
type balancer struct {
	address string
	mu      sync.Mutex
	all     []string
	ready   []string
	turn    int
}

func startBalancer(t *testing.T) *balancer {
	t.Helper()
	b := &balancer{}
	proxy := &httputil.ReverseProxy{
		Transport: &halfFresh{kept: http.Transport{MaxIdleConnsPerHost: 100}, fresh: http.Transport{DisableKeepAlives: true}},
		Rewrite: func(r *httputil.ProxyRequest) {
			target, err := url.Parse(b.next())
			if err == nil {
				r.SetURL(target)
			}
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			http.Error(w, fmt.Sprint("balancer: ", err), http.StatusBadGateway)
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	b.address = server.URL

	ctx, stop := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			b.look()
			time.Sleep(200 * time.Millisecond)
		}
	})
	t.Cleanup(func() { stop(); done.Wait() })
	return b
}

// halfFresh has a new connection for every second request.
type halfFresh struct {
	kept, fresh http.Transport
	n           atomic.Int64
}

func (h *halfFresh) RoundTrip(r *http.Request) (*http.Response, error) {
	if h.n.Add(1)%2 == 0 {
		return h.fresh.RoundTrip(r)
	}
	return h.kept.RoundTrip(r)
}

func (b *balancer) look() {
	b.mu.Lock()
	all := append([]string(nil), b.all...)
	b.mu.Unlock()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	var ready []string
	for _, address := range all {
		if answer, err := client.Get(address + "/readyz"); err == nil {
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				ready = append(ready, address)
			}
		}
	}
	b.mu.Lock()
	b.ready = ready
	b.mu.Unlock()
}

func (b *balancer) next() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ready) == 0 {
		return ""
	}
	b.turn++
	return b.ready[b.turn%len(b.ready)]
}

func (b *balancer) add(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, address)
}

func (b *balancer) remove(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = without(b.all, address)
}

func (b *balancer) uses(address string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(without(b.ready, address)) < len(b.ready)
}

func without(list []string, item string) (rest []string) {
	for _, other := range list {
		if other != item {
			rest = append(rest, other)
		}
	}
	return rest
}
