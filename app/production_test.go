package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNothingOfTheDevelopmentLoopIsInProduction builds the program as it is
// built for production, and looks into it.
func TestNothingOfTheDevelopmentLoopIsInProduction(t *testing.T) {
	t.Parallel()
	deps, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.Lines(string(deps)) {
		if strings.Contains(dep, "fsnotify") || strings.Contains(dep, "devtools") {
			t.Errorf("it needs %s", dep)
		}
	}

	path := filepath.Join(t.TempDir(), "portal")
	build := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, trace := range []string{"devtools", "Devtools", "_dev/events", "_dev/client.js", "Idiomorph", "idiomorph", "fsnotify", "SharedWorker", "vscode://", "EDITOR_URL", "dev.json"} {
		if bytes.Contains(binary, []byte(trace)) {
			t.Errorf("%q is in the binary", trace)
		}
	}
}
