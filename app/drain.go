package main

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// drain lets a server end without cutting a request. http.Server.Shutdown
// closes connections that are idle at that moment, also those on which a
// request is just arriving. So each connection is asked to close with its next
// answer first, and Shutdown comes when there is none left, or when those that
// are left have been quiet for a while.
type drain struct {
	handler http.Handler

	mu     sync.Mutex
	ending bool
	conns  map[net.Conn]bool // whether a request is under way
	moved  time.Time         // the last change of a connection's state
}

func newDrain(handler http.Handler) *drain {
	return &drain{handler: handler, conns: map[net.Conn]bool{}}
}

func (d *drain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	ending := d.ending
	d.mu.Unlock()
	if ending {
		w.Header().Set("Connection", "close")
	}
	d.handler.ServeHTTP(w, r)
}

// connState is the server's ConnState hook.
func (d *drain) connState(conn net.Conn, state http.ConnState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.moved = time.Now()
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(d.conns, conn)
	default:
		d.conns[conn] = state == http.StateActive
	}
}

// wait returns when no connection is left, when all that are left have been
// quiet for that long, or when ctx ends.
func (d *drain) wait(ctx context.Context, quiet time.Duration) {
	d.mu.Lock()
	d.ending, d.moved = true, time.Now()
	d.mu.Unlock()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !d.done(quiet) {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (d *drain) done(quiet time.Duration) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, active := range d.conns {
		if active || time.Since(d.moved) < quiet {
			return false
		}
	}
	return true
}
