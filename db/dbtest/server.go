package dbtest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ErrNoPostgres says that PostgreSQL's programs are not on this machine.
var ErrNoPostgres = errors.New("PostgreSQL was not found: install it (apt install postgresql, dnf install postgresql-server, brew install postgresql; " +
	"it need not run), name its folder in PG_BINDIR, or a server on which tests may create databases in " + EnvURL)

// port is a part of the socket's name. Nobody listens on it.
const port = "5432"

// Server is a PostgreSQL of our own: throw-away data, a Unix socket and no port.
// Its methods are for one goroutine at a time.
type Server struct {
	bin, dir string
	owner    *syscall.Credential // whom it runs as, when we are root
	settings []string            // such as "max_connections=40"
	disk     string              // the size of a file system of its own, such as "64m"
	process  *os.Process
	exited   chan struct{}
}

// StartServer starts a server, with settings (name=value) beside those of ours
// that have it lose data in a crash and be quick (autovacuum would look through
// each of hundreds of databases). It ends with Close, and with this process.
func StartServer(settings ...string) (*Server, error) { return startServer("", settings...) }

func startServer(disk string, settings ...string) (*Server, error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	removeStale()
	s := &Server{bin: bin, disk: disk, settings: settings}
	if err := errors.Join(s.makeDir(), s.init()); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	if err := s.Start(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// OwnServer returns a server for one test alone, which may stop or freeze it,
// with settings such as "max_connections=40".
func OwnServer(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := startServer("", settings...)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// URL returns the URL of a database on the server; there is always "postgres".
func (s *Server) URL(name string) string {
	return "postgres://postgres@/" + name + "?host=" + s.dir + "&port=" + port
}

// String says which PostgreSQL it is, and where it comes from.
func (s *Server) String() string {
	out, _ := exec.Command(filepath.Join(s.bin, "postgres"), "--version").Output()
	version, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(string(out)), "postgres (PostgreSQL) "), " ")
	return "PostgreSQL " + version + " (from " + s.bin + ")"
}

// makeDir makes the server's folder, and has it belong to whom it runs as.
func (s *Server) makeDir() (err error) {
	if s.dir, err = os.MkdirTemp(tempDir(), fmt.Sprintf("%s%d-", dirPrefix, os.Getpid())); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return nil
	}
	if s.owner, err = unprivileged(); err != nil { // PostgreSQL and PgBouncer refuse to run as root
		return err
	}
	return os.Chown(s.dir, int(s.owner.Uid), int(s.owner.Gid))
}

func (s *Server) init() error {
	// It ends with its thread, as postgres does: see Start.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	args := []string{"-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"}
	if s.disk != "" {
		args = append(args, "--waldir="+filepath.Join(s.dir, "wal"))
	}
	out, err := s.command("initdb", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// Start starts a server that was stopped, and waits until it answers.
func (s *Server) Start() error {
	args := []string{"-D", "data", "-k", s.dir, "-p", port, "-c", "listen_addresses=", "-c", "max_connections=300",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "autovacuum=off"}
	for _, setting := range s.settings { // of two the later one counts
		args = append(args, "-c", setting)
	}
	return s.run(s.URL("postgres"), "postgres", args...)
}

// run starts the program of this name, and waits until it answers at url.
func (s *Server) run(url, name string, args ...string) error {
	logPath := filepath.Join(s.dir, "log")
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := s.command(name, args...)
	if s.disk != "" {
		if err := s.ontoDisk(cmd); err != nil {
			return err
		}
	}
	cmd.Stdout, cmd.Stderr = log, log

	// It ends with the thread that starts it, so that thread has to stay.
	started, exited := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
		}
		close(exited)
	}()
	if err := <-started; err != nil {
		return err
	}
	s.process, s.exited = cmd.Process, exited

	pool, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer pool.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for pool.PingContext(ctx) != nil {
		select {
		case <-exited:
			text, _ := os.ReadFile(logPath)
			return fmt.Errorf("%s ended:\n%s", name, bytes.TrimSpace(text))
		case <-ctx.Done():
			return fmt.Errorf("%s doesn't answer: %w", name, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// Stop stops the server, frozen or not, as an administrator would, without
// waiting for its clients.
func (s *Server) Stop() error {
	if s.process == nil {
		return nil
	}
	s.Thaw() // fails when it has ended by itself, and then there is nothing to thaw
	if err := s.process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.exited:
	case <-time.After(10 * time.Second):
		s.process.Kill()
		<-s.exited
	}
	s.process = nil
	return nil
}

// Freeze halts every process of the server: it still accepts connections, and
// never answers.
func (s *Server) Freeze() error { return s.signalAll(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() error { return s.signalAll(syscall.SIGCONT) }

// Kill ends every process of the server at once, as a lack of memory or of power
// does.
func (s *Server) Kill() error {
	if err := s.Freeze(); err != nil { // so that nobody cleans up, or starts another
		return err
	}
	for {
		switch children, err := s.signalChildren(syscall.SIGKILL); {
		case err != nil:
			return err
		case children > 0:
			time.Sleep(5 * time.Millisecond)
			continue
		}
		break
	}
	if err := s.process.Kill(); err != nil {
		return err
	}
	<-s.exited
	s.process = nil
	return nil
}

func (s *Server) signalAll(signal syscall.Signal) error {
	if err := s.process.Signal(signal); err != nil {
		return err
	}
	_, err := s.signalChildren(signal)
	return err
}

// signalChildren returns how many there were that lived.
func (s *Server) signalChildren(signal syscall.Signal) (n int, err error) {
	out, err := exec.Command("ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "state=").Output()
	if err != nil {
		return 0, fmt.Errorf("list processes: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		var pid, parent int
		var state string
		if _, err := fmt.Sscan(line, &pid, &parent, &state); err != nil || parent != s.process.Pid || strings.HasPrefix(state, "Z") {
			continue
		}
		n++
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return n, err
		}
	}
	return n, nil
}

// Close stops the server and removes its data.
func (s *Server) Close() error {
	return errors.Join(s.Stop(), os.RemoveAll(s.dir))
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = endWithParent()
	cmd.SysProcAttr.Credential = s.owner
	cmd.SysProcAttr.Setpgid = true // Ctrl-C is for the tests; they end it
	return cmd
}

func unprivileged() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("PostgreSQL doesn't run as root, and there is no user postgres or nobody to run it as")
}

const dirPrefix = "portal-postgres-"

// tempDir returns where data may lie: in memory where there is room, which takes
// a fifth off the tests; and whoever runs PostgreSQL must be able to enter it,
// which root's own temporary folder may not allow.
func tempDir() string {
	switch dir := memoryDir(); {
	case dir != "":
		return dir
	case os.Geteuid() == 0:
		return "/tmp"
	}
	return os.TempDir()
}

// removeStale removes what processes have left that were killed.
func removeStale() {
	dirs, _ := filepath.Glob(filepath.Join(tempDir(), dirPrefix+"*"))
	for _, dir := range dirs {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), dirPrefix), "-")
		if n, err := strconv.Atoi(pid); err == nil && errors.Is(syscall.Kill(n, 0), syscall.ESRCH) {
			os.RemoveAll(dir)
		}
	}
}
