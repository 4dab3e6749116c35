//go:build dev

package devtools

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// How long files must be quiet before they are looked at. Editors save by
// several steps, within a millisecond or two.
const (
	quiet      = 4 * time.Millisecond
	quietStorm = 50 * time.Millisecond // when more than storm files change, as in a checkout
	storm      = 10
	unsure     = 30 * time.Millisecond  // when there is a fault in what was found: it may be half saved
	goneFor    = 300 * time.Millisecond // when a file has gone or is empty: hardly anybody saves that
)

// Watch calls changed with the files that were saved, added or deleted in the
// folders and below them, until ctx ends: those that concern it, and that no
// editor makes for itself. When changed isn't content with what it finds, and
// not sure, it returns false, and is called again a little later.
func Watch(ctx context.Context, folders []string, concerns func(path string) bool, changed func(paths []string, sure bool) bool) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if _, err := addFolder(watcher, folder); err != nil {
			return errors.Join(err, watcher.Close())
		}
	}
	go watch(ctx, watcher, concerns, changed)
	return nil
}

func watch(ctx context.Context, watcher *fsnotify.Watcher, concerns func(string) bool, changed func([]string, bool) bool) {
	defer watcher.Close()
	var paths []string
	var sure bool
	timer := time.NewTimer(quiet)
	timer.Stop()
	wait := func(path string) {
		if path != "" && (isTemporary(path) || !concerns(path)) {
			return
		}
		if !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
		if len(paths) > storm {
			timer.Reset(quietStorm)
		} else {
			timer.Reset(quiet)
		}
		sure = false
	}
	for {
		select {
		case <-ctx.Done():
			return
		case event, ok := <-watcher.Events:
			switch {
			case !ok:
				return
			case event.Op == fsnotify.Chmod:
			case event.Has(fsnotify.Create):
				// A folder's files may have been there before it was watched.
				found, err := addFolder(watcher, event.Name)
				if err != nil {
					wait(event.Name)
				}
				for _, path := range found {
					wait(path)
				}
			default:
				wait(event.Name)
			}
		case _, ok := <-watcher.Errors: // too many events at once: something has changed
			if !ok {
				return
			}
			wait("") // whichever it is
		case <-timer.C:
			switch {
			case sure:
				changed(paths, true)
				paths, sure = nil, false
			case slices.ContainsFunc(paths, halfSaved):
				sure = true
				timer.Reset(goneFor)
			case !changed(paths, false):
				sure = true
				timer.Reset(unsure)
			default:
				paths = nil
			}
		}
	}
}

// addFolder watches a folder and those below it, and returns their files. A
// file is returned by itself.
func addFolder(watcher *fsnotify.Watcher, root string) (files []string, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return watcher.Add(path)
		default:
			files = append(files, path)
		}
		return nil
	})
	return files, err
}

// isTemporary reports whether a file is one that an editor makes for itself.
func isTemporary(path string) bool {
	name := filepath.Base(path)
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") || strings.HasSuffix(name, "~") ||
		strings.Contains(name, "___jb_") || name == "4913" // vim tries out whether it may write
}

func halfSaved(path string) bool {
	if path == "" {
		return false
	}
	info, err := os.Stat(path)
	return err != nil || info.Mode().IsRegular() && info.Size() == 0
}
