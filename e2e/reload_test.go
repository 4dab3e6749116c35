package e2e

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

var (
	reload = flag.Bool("reload", false, "measure how long it takes from a save to what the browser shows")
	edits  = flag.Int("edits", 20, "how often each kind of file is saved for -reload")
)

// TestReload measures the development loop from outside: files of a copy of the
// repository are saved, and a browser says when it has painted what they made.
// Air as it comes is measured beside it, with its proxy, which reloads pages.
func TestReload(t *testing.T) {
	if !*reload {
		t.Skip("make bench-reload runs it")
	}
	fmt.Printf("%d saves of each kind; milliseconds\n\n%-56s %8s %8s\n", *edits, "", "p50", "p95")

	l := newLoop(t, "loop")
	l.serve(http.StatusOK)
	b := l.open(l.address)
	var navigated atomic.Int64
	if err := chromedp.Listen(b.ctx, func(event any) {
		if e, ok := event.(*page.EventFrameNavigated); ok && e.Frame.ParentID == "" {
			navigated.Add(1)
		}
	}); err != nil {
		t.Fatal(err)
	}
	report("a template, saved, to its paint", l.measure(b, *edits, func(n int) string {
		text := fmt.Sprintf("template %d", n)
		l.save("templates/pages/home/show.html", loopPage(text))
		return text + "|0px"
	}))
	l.save("templates/pages/home/show.html", loopPage("{{edition}}"))
	b.until(hasHeading, "edition 0")
	report("a style sheet, saved, to its paint", l.measure(b, *edits, func(n int) string {
		l.save("static/css/parts.css", l.css+fmt.Sprintf("h1 { border-left: %dpx solid }\n", n+1))
		return fmt.Sprintf("edition 0|%dpx", n+1)
	}))
	if n := navigated.Load(); n != 0 {
		t.Errorf("the page was loaded again %d times", n)
	}
	border := fmt.Sprintf("|%dpx", *edits)

	// In turn, so that a busy machine is as busy for both.
	bare := newLoop(t, "bare")
	var builds []float64
	saved := l.measure(b, *edits, func(n int) string {
		text := fmt.Sprintf("edition %d", n+1)
		bare.edition("bare " + text)
		begin := time.Now()
		bare.build()
		builds = append(builds, float64(time.Since(begin).Microseconds())/1000)
		l.edition(text)
		return text + border
	})
	report("go build alone, of the same edit, with the same flags", builds)
	report("Go, saved, to the paint of the new page", saved)
	asked := ask(l.address)
	l.measure(b, *edits, func(n int) string {
		text := fmt.Sprintf("asked %d", n+1)
		l.edition(text)
		return text + border
	})
	requests, failed := asked()
	fmt.Printf("%-56s %8d\n%-56s %8d\n", "requests, one every 5 ms, while Go is saved as often", requests, "of which failed", failed)
	if failed > 0 {
		t.Errorf("%d requests failed", failed)
	}
	l.stop()

	air := newLoop(t, "air")
	air.edition("edition 0")
	air.save("templates/pages/home/show.html", loopPage("{{edition}}"))
	proxied := air.airAsItComes()
	c := air.open(proxied)
	report("Go, saved, to the paint: Air as it comes, with its proxy", air.measure(c, *edits, func(n int) string {
		text := fmt.Sprintf("edition %d", n+1)
		air.edition(text)
		return text + "|0px"
	}))
}

// loopPage is the start page with a heading that is edited.
func loopPage(heading string) string {
	return `{{define "title"}}Start{{end}}{{define "main"}}<h1>` + heading + `</h1>{{end}}` + "\n"
}

// devLoop is a copy of the repository that is worked on.
type devLoop struct {
	t       *testing.T
	dir     string
	css     string
	address string
	said    printed
	stop    func()
	saved   time.Time // the last file
}

// printed is what a program prints, and when.
type printed struct {
	mu     sync.Mutex
	chunks []chunk
}

type chunk struct {
	at   time.Time
	text string
}

func (p *printed) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.chunks = append(p.chunks, chunk{time.Now(), string(text)})
	return len(text), nil
}

// first returns when a text was printed, or the zero time.
func (p *printed) first(text string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.chunks {
		if strings.Contains(c.text, text) {
			return c.at
		}
	}
	return time.Time{}
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all strings.Builder
	for _, c := range p.chunks {
		all.WriteString(c.text)
	}
	return all.String()
}

func newLoop(t *testing.T, name string) *devLoop {
	t.Helper()
	l := &devLoop{t: t, dir: filepath.Join(t.TempDir(), name)}
	if err := eachSource("..", func(path string) error {
		content, err := os.ReadFile(path)
		if err == nil {
			l.save(strings.TrimPrefix(path, "../"), string(content))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	tools, err := filepath.Abs("../.tools")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(tools, filepath.Join(l.dir, ".tools")); err != nil {
		t.Fatal(err)
	}
	// Older than the tools, so that none is built again.
	if err := os.Chtimes(filepath.Join(l.dir, "tools.mod"), time.Unix(0, 0), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	css, err := os.ReadFile(filepath.Join(l.dir, "static/css/parts.css"))
	if err != nil {
		t.Fatal(err)
	}
	l.css = string(css)
	l.edition("edition 0")
	l.save("templates/pages/home/show.html", loopPage("template"))
	l.build() // most of it is in the cache from now on
	return l
}

func (l *devLoop) save(file, content string) {
	l.t.Helper()
	path := filepath.Join(l.dir, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		l.t.Fatal(err)
	}
	l.saved = time.Now()
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		l.t.Fatal(err)
	}
}

// edition saves a Go file of a package that imports none of ours: what it says
// is in the page, by a function.
func (l *devLoop) edition(text string) {
	l.t.Helper()
	l.save("templates/edition.go", fmt.Sprintf("package templates\n\nfunc edition() string { return %q }\n\nfunc init() { functions[\"edition\"] = edition }\n", text))
}

func (l *devLoop) build() {
	l.t.Helper()
	build := exec.Command("go", "build", "-buildvcs=false", "-tags", "dev",
		"-gcflags", "./...=-dwarf=false -N -l", "-ldflags", "-s -w", "-o", "tmp/portal", "./app")
	build.Dir, build.Env = l.dir, append(os.Environ(), "CGO_ENABLED=0", "GOGC=off")
	if out, err := build.CombinedOutput(); err != nil {
		l.t.Fatalf("go build: %v\n%s", err, out)
	}
}

// serve runs make dev in the copy until the test ends, and waits until it
// answers with this status.
func (l *devLoop) serve(status int) {
	l.t.Helper()
	address := "127.0.0.1:" + freePort(l.t)
	l.address = "http://" + address
	l.run(l.address, status, []string{"ADDR=" + address}, "make", "-s", "dev")
}

func (l *devLoop) run(wait string, status int, env []string, command ...string) {
	l.t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Env = l.dir, append(append(os.Environ(), env...), "DATABASE_URL=sqlite:"+filepath.Join(l.dir, "bench.db"))
	cmd.Stdout, cmd.Stderr = &l.said, &l.said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	stopped := false
	l.stop = func() {
		if stopped {
			return
		}
		stopped = true
		syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-ended
		}
		if l.t.Failed() {
			l.t.Logf("%v said:\n%s", command, &l.said)
		}
	}
	l.t.Cleanup(l.stop)
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if answer, err := http.Get(wait + "/login"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == status {
				return
			}
		}
	}
	l.t.Fatal("nothing serves")
}

// airAsItComes runs Air with the settings that it makes by itself, but for the
// names of our program, and with its proxy. Its script is an inline one, so the
// portal gives up its policy for it.
func (l *devLoop) airAsItComes() (address string) {
	l.t.Helper()
	l.save("app/web/middleware.go", strings.ReplaceAll(l.read("app/web/middleware.go"), `h.Set("Content-Security-Policy", csp)`, ""))
	if err := os.Remove(filepath.Join(l.dir, ".air.toml")); err != nil {
		l.t.Fatal(err)
	}
	initial := exec.Command(".tools/air", "init")
	initial.Dir = l.dir
	if out, err := initial.CombinedOutput(); err != nil {
		l.t.Fatalf("air init: %v\n%s", err, out)
	}
	app, proxy := freePort(l.t), freePort(l.t)
	settings := l.read(".air.toml")
	for old, by := range map[string]string{
		"go build -o ./tmp/main .": "go build -o ./tmp/main ./app",
		"app_port = 0":             "app_port = " + app,
		"proxy_port = 0":           "proxy_port = " + proxy,
	} {
		settings = strings.ReplaceAll(settings, old, by)
	}
	head, tail, _ := strings.Cut(settings, "[proxy]")
	l.save(".air.toml", head+"[proxy]"+strings.Replace(tail, "enabled = false", "enabled = true", 1))
	address = "http://127.0.0.1:" + proxy
	l.run(address, http.StatusOK, []string{"ADDR=127.0.0.1:" + app, "APP_ENV=development"}, ".tools/air")
	return address
}

func (l *devLoop) read(file string) string {
	l.t.Helper()
	content, err := os.ReadFile(filepath.Join(l.dir, file))
	if err != nil {
		l.t.Fatal(err)
	}
	return string(content)
}

// watchPaint has every page note when it has painted what: its heading and the
// heading's border.
const watchPaint = `
	window.painted ??= {};
	const look = () => {
		const h1 = document.querySelector("h1");
		if (h1) {
			const what = h1.textContent + "|" + getComputedStyle(h1).borderLeftWidth;
			// The frame that this is in is painted when the next one begins.
			if (!(what in painted)) {
				painted[what] = 0;
				requestAnimationFrame(() => { painted[what] = performance.timeOrigin + performance.now(); });
			}
		}
		requestAnimationFrame(look);
	};
	requestAnimationFrame(look);
`

func (l *devLoop) open(address string) *tab {
	l.t.Helper()
	b := newTab(l.t, address, wide)
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watchPaint})
	return b.visit("/")
}

// measure saves files and returns how long it took each time until the browser
// had painted what save says: infinitely long when it hasn't within seconds.
func (l *devLoop) measure(b *tab, times int, save func(n int) (what string)) []float64 {
	l.t.Helper()
	var all []float64
	for n := range times {
		what := save(n)
		took := math.Inf(1)
		for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			at, err := chromedp.Run(b.ctx, chromedp.Evaluate[float64](fmt.Sprintf("window.painted?.[%q] ?? 0", what)))
			if err == nil && at > 0 {
				took = at - float64(l.saved.UnixMicro())/1000
				break
			}
		}
		all = append(all, took)
		if math.IsInf(took, 1) {
			chromedp.Run(b.ctx, chromedp.Navigate(b.base+"/")) // what it shows doesn't follow any more
		}
		time.Sleep(200 * time.Millisecond) // a developer isn't faster
	}
	return all
}

// ask asks for a page every 5 ms, on connections that are kept, and returns a
// function that ends it and tells how many requests there were, and how many
// failed.
func ask(address string) (end func() (requests, failed int64)) {
	ctx, cancel := context.WithCancel(context.Background())
	var requests, failed atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		running := make(chan struct{}, 100)
		for ticker := time.NewTicker(5 * time.Millisecond); ctx.Err() == nil; <-ticker.C {
			running <- struct{}{}
			go func() {
				defer func() { <-running }()
				requests.Add(1)
				answer, err := http.Get(address + "/login")
				if err == nil {
					_, err = io.Copy(io.Discard, answer.Body)
					answer.Body.Close()
				}
				if err != nil || answer.StatusCode != http.StatusOK {
					failed.Add(1)
				}
			}()
		}
		for range cap(running) {
			running <- struct{}{}
		}
	}()
	return func() (int64, int64) {
		cancel()
		<-done
		return requests.Load(), failed.Load()
	}
}

func report(what string, all []float64) {
	slices.Sort(all)
	at := func(p float64) string {
		took := all[int(math.Ceil(p*float64(len(all))))-1]
		if math.IsInf(took, 1) {
			return "never"
		}
		return fmt.Sprintf("%.0f", took)
	}
	fmt.Printf("%-56s %8s %8s\n", what, at(0.5), at(0.95))
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}
