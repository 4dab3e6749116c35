package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// childRoot has the test program be gen, in this folder.
const childRoot = "GEN_TEST_ROOT"

const killed = "resource ticket title:string:search body:text:optional status:enum:open,done --access members"

// TestMain is gen itself where a test has started it as such.
func TestMain(m *testing.M) {
	root := os.Getenv(childRoot)
	if root == "" {
		os.Exit(m.Run())
	}
	g := &generator{root: root, out: os.Stdout, untried: true}
	if err := g.command().Run(context.Background(), append([]string{"gen"}, strings.Fields(killed)...)); err != nil {
		os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
}

// TestAKillLosesNothing kills gen at random moments while it writes: the tree is
// as before, or complete once the next command has run.
func TestAKillLosesNothing(t *testing.T) {
	root := grown(t)
	before := tree(t, root)
	start := time.Now()
	if out, err := child(root).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	whole, complete := time.Since(start), tree(t, root)
	states := map[string]int{}
	for range 20 {
		root := grown(t)
		cmd := child(root)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.Int64N(int64(whole))))
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		cmd.Wait()
		cut, err := gen(t, root, "finish")
		if err != nil {
			t.Fatal(err)
		}
		after := tree(t, root)
		switch {
		case same(after, before):
			states["as before"]++
		case same(after, complete) && strings.Contains(cut, "finished now"):
			states["finished by the next"]++
		case same(after, complete):
			states["complete"]++
		default:
			t.Errorf("after a kill and %q it is neither as before nor complete", cut)
		}
	}
	t.Log(states)
}

// TestWhatWasEditedSinceAKillStops: neither finishing nor looking writes over it.
func TestWhatWasEditedSinceAKillStops(t *testing.T) {
	t.Parallel()
	root := project(t, "go.mod", "module x\n", "app/web/routes.go", "1", "b", "1", "c", "1")
	p := &plan{root: root}
	for _, name := range []string{"b", "c"} {
		if err := p.replace(name, []byte("2")); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.note(); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(filepath.Join(root, "c"), []byte("mine")); err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]string{
		"migration x --dry-run":     "run `go run ./gen finish` first. Nothing was written",
		"migration x --diff":        "run `go run ./gen finish` first. Nothing was written",
		"migration x":               "c was edited since",
		"finish":                    "c was edited since",
		"upgrade " + root:           "c was edited since",
		"upgrade --dry-run " + root: "run this without --dry-run",
	} {
		if out, err := gen(t, root, command); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
		if got := tree(t, root); got["b"] != "1" || got["c"] != "mine" {
			t.Errorf("%s: %v", command, got)
		}
	}
	held, err := lock(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gen(t, root, "finish"); err == nil || !strings.Contains(err.Error(), "another gen") {
		t.Errorf("while another writes: %v", err)
	}
	held.Close()
	if err := writeFile(filepath.Join(root, "c"), []byte("1")); err != nil {
		t.Fatal(err)
	}
	if out, err := gen(t, "", "upgrade "+root); err == nil || !strings.Contains(err.Error(), "Then run this again") || !strings.Contains(out, "It is finished now") {
		t.Errorf("%v\n%s", err, out)
	}
	if got := tree(t, root); got["b"] != "2" || got["c"] != "2" {
		t.Errorf("got %v", got)
	}
}

func same(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for name, content := range a {
		if b[name] != content {
			return false
		}
	}
	return true
}

func child(root string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childRoot+"="+root)
	return cmd
}
