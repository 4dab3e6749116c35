// Package browser finds the browser that the tests in e2e drive. It starts
// nothing.
package browser

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// Env is the variable that names the browser's program.
const Env = "PORTAL_BROWSER"

// ErrNone means that there is no browser on this machine.
var ErrNone = errors.New("no Chromium or Chrome was found: install one (Debian/Ubuntu: apt install chromium), " +
	"or name its program in " + Env)

// names are looked for in PATH. Chrome comes first: its package may use its
// sandbox wherever it is installed, which a Chromium that was merely unpacked
// may not (Ubuntu 24.04, and so GitHub's runners).
var names = []string{
	"google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "chrome",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
}

// Find returns the path of a Chromium or Chrome: the one that PORTAL_BROWSER
// names, else one that is installed. The error is ErrNone when there is none.
func Find() (string, error) {
	if name := os.Getenv(Env); name != "" {
		path, err := exec.LookPath(name)
		if err != nil {
			return "", fmt.Errorf("%s is %s, which is no program: %w", Env, name, ErrNone)
		}
		return path, nil
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNone
}
