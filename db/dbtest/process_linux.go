package dbtest

import "syscall"

// endWithParent has a process end when the one that started it is killed.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
}

// memoryDir returns the folder that lies in memory, if we may write there and it
// has room for the data of all tests, which is some 500 MB; or "".
func memoryDir() string {
	const dir, write = "/dev/shm", 2
	var disk syscall.Statfs_t
	if syscall.Access(dir, write) != nil || syscall.Statfs(dir, &disk) != nil || disk.Bavail*uint64(disk.Bsize) < 2<<30 {
		return ""
	}
	return dir
}
