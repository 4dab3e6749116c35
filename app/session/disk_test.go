package session

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/managethefans/portal/db/dbtest"
)

// smallDisk names the folder of TestAFullDiskDestroysNoSession, to the process
// that it starts.
const smallDisk = "PORTAL_TEST_SMALL_DISK"

// TestAFullDiskDestroysNoSession keeps sessions as files on a file system of 64
// kB, which only a process of its own sees. It is skipped where such a thing isn't
// allowed.
func TestAFullDiskDestroysNoSession(t *testing.T) {
	t.Parallel()
	dir := os.Getenv(smallDisk)
	if dir == "" {
		dir = t.TempDir()
		mount := []string{"--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir}
		if out, err := exec.CommandContext(t.Context(), "unshare", mount...).CombinedOutput(); err != nil {
			t.Skipf("a small file system takes Linux with unshare, and the right to make user namespaces: %v: %s", err, out)
		}
		again := append(mount[:3:3], "sh", "-c", `mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"`, dir, os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd := exec.CommandContext(t.Context(), "unshare", again...)
		cmd.Env = append(os.Environ(), smallDisk+"="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}

	s := newSite(t, "filesystem", dbtest.SQLiteURL(t))
	o := s.options
	o.Dir = dir
	s.restart(o)
	v := s.signedIn(s.ada)
	v.do("/set", "value", "early")
	filler, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = filler.Write(make([]byte, 4096))
	}
	filler.Close()
	if status, text := v.send("/set", "value", strings.Repeat("x", 9000)); status != http.StatusInternalServerError || !strings.Contains(text, "no space left") {
		t.Fatalf("%d %s", status, text)
	}
	v.want("/get", "early")
	v.want("/who", "ada@example.com")
	if err := os.Remove(filler.Name()); err != nil {
		t.Fatal(err)
	}
	v.do("/set", "value", "late")
	v.want("/get", "late")
	v.want("/who", "ada@example.com")
	if left, err := os.ReadDir(filepath.Join(dir, drafts)); err != nil || len(left) > 0 {
		t.Errorf("drafts %v, %v", left, err)
	}
}
