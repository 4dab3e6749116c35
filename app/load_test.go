package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// The load of a test: 40 people who are signed in and 10 visitors who aren't,
// each with a browser that asks for one page after the other.
const (
	peopleInLoad   = 40
	visitorsInLoad = 10
)

var readingTime = flag.Duration("load.pause", 300*time.Millisecond, "the time between two requests of one of the 50 clients")

// startFast is start without the race detector: with it, the times of 50 clients
// would be those of the detector.
func startFast(t *testing.T, socket *os.File, url string, env ...string) (*exec.Cmd, *dbtest.Output) {
	t.Helper()
	path, err := withoutRace()
	if err != nil {
		t.Fatal(err)
	}
	return startProgram(t, path, socket, url, t.TempDir(), env...)
}

// buildDir is where withoutRace builds, and empty until then. TestMain removes it.
var buildDir string

// withoutRace returns this test program, built once without the race detector.
var withoutRace = sync.OnceValues(func() (path string, err error) {
	if !raceDetector {
		return os.Args[0], nil
	}
	if buildDir, err = os.MkdirTemp("", "portal-test-"); err != nil {
		return "", err
	}
	path = filepath.Join(buildDir, "portal.test")
	build := exec.Command("go", "test", "-c", "-buildvcs=false", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make does: most of it is built already
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go test -c: %w\n%s", err, out)
	}
	return path, nil
})

// person is somebody who is signed in.
type person struct {
	id     int64
	name   string
	cookie string                 // as it was at first
	latest atomic.Pointer[string] // as the last answer set it
	notes  atomic.Int64           // that they were told are saved
}

// signIn makes n people and signs them in, past the passwords, which take long.
func signIn(t *testing.T, databaseURL string, n int) []*person {
	t.Helper()
	d, err := db.Open(databaseURL, "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Connect(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	sessions, err := session.NewManager(session.Options{
		Store: config.Postgres, Secrets: []string{goodSecret}, Secure: true, Idle: time.Hour, Absolute: time.Hour, DB: d,
	})
	if err != nil {
		t.Fatal(err)
	}
	people := make([]*person, n)
	for i := range people {
		p := &person{name: fmt.Sprintf("Person %d of %d", i+1, n)}
		p.id, err = d.CreateUser(t.Context(), db.CreateUserParams{
			Email: fmt.Sprintf("%d@example.com", i), Name: p.name, PasswordHash: "hash", Role: db.RoleMember, Now: db.Now(),
		})
		if err != nil {
			t.Fatal(err)
		}
		answer := httptest.NewRecorder()
		c := echo.New().NewContext(httptest.NewRequest(http.MethodPost, "/login", nil), answer)
		err = sessions.Middleware(func(c echo.Context) error {
			return errors.Join(session.From(c).SignIn(p.id, "hash"), session.From(c).Commit())
		})(c)
		if err != nil {
			t.Fatal(err)
		}
		p.cookie = answer.Result().Cookies()[0].Value
		p.latest.Store(&p.cookie)
		people[i] = p
	}
	return people
}

// period is what happened between two moments of a test.
type period struct {
	begun time.Time

	mu         sync.Mutex
	answers    map[int]int // by status
	slowest    time.Duration
	signedOut  int // answers that cleared a cookie, or sent somebody who is signed in to /login
	unanswered int
	odd        []string // answers that are neither a page, a redirect nor a 503 that is as it should be
}

func newPeriod() *period { return &period{begun: time.Now(), answers: map[int]int{}} }

func (p *period) count(statuses ...int) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for status, m := range p.answers {
		if len(statuses) == 0 || slices.Contains(statuses, status) {
			n += m
		}
	}
	return n
}

func (p *period) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var answers []string
	all := 0
	for _, status := range slices.Sorted(maps.Keys(p.answers)) {
		answers = append(answers, fmt.Sprintf("%d × %d", p.answers[status], status))
		all += p.answers[status]
	}
	return fmt.Sprintf("%4.1f s | %5d answered: %s | slowest %4d ms | unanswered %d | signed out %d",
		time.Since(p.begun).Seconds(), all, strings.Join(answers, ", "), p.slowest.Milliseconds(), p.unanswered, p.signedOut)
}

// load is the clients at work.
type load struct {
	base   func() string // the address for the next request
	people []*person
	fresh  bool   // every second client has a new connection for each request
	style  string // the path of a style sheet

	trouble atomic.Bool // an outage is under way
	now     atomic.Pointer[period]
	stop    chan struct{}
	clients sync.WaitGroup
}

// startLoad has everybody begin. They stop at the latest with the test.
func startLoad(t *testing.T, people []*person, fresh bool, base func() string) *load {
	t.Helper()
	l := &load{base: base, people: people, fresh: fresh, stop: make(chan struct{})}
	answer, err := http.Get(base() + "/")
	if err != nil {
		t.Fatal(err)
	}
	home, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if found := regexp.MustCompile(`"(/static/[^"]+\.css)"`).FindSubmatch(home); err == nil && found != nil {
		l.style = string(found[1])
	} else {
		t.Fatalf("no style sheet: %v\n%s", err, home)
	}
	l.now.Store(newPeriod())
	for i, p := range people {
		l.clients.Go(func() { l.work(p, l.client(i)) })
	}
	for i := range visitorsInLoad {
		l.clients.Go(func() { l.visit(l.client(i)) })
	}
	t.Cleanup(l.end)
	return l
}

// end has everybody stop, and waits for it.
func (l *load) end() {
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	l.clients.Wait()
}

// next begins a new period and returns it.
func (l *load) next() *period {
	p := newPeriod()
	l.now.Store(p)
	return p
}

func (l *load) reads() bool {
	select {
	case <-l.stop:
		return false
	case <-time.After(*readingTime):
		return true
	}
}

// work is a person who looks at pages and writes notes.
func (l *load) work(p *person, client *http.Client) {
	defer client.CloseIdleConnections()
	last := "/notes/new"
	for n := 1; ; n++ {
		for _, ask := range []func() (int, string){
			func() (int, string) { return l.ask(client, p, http.MethodGet, "/dashboard", "") },
			func() (int, string) {
				body := url.Values{"title": {p.name + "'s note " + strconv.Itoa(n)}, "body": {strings.Repeat("What it says. ", 50)}}
				return l.ask(client, p, http.MethodPost, "/notes", body.Encode())
			},
			func() (int, string) { return l.ask(client, p, http.MethodGet, last, "") },
			func() (int, string) { return l.ask(client, p, http.MethodGet, "/notes", "") },
		} {
			if status, path := ask(); status == http.StatusSeeOther && strings.HasPrefix(path, "/notes/") {
				p.notes.Add(1)
				last = path
			}
			if !l.reads() {
				return
			}
		}
	}
}

// visit is somebody who looks at what is open to all.
func (l *load) visit(client *http.Client) {
	defer client.CloseIdleConnections()
	for {
		for _, path := range []string{"/", "/login", l.style} {
			l.ask(client, nil, http.MethodGet, path, "")
			if !l.reads() {
				return
			}
		}
	}
}

// client is the i-th browser. It follows no redirects.
func (l *load) client(i int) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: l.fresh && i%2 == 1},
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ask sends one request and judges the answer.
func (l *load) ask(client *http.Client, p *person, method, path, body string) (status int, location string) {
	troubled, period := l.trouble.Load(), l.now.Load()
	begun := time.Now()
	answer, tries, err := send(client, p, method, l.base()+path, body)
	took := time.Since(begun)
	if !troubled { // one that was under way when the trouble began is a part of it
		period = l.now.Load()
		troubled = l.trouble.Load()
	}

	period.mu.Lock()
	defer period.mu.Unlock()
	period.slowest = max(period.slowest, took)
	if err != nil || tries > 1 { // Go repeats a GET by itself
		period.unanswered++
		period.odd = append(period.odd, fmt.Sprintf("%s %s failed, sent %d times: %v", method, path, tries, err))
		return 0, ""
	}
	period.answers[answer.StatusCode]++
	location = answer.Header.Get("Location")
	unavailable := answer.StatusCode == http.StatusServiceUnavailable && troubled && answer.Header.Get("Retry-After") != ""
	switch {
	case p == nil && answer.StatusCode == http.StatusOK, p != nil && answer.StatusCode == http.StatusOK && path != "/dashboard":
	case p != nil && answer.StatusCode == http.StatusOK && strings.Contains(answer.Header.Get("Body"), p.name):
	case p != nil && answer.StatusCode == http.StatusSeeOther && strings.HasPrefix(location, "/notes/"):
	case p != nil && unavailable:
	default:
		period.odd = append(period.odd, fmt.Sprintf("%s %s: %s to %q, trouble is %v", method, path, answer.Status, location, troubled))
	}
	if p == nil {
		return answer.StatusCode, location
	}
	if strings.HasPrefix(location, "/login") {
		period.signedOut++
	}
	for _, cookie := range answer.Cookies() {
		if cookie.Name != session.CookieName(true) {
			continue
		}
		if cookie.MaxAge < 0 || cookie.Value == "" {
			period.signedOut++
		} else {
			p.latest.Store(&cookie.Value)
		}
	}
	return answer.StatusCode, location
}

// send sends one request and reads the answer. tries is how often Go sent it.
func send(client *http.Client, p *person, method, address, body string) (answer *http.Response, tries int, err error) {
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("Accept", "text/html")
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if p != nil {
		r.Header.Set("Cookie", session.CookieName(true)+"="+*p.latest.Load())
	}
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { tries++ }}))
	answer, err = client.Do(r)
	if err != nil {
		return nil, tries, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	answer.Header.Set("Body", string(content))
	return answer, tries, err
}

// lost returns how many of the people are no longer signed in, with the cookie
// that they had at first or with the latest one.
func (l *load) lost(t *testing.T) int {
	t.Helper()
	var lost atomic.Int64
	var group sync.WaitGroup
	for _, p := range l.people {
		group.Go(func() {
			client := l.client(0)
			defer client.CloseIdleConnections()
			first := &person{}
			first.latest.Store(&p.cookie)
			for _, as := range []*person{first, p} {
				answer, _, err := send(client, as, http.MethodGet, l.base()+"/dashboard", "")
				if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(answer.Header.Get("Body"), p.name) {
					lost.Add(1)
					status := "no answer"
					if err == nil {
						status = answer.Status
					}
					t.Errorf("%s is no longer signed in: %s, %v", p.name, status, err)
					return
				}
			}
		})
	}
	group.Wait()
	return int(lost.Load())
}
