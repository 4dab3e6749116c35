//go:build dev

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/managethefans/portal/app/devtools"
)

const (
	stateFile = "tmp/dev.json" // the program watches it

	drainLimit = 25 * time.Second // for a program that another has replaced
	endLimit   = 3 * time.Second  // when the developer waits for the prompt
)

// loop builds and starts the program, again and again.
type loop struct {
	root, dir string // the project, and where our sockets are
	socket    *os.File
	children  *children
	standIn   *standIn
	runs      int

	mu      sync.Mutex
	state   devtools.State
	current *program // which serves; nil when none does
	ending  bool
}

func newLoop(root, dir string, socket *os.File, children *children) *loop {
	return &loop{root: root, dir: dir, socket: socket, children: children, standIn: &standIn{socket: socket}}
}

// run goes round with every save until Air has ended, which it does with ctx. A
// save cuts short what an earlier one has begun.
func (l *loop) run(ctx context.Context, saved <-chan struct{}) error {
	defer l.end()
	if err := l.standIn.open(); err != nil {
		return err
	}
	cancel, done := func() {}, make(chan struct{})
	close(done)
	for range saved {
		cancel()
		<-done
		round, stop := context.WithCancel(ctx)
		cancel, done = stop, make(chan struct{})
		go func() {
			defer close(done)
			l.round(round)
		}()
	}
	cancel()
	<-done
	if ctx.Err() == nil {
		return errors.New("nobody watches any more: Air has ended")
	}
	return nil
}

// round builds, and starts what was built. Nothing comes of one that is cut
// short.
func (l *loop) round(ctx context.Context) {
	l.set(func(s *devtools.State) { s.Building = true })
	saved := time.Now()
	fault := l.build(ctx)
	if fault == nil && ctx.Err() == nil {
		fault = l.replace(ctx, saved)
	}
	if ctx.Err() != nil {
		return
	}
	l.set(func(s *devtools.State) { *s = devtools.State{Build: s.Build + 1, Fault: fault} })
}

// replace starts what was built, and ends the program before it once the new one
// serves. One that doesn't come to that is a fault, and the one before goes on.
func (l *loop) replace(ctx context.Context, saved time.Time) *devtools.Fault {
	next, err := l.start()
	if err != nil {
		return devtools.ParseFault(devtools.Start, "The program can't be started", err.Error(), l.root)
	}
	select {
	case <-ctx.Done():
		next.stop(endLimit)
		return nil
	case <-next.exited:
		return next.fault("The program doesn't start", l.root)
	case <-next.ready:
	}
	l.mu.Lock()
	old := l.current
	l.current = next
	l.mu.Unlock()
	l.standIn.close()
	fmt.Fprintf(os.Stderr, "Serving, %.1f s after the save.\n", time.Since(saved).Seconds())
	if old != nil {
		go old.stop(drainLimit)
	}
	go l.attend(next)
	return nil
}

// attend waits for the program to end. When no other has taken its place, we do.
func (l *loop) attend(p *program) {
	<-p.exited
	l.mu.Lock()
	alone := l.current == p && !l.ending
	if alone {
		l.current = nil
	}
	l.mu.Unlock()
	if !alone {
		return
	}
	fmt.Fprintln(os.Stderr, "The program has ended. It is started again at the next save.")
	if err := l.standIn.open(); err != nil {
		fmt.Fprintln(os.Stderr, "dev:", err)
	}
	l.set(func(s *devtools.State) { s.Fault = p.fault("The program has ended", l.root) })
}

// set changes the state, and tells it to the program and to those who look at
// our page.
func (l *loop) set(change func(*devtools.State)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.state)
	text, err := json.Marshal(l.state)
	if err == nil {
		err = os.WriteFile(stateFile+".new", text, 0o666)
	}
	if err == nil {
		err = os.Rename(stateFile+".new", stateFile)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "dev:", err)
	}
	l.standIn.show(l.state)
}

// progress says how far a build is, to those who wait for the first.
func (l *loop) progress(text string) { l.standIn.progress(text) }

// end ends the program.
func (l *loop) end() {
	l.mu.Lock()
	l.ending = true
	p := l.current
	l.mu.Unlock()
	if p != nil {
		p.stop(endLimit)
	}
	l.standIn.close()
	l.socket.Close()
}
