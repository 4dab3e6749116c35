package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/managethefans/portal/e2e/browser"
)

var screenshots = flag.String("screenshots", "", "a folder for pictures of every page: run TestScreenshots only")

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	closeChromium()
	os.RemoveAll(buildDir)
	os.Exit(code)
}

// buildDir is where program is built, and empty until then.
var buildDir string

// program builds the portal, once.
var program = sync.OnceValues(func() (path string, err error) {
	if err := eachSource("..", func(string) error { return nil }); err != nil {
		return "", err
	}
	if buildDir, err = os.MkdirTemp("", "portal-e2e-"); err != nil {
		return "", err
	}
	path = filepath.Join(buildDir, "portal")
	build := exec.Command("go", "build", "-buildvcs=false", "-tags", "dev", "-ldflags", "-s -w", "-o", path, "./app")
	build.Dir, build.Env = "..", append(os.Environ(), "CGO_ENABLED=0") // as make does: most of it is built already
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// eachSource calls f with the path of each file that the portal is made of, in
// root. Go repeats a test's last result until something changes that the test
// itself has looked at, and the program is built by another process.
func eachSource(root string, f func(path string) error) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name := filepath.Base(path)
		switch {
		case err != nil || path == root:
			return err
		case entry.IsDir() && (name[0] == '.' || name == "bin" || name == "data" || name == "tmp"):
			return fs.SkipDir
		case entry.IsDir() || name == ".env" || name == ".git": // a file in a worktree
			return nil
		}
		return f(path)
	})
}

// closeChromium ends the browser that chromium has started, if any.
var closeChromium = func() {}

// chromium starts the browser, once. Tests share it, each with a profile of its
// own.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path, err := browser.Find()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], // headless; as root without a sandbox
		chromedp.ExecPath(path),
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-quic", true),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancelBrowser := chromedp.NewContext(ctx)
	closeChromium = func() { cancelBrowser(); cancel() }
	if err := chromedp.Do(ctx); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return ctx, nil
})

// needChromium returns the browser. Without one the test is skipped, and fails
// where CI is true.
func needChromium(t *testing.T) context.Context {
	t.Helper()
	ctx, err := chromium()
	switch {
	case err == nil:
	case errors.Is(err, browser.ErrNone) && os.Getenv("CI") != "true":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
	return ctx
}
