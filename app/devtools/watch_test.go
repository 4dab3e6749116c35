//go:build dev

package devtools

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// change is one call of Watch's function.
type change struct {
	names []string
	sure  bool
}

// watched watches a folder with a file in it. What is saved is what the answer
// returned by content is, when the function is called.
func watched(t *testing.T, content func(name string) bool) (dir string, changes chan change) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, "page.html"), "one")
	changes = make(chan change, 1000)
	html := func(path string) bool { return filepath.Ext(path) == ".html" }
	err := Watch(t.Context(), []string{dir}, html, func(paths []string, sure bool) bool {
		var c change
		for _, path := range paths {
			name, _ := filepath.Rel(dir, path)
			c.names = append(c.names, name)
		}
		slices.Sort(c.names)
		c.sure = sure
		changes <- c
		return content == nil || content(dir)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir, changes
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func wantChange(t *testing.T, changes chan change, names ...string) {
	t.Helper()
	select {
	case got := <-changes:
		if !slices.Equal(got.names, names) {
			t.Fatalf("changed: %v, want %v", got.names, names)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("no change was seen")
	}
}

func TestASaveIsSeenHoweverTheEditorSaves(t *testing.T) {
	t.Parallel()
	for name, save := range map[string]func(t *testing.T, page string){
		"in place": func(t *testing.T, page string) { write(t, page, "two") },
		"vim": func(t *testing.T, page string) {
			write(t, filepath.Join(filepath.Dir(page), "4913"), "")
			os.Remove(filepath.Join(filepath.Dir(page), "4913"))
			os.Rename(page, page+"~")
			write(t, page, "two")
			os.Remove(page + "~")
		},
		"JetBrains": func(t *testing.T, page string) {
			write(t, page+"___jb_tmp___", "two")
			os.Rename(page, page+"___jb_old___")
			os.Rename(page+"___jb_tmp___", page)
			os.Remove(page + "___jb_old___")
		},
		"beside other files": func(t *testing.T, page string) {
			write(t, filepath.Join(filepath.Dir(page), "program"), "grows")
			write(t, page, "two")
		},
		"rename over it": func(t *testing.T, page string) {
			write(t, filepath.Join(filepath.Dir(page), ".page.html.tmp"), "two")
			os.Rename(filepath.Join(filepath.Dir(page), ".page.html.tmp"), page)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, changes := watched(t, nil)
			save(t, filepath.Join(dir, "page.html"))
			wantChange(t, changes, "page.html")
			save(t, filepath.Join(dir, "page.html"))
			wantChange(t, changes, "page.html")
		})
	}
}

func TestFilesAndFoldersThatComeAndGoAreSeen(t *testing.T) {
	t.Parallel()
	dir, changes := watched(t, nil)
	write(t, filepath.Join(dir, "new.html"), "new")
	wantChange(t, changes, "new.html")
	if err := os.Rename(filepath.Join(dir, "new.html"), filepath.Join(dir, "other.html")); err != nil {
		t.Fatal(err)
	}
	wantChange(t, changes, "new.html", "other.html")
	os.Remove(filepath.Join(dir, "other.html"))
	wantChange(t, changes, "other.html")
	os.MkdirAll(filepath.Join(dir, "a"), 0o700)
	write(t, filepath.Join(dir, "a/b.html"), "new")
	wantChange(t, changes, "a/b.html")
	write(t, filepath.Join(dir, "a/b.html"), "newer")
	wantChange(t, changes, "a/b.html")
}

// TestACheckoutIsFewChanges saves 200 files, as git does.
func TestACheckoutIsFewChanges(t *testing.T) {
	t.Parallel()
	dir, changes := watched(t, nil)
	var names []string
	for i := range 200 {
		names = append(names, fmt.Sprintf("%03d.html", i))
		write(t, filepath.Join(dir, names[i]), "new")
	}
	calls := 0
	for len(names) > 0 {
		select {
		case c := <-changes:
			calls++
			names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(c.names, name) })
		case <-time.After(10 * time.Second):
			t.Fatalf("not seen: %v", names)
		}
	}
	if calls > 20 {
		t.Errorf("%d changes", calls)
	}
}

// TestAHalfSavedFileIsWaitedFor has a file that is cut short, then whole.
func TestAHalfSavedFileIsWaitedFor(t *testing.T) {
	t.Parallel()
	read := func(dir string) string {
		content, _ := os.ReadFile(filepath.Join(dir, "page.html"))
		return string(content)
	}
	dir, changes := watched(t, func(dir string) bool { return strings.HasSuffix(read(dir), "end") })
	page := filepath.Join(dir, "page.html")
	write(t, page, "half")
	first := <-changes // which isn't content
	write(t, page, "whole, to the end")
	last := <-changes
	for len(changes) > 0 {
		last = <-changes
	}
	if first.sure || read(dir) != "whole, to the end" {
		t.Errorf("first %v, last %v", first, last)
	}
	write(t, page, "half")
	if first, second := <-changes, <-changes; first.sure || !second.sure {
		t.Errorf("what stays half isn't taken as it is: %v, %v", first, second)
	}
}

// TestAnEmptiedFileIsWaitedFor: an editor empties a file before it writes, and a
// busy machine may take its time in between.
func TestAnEmptiedFileIsWaitedFor(t *testing.T) {
	t.Parallel()
	dir, changes := watched(t, nil)
	page := filepath.Join(dir, "page.html")
	write(t, page, "old")
	wantChange(t, changes, "page.html")
	for len(changes) > 0 {
		<-changes
	}
	emptied := time.Now()
	write(t, page, "")
	time.Sleep(goneFor / 3)
	seen := len(changes)
	if took := time.Since(emptied); seen > 0 && took < goneFor {
		t.Errorf("after %s it is taken for empty", took)
	}
	write(t, page, "new")
	wantChange(t, changes, "page.html")
	write(t, page, "")
	for !(<-changes).sure { // in the end it is
	}
}
