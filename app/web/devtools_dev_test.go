//go:build dev

package web

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/config"
	dev "github.com/managethefans/portal/app/devtools"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db/dbtest"
)

// newDevelopment returns a portal that is worked on: its project is a copy, and
// the working directory.
func newDevelopment(t *testing.T, change ...func(*config.Config)) *Server {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"templates", "static"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS("../../"+name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d := dbtest.SQLite(t)
	t.Chdir(dir)
	s := newServer(t, d, change...)
	silence(s)
	t.Cleanup(s.endStreams)
	return s
}

// atHome returns a browser on the developer's machine, which is shown faults.
func atHome(t *testing.T, s *Server) *browser {
	b := newBrowser(t, s)
	b.host = "localhost:8080"
	return b
}

// TestDevtoolsAreInEveryPage: the script is in pages, error pages and those of
// people who are signed in, once; and in nothing else.
func TestDevtoolsAreInEveryPage(t *testing.T) {
	s := newDevelopment(t)
	member := signedInMember(t, s, "ada@example.com")
	for path, want := range map[string]int{"/": 1, "/nope": 1, "/dashboard": 1, "/notes/new": 1, "/robots.txt": 0, "/manifest.webmanifest": 0, "/static/css/app.css": 0} {
		answer := member.get(path)
		if n := strings.Count(answer.body, `<script src="/_dev/client.js" data-version="`+s.developing.hub.Version()+`" data-method="GET" defer></script>`); n != want {
			t.Errorf("%s has the script %d times, want %d", path, n, want)
		}
		if answer.Header.Get("Content-Security-Policy") != csp {
			t.Errorf("%s has another policy: %s", path, answer.Header.Get("Content-Security-Policy"))
		}
	}
	for name := range dev.Files {
		if answer := member.get("/_dev/" + name); answer.StatusCode != http.StatusOK || len(answer.body) < 100 {
			t.Errorf("/_dev/%s: %d", name, answer.StatusCode)
		}
	}
}

func TestDevtoolsStayOutOfProduction(t *testing.T) {
	s := newDevelopment(t, func(cfg *config.Config) { cfg.Env = config.Production })
	b := atHome(t, s)
	b.get("/_dev/events").wantStatus(http.StatusNotFound)
	if answer := b.get("/login"); strings.Contains(answer.body, "_dev") || answer.Header.Get(dev.VersionHeader) != "" {
		t.Error("they are in a page")
	}
}

// TestMessagesFollowTheirLayout once it is saved.
func TestMessagesFollowTheirLayout(t *testing.T) {
	s := newDevelopment(t)
	for _, name := range []string{"templates/mail/message.txt", "templates/mail/message.html"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(strings.Replace(string(text), "{{.Subject}}", "Saved {{.Subject}}", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		eventually(t, name, func() bool {
			var id int64
			fmt.Sscanf(addMail(t, s, "ada@example.com"), "/_dev/mail/%d", &id)
			m, err := s.db.GetMessage(t.Context(), id)
			return err == nil && strings.Contains(m.TextBody, "Saved A") && (name == "templates/mail/message.txt" || strings.Contains(m.HtmlBody, "Saved A"))
		})
	}
}

// TestDevtoolsFollowTemplates whichever of them are saved, added or deleted.
func TestDevtoolsFollowTemplates(t *testing.T) {
	s := newDevelopment(t)
	b := atHome(t, s)
	replace := func(name, old, by string) {
		t.Helper()
		text, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(text), old) {
			t.Fatalf("%s: %v, or no %q", name, err, old)
		}
		if err := os.WriteFile(name, []byte(strings.Replace(string(text), old, by, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shows := func(part string) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); !strings.Contains(b.get("/").body, part); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("no %q in %s", part, b.get("/").body)
			}
		}
	}
	const page = "templates/pages/home/show.html"
	replace(page, "<h1>", "<h1>One ")
	shows("<h1>One ")
	replace("templates/partials/footer.html", "<footer", "<footer data-two")
	shows("<footer data-two")
	replace(page, "<h1>One ", "<h1>Three ")
	shows("<h1>Three ")

	replace(page, "<h1>", "<h1>{{nope}}")
	for s.developing.hub.State().Fault == nil {
		time.Sleep(time.Millisecond)
	}
	shows("<h1>Three ")
	if fault := s.developing.hub.State().Fault; len(fault.Places) != 1 || fault.Places[0].File != page {
		t.Errorf("the fault is %+v", fault)
	}
	replace(page, "{{nope}}", "Four ")
	shows("<h1>Four Three ")
	for s.developing.hub.State().Fault != nil {
		time.Sleep(time.Millisecond)
	}

	if err := os.Rename(page, "templates/pages/home/other.html"); err != nil {
		t.Fatal(err)
	}
	shows("there is no page " + page)
	if err := os.Rename("templates/pages/home/other.html", page); err != nil {
		t.Fatal(err)
	}
	shows("<h1>Four Three ")
}

// TestDevtoolsShowAPanic with our own frame first, and no value of the session.
func TestDevtoolsShowAPanic(t *testing.T) {
	s := newDevelopment(t)
	secret := session.NewValue[string]("shop.basket")
	panics := func(c echo.Context) error {
		if err := secret.Set(session.From(c), "nobody's business"); err != nil {
			return err
		}
		var list []string
		_ = list[len(c.Request().URL.Path)]
		return nil
	}
	if err := s.handle(http.MethodGet, "/panic", public, panics); err != nil {
		t.Fatal(err)
	}
	s.developing.root, _ = filepath.Abs(wd) // where this file is
	answer := atHome(t, s).get("/panic?with=this")
	answer.wantStatus(http.StatusInternalServerError)
	text := answer.text()
	for _, want := range []string{"index out of range [6] with length 0", "GET /panic?with=this", "shop.basket", "_ = list[len("} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	first, _, _ := strings.Cut(text[strings.Index(text, "app/web/"):], " ")
	if !strings.HasPrefix(first, "app/web/devtools_dev_test.go:") {
		t.Errorf("the first frame is %s", first)
	}
	if strings.Contains(text, "nobody's business") {
		t.Error("the session's values are shown")
	}
}

// wd is where the tests began.
var wd = func() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return filepath.Join(dir, "../..")
}()

func TestDevtoolsShowAnError(t *testing.T) {
	s := newDevelopment(t)
	fails := func(c echo.Context) error {
		if err := c.Request().ParseForm(); err != nil {
			return err
		}
		return errors.New("the printer is on fire")
	}
	if err := s.handle(http.MethodPost, "/fails", public, fails); err != nil {
		t.Fatal(err)
	}
	b := atHome(t, s)
	answer := b.post("/fails", map[string][]string{"password": {"hunter2"}})
	answer.wantStatus(http.StatusInternalServerError)
	if text := answer.text(); !strings.Contains(text, "the printer is on fire") || !strings.Contains(text, "Form fields password") || strings.Contains(text, "hunter2") {
		t.Errorf("got %s", text)
	}
	if !strings.Contains(answer.body, `data-method="POST" data-fault="request"`) {
		t.Error("the script isn't told what page this is")
	}

	r := httptest.NewRequest(http.MethodPost, "/fails", nil)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if answer := b.do(r); !strings.HasPrefix(answer.body, `{"title":`) {
		t.Errorf("a program gets %s", answer.body)
	}
}

// TestDevtoolsEndTheirStreams: one that is open doesn't hold the program up.
func TestDevtoolsEndTheirStreams(t *testing.T) {
	s := newDevelopment(t)
	server := httptest.NewServer(s)
	defer server.Close()
	answer, err := http.Get(server.URL + "/_dev/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	if !lines.Scan() || lines.Text() != "event: hello" {
		t.Fatalf("got %q", lines.Text())
	}
	s.endStreams()
	for lines.Scan() {
	}
	if lines.Err() != nil {
		t.Error(lines.Err())
	}
}
