// Package auth decides about passwords, addresses and limits on tries. It knows
// neither HTTP nor SQL.
package auth

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/alexedwards/argon2id"
)

// Cost is what a password costs to check, for us and for a thief: OWASP's
// second choice for argon2id (Password Storage Cheat Sheet). Change it here;
// each person's hash follows at their next sign-in.
var Cost = argon2id.Params{
	Memory:      19 * 1024, // KiB
	Iterations:  2,
	Parallelism: 1,
	SaltLength:  16,
	KeyLength:   32,
}

// maxWait is how long a sign-in waits for its turn to be hashed. It is less than
// the server's time for an answer.
const maxWait = 25 * time.Second

// ErrBusy says that too many passwords are being hashed. Trying again later
// helps.
var ErrBusy = errors.New("too many sign-ins at once")

// Hasher hashes passwords, no more at a time than the machine has processors,
// so that a crowd signing in takes time and not memory (19 MiB for each).
type Hasher struct {
	cost  argon2id.Params
	turns chan struct{}
}

// NewHasher returns a Hasher. A program needs one, with Cost; a test may have a
// cheaper one.
func NewHasher(cost argon2id.Params) *Hasher {
	return &Hasher{cost: cost, turns: make(chan struct{}, max(2, runtime.GOMAXPROCS(0)))}
}

// Hash returns the argon2id hash of a password in the PHC string format. It
// returns ErrBusy, or the context's error, if its turn doesn't come.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := h.wait(ctx); err != nil {
		return "", err
	}
	defer h.done()
	return argon2id.CreateHash(password, &h.cost)
}

// Verify reports whether hash is that of password, and whether it should be
// made anew because the cost has changed. An empty hash, for an account that
// doesn't exist, takes the same time and never matches. It returns ErrBusy, or
// the context's error, if its turn doesn't come.
func (h *Hasher) Verify(ctx context.Context, password, hash string) (match, outdated bool, err error) {
	if err := h.wait(ctx); err != nil {
		return false, false, err
	}
	defer h.done()
	if hash == "" {
		_, err := argon2id.CreateHash(password, &h.cost) // the same work
		return false, false, err
	}
	match, params, err := argon2id.CheckHash(password, hash)
	if err != nil {
		return false, false, fmt.Errorf("check password hash: %w", err)
	}
	return match, *params != h.cost, nil
}

func (h *Hasher) wait(ctx context.Context) error {
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case h.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return ErrBusy
	}
}

func (h *Hasher) done() { <-h.turns }
