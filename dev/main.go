//go:build dev

// Command dev is the half of the development loop that is outside the program:
// make dev. It owns the socket, has Air tell it what was saved, builds, starts
// the program, and speaks while there is none. docs/development.md says more.
//
// It works in the current directory, the root of the project.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/joho/godotenv"

	"github.com/managethefans/portal/app/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second signal ends dev at once
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "dev:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	addr, err := config.Addr(os.Getenv, root)
	if err != nil {
		return err
	}
	if values, err := godotenv.Read(".env"); err == nil && os.Getenv("EDITOR_URL") == "" {
		os.Setenv("EDITOR_URL", values["EDITOR_URL"]) // for our page, and the program's
	}
	listener, err := config.Listen(addr)
	if err != nil {
		return err
	}
	socket, err := share(listener.(*net.TCPListener))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "dev") // short: a socket's path has a limit of about 100 bytes
	if err != nil {
		return err
	}
	children, err := newChildren(dir, stateFile)
	if err != nil {
		return err
	}
	defer children.close()
	if err := os.MkdirAll(filepath.Join(root, "tmp"), 0o777); err != nil {
		return err
	}
	saved, err := watch(ctx, children)
	if err != nil {
		return err
	}
	announce(listener.Addr().(*net.TCPAddr))
	return newLoop(root, dir, socket, children).run(ctx, saved)
}

// share returns the listener's socket for others to accept on, and closes the
// listener: the socket stays. It doesn't use the listener's File, whose Fd
// makes the socket a blocking one, for every program that has it.
func share(listener *net.TCPListener) (*os.File, error) {
	defer listener.Close()
	raw, err := listener.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd, dupErr := -1, error(nil)
	err = raw.Control(func(own uintptr) {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		if fd, dupErr = syscall.Dup(int(own)); dupErr == nil {
			syscall.CloseOnExec(fd)
		}
	})
	if err := errors.Join(err, dupErr); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "socket"), nil
}

// announce says where the portal is, and who can open it.
func announce(addr *net.TCPAddr) {
	fmt.Printf("\nhttp://localhost:%d\n", addr.Port)
	if addr.IP.IsLoopback() {
		fmt.Println()
		return
	}
	for _, ip := range networkAddresses(addr.IP) {
		fmt.Printf("http://%s\n", net.JoinHostPort(ip.String(), fmt.Sprint(addr.Port)))
	}
	fmt.Print("Everybody on this network can open the portal as it is being written, faults, source lines, statements and settings (but for secrets) included.\nOnly from this machine can the database be changed at /_dev.\n\n")
}

// networkAddresses returns the addresses under which others find this machine.
func networkAddresses(listening net.IP) (list []net.IP) {
	if !listening.IsUnspecified() {
		return []net.IP{listening}
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, addr := range addrs {
		if network, ok := addr.(*net.IPNet); ok && network.IP.To4() != nil && network.IP.IsGlobalUnicast() {
			list = append(list, network.IP)
		}
	}
	return list
}
