//go:build !linux

package dbtest

import "syscall"

// endWithParent can't be had here: after a kill -9 of the tests, the server
// runs on until somebody stops it.
func endWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
