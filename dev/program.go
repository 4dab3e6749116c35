//go:build dev

package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/managethefans/portal/app/devtools"
)

// program is one run of what was built.
type program struct {
	cmd      *exec.Cmd
	children *children
	errors   tail
	ready    chan struct{} // closed when it serves
	exited   chan struct{}
	status   error // of its exit
}

// start starts the program on our socket, by systemd's two protocols: it finds
// the socket as its first file (LISTEN_FDS), and says on another when it serves
// (NOTIFY_SOCKET). PORTAL_DEV_LOOP has migrations wait that come while somebody
// works on them.
func (l *loop) start() (*program, error) {
	l.runs++
	path := filepath.Join(l.dir, fmt.Sprint(l.runs))
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, err
	}
	p := &program{cmd: exec.Command(binary), children: l.children, ready: make(chan struct{}), exited: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "LISTEN_FDS=1", "NOTIFY_SOCKET="+path, "PORTAL_DEV_LOOP=1")
	p.cmd.ExtraFiles = []*os.File{l.socket}
	p.cmd.Stdout = os.Stdout // itself, so that the program sees whether it is a terminal
	p.cmd.Stderr = io.MultiWriter(os.Stderr, &p.errors)
	if err := l.children.start(p.cmd); err != nil {
		notify.Close()
		return nil, err
	}
	go func() {
		p.status = l.children.wait(p.cmd)
		notify.Close()
		os.Remove(path)
		close(p.exited)
	}()
	go func() {
		message := make([]byte, 4096)
		for {
			n, err := notify.Read(message)
			if err != nil {
				return
			}
			if bytes.Contains(message[:n], []byte("READY=1")) {
				close(p.ready)
				return
			}
		}
	}()
	return p, nil
}

// stop asks the program to end, which it does once its requests have been
// answered, and kills it when that takes longer than limit.
func (p *program) stop(limit time.Duration) {
	p.children.signal(p.cmd, os.Interrupt)
	select {
	case <-p.exited:
	case <-time.After(limit):
		p.children.signal(p.cmd, os.Kill)
		<-p.exited
	}
}

// fault is what the program said when it ended.
func (p *program) fault(title, root string) *devtools.Fault {
	text := p.errors.String()
	if text == "" {
		text = "It said nothing."
	}
	if p.status != nil {
		text += "\n" + p.status.Error()
	}
	return devtools.ParseFault(devtools.Start, title, text, root)
}

// tail keeps the last of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const limit = 32 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-limit):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.text))
}
