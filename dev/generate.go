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

const sqlcSum = "tmp/sqlc.sum"

// generate brings the code of the queries up to date. Where nothing is noted
// yet, it is: it was committed with its sources.
func (l *loop) generate(ctx context.Context) *devtools.Fault {
	const title = "The SQL can't be made into Go"
	sum, err := sourcesSum()
	if err != nil {
		return devtools.ParseFault(devtools.SQL, title, err.Error(), l.root)
	}
	noted, err := os.ReadFile(sqlcSum)
	if string(noted) == sum {
		return nil
	}
	if err != nil {
		os.WriteFile(sqlcSum, []byte(sum), 0o666)
		return nil
	}
	if _, err := os.Stat(".tools/sqlc"); err != nil {
		l.progress("building sqlc, which makes Go from SQL: about two minutes, once")
		if fault := l.tool(exec.CommandContext(ctx, "make", "-s", ".tools/sqlc"), devtools.SQL, "sqlc can't be built"); fault != nil {
			return fault
		}
	}
	l.progress("making Go from SQL")
	dir, err := os.MkdirTemp("tmp", "sqlc")
	if err != nil {
		return devtools.ParseFault(devtools.SQL, title, err.Error(), l.root)
	}
	defer os.RemoveAll(dir)
	if err := copySources(dir); err != nil {
		return devtools.ParseFault(devtools.SQL, title, err.Error(), l.root)
	}
	sqlc := exec.CommandContext(ctx, filepath.Join(l.root, ".tools/sqlc"), "generate")
	sqlc.Dir = dir // so that its messages name our files
	if fault := l.tool(sqlc, devtools.SQL, title); fault != nil {
		return fault
	}
	if err := errors.Join(swap(dir), os.WriteFile(sqlcSum, []byte(sum), 0o666)); err != nil {
		return devtools.ParseFault(devtools.SQL, title, err.Error(), l.root)
	}
	return nil
}

func sourcesSum() (string, error) {
	sum := sha256.New()
	for _, path := range glob(".", sources) {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", path, len(content), content)
	}
	return fmt.Sprintf("%x\n", sum.Sum(nil)), nil
}

func copySources(dir string) error {
	for _, path := range glob(".", sources) {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, path), content, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// swap takes over what was generated in dir. A file that is the same is left
// alone, and one whose queries are gone goes too.
func swap(dir string) error {
	fresh := glob(dir, generated)
	if len(fresh) == 0 {
		return errors.New("sqlc generated nothing")
	}
	for _, path := range fresh {
		content, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			return err
		}
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
			continue
		}
		if err := os.Rename(filepath.Join(dir, path), path); err != nil {
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
	return nil
}

// glob returns the files in dir that match, relative to it and in order.
func glob(dir string, patterns []string) (paths []string) {
	for _, pattern := range patterns {
		found, _ := fs.Glob(os.DirFS(dir), pattern) // its only error is a bad pattern
		paths = append(paths, found...)
	}
	return paths
}
