package start

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// existing is a project that gen new made some time ago.
type existing struct {
	dir    string
	git    *gitCommand
	record record
}

// openExisting reads a project's record, and refuses a project that couldn't be
// brought back by git.
func openExisting(ctx context.Context, git *gitCommand, dir string) (*existing, error) {
	text, err := os.ReadFile(filepath.Join(dir, recordName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no %s, so it is no project that gen new made: name the folder of one", dir, recordName)
	}
	e := &existing{dir: dir, git: git}
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields() // what another version asked would get lost
		err = decoder.Decode(&e.record)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s can't be read: %w. Get it back from git; if it is as it was written, a newer template wrote it: run that one's gen", recordName, err)
	case e.record.Template != templatePath:
		return nil, fmt.Errorf("%s says that this project was made of %s, and this is %s: run that one's gen", recordName, e.record.Template, templatePath)
	case len(e.record.Files) == 0:
		return nil, fmt.Errorf("%s lists no files: get it back from git", recordName)
	}
	if _, err := git.run(ctx, dir, "ls-files", "--error-unmatch", "--", recordName); err != nil {
		return nil, fmt.Errorf("git doesn't have %s of %s, so an upgrade could not be taken back: run git init there if it is no repository, and commit all there is", recordName, dir)
	}
	changed, err := git.run(ctx, dir, "status", "--porcelain")
	if err != nil {
		return nil, fmt.Errorf("git status: %w\n%s", err, changed)
	}
	if first, _, _ := strings.Cut(changed, "\n"); first != "" {
		_, name, _ := strings.Cut(first, " ") // after one letter or two
		return nil, fmt.Errorf("not all is committed, such as %s: commit or stash it, so that the upgrade alone can be seen and taken back", strings.TrimSpace(name))
	}
	return e, nil
}

// request is what this project would be asked for by today: the answers that it
// was made with, under the module path that it has now.
func (e *existing) request() (request, error) {
	r := e.record
	goMod, err := os.ReadFile(filepath.Join(e.dir, "go.mod"))
	if err != nil {
		return request{}, err
	}
	n, err := newNames(modfile.ModulePath(goMod), r.Short, r.Name)
	if err != nil {
		return request{}, fmt.Errorf("%s or go.mod: %w", recordName, err)
	}
	if r.DB != both && r.DB != postgresOnly || r.License != noLicense && r.License != mit {
		return request{}, fmt.Errorf("%s says that this project was made with the database %q and the licence %q, which this template doesn't offer: it can't be upgraded by it", recordName, r.DB, r.License)
	}
	return request{names: n, DB: r.DB, Notes: r.Notes, License: r.License, Author: r.Author, Template: version()}, nil
}

// read returns the files of these names, those of the record, and all migrations,
// as far as the project has them.
func (e *existing) read(names []string) (project, error) {
	for name := range e.record.Files {
		names = append(names, name)
	}
	migrations, err := filepath.Glob(filepath.Join(e.dir, "db/migrations/*/*.sql"))
	if err != nil {
		return nil, err
	}
	for _, file := range migrations {
		name, err := filepath.Rel(e.dir, file)
		if err != nil {
			return nil, err
		}
		names = append(names, filepath.ToSlash(name))
	}
	ours := project{}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(e.dir, filepath.FromSlash(name)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		default:
			ours[name] = slices.Concat([]byte{}, content) // not nil, which is no file
		}
	}
	return ours, nil
}

// base returns a file as the template wrote it, which is known by its sum: from
// the record, or from some commit. It returns nil where nobody has it any more.
func (e *existing) base(ctx context.Context, name, want string) ([]byte, error) {
	if text := []byte(e.record.Texts[name]); hash(text) == want {
		return text, nil
	}
	commits, err := e.git.run(ctx, e.dir, "log", "--reverse", "--format=%H", "--", name)
	if err != nil {
		return nil, fmt.Errorf("git log: %w\n%s", err, commits)
	}
	for _, commit := range strings.Fields(commits) {
		content, err := e.git.command(ctx, e.dir, "cat-file", "blob", commit+":./"+name).Output()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil && hash(content) == want { // an error where that commit removed it
			return content, nil
		}
	}
	return nil, nil
}

// described is how git describe says how many commits there are since a release.
var described = regexp.MustCompile(`-\d+-g[0-9a-f]+$`)

// mayFollow returns an error when the project is of a newer template than this
// one, or may be: by the numbers of both, or by git in the clone where this runs.
func (e *existing) mayFollow(ctx context.Context, running string) error {
	recorded := strings.TrimSuffix(e.record.Version, "-dirty")
	isRelease := func(v string) bool { return semver.IsValid(v) && !described.MatchString(v) }
	isNewer := false
	switch {
	case isRelease(recorded) && isRelease(running):
		isNewer = semver.Compare(recorded, running) > 0
	case inClone() && recorded != "devel":
		if rev, err := module.PseudoVersionRev(recorded); err == nil {
			recorded = rev
		}
		if _, err := e.git.run(ctx, ".", "rev-parse", "--verify", "--quiet", recorded+"^{commit}"); err != nil {
			return fmt.Errorf("the project is at %s of the template, which this clone of it doesn't know, and may be newer: run git pull --tags in the clone first", e.record.Version)
		}
		isAncestor := func(a, b string) bool {
			_, err := e.git.run(ctx, ".", "merge-base", "--is-ancestor", a, b)
			return err == nil
		}
		isNewer = isAncestor("HEAD", recorded) && !isAncestor(recorded, "HEAD")
	}
	if isNewer {
		return fmt.Errorf("the project is at %s of the template, which is newer than this one, %s: run the newer one's gen", e.record.Version, running)
	}
	return nil
}
