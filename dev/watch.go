//go:build dev

package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
)

// watch has Air watch the project, as .air.toml says. A value comes when
// something was saved, and one at the start; several may become one. The
// channel is closed when Air has ended.
//
// Air only watches. Its own way to build and run stops a good program for one
// that may not start, so the command before its build says a word to us, and
// then fails: that makes Air neither build nor run.
func watch(ctx context.Context, children *children) (<-chan struct{}, error) {
	air := exec.Command(".tools/air", "-c", ".air.toml",
		"-build.pre_cmd", "echo saved; exit 1", "-build.stop_on_error", "true", "-log.silent", "true")
	air.Stderr = os.Stderr
	words, err := air.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := children.start(air); err != nil {
		return nil, fmt.Errorf("start Air, which watches: %w. make dev builds it", err)
	}
	context.AfterFunc(ctx, func() { children.signal(air, os.Interrupt) })
	saved := make(chan struct{}, 1)
	go func() {
		defer close(saved)
		for lines := bufio.NewScanner(words); lines.Scan(); {
			select {
			case saved <- struct{}{}:
			default: // the one that waits stands for both
			}
		}
		children.wait(air)
	}()
	return saved, nil
}
