package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"

	"golang.org/x/term"

	"github.com/managethefans/portal/app/config"
)

// firstInheritedFD is where systemd's protocol hands sockets over.
// https://www.freedesktop.org/software/systemd/man/sd_listen_fds.html
const firstInheritedFD = 3

// listen returns the socket that was handed over (LISTEN_FDS), else a new one
// at addr. A socket that outlives this program keeps connections waiting for
// the next one. LISTEN_PID isn't asked for: a program may stand between.
func listen(addr string, getenv func(string) string) (net.Listener, error) {
	if fds := getenv("LISTEN_FDS"); fds != "" {
		if n, err := strconv.Atoi(fds); err != nil || n != 1 {
			return nil, fmt.Errorf("LISTEN_FDS is %q: hand over one socket, and set it to 1", fds)
		}
		file := os.NewFile(firstInheritedFD, "LISTEN_FDS")
		defer file.Close()
		listener, err := net.FileListener(file)
		if err != nil {
			return nil, fmt.Errorf("LISTEN_FDS is 1, but no socket was handed over: %w", err)
		}
		if listener.Addr().Network() != "tcp" {
			return nil, fmt.Errorf("LISTEN_FDS is a %s socket: hand over a TCP one, on which visitors have addresses", listener.Addr().Network())
		}
		return listener, nil
	}
	return config.Listen(addr)
}

// notifyReady tells the program that started this one that requests are
// answered now, if it wants to know (NOTIFY_SOCKET).
// https://www.freedesktop.org/software/systemd/man/sd_notify.html
func notifyReady(getenv func(string) string) error {
	path := getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("say that the portal is ready, at NOTIFY_SOCKET: %w", err)
	}
	defer conn.Close()
	_, err = conn.Write([]byte("READY=1"))
	return err
}

// localURL returns where a browser on this machine finds the portal.
func localURL(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return addr.String()
	}
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() || tcp.IP.IsLoopback() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(tcp.Port))
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
