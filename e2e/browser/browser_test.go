package browser

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheBrowserThatIsNamedIsTheOne(t *testing.T) {
	t.Setenv("PATH", program(t, "chromium"))
	named := filepath.Join(program(t, "mine"), "mine")
	t.Setenv(Env, named)
	if got, err := Find(); got != named || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	t.Setenv(Env, "/nowhere")
	if got, err := Find(); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "PORTAL_BROWSER is /nowhere") {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestAnInstalledBrowserIsFound(t *testing.T) {
	t.Setenv(Env, "")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		dir := program(t, name)
		t.Setenv("PATH", dir)
		if got, err := Find(); got != filepath.Join(dir, name) || err != nil {
			t.Errorf("%s: got %s, %v", name, got, err)
		}
	}
}

func TestWithoutABrowserTheErrorSaysWhatToDo(t *testing.T) {
	t.Setenv(Env, "")
	t.Setenv("PATH", t.TempDir())
	for _, path := range names[len(names)-2:] {
		if _, err := os.Stat(path); err == nil {
			t.Skip("there is always one: " + path)
		}
	}
	if got, err := Find(); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "apt install chromium") {
		t.Errorf("got %s, %v", got, err)
	}
}

// program returns a folder that holds a program of this name.
func program(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), nil, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
