package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// recordFile lists what gen has made, so that it can be taken back.
const recordFile = "gen/record.json"

// made is one entry: a resource by its table, a page by its path.
type made struct {
	Command []string          `json:"command"`
	Access  string            `json:"access"`
	Heading string            `json:"heading,omitempty"` // the column by which a row is known
	One     []string          `json:"one,omitempty"`     // its noun, in words
	Many    []string          `json:"many,omitempty"`
	Files   map[string]string `json:"files"` // their SHA-256 as they were written
	Inserts []insertion       `json:"inserts"`
}

func (m *made) noun() noun { return noun{m.One, m.Many} }

// isCalled reports whether a name, in any form, is that of what was made.
func (m *made) isCalled(name string) bool {
	words, err := splitWords(name)
	return err == nil && (slices.Equal(words, m.One) || slices.Equal(words, m.Many))
}

func (m *made) byAdministrators() bool { return m.Access == "admin" || m.Access == "public" }

// record is the file.
type record struct {
	Resources map[string]*made `json:"resources"`
	Pages     map[string]*made `json:"pages"`
}

func readRecord(root string) (*record, error) {
	r := &record{map[string]*made{}, map[string]*made{}}
	content, err := os.ReadFile(filepath.Join(root, recordFile))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(content, r)
	}
	if err != nil {
		return nil, fmt.Errorf("%s can't be read: %w. Get it back from git", recordFile, err)
	}
	return r, nil
}

func (r *record) encode() ([]byte, error) {
	content, err := json.MarshalIndent(r, "", "  ")
	return append(content, '\n'), err
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func sum(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}

// module reads the module's path from go.mod.
func module(root string) (string, error) {
	content, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", errors.New("there is no go.mod here: run this in the folder of a project")
	}
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(content)) {
		if path, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(path), nil
		}
	}
	return "", errors.New("go.mod names no module")
}

// nextMigration is the number of the next pair of migrations.
func nextMigration(root string) (string, error) {
	entries, err := os.ReadDir(filepath.Join(root, "db/migrations/postgres"))
	if err != nil {
		return "", err
	}
	last := 0
	for _, entry := range entries {
		var n int
		if _, err := fmt.Sscanf(entry.Name(), "%d_", &n); err == nil {
			last = max(last, n)
		}
	}
	return fmt.Sprintf("%05d", last+1), nil
}

// engines are the folders of migrations.
func engines(root string) []string {
	return slices.DeleteFunc([]string{"postgres", "sqlite"}, func(engine string) bool {
		_, err := os.Stat(filepath.Join(root, "db/migrations", engine))
		return err != nil
	})
}
