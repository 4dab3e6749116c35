//go:build dev

package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// dev is the program under test, built as make dev builds it.
var (
	dev     string
	project string // the root of this one
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "dev-test")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		if project, err = filepath.Abs(".."); err != nil {
			panic(err)
		}
		dev = filepath.Join(dir, "dev")
		build := exec.Command("go", "build", "-buildvcs=false", "-tags", "dev", "-o", dev, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// needs skips the test where a tool isn't built, but not in CI.
func needs(t *testing.T, tool string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(project, tool)); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: make %s builds it", tool, tool)
	}
	t.Skipf("%s is missing: make %s builds it", tool, tool)
}

// tiny makes a project of the shape that dev expects, which builds in no time.
// Its program answers with its page, and ends when it is asked to.
func tiny(t *testing.T) *loopTest {
	t.Helper()
	l := newLoopTest(t)
	l.write("go.mod", "module tiny\n\ngo 1.26\n")
	l.write("app/main.go", tinyMain)
	l.write("app/page.go", page("one"))
	l.write("db/db.go", "package db\n")
	return l
}

func page(content string) string { return fmt.Sprintf("package main\n\nvar page = %q\n", content) }

const tinyMain = `package main

import (
	"net"
	"net/http"
	"os"
	"os/signal"

	_ "tiny/db"
)

func main() {
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	listener, err := net.FileListener(os.NewFile(3, "socket"))
	if err != nil {
		panic(err)
	}
	ending := make(chan bool)
	http.HandleFunc("/end", func(http.ResponseWriter, *http.Request) { ending <- true })
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(page)) })
	go http.Serve(listener, nil)
	notify, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		panic(err)
	}
	notify.Write([]byte("READY=1"))
	select {
	case <-ending:
		panic("no more")
	case <-interrupt:
	}
	os.Stdout.WriteString("ended in order\n")
}
`

// loopTest is a project in a folder of its own, and dev in it.
type loopTest struct {
	*testing.T
	root   string
	tmp    string // what TMPDIR is for dev, and empty when it has ended
	mark   string // in the environment of dev, and of all that it starts
	cmd    *exec.Cmd
	output output
	url    string
}

func newLoopTest(t *testing.T) *loopTest {
	t.Helper()
	t.Parallel()
	needs(t, ".tools/air")
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tmp, err := os.MkdirTemp("", "dev") // a short path, for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(tmp) })
	l := &loopTest{T: t, root: root, tmp: tmp, mark: "DEV_TEST=" + filepath.Base(filepath.Dir(root)) + filepath.Base(root)}
	for _, name := range []string{".tools", ".air.toml", "Makefile", "sqlc.yaml", "tools.mod", "tools.sum"} {
		if err := os.Symlink(filepath.Join(project, name), filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// start starts dev, on a free port.
func (l *loopTest) start() {
	l.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.Fatal(err)
	}
	listener.Close()
	l.startAt(listener.Addr().String())
}

func (l *loopTest) startAt(addr string) {
	l.Helper()
	l.url = "http://" + addr + "/"
	l.cmd = exec.Command(dev)
	l.cmd.Dir, l.cmd.Stdout, l.cmd.Stderr = l.root, &l.output, &l.output
	l.cmd.WaitDelay = 10 * time.Second
	l.cmd.Env = append(os.Environ(), l.mark, "ADDR="+addr, "TMPDIR="+l.tmp, "GOFLAGS=-buildvcs=false")
	if err := l.cmd.Start(); err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() {
		l.cmd.Process.Kill()
		l.cmd.Wait()
		l.nothingIsLeft()
		if l.Failed() {
			l.Log(l.output.String())
		}
	})
}

func (l *loopTest) write(name, content string) {
	l.Helper()
	path := filepath.Join(l.root, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		l.Fatal(err)
	}
}

func (l *loopTest) rename(from, to string) {
	l.Helper()
	if err := os.Rename(filepath.Join(l.root, from), filepath.Join(l.root, to)); err != nil {
		l.Fatal(err)
	}
}

func (l *loopTest) remove(name string) {
	l.Helper()
	if err := os.Remove(filepath.Join(l.root, name)); err != nil {
		l.Fatal(err)
	}
}

func (l *loopTest) run(name string, args ...string) {
	l.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = l.root
	if out, err := cmd.CombinedOutput(); err != nil {
		l.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// state is what dev tells the program.
type state struct {
	Build    int
	Building bool
	Fault    *struct {
		Kind, Title, Text string
		Places            []struct {
			File string
			Line int
		}
	}
}

func (l *loopTest) state() (s state) {
	content, err := os.ReadFile(filepath.Join(l.root, "tmp/dev.json"))
	if err == nil {
		err = json.Unmarshal(content, &s)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		l.Errorf("the state can't be read: %v", err)
	}
	return s
}

// get asks for a page as a browser does.
func (l *loopTest) get() (status int, body string) {
	r, err := http.NewRequest(http.MethodGet, l.url, nil)
	if err != nil {
		l.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(content)
}

func (l *loopTest) until(what string, condition func() bool) {
	l.Helper()
	for limit := time.Now().Add(2 * time.Minute); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			status, body := l.get()
			l.Fatalf("waited in vain until %s. State: %+v. Answer: %d, %s", what, l.state(), status, body)
		}
	}
}

// shows waits until the program answers with this page, and all is quiet.
func (l *loopTest) shows(want string) {
	l.Helper()
	l.until("the page is "+want, func() bool {
		status, body := l.get()
		s := l.state()
		return status == http.StatusOK && body == want && !s.Building && s.Fault == nil
	})
}

// answers waits for a page of dev's own with all of these in it.
func (l *loopTest) answers(wants ...string) {
	l.Helper()
	l.until(fmt.Sprintf("the answer has %q", wants), func() bool {
		status, body := l.get()
		return status == http.StatusServiceUnavailable && !slices.ContainsFunc(wants, func(want string) bool { return !strings.Contains(body, want) })
	})
}

func (l *loopTest) hasFault(kind, text string) {
	l.Helper()
	l.until(fmt.Sprintf("there is a fault: %s, %q", kind, text), func() bool {
		f := l.state().Fault
		return f != nil && f.Kind == kind && strings.Contains(f.Text, text)
	})
}

// processes returns what dev has started and has not ended, and itself.
func (l *loopTest) processes() (list []string) {
	l.Helper()
	environments, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil || len(environments) == 0 {
		l.Skip("there is no /proc here to find processes in")
	}
	for _, path := range environments {
		content, _ := os.ReadFile(path) // which has gone, or is somebody else's
		if slices.Contains(strings.Split(string(content), "\x00"), l.mark) {
			command, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
			list = append(list, strings.ReplaceAll(string(command), "\x00", " "))
		}
	}
	return list
}

func (l *loopTest) nothingIsLeft() {
	l.Helper()
	var left []string
	for limit := time.Now().Add(10 * time.Second); time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
		if left = l.processes(); len(left) == 0 {
			return
		}
	}
	l.Errorf("left behind: %q", left)
}

// output collects what dev prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func TestASaveIsServedHoweverTheEditorSaves(t *testing.T) {
	l := tiny(t)
	l.start()
	l.shows("one")

	l.write("app/page.go", page("in place"))
	l.shows("in place")

	// vim, with 'backup' as it comes.
	l.write("app/4913", "")
	l.remove("app/4913")
	l.rename("app/page.go", "app/page.go~")
	l.write("app/page.go", page("vim"))
	l.remove("app/page.go~")
	l.shows("vim")

	// JetBrains' "safe write".
	l.write("app/page.go___jb_tmp___", page("jetbrains"))
	l.rename("app/page.go", "app/page.go___jb_old___")
	l.rename("app/page.go___jb_tmp___", "app/page.go")
	l.remove("app/page.go___jb_old___")
	l.shows("jetbrains")

	// A temporary file over the old one.
	l.write("app/.page.go.swp", page("renamed over"))
	l.rename("app/.page.go.swp", "app/page.go")
	l.shows("renamed over")
}

func TestAFileThatIsAddedOrDeletedCounts(t *testing.T) {
	l := tiny(t)
	l.start()
	l.shows("one")
	l.write("app/more.go", "package main\n\nfunc init() { page = \"more\" }\n")
	l.shows("more")
	l.remove("app/more.go")
	l.shows("one")

	l.write("app/sub/sub.go", "package sub\n\nconst Page = \"sub\"\n")
	l.write("app/page.go", "package main\n\nimport \"tiny/app/sub\"\n\nvar page = sub.Page\n")
	l.shows("sub")
	l.write("app/sub/sub.go", "package sub\n\nconst Page = \"the new folder is watched\"\n")
	l.shows("the new folder is watched")
}

// TestAFileThatIsBuiltInIsBuilt when it is saved, whatever its kind.
func TestAFileThatIsBuiltInIsBuilt(t *testing.T) {
	l := tiny(t)
	for _, name := range []string{"common.txt", "cockpit.css", "page.html", "client.js"} {
		l.write("app/"+name, "0")
	}
	l.write("app/page.go", "package main\n\nimport _ \"embed\"\n\nvar (\n\t//go:embed common.txt\n\ttxt string\n\t//go:embed cockpit.css\n\tcss string\n"+
		"\t//go:embed page.html\n\thtml string\n\t//go:embed client.js\n\tjs string\n\n\tpage = txt + css + html + js\n)\n")
	l.start()
	l.shows("0000")
	l.write("app/common.txt", "1")
	l.shows("1000")
	l.write("app/cockpit.css", "2")
	l.shows("1200")
	l.write("app/page.html", "3")
	l.shows("1230")
	l.write("app/client.js", "4")
	l.shows("1234")

	// What the program reads from disk is none of these.
	before := l.state().Build
	for _, name := range []string{"static/css/parts.css", "static/js/app.js", "templates/layout.html", "templates/pages/home/show.html", "templates/partials/footer.html"} {
		l.write(name, "")
	}
	l.write("app/common.txt", "5")
	l.shows("5234")
	if builds := l.state().Build - before; builds != 1 {
		t.Errorf("%d builds", builds)
	}
}

// TestACheckoutIsOneBuild has git write 200 files.
func TestACheckoutIsOneBuild(t *testing.T) {
	l := tiny(t)
	branch := func(name string) {
		for i := range 200 {
			l.write(fmt.Sprintf("app/many/file%d.go", i), fmt.Sprintf("package many\n\nconst Name%d = %q\n", i, name))
		}
		l.run("git", "add", "app", "sqlc.yaml")
		l.run("git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", name)
	}
	l.write("app/page.go", "package main\n\nimport \"tiny/app/many\"\n\nvar page = many.Name0 + many.Name199\n")
	l.run("git", "init", "-q", "-b", "old")
	branch("old")
	l.run("git", "checkout", "-q", "-b", "new")
	branch("new")
	l.start()
	l.shows("newnew")
	before := l.state().Build
	l.run("git", "checkout", "-q", "old")
	l.shows("oldold")
	l.write("app/page.go", page("last"))
	l.shows("last")
	if builds := l.state().Build - before; builds != 2 {
		t.Errorf("a checkout and a save: %d builds", builds)
	}
}

func TestASettingThatIsSavedStartsTheProgramAgain(t *testing.T) {
	l := tiny(t)
	l.write("app/page.go", "package main\n\nimport \"os\"\n\nvar env, _ = os.ReadFile(\".env\")\nvar page = string(env)\n")
	l.write(".env", "APP_NAME=One\n")
	l.start()
	l.shows("APP_NAME=One\n")
	l.write(".env", "APP_NAME=Two\n")
	l.shows("APP_NAME=Two\n")
}

func TestAFirstBuildThatFailsIsAPageUntilItIsMended(t *testing.T) {
	l := tiny(t)
	l.write("app/page.go", "package main\n\nvar page = \"one\"\n\nvar x int = \"<b>\"\n")
	l.start()
	l.answers("The program doesn&#39;t compile", "app/page.go:5:13", "cannot use &#34;&lt;b&gt;&#34;", "vscode://file"+l.root+"/app/page.go:5:13")
	l.hasFault("compile", "cannot use")
	if !strings.Contains(l.output.String(), "app/page.go:5:13: cannot use") {
		t.Errorf("the terminal has %s", &l.output)
	}
	answer, err := http.Get(l.url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(text), "app/page.go:5:13: cannot use \"<b>\"") {
		t.Errorf("a program that isn't a browser gets %d, %s", answer.StatusCode, text)
	}
	// A page of another site can have its name lead here.
	for _, path := range []string{"", "_dev/events", "_dev/client.js"} {
		r := must(http.NewRequest(http.MethodGet, l.url+path, nil))
		r.Host = "evil.example"
		answer := must((&http.Client{Timeout: 10 * time.Second}).Do(r))
		text, _ := io.ReadAll(answer.Body) // a stream has no end
		answer.Body.Close()
		if answer.StatusCode != http.StatusMisdirectedRequest || strings.Contains(string(text), "page.go") {
			t.Errorf("/%s under another name: %d, %s", path, answer.StatusCode, text)
		}
	}
	l.write("app/page.go", page("mended"))
	l.shows("mended")
}

func TestABrokenBuildLeavesTheLastGoodProgram(t *testing.T) {
	l := tiny(t)
	l.start()
	l.shows("one")
	l.write("app/page.go", "package main\n\nvar page = unknown\n")
	l.hasFault("compile", "undefined: unknown")
	if places := l.state().Fault.Places; len(places) != 1 || places[0].File != "app/page.go" || places[0].Line != 3 {
		t.Errorf("places: %+v", places)
	}
	if status, body := l.get(); status != http.StatusOK || body != "one" {
		t.Errorf("got %d, %s", status, body)
	}
	l.write("app/page.go", page("two"))
	l.shows("two")
}

const crash = "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\nvar page = \"started\"\n\nfunc init() {\n" +
	"\tif _, err := os.Stat(\"good\"); err != nil {\n\t\tfmt.Fprintln(os.Stderr, \"there is no file good\")\n\t\tos.Exit(7)\n\t}\n}\n"

func TestAProgramThatCrashesAtStartSaysWhyAndIsTriedAgain(t *testing.T) {
	l := tiny(t)
	l.write("app/page.go", crash)
	l.start()
	l.answers("The program doesn&#39;t start", "there is no file good", "exit status 7")
	l.write("app/page.go", page("one"))
	l.shows("one")

	l.write("app/page.go", crash)
	l.hasFault("start", "there is no file good")
	if n := strings.Count(l.output.String(), "there is no file good"); n != 2 {
		t.Errorf("the terminal has it %d times, of 2", n)
	}
	if status, body := l.get(); status != http.StatusOK || body != "one" {
		t.Errorf("the program before it: %d, %s", status, body)
	}
	l.write("good", "")
	l.write("app/page.go", crash) // saved, and nothing to build
	l.shows("started")
}

func TestAProgramThatEndsIsAPageAndIsTriedAgain(t *testing.T) {
	l := tiny(t)
	l.start()
	l.shows("one")
	answer, err := http.Get(l.url + "end")
	if err == nil {
		answer.Body.Close() // from nobody, or from dev
	}
	l.answers("The program has ended", "panic: no more", "app/main.go:30", "main.main")
	l.write("app/page.go", page("alive"))
	l.shows("alive")
}

func TestATakenPortIsASentence(t *testing.T) {
	l := tiny(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	l.startAt(taken.Addr().String())
	err = l.cmd.Wait()
	want := "dev: " + taken.Addr().String() + " is in use by another program: stop that one, or set ADDR (or PORT) to a free port\n"
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 || l.output.String() != want {
		t.Errorf("%v: %s", err, &l.output)
	}
}

func TestAnAddressForTheNetworkSaysWhatThatMeans(t *testing.T) {
	l := tiny(t)
	l.startAt("0.0.0.0:0")
	l.until("it says so", func() bool {
		return strings.Contains(l.output.String(), "Everybody on this network can open the portal")
	})
	if !strings.Contains(l.output.String(), "\nhttp://localhost:") {
		t.Error(&l.output)
	}
}

func TestAQueryThatIsSavedIsMadeIntoGo(t *testing.T) {
	needs(t, ".tools/sqlc")
	l := tiny(t)
	const query = "-- name: CountNotes :one\nSELECT count(*) FROM notes;\n"
	l.write("db/migrations/postgres/00001_notes.sql", "CREATE TABLE notes (id bigint PRIMARY KEY);\n")
	l.write("queries/notes.sql", "-- None yet.\n")
	l.write("db/old.sql.go", "package db\n") // of a query file that is gone
	l.start()
	l.shows("one")
	before := l.state().Build
	l.write("queries/notes.sql", strings.Replace(query, "SELECT", "SELECTT", 1))
	l.hasFault("sqlc", "syntax error")
	if places := l.state().Fault.Places; len(places) != 1 || places[0].File != "queries/notes.sql" || places[0].Line != 2 {
		t.Errorf("places: %+v", places)
	}
	if _, err := os.Stat(filepath.Join(l.root, "db/old.sql.go")); err != nil {
		t.Errorf("after an error: %v", err)
	}

	l.write("queries/notes.sql", query)
	l.until("it is mended", func() bool { s := l.state(); return s.Fault == nil && !s.Building })
	if code, err := os.ReadFile(filepath.Join(l.root, "db/notes.sql.go")); err != nil || !bytes.Contains(code, []byte("CountNotes(ctx context.Context)")) {
		t.Errorf("%v: %s", err, code)
	}
	if _, err := os.Stat(filepath.Join(l.root, "db/old.sql.go")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the code of a query that is gone: %v", err)
	}
	l.write("app/page.go", page("next"))
	l.shows("next")
	if builds := l.state().Build - before; builds != 3 {
		t.Errorf("3 saves: %d builds", builds)
	}
}

// TestAQueryFromBeforeTheFirstStartIsMadeIntoGo, but no code is made from what
// was committed: sqlc takes two minutes to build.
func TestAQueryFromBeforeTheFirstStartIsMadeIntoGo(t *testing.T) {
	needs(t, ".tools/sqlc")
	for name, code := range map[string]bool{"committed": false, "changed": true, "added": true} {
		t.Run(name, func(t *testing.T) {
			l := tiny(t)
			l.write("db/migrations/postgres/00001_notes.sql", "CREATE TABLE notes (id bigint PRIMARY KEY);\n")
			l.write("queries/notes.sql", "-- name: CountNotes :one\nSELECT count(*) FROM notes;\n")
			l.run("git", "init", "-q")
			l.run("git", "add", "queries", "db", "sqlc.yaml")
			l.run("git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", name)
			switch name {
			case "changed":
				l.write("queries/notes.sql", "-- name: CountAll :one\nSELECT count(*) FROM notes;\n")
			case "added":
				l.write("queries/more.sql", "-- name: CountMore :one\nSELECT count(*) FROM notes;\n")
			}
			l.start()
			l.shows("one")
			if made := must(filepath.Glob(filepath.Join(l.root, "db/*.sql.go"))); (len(made) > 0) != code {
				t.Errorf("made: %v", made)
			}
		})
	}
}

// TestWhatSqlcWritesIsNotWatched keeps a saved query from being two builds.
func TestWhatSqlcWritesIsNotWatched(t *testing.T) {
	t.Parallel()
	var patterns []string
	found := regexp.MustCompile(`(?m)^exclude_regex = (.*)$`).FindSubmatch(must(os.ReadFile("../.air.toml")))
	if err := json.Unmarshal(found[1], &patterns); err != nil {
		t.Fatal(err)
	}
	excluded := regexp.MustCompile(strings.Join(patterns, "|"))
	for _, path := range must(filepath.Glob(filepath.Join(project, "db/*.go"))) {
		generated := bytes.HasPrefix(must(os.ReadFile(path)), []byte("// Code generated by sqlc"))
		if want := generated || strings.HasSuffix(path, "_test.go"); excluded.MatchString(path) != want {
			t.Errorf("%s: excluded should be %t", path, want)
		}
	}
}

func TestCtrlCEndsEverything(t *testing.T) {
	l := tiny(t)
	l.start()
	l.shows("one")
	if len(l.processes()) < 4 { // dev, its guard, Air and the program
		t.Fatalf("got %q", l.processes())
	}
	l.write("app/page.go", page("two"))
	l.until("it builds", func() bool { return l.state().Building })
	l.cmd.Process.Signal(os.Interrupt)
	if err := l.cmd.Wait(); err != nil {
		t.Errorf("dev ended with %v", err)
	}
	if left := l.processes(); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if !strings.HasSuffix(l.output.String(), "\nended in order\n") {
		t.Errorf("the program had no time: %s", &l.output)
	}
	if s := l.state(); s != (state{}) {
		t.Errorf("left behind: %+v", s)
	}
	if files := must(os.ReadDir(l.tmp)); len(files) > 0 {
		t.Errorf("left behind: %v", files)
	}
}

func TestAKilledDevLeavesNothing(t *testing.T) {
	for name, kill := range map[string]func(l *loopTest){
		"while it waits": func(l *loopTest) { l.shows("one") },
		"while it builds": func(l *loopTest) {
			l.shows("one")
			l.write("app/page.go", page("two"))
			l.until("it builds", func() bool { return l.state().Building })
		},
		"in its first build": func(l *loopTest) { l.until("it builds", func() bool { return l.state().Building }) },
	} {
		t.Run(name, func(t *testing.T) {
			l := tiny(t)
			l.start()
			kill(l)
			l.cmd.Process.Kill()
			l.cmd.Wait()
			l.nothingIsLeft()
			l.until("its files have gone", func() bool { return len(must(os.ReadDir(l.tmp))) == 0 && l.state() == state{} })
		})
	}
}

// TestIdleCostsNothing looks at the time that dev and what it has started use.
// What is measured is a tenth of what is allowed.
func TestIdleCostsNothing(t *testing.T) {
	l := tiny(t)
	l.start()
	l.shows("one")
	used := func() (ticks int) {
		for _, path := range must(filepath.Glob("/proc/[0-9]*/environ")) {
			content, _ := os.ReadFile(path)
			stat, err := os.ReadFile(filepath.Join(filepath.Dir(path), "stat"))
			if err != nil || !slices.Contains(strings.Split(string(content), "\x00"), l.mark) {
				continue
			}
			fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')'):]))
			var user, system int
			fmt.Sscan(fields[12]+" "+fields[13], &user, &system)
			ticks += user + system
		}
		return ticks
	}
	l.processes() // skips where there is no /proc
	before, start := used(), time.Now()
	timer := time.NewTimer(2 * time.Second)
	<-timer.C
	const tick = 10 * time.Millisecond // on every Linux
	share := float64(time.Duration(used()-before)*tick) / float64(time.Since(start))
	t.Logf("%.2f %% of a core", 100*share)
	if share > 0.1 {
		t.Errorf("idle uses %.1f %% of a core", 100*share)
	}
}

// portal makes a project of the portal itself.
func portal(t *testing.T) *loopTest {
	t.Helper()
	l := newLoopTest(t)
	for _, name := range []string{"app", "db", "static", "templates"} {
		if err := os.CopyFS(filepath.Join(l.root, name), os.DirFS(filepath.Join(project, name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		l.write(name, string(must(os.ReadFile(filepath.Join(project, name)))))
	}
	return l
}

// TestAFaultInWhatIsReadFromDiskIsMendedThere, also when it is built in: no
// build comes of a template, a style sheet or an image that is saved.
func TestAFaultInWhatIsReadFromDiskIsMendedThere(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the portal four times")
	}
	const page, good = "templates/pages/home/show.html", `{{define "title"}}Home{{end}}{{define "main"}}<h1>Mended %d</h1>{{end}}`
	l := portal(t)
	said := func(status int, text string) func() bool {
		return func() bool {
			got, body := l.get()
			return got == status && strings.Contains(body, text) && l.state().Fault == nil
		}
	}
	l.write(page, `{{define "title"}}Home{{end}}{{define "main"}}{{if}}{{end}}`)
	l.start()
	l.until("the fault is shown, at the first start", said(http.StatusInternalServerError, page+":1"))
	l.write(page, fmt.Sprintf(good, 1))
	l.until("it is mended", said(http.StatusOK, "Mended 1"))

	for i, mistake := range []struct{ file, text, mended string }{
		{page, `{{define "main"}}{{nope}}{{end}}`, fmt.Sprintf(good, 2)},
		{page, `{{define "title"}}Home{{end}}{{define "main"}}<h1>Mended 3</h1><img alt="" src="{{asset "img/new.svg"}}">{{end}}`, ""},
		{"static/css/tokens.css", "", string(must(os.ReadFile(filepath.Join(project, "static/css/tokens.css"))))},
	} {
		before := l.state().Build
		if l.write(mistake.file, mistake.text); mistake.text == "" {
			l.remove(mistake.file)
		}
		l.write("app/edit.go", fmt.Sprintf("package main\n\nfunc init() { version = \"edit %d\" }\n", i))
		l.until("it is rebuilt", func() bool { s := l.state(); return s.Build > before && !s.Building })
		l.until("the fault is shown", said(http.StatusInternalServerError, "templates/"))
		if mistake.mended == "" {
			l.write("static/img/new.svg", "<svg/>")
		} else {
			l.write(mistake.file, mistake.mended)
		}
		l.until(fmt.Sprintf("mistake %d is mended", i+2), said(http.StatusOK, "<h1>Mended "))
	}
	l.cmd.Process.Signal(syscall.SIGTERM)
}

// TestNoRequestFailsWhileTheProgramChanges has the portal itself rebuilt five
// times, under clients that ask every 5 ms: some keep their connection, others
// make a new one each time.
func TestNoRequestFailsWhileTheProgramChanges(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the portal six times")
	}
	l := portal(t)
	l.start()
	l.until("the portal serves", func() bool { status, _ := l.get(); return status == http.StatusOK })

	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	var asked atomic.Int64
	for i := range 8 {
		keep := i%2 == 0
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: !keep}}
			for tick := time.Tick(5 * time.Millisecond); ctx.Err() == nil; <-tick {
				// It asks the database too. With a body of no known length the
				// client doesn't quietly ask again.
				r := must(http.NewRequest(http.MethodGet, l.url+"readyz", io.MultiReader(strings.NewReader("?"))))
				answer, err := client.Do(r)
				if err != nil {
					t.Errorf("kept alive: %t: %v", keep, err)
					continue
				}
				said := must(io.ReadAll(answer.Body))
				answer.Body.Close()
				// One that is about to end answers so, on connections that are kept.
				if asked.Add(1); answer.StatusCode != http.StatusOK && !bytes.Contains(said, []byte(`"status":"ending"`)) {
					t.Errorf("kept alive: %t: %s: %s", keep, answer.Status, said)
				}
			}
		})
	}
	for i := range 5 {
		before := l.state().Build
		l.write("app/edit.go", fmt.Sprintf("package main\n\nfunc init() { version = \"edit %d\" }\n", i))
		l.until("it is rebuilt", func() bool {
			s := l.state()
			return s.Build > before && !s.Building && strings.Count(l.output.String(), "Serving, ") == i+2
		})
	}
	stop()
	clients.Wait()
	if served := strings.Count(l.output.String(), "Serving, "); served != 6 || asked.Load() < 100 {
		t.Errorf("%d programs were asked %d times", served, asked.Load())
	}
	t.Logf("%d requests", asked.Load())
	l.cmd.Process.Signal(syscall.SIGTERM)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
