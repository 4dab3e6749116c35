// Command bench serves one page, the dashboard of somebody who is signed in, by
// the portal and by other ways to do it, on the same PostgreSQL with the same
// people and notes, and prints how many requests each answers, and how fast.
//
//	make bench BENCH=peers
//
// On Linux with two processors or more and taskset, the servers have one
// processor and the database and the client another.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/managethefans/portal/db/dbtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run := compare
	if len(os.Args) > 1 && os.Args[1] == "peer" {
		run = servePeer
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	rounds, connections, people int
	seconds                     time.Duration
	only                        string
	portals                     builds
	processors                  int    // of the machine; 0 when servers and client aren't kept apart
	dir                         string // for what is built
}

// builds are programs of the portal by the names they have in the table.
type builds map[string]string

func (b builds) String() string { return "" }

func (b builds) Set(text string) error {
	name, path, ok := strings.Cut(text, "=")
	if b[name] = path; !ok {
		return errors.New("write name=path")
	}
	return nil
}

func parse() options {
	o := options{portals: builds{}}
	flag.IntVar(&o.rounds, "rounds", 7, "how often each is measured")
	flag.DurationVar(&o.seconds, "time", 4*time.Second, "how long each time")
	flag.IntVar(&o.connections, "connections", 32, "requests at once")
	flag.IntVar(&o.people, "people", 1000, "how many are signed in")
	flag.StringVar(&o.only, "only", "", "measure those whose name has one of these words, listed with commas")
	flag.StringVar(&o.dir, "dir", filepath.Join(os.TempDir(), "portal-bench"), "where to build")
	flag.Var(o.portals, "portal", "a build of the portal to measure, as name=path; may be repeated, to compare two")
	flag.IntVar(&o.processors, "processors", 0, "set by the program itself, once it has a processor of its own")
	flag.Parse()
	return o
}

// compare measures everything that can be, and says what can't.
func compare(ctx context.Context) error {
	o := parse()
	if o.processors == 0 {
		pin()
		fmt.Println("Servers and client share the processors: there is no taskset, or no second processor.")
	}
	server, err := dbtest.StartServer("fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=256MB")
	if errors.Is(err, dbtest.ErrNoPostgres) {
		fmt.Println("The comparison with other stacks is left out:", err)
		return nil
	}
	if err != nil {
		return err
	}
	defer server.Close()
	cookies, err := seed(ctx, server.URL("postgres"), o.people)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	stacks, err := o.stacks(ctx, cookies)
	if err != nil {
		return err
	}
	stacks = slices.DeleteFunc(stacks, func(s *stack) bool {
		err := s.start(ctx, server.URL("postgres"), o)
		if err != nil {
			fmt.Printf("%s is left out: %s\n", s.name, err)
			s.stop()
		}
		return err != nil
	})
	defer func() {
		for _, s := range stacks {
			s.stop()
		}
	}()
	if len(stacks) == 0 {
		return errors.New("nothing is left to measure")
	}
	if err := measure(ctx, stacks, o, newMeter(server.URL("postgres"))); err != nil {
		return err
	}
	describe(server, o)
	printTable(stacks)
	return nil
}

// pin starts this program anew on one processor, where it and the database
// stay, if the machine has another one for the servers.
func pin() {
	taskset, err := exec.LookPath("taskset")
	if err != nil || exec.Command(taskset, "-c", serverCore, "true").Run() != nil || exec.Command(taskset, "-c", ourCore, "true").Run() != nil {
		return
	}
	processors := fmt.Sprintf("-processors=%d", runtime.NumCPU())
	args := append([]string{taskset, "-c", ourCore, os.Args[0], processors}, os.Args[1:]...)
	syscall.Exec(taskset, args, os.Environ()) // returns only if it fails, and then we go on without
}

// The processors of the servers, and of the client and the database.
const serverCore, ourCore = "0", "1"

// stack is one way to serve the page.
type stack struct {
	name    string
	command []string
	env     []string
	cookies []string // of people who are signed in; nil to sign them in at /login?id=
	addr    string
	process *exec.Cmd
	bytes   int // of the page
	runs    []result
}

// stacks lists what is measured.
func (o options) stacks(ctx context.Context, cookies []string) ([]*stack, error) {
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var all []*stack
	for _, name := range slices.Sorted(maps.Keys(o.portals)) {
		all = append(all, &stack{name: name, command: []string{o.portals[name]}, cookies: cookies,
			env: []string{"SESSION_STORE=postgres", "SESSION_SECRET=" + secret}})
	}
	if express, err := installExpress(ctx, o.dir); err != nil {
		fmt.Println("Express is left out:", err)
	} else {
		all = append(all, &stack{name: "Express 4, connect-pg-simple, as our origin", command: express("resave")},
			&stack{name: "Express 4, connect-pg-simple, resave off", command: express("read")})
	}
	for _, peer := range []struct{ name, mode string }{
		{"Echo, pgstore (lib/pq), saved each time", "pq-save"},
		{"Echo, pgstore (pgx), saved each time", "pgx-save"},
		{"Echo, pgstore (pgx), not saved", "pgx-read"},
		{"Echo, scs and its pgxstore", "scs"},
	} {
		all = append(all, &stack{name: peer.name, command: []string{self, "peer", peer.mode}})
	}
	return slices.DeleteFunc(all, func(s *stack) bool {
		return o.only != "" && !slices.ContainsFunc(strings.Split(o.only, ","), func(word string) bool { return strings.Contains(s.name, word) })
	}), nil
}

// start runs a server, and signs everybody in.
func (s *stack) start(ctx context.Context, url string, o options) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // to find a free port
	if err != nil {
		return err
	}
	s.addr = listener.Addr().String()
	listener.Close()
	command := s.command
	if o.processors > 0 {
		command = append([]string{"taskset", "-c", serverCore}, command...)
	}
	s.process = exec.CommandContext(ctx, command[0], command[1:]...)
	s.process.Env = append(os.Environ(), append(s.env, "DATABASE_URL="+url, "ADDR="+s.addr, "NODE_ENV=production", "TZ=UTC")...)
	log, err := os.Create(filepath.Join(o.dir, "server.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		return err
	}
	for n := 0; ; n++ {
		conn, err := net.Dial("tcp", s.addr)
		if err == nil {
			conn.Close()
			break
		}
		if n == 100 {
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("it doesn't start: %w\n%s", err, text)
		}
		time.Sleep(100 * time.Millisecond)
	}
	for id := 1; id <= o.people && len(s.cookies) < o.people; id++ {
		answer, _, err := get(fmt.Sprintf("http://%s/login?id=%d", s.addr, id), "")
		if err != nil {
			return err
		}
		cookie, _, _ := strings.Cut(answer.Header.Get("Set-Cookie"), ";")
		s.cookies = append(s.cookies, cookie)
	}
	return s.check()
}

// check makes sure that the page is the one that is meant, with the notes.
func (s *stack) check() error {
	for n := 0; ; n++ { // the portal may answer before it has looked at the database
		answer, body, err := get("http://"+s.addr+"/dashboard", s.cookies[0])
		if err != nil {
			return err
		}
		if s.bytes = len(body); answer.StatusCode == http.StatusOK && strings.Contains(body, personName(1)) && strings.Count(body, "<li>") >= 2*onDashboard {
			return nil
		}
		if n == 50 {
			return fmt.Errorf("the dashboard is %s: %.500s", answer.Status, body)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (s *stack) stop() {
	if s.process != nil && s.process.Process != nil {
		s.process.Process.Kill()
		s.process.Wait()
	}
}

func get(url, cookie string) (*http.Response, string, error) {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, "", err
	}
	r.Header = http.Header{"X-Forwarded-Proto": {"https"}, "Accept": {"text/html"}, "Accept-Encoding": {"identity"}, "Cookie": {cookie}}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer, string(body), err
}

// measure loads one after the other, in an order that changes, until each has
// had its rounds; those that other programs have disturbed are repeated, once.
func measure(ctx context.Context, stacks []*stack, o options, m meter) error {
	for round := range 2*o.rounds + 1 { // the first is to warm up
		order := slices.Clone(stacks)
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, s := range order {
			if round > o.rounds && quiet(stacks) >= o.rounds {
				return nil
			}
			before := m.read(s.process.Process.Pid)
			l, err := loadFor(o.seconds, s.addr, s.cookies, o.connections)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			r := result{l.perSecond(), l.percentile(.5), l.percentile(.99), m.read(s.process.Process.Pid).since(before, l)}
			if round > 0 {
				s.runs = append(s.runs, r)
			}
			fmt.Printf("%3d  %-46s %6.0f/s  p50 %5.1f ms  p99 %5.1f ms  %s", round, s.name, r.perSecond, ms(r.p50), ms(r.p99), r.cpu)
			if l.failed > 0 {
				fmt.Printf(", %d requests were answered with an error", l.failed)
			}
			fmt.Println()
		}
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// describe says what was measured on what.
func describe(server *dbtest.Server, o options) {
	processors, apart := o.processors, "the server on one, database and client on another"
	if processors == 0 {
		processors, apart = runtime.NumCPU(), "shared by all"
	}
	fmt.Printf("\n%d × %s, %s; %s, %s. %d connections, %d people, medians of %d rounds of %s.\n\n",
		processors, processor(), apart, runtime.Version(), server, o.connections, o.people, o.rounds, o.seconds)
}
