//go:build dev

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/managethefans/portal/app/devtools"
)

// What sqlc reads, what it writes, and where we note what it has read.
var (
	sources   = []string{"sqlc.yaml", "queries/*.sql", "db/migrations/postgres/*.sql"}
	generated = []string{"db/models.go", "db/sqlc.go", "db/*.sql.go"}
)

const (
	sqlcSum = "tmp/sqlc.sum"
	sqlcDir = "tmp/_generate" // the Makefile has sqlc write there

	noRepository = 128 // git's exit status
)

// generate brings the code of the queries up to date. Where nothing is noted
// yet, it was committed with its sources, unless those have changed since.
func (l *loop) generate(ctx context.Context) *devtools.Fault {
	const title = "The SQL can't be made into Go"
	sum := sha256.New()
	for _, path := range glob(".", sources) {
		content, _ := os.ReadFile(path) // one that has just gone is no source
		fmt.Fprintf(sum, "%s %d\n%s", path, len(content), content)
	}
	now := fmt.Sprintf("%x\n", sum.Sum(nil))
	noted, err := os.ReadFile(sqlcSum)
	if string(noted) == now {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) && asCommitted(ctx) {
		err = nil
	} else {
		l.progress("making Go from SQL")
		make := exec.CommandContext(ctx, "make", "-s", ".tools/sqlc", sqlcDir)
		if fault := l.tool(ctx, make, devtools.SQL, title); fault != nil {
			return fault
		}
		err = swap()
	}
	if err == nil {
		err = os.WriteFile(sqlcSum, []byte(now), 0o666)
	}
	if err != nil {
		return devtools.ParseFault(devtools.SQL, title, err.Error(), l.root)
	}
	return nil
}

// asCommitted reports whether git sees no change in what sqlc reads. Without a
// repository nobody can tell, and it is taken as it has come.
func asCommitted(ctx context.Context) bool {
	changes, err := exec.CommandContext(ctx, "git", append([]string{"status", "--porcelain", "--"}, sources...)...).Output()
	var exit *exec.ExitError
	return err == nil && len(changes) == 0 || errors.As(err, &exit) && exit.ExitCode() == noRepository
}

// swap takes over what sqlc wrote. A file that is the same is left alone, and
// one whose queries are gone goes too.
func swap() error {
	fresh := glob(sqlcDir, generated)
	if len(fresh) == 0 {
		return errors.New("sqlc generated nothing")
	}
	for _, path := range fresh {
		content, err := os.ReadFile(filepath.Join(sqlcDir, path))
		if err != nil {
			return err
		}
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
			continue
		}
		if err := os.Rename(filepath.Join(sqlcDir, path), path); err != nil {
			return err
		}
	}
	for _, path := range glob(".", generated) {
		if slices.Contains(fresh, path) {
			continue
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return os.RemoveAll(sqlcDir)
}

// glob returns the files in dir that match, relative to it and in order.
func glob(dir string, patterns []string) (paths []string) {
	for _, pattern := range patterns {
		found, _ := fs.Glob(os.DirFS(dir), pattern) // its only error is a bad pattern
		paths = append(paths, found...)
	}
	return paths
}
