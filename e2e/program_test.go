package e2e

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// startProgram runs the program on this database, in a folder of its own, until
// the test ends. It returns the address of its pages. An error in its log fails
// the test.
func startProgram(t *testing.T, databaseURL string, settings ...string) string {
	t.Helper()
	p := startProgramIn(t, t.TempDir(), databaseURL, settings...)
	t.Cleanup(func() {
		p.stop()
		if strings.Contains(p.log.String(), `"level":"ERROR"`) {
			t.Error("the portal logged an error")
		}
	})
	return p.url
}

// running is a program that serves.
type running struct {
	url  string
	stop func()           // which the test's end does too
	log  *strings.Builder // to be read when it has stopped
}

func startProgramIn(t *testing.T, dir, databaseURL string, settings ...string) running {
	t.Helper()
	needChromium(t)
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, path, databaseURL)
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, settings...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}

	var log strings.Builder
	address := make(chan string, 1)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(address)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			log.WriteString(lines.Text() + "\n")
			if strings.HasPrefix(lines.Text(), "http://localhost:") {
				address <- strings.Replace(lines.Text(), "localhost", "127.0.0.1", 1)
			}
		}
	})
	stop := sync.OnceFunc(func() {
		cmd.Process.Signal(os.Interrupt)
		late := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
		defer late.Stop()
		reading.Wait()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the portal ended with %v", err)
		}
		if t.Failed() {
			t.Logf("the portal's log:\n%s", log.String())
		}
	})
	t.Cleanup(stop)

	select {
	case url := <-address:
		waitUntilReady(t, url)
		return running{url, stop, &log}
	case <-time.After(time.Minute):
		t.Fatal("the portal doesn't say where it is")
		return running{}
	}
}

func command(t *testing.T, path, databaseURL string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"ADDR=127.0.0.1:0", "DATABASE_URL=" + databaseURL, "LOG_FORMAT=json"}
	return cmd
}

// The people of `portal seed`: the member has notes.
const (
	member        = "mara@example.com"
	administrator = "admin@example.com"
)

// seed fills a database with people and notes, and returns the password of all.
func seed(t *testing.T, databaseURL string) (password string) {
	t.Helper()
	words := strings.Fields(runCommand(t, databaseURL, "seed"))
	if len(words) == 0 {
		t.Fatal("portal seed says nothing")
	}
	return words[len(words)-1]
}

// runCommand runs one command of the program, and returns what it prints.
func runCommand(t *testing.T, databaseURL string, args ...string) string {
	t.Helper()
	needChromium(t)
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command(t, path, databaseURL, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("portal %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// waitUntilReady asks until the portal can serve: its database comes after it.
func waitUntilReady(t *testing.T, url string) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); <-ticker.C {
		answer, err := http.Get(url + "/readyz")
		if err != nil {
			t.Fatal(err) // it has ended
		}
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return
		}
	}
	t.Fatal("the portal doesn't get ready")
}
