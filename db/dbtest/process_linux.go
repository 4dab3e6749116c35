package dbtest

import "syscall"

// endWithParent has a process end when the one that started it is killed.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
}
