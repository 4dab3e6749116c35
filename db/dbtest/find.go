package dbtest

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// findBinaries returns the folder with PostgreSQL's programs: the one that
// PG_BINDIR names, else the one in PATH, else the newest that is installed.
func findBinaries() (string, error) {
	if dir := os.Getenv("PG_BINDIR"); dir != "" {
		if !hasInitdb(dir) {
			return "", fmt.Errorf("no initdb in PG_BINDIR, which is %s: %w", dir, ErrNoPostgres)
		}
		return dir, nil
	}
	var candidates []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real // initdb looks for its files beside itself
		}
		candidates = append(candidates, filepath.Dir(path))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/lib64/pgsql/bin",
		"/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		found, _ := filepath.Glob(pattern)
		candidates = append(candidates, newestFirst(found)...)
	}
	if i := slices.IndexFunc(candidates, hasInitdb); i >= 0 {
		return candidates[i], nil
	}
	return "", ErrNoPostgres
}

func hasInitdb(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "initdb"))
	return err == nil
}

// newestFirst sorts by the number in the second last part of each path. As
// text, 9.6 would be newer than 15.
func newestFirst(dirs []string) []string {
	version := func(dir string) float64 {
		name := filepath.Base(filepath.Dir(dir))
		number, _ := strconv.ParseFloat(name[strings.LastIndexAny(name, "@-")+1:], 64)
		return number
	}
	return slices.SortedStableFunc(slices.Values(dirs), func(a, b string) int { return cmp.Compare(version(b), version(a)) })
}
