package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
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
