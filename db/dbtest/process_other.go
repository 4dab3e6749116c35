//go:build !linux

package dbtest

import "syscall"

// endWithParent can't be had here: unless withpg runs the tests, their server
// stays. The next one to start removes its folder (see removeStale), which it
// notices within a minute, and ends.
func endWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

// memoryDir returns "": there is no such folder.
func memoryDir() string { return "" }
