package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/managethefans/portal/db"
)

// Expired sessions are dead already: no query finds them and no store opens
// them. Pruning only has them take up no room, so it goes slowly. Deleting this
// file, the command that calls Prune (app/prune.go and its line in sessions.go
// there), their tests (one is a benchmark, in app/web) and the call of PruneLoop
// leaves a portal that works, and grows.

const (
	pruneFirst    = 10 * time.Second // after the start
	pruneInterval = 5 * time.Minute
	pruneFiles    = 1000                  // at a time
	prunePause    = 20 * time.Millisecond // between these: requests come first
	pruneLock     = int64(0x7072756e65)   // "prune"; another number than the lock of migrations
)

// Pruned counts what Prune has deleted.
type Pruned struct {
	SignIns   int64 // rows of user_sessions
	Rows      int64 // rows of http_sessions
	Files     int64 // of the filesystem store
	Events    int64 // of the audit log
	Links     int64 // rows of user_tokens
	Elsewhere bool  // another instance was pruning the tables, and goes on with it
}

// PruneLoop prunes again and again until ctx ends. Instances that were started
// together drift apart, since each pause is between half and one and a half
// times the usual one. While the database is unavailable it does nothing.
func PruneLoop(ctx context.Context, log *slog.Logger, d *db.DB, dir string, idle, retention time.Duration) {
	for pause := pruneFirst; wait(ctx, pause/2+rand.N(pause)); pause = pruneInterval {
		if d.Ready() != nil {
			continue // which db.Watch has logged
		}
		pruned, err := Prune(ctx, d, dir, idle, retention)
		if pruned.SignIns+pruned.Rows+pruned.Files > 0 {
			log.Info("expired sessions deleted", "sign_ins", pruned.SignIns, "rows", pruned.Rows, "files", pruned.Files)
		}
		if pruned.Events > 0 {
			log.Info("old events of the audit log deleted", "events", pruned.Events)
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("expired sessions or old events could not be deleted, trying again in some minutes", "error", err)
		}
	}
}

// Prune deletes what has expired, in small batches with a pause after each: in
// the tables, one instance at a time, and in dir, the folder of the filesystem
// store, which need not exist, those that were saved longer ago than idle. Of the
// audit log it deletes what is older than retention, unless that is 0. What it
// counts is gone also when it returns an error.
func Prune(ctx context.Context, d *db.DB, dir string, idle, retention time.Duration) (Pruned, error) {
	if unavailable := d.Ready(); unavailable != nil {
		return Pruned{}, unavailable
	}
	var p Pruned
	now := db.Now()
	rows := p.tables(ctx, d, now, retention)
	// Each machine has its own files: no lock is needed.
	files := p.files(ctx, dir, now.Add(-idle))
	left := p.files(ctx, filepath.Join(dir, drafts), now.Add(-idle)) // by a program that was killed
	return p, errors.Join(rows, files, left)
}

func (p *Pruned) tables(ctx context.Context, d *db.DB, now time.Time, retention time.Duration) error {
	signIns := func(q *db.Queries, maxRows int32) (int64, error) {
		return q.DeleteExpiredUserSessions(ctx, db.DeleteExpiredUserSessionsParams{Now: now, MaxRows: maxRows})
	}
	rows := func(q *db.Queries, maxRows int32) (int64, error) {
		return q.DeleteExpiredHTTPSessions(ctx, db.DeleteExpiredHTTPSessionsParams{Now: now, MaxRows: maxRows})
	}
	if err := p.table(ctx, d, &p.SignIns, signIns); err != nil {
		return fmt.Errorf("prune user_sessions: %w", err)
	}
	if err := p.table(ctx, d, &p.Rows, rows); err != nil {
		return fmt.Errorf("prune http_sessions: %w", err)
	}
	tokens := func(q *db.Queries, maxRows int32) (int64, error) {
		return q.DeleteExpiredUserTokens(ctx, db.DeleteExpiredUserTokensParams{Now: now, MaxRows: maxRows})
	}
	if err := p.table(ctx, d, &p.Links, tokens); err != nil {
		return fmt.Errorf("prune user_tokens: %w", err)
	}
	if retention == 0 {
		return nil
	}
	events := func(q *db.Queries, maxRows int32) (int64, error) {
		return q.DeleteOldAuditEvents(ctx, db.DeleteOldAuditEventsParams{Before: now.Add(-retention), MaxRows: maxRows})
	}
	if err := p.table(ctx, d, &p.Events, events); err != nil {
		return fmt.Errorf("prune audit_events: %w", err)
	}
	return nil
}

// table deletes from one table, unless another instance is at the tables.
func (p *Pruned) table(ctx context.Context, d *db.DB, sum *int64, deleteBatch func(q *db.Queries, maxRows int32) (int64, error)) error {
	if p.Elsewhere {
		return nil
	}
	n, alone, err := d.DeleteBatches(ctx, pruneLock, deleteBatch)
	*sum += n
	p.Elsewhere = !alone
	return err
}

// sessionFile is how gorilla's filesystem store names the file of an id of ours.
var sessionFile = regexp.MustCompile(`^session_[A-Z2-7]{52}$`)

// files deletes the sessions in dir that were saved before a time.
func (p *Pruned) files(ctx context.Context, dir string, before time.Time) error {
	folder, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // sessions are kept elsewhere
	}
	if err != nil {
		return fmt.Errorf("prune session files: %w", err)
	}
	defer folder.Close()
	for wait(ctx, prunePause) {
		entries, err := folder.ReadDir(pruneFiles)
		for _, entry := range entries {
			err = errors.Join(err, p.file(dir, entry, before))
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("prune session files: %w", err)
		}
	}
	return ctx.Err()
}

// file deletes one session, unless it is young. The store may have deleted it
// meanwhile.
func (p *Pruned) file(dir string, entry fs.DirEntry, before time.Time) error {
	if !entry.Type().IsRegular() || !sessionFile.MatchString(entry.Name()) {
		return nil
	}
	info, err := entry.Info()
	if err == nil && info.ModTime().Before(before) {
		if err = os.Remove(filepath.Join(dir, entry.Name())); err == nil {
			p.Files++
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// wait returns false as soon as ctx has ended, and true after the pause.
func wait(ctx context.Context, pause time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}
