//go:build dev

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// children are the programs that dev has started. Each leads a process group,
// so that Ctrl-C in the terminal reaches dev alone, which ends them in order,
// and so that what they have started ends with them.
//
// When dev is killed it can't end anything. A shell then does, which waits for
// that at the other end of a pipe, and knows the groups of the moment. It works
// on every Unix, unlike Linux's Pdeathsig. It also removes what dev keeps in files.
type children struct {
	guard *exec.Cmd
	pipe  io.WriteCloser

	mu     sync.Mutex
	groups []int
}

const guardScript = `while read -r line; do groups=$line; done; test -z "$groups" || kill -s KILL -- $groups 2>/dev/null; rm -rf "$@"`

// newChildren has the guard remove these files in the end.
func newChildren(files ...string) (*children, error) {
	c := &children{guard: exec.Command("/bin/sh", append([]string{"-c", guardScript, "guard"}, files...)...)}
	c.guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := c.guard.StdinPipe()
	if err != nil {
		return nil, err
	}
	c.pipe = pipe
	return c, c.guard.Start()
}

// start starts cmd in a group of its own. When cmd has a context that ends, the
// group is interrupted, and killed if that doesn't help.
func (c *children) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if cmd.Cancel != nil {
		cmd.Cancel = func() error { return c.signal(cmd, os.Interrupt) }
	}
	cmd.WaitDelay = 2 * time.Second
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := cmd.Start(); err != nil {
		return err
	}
	c.groups = append(c.groups, cmd.Process.Pid)
	c.tell()
	return nil
}

// wait waits until cmd has ended, and ends what it has left behind.
func (c *children) wait(cmd *exec.Cmd) error {
	err := cmd.Wait()
	c.signal(cmd, syscall.SIGKILL)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.groups = slices.DeleteFunc(c.groups, func(pid int) bool { return pid == cmd.Process.Pid })
	c.tell()
	return err
}

func (c *children) signal(cmd *exec.Cmd, sig os.Signal) error {
	return syscall.Kill(-cmd.Process.Pid, sig.(syscall.Signal))
}

// tell writes down the groups of the moment for the guard.
func (c *children) tell() {
	var line strings.Builder
	for _, pid := range c.groups {
		fmt.Fprintf(&line, " -%d", pid)
	}
	fmt.Fprintln(c.pipe, line.String())
}

// close has the guard kill what is still there, and remove the files.
func (c *children) close() {
	c.pipe.Close()
	c.guard.Wait()
}
