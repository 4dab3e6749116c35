package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

const goodSecret = "0123456789abcdef0123456789abcdef"

// TestMain lets this test program be the portal, for tests that need processes.
func TestMain(m *testing.M) {
	if os.Getenv("PORTAL_TEST_PROCESS") == "yes" {
		go weighOnSignal()
		if os.Getenv(envDie) != "" {
			dieAfterCommit()
		}
		main()
		return
	}
	code := m.Run()
	os.RemoveAll(buildDir)
	os.Exit(code)
}

// invoke runs one command with these settings, and nothing of the environment.
func invoke(t *testing.T, env map[string]string, stdin string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), append([]string{"portal"}, args...), func(name string) string { return env[name] }, strings.NewReader(stdin), &out)
	return out.String(), err
}

func settings(url string) map[string]string {
	return map[string]string{"APP_ENV": "production", "APP_NAME": "Meadow", "SESSION_SECRET": goodSecret, "DATABASE_URL": url, "ADDR": "127.0.0.1:0"}
}

// TestInDevelopmentACommandLeavesAMigrationThatWaits: somebody may be writing it.
func TestInDevelopmentACommandLeavesAMigrationThatWaits(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "portal.db"), "postgres": dbtest.EmptyPostgresURL(t)} {
		t.Run(engine, func(t *testing.T) {
			env := settings(url)
			env["APP_ENV"] = config.Development
			for _, step := range []struct{ command, fault string }{
				{"seed", ""}, // on an empty database
				{"migrate down", ""},
				{"seed", "1 migrations are pending: run `portal migrate up`"},
				{"user list", "1 migrations are pending: run `portal migrate up`"},
				{"migrate up", ""},
				{"seed", ""},
			} {
				out, err := invoke(t, env, "", strings.Fields(step.command)...)
				if step.fault == "" && err != nil || step.fault != "" && (err == nil || !strings.Contains(err.Error(), step.fault)) {
					t.Fatalf("%s: %v\n%s", step.command, err, out)
				}
			}
		})
	}
}

func TestCommandsThatNeedNoSettings(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"version":               "portal devel",
		"routes":                "showDashboard",
		"--help":                "USAGE:",
		"serve --help":          "run the portal",
		"migrate --help":        "status",
		"user --help":           "promote",
		"user create --help":    "--admin",
		"user disable --help":   "EMAIL",
		"user invite --help":    "--role",
		"user reset --help":     "portal user reset ada@example.com",
		"session --help":        "sign people out",
		"session list --help":   "portal session list --user",
		"session revoke --help": "portal session revoke --all",
		"doctor --help":         "check the settings",
		"mail --help":           "try them again",
		"mail test --help":      "EMAIL",
		"mail list --help":      "--undelivered",
		"mail retry --help":     "portal mail retry --all",
		"healthcheck --help":    "--ready",
		"migrate down --help":   "take back the latest",
		"migrate up --help":     "apply every pending",
		"user list --help":      "list everybody",
		"user promote --help":   "administrator",
		"user demote --help":    "member",
		"user enable --help":    "sign in again",
		"secret --help":         "SESSION_SECRET",
		"routes --help":         "who may use it",
		"seed --help":           "in development",
		"version --help":        "print the version",
		"migrate status --help": "whether they are applied",
	} {
		out, err := invoke(t, nil, "", strings.Fields(command)...)
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
	first, _ := invoke(t, nil, "", "secret")
	second, _ := invoke(t, nil, "", "secret")
	if len(first) < 32 || first == second {
		t.Errorf("secrets %q and %q", first, second)
	}
}

func TestSeedIsForDevelopmentAndCanBeRepeated(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]string{"sqlite": dbtest.SQLiteURL(t), "postgres": dbtest.PostgresURL(t)} {
		t.Run(engine, func(t *testing.T) {
			env := settings(url)
			if out, err := invoke(t, env, "", "seed"); err == nil || !strings.Contains(err.Error(), "APP_ENV is production") {
				t.Errorf("in production: %v\n%s", err, out)
			}
			if list, err := invoke(t, env, "", "user", "list"); err != nil || !strings.Contains(list, "Nobody yet") {
				t.Errorf("production has %s, %v", list, err)
			}

			env["APP_ENV"] = config.Development
			first, err := invoke(t, env, "", "seed")
			if err != nil || !strings.Contains(first, "Sign in as mara@example.com") {
				t.Fatalf("%v\n%s", err, first)
			}
			for _, command := range []string{"promote mara@example.com", "demote admin@example.com", "disable admin@example.com"} {
				if _, err := invoke(t, env, "", strings.Fields("user "+command)...); err != nil {
					t.Fatal(err)
				}
			}
			second, err := invoke(t, env, "", "seed")
			if err != nil || first == second {
				t.Errorf("again: %v\n%s", err, second)
			}
			list, err := invoke(t, env, "", "user", "list")
			if err != nil || strings.Count(list, "@") != len(demoPeople) || !strings.Contains(list, "admin@example.com  Jonas Weber    admin") {
				t.Errorf("%v\n%s", err, list)
			}
			d, err := db.Open(url, "")
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if err := d.Connect(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			mara, err := d.GetCredentials(t.Context(), demoPeople[0].email)
			if err != nil || mara.DisabledAt != nil {
				t.Fatal(mara, err)
			}
			n, err := d.CountNotes(t.Context(), db.CountNotesParams{UserID: mara.ID, MaxRows: 1000})
			if err != nil || n != int64(len(demoNotes)) {
				t.Errorf("%d notes, %v", n, err)
			}
			words := strings.Fields(second)
			if ok, _, err := auth.NewHasher(auth.Cost).Verify(t.Context(), words[len(words)-1], mara.PasswordHash); !ok || err != nil {
				t.Errorf("the password that was printed: %v, %v", ok, err)
			}
		})
	}
}

func TestMistypedCommandsAreRefused(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"srve":                         `there is no command "portal srve"`,
		"user creat a@b.c":             `there is no command "portal user creat"`,
		"migrate upp":                  `there is no command "portal migrate upp"`,
		"serve --port 80":              "`portal serve --help` explains it",
		"serve now":                    `takes no arguments, not "now"`,
		"user list everybody":          `takes no arguments`,
		"user promote":                 "takes one e-mail address",
		"user promote a@b.c d@e.f":     "takes one e-mail address",
		"user promote ada":             `"ada" is not an e-mail address`,
		"user create a@b.c":            `"name"`,
		"user create a@b.c --name=":    "--name: Enter a name.",
		"user list --everybody":        "everybody",
		"healthcheck now":              `takes no arguments`,
		"user create a@b.c --name A x": "takes one e-mail address",
	} {
		if out, err := invoke(t, settings("sqlite:"+t.TempDir()+"/x.db"), "", strings.Fields(command)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
}

func TestProductionWithoutSettingsSaysAllThatIsMissing(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"serve", "doctor", "migrate status", "user list"} {
		out, err := invoke(t, map[string]string{"APP_ENV": "production"}, "", strings.Fields(command)...)
		if text := fmt.Sprint(out, err); err == nil || !strings.Contains(text, "DATABASE_URL is missing") || !strings.Contains(text, "SESSION_SECRET is missing") {
			t.Errorf("%s: %s", command, text)
		}
	}
}

func TestFaultsInTheDatabasesURLComeWithTheOthers(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"postgres://u:hunter2@h/d?sslmode=perhaps": "DATABASE_URL is not a PostgreSQL URL",
		"postgres://u:hunter2@h:99999/d":           "DATABASE_URL is not a PostgreSQL URL",
		"sqlite:" + t.TempDir():                    "which is a folder",
	} {
		_, err := invoke(t, map[string]string{"APP_ENV": "production", "DATABASE_URL": url}, "")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "SESSION_SECRET is missing") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestLookingAfterAccounts(t *testing.T) {
	t.Parallel()
	migrations, err := filepath.Glob("../db/migrations/sqlite/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	last := filepath.Base(migrations[len(migrations)-1])
	bounced := func(t testing.TB) string { return dbtest.BouncedURL(t, dbtest.PostgresURL(t)) }
	for engine, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL, "pgbouncer": bounced} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			env := settings(url(t))
			for _, step := range []struct{ stdin, command, want string }{
				{"", "user list", "Nobody yet."},
				{"difference engine\n", "user create Ada@Example.com --name Ada --admin", "ada@example.com can sign in now"},
				{"difference engine\n", "user create ada@example.com --name Ada", "ada@example.com already has an account"},
				{"", "user create eve@example.com --name Eve", "no password"},
				{"short\n", "user create eve@example.com --name Eve", "at least 8"},
				{"meadow2026\n", "user create eve@example.com --name Eve", "mostly a name"},
				{"no line end at all", "user create eve@example.com --name Eve", "can sign in now"},
				{"", "user list", "ada@example.com  Ada   admin   active"},
				{"", "user invite grace@example.com --role king", "it can be member or admin"},
				{"", "user invite ada@example.com", "ada@example.com already has an account"},
				{"", "user invite grace@example.com --role admin", "/invitation?token="},
				{"", "user reset ada@example.com", "It is good for 10 minutes, and once:\nhttps://YOUR-PORTAL/reset-password?token="},
				{"", "user reset nobody@example.com", "nobody has the address nobody@example.com"},
				{"", "user reset", "takes one e-mail address"},
				{"", "user demote ada@example.com", "ada@example.com is the last administrator"},
				{"", "user disable ada@example.com", "ada@example.com is the last administrator"},
				{"", "user promote eve@example.com", "is an administrator now"},
				{"", "user demote ada@example.com", "is a member now"},
				{"", "user list", "eve@example.com  Eve   admin   active"},
				{"", "user promote ada@example.com", "is an administrator now"},
				{"", "user disable eve@example.com", "is disabled, and signed out of 0 sessions"},
				{"", "user list", "eve@example.com  Eve   admin  disabled"},
				{"", "user reset eve@example.com", "eve@example.com is disabled: `portal user enable eve@example.com` lets them sign in again"},
				{"", "user enable eve@example.com", "can sign in again"},
				{"", "user disable nobody@example.com", "nobody has the address nobody@example.com"},
				{"", "user enable nobody@example.com", "nobody has the address"},
				{"", "user promote nobody@example.com", "nobody has the address"},
				{"", "migrate status", "applied  00001_users.sql"},
				{"", "migrate up", "0 migrations applied"},
				{"", "migrate down", last + " taken back"},
				{"", "migrate status", "pending  " + last},
				{"", "doctor", "1 will be applied at start"},
				{"", "migrate up", "1 migrations applied"},
				{"", "doctor", "all applied"},
			} {
				out, err := invoke(t, env, step.stdin, strings.Fields(step.command)...)
				if text := fmt.Sprint(out, err); !strings.Contains(text, step.want) {
					t.Errorf("%s: want %q in %s", step.command, step.want, text)
				}
			}
		})
	}
}

func TestDoctorNamesWhatIsAmiss(t *testing.T) {
	t.Parallel()
	env := settings("postgres://nobody:hunter2@127.0.0.1:1/none")
	out, err := invoke(t, env, "", "doctor")
	if err == nil || !strings.Contains(out, "FAULT  database") || strings.Contains(out, "hunter2") {
		t.Errorf("%v\n%s", err, out)
	}
	env = settings(dbtest.EmptyPostgresURL(t))
	env["MIGRATE"] = "manual"
	out, err = invoke(t, env, "", "doctor")
	if err == nil || !strings.Contains(out, "FAULT  migrations") || !strings.Contains(out, "run `portal migrate up`") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestDoctorSaysThatThereIsAPooler(t *testing.T) {
	t.Parallel()
	direct := dbtest.PostgresURL(t)
	for url, want := range map[string]string{direct: "PostgreSQL\n", dbtest.BouncedURL(t, direct): "PostgreSQL, through a pooler such as PgBouncer\n"} {
		out, err := invoke(t, settings(url), "", "doctor")
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

func eventually(t *testing.T, what fmt.Stringer, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came:\n%s", what)
		}
	}
}

func status(url string) int {
	answer, err := http.Get(url)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

func TestServeInDevelopment(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	var out dbtest.Output
	ended := make(chan error)
	env := map[string]string{"APP_ENV": "development", "ADDR": "127.0.0.1:0", "DATABASE_URL": dbtest.SQLiteURL(t), "SESSION_SECRET": goodSecret}
	go func() {
		ended <- run(ctx, []string{"portal"}, func(name string) string { return env[name] }, nil, &out)
	}()
	url := ""
	eventually(t, &out, func() bool {
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "http://localhost:") && strings.HasSuffix(line, "\n") {
				url = strings.TrimSpace(line)
			}
		}
		return url != ""
	})
	url = strings.Replace(url, "localhost", "127.0.0.1", 1)
	eventually(t, &out, func() bool { return status(url+"/readyz") == http.StatusOK })
	if got := status(url + "/"); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestAnAddressInUseIsAnError(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	env := settings(dbtest.SQLiteURL(t))
	env["ADDR"] = taken.Addr().String()
	_, err = invoke(t, env, "")
	if err == nil || !strings.Contains(err.Error(), "is in use by another program: stop that one, or set ADDR") {
		t.Errorf("got %v", err)
	}
}

func TestASocketThatWasPromisedAndIsntThereIsAnError(t *testing.T) {
	t.Parallel()
	unix, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	unixSocket, err := unix.(*net.UnixListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer unixSocket.Close()
	for _, test := range []struct {
		fds    string
		socket []*os.File
		want   string
	}{
		{"1", nil, "LISTEN_FDS is 1, but no socket was handed over"},
		{"abc", nil, `LISTEN_FDS is "abc": hand over one socket`},
		{"2", nil, `LISTEN_FDS is "2": hand over one socket`},
		{"1", []*os.File{unixSocket}, "LISTEN_FDS is a unix socket: hand over a TCP one"},
	} {
		cmd := exec.Command(os.Args[0])
		cmd.ExtraFiles = test.socket
		cmd.Env = []string{"PORTAL_TEST_PROCESS=yes", "LISTEN_FDS=" + test.fds, "APP_ENV=production", "SESSION_SECRET=" + goodSecret, "DATABASE_URL=" + dbtest.SQLiteURL(t)}
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), test.want) {
			t.Errorf("%s: %v\n%s", test.fds, err, out)
		}
	}
}

// start runs the portal as a process on a socket that it inherits, with further
// settings such as "LOG_LEVEL=info".
func start(t *testing.T, socket *os.File, url, dir string, env ...string) (*exec.Cmd, *dbtest.Output) {
	t.Helper()
	return startProgram(t, os.Args[0], socket, url, dir, env...)
}

func startProgram(t *testing.T, path string, socket *os.File, url, dir string, env ...string) (*exec.Cmd, *dbtest.Output) {
	t.Helper()
	out := &dbtest.Output{}
	cmd := exec.Command(path)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	if socket != nil {
		cmd.ExtraFiles = []*os.File{socket}
	}
	cmd.Env = []string{"PORTAL_TEST_PROCESS=yes", "LISTEN_FDS=1", "APP_ENV=production", "SESSION_SECRET=" + goodSecret, "DATABASE_URL=" + url, "LOG_LEVEL=warn"}
	cmd.Env = append(cmd.Env, env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd, out
}

// listenOn returns a socket for start, and its port. It skips the test where
// this machine has no such address.
func listenOn(t *testing.T, address string) (*os.File, string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Skip(err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return socket, port
}

func TestAHealthCheckFindsTheProgramWhereverItListens(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ listen, variable, value string }{
		{"127.0.0.1:0", "ADDR", "127.0.0.1:"},
		{"127.0.0.1:0", "ADDR", "localhost:"},
		{"0.0.0.0:0", "ADDR", "0.0.0.0:"},
		{":0", "ADDR", ":"},
		{":0", "PORT", ""},
		{"[::1]:0", "ADDR", "[::1]:"},
		{"[::]:0", "ADDR", "[::]:"},
	} {
		t.Run(test.variable+"="+test.value, func(t *testing.T) {
			t.Parallel()
			socket, port := listenOn(t, test.listen)
			program, out := start(t, socket, dbtest.SQLiteURL(t), t.TempDir())
			env := map[string]string{"APP_ENV": "production", test.variable: test.value + port}
			for _, command := range []string{"healthcheck", "healthcheck --ready"} {
				eventually(t, out, func() bool {
					said, err := invoke(t, env, "", strings.Fields(command)...)
					return err == nil && said == "ok\n"
				})
			}
			program.Process.Signal(syscall.SIGTERM)
			program.Wait()
			socket.Close()
			said, err := invoke(t, env, "", "healthcheck")
			if err == nil || said != "" || !strings.Contains(err.Error(), "/healthz doesn't answer") {
				t.Errorf("after its end: %q, %v", said, err)
			}
		})
	}
}

func TestAProgramWithoutItsDatabaseIsAliveAndNotReady(t *testing.T) {
	t.Parallel()
	socket, port := listenOn(t, "127.0.0.1:0")
	_, out := start(t, socket, "postgres://nobody@127.0.0.1:1/none", t.TempDir())
	env := map[string]string{"APP_ENV": "production", "ADDR": "127.0.0.1:" + port}
	eventually(t, out, func() bool {
		_, err := invoke(t, env, "", "healthcheck")
		return err == nil
	})
	said, err := invoke(t, env, "", "healthcheck", "--ready")
	if err == nil || said != "" || !strings.Contains(err.Error(), "/readyz answers 503 Service Unavailable") {
		t.Errorf("%q, %v", said, err)
	}
}

// TestAProgramSaysWhenItServes starts it as systemd does. What comes then is
// answered with data, and not with an apology.
func TestAProgramSaysWhenItServes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify")
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer notify.Close()
	notify.SetReadDeadline(time.Now().Add(time.Minute))
	socket, port := listenOn(t, "127.0.0.1:0")
	_, out := start(t, socket, dbtest.SQLiteURL(t), t.TempDir(), "NOTIFY_SOCKET="+path)
	message := make([]byte, 100)
	n, err := notify.Read(message)
	if err != nil || string(message[:n]) != "READY=1" {
		t.Fatalf("%q, %v: %s", message[:n], err, out)
	}
	answer, err := http.Get("http://127.0.0.1:" + port + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("the first answer is %s", answer.Status)
	}
}

func TestAHealthCheckEnds(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	began := time.Now()
	_, err = invoke(t, map[string]string{"APP_ENV": "production", "ADDR": silent.Addr().String()}, "", "healthcheck")
	if took := time.Since(began); err == nil || took < healthTimeout || took > 2*healthTimeout {
		t.Errorf("ended after %s with %v", took, err)
	}
	_, err = invoke(t, map[string]string{"APP_ENV": "production", "PORT": "eighty"}, "", "healthcheck")
	if err == nil || !strings.Contains(err.Error(), `PORT is "eighty"`) {
		t.Errorf("got %v", err)
	}
}

// TestNoRequestFailsWhileTheProgramIsReplaced keeps 50 connections busy while
// one program after the other is told to end, on a socket that outlives them.
func TestNoRequestFailsWhileTheProgramIsReplaced(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	address, url, dir := "http://"+listener.Addr().String(), dbtest.SQLiteURL(t), t.TempDir()
	program, out := start(t, socket, url, dir)
	eventually(t, out, func() bool { return status(address+"/readyz") == http.StatusOK })

	var answered, failed atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for range 50 {
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
			defer client.CloseIdleConnections()
			for ctx.Err() == nil {
				answer, err := client.Post(address+"/healthz", "text/plain", nil) // Go repeats a GET by itself
				if err != nil || answer.StatusCode != http.StatusMethodNotAllowed {
					failed.Add(1)
					t.Errorf("failed: %v %v", answer, err)
					return
				}
				io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				answered.Add(1)
			}
		})
	}
	for range 3 {
		before := answered.Load()
		eventually(t, out, func() bool { return answered.Load() > before+200 || failed.Load() > 0 })
		program.Process.Signal(syscall.SIGTERM)
		if err := program.Wait(); err != nil {
			t.Errorf("ended with %v\n%s", err, out)
		}
		program, out = start(t, socket, url, dir)
	}
	before := answered.Load()
	eventually(t, out, func() bool { return answered.Load() > before+200 || failed.Load() > 0 })
	stop()
	clients.Wait()
	t.Logf("%d requests answered, %d failed", answered.Load(), failed.Load())
}

func TestARequestUnderWayEndsBeforeTheProgram(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- serveHTTP(ctx, discardLog(), listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(arrived)
			<-release
			io.WriteString(w, "whole")
		}), production())
	}()
	answer := make(chan string, 1)
	go func() {
		got, err := http.Get("http://" + listener.Addr().String())
		if err != nil {
			answer <- err.Error()
			return
		}
		defer got.Body.Close()
		body, _ := io.ReadAll(got.Body)
		answer <- string(body)
	}()
	<-arrived
	stop()
	select {
	case err := <-ended:
		t.Errorf("ended under a request: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(release)
	if got := <-answer; got != "whole" {
		t.Errorf("got %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestAConnectionThatIsQuietForAMomentIsNotCut: a client that sends its next
// request 150 ms later is answered, also where developers wait for the end.
func TestAConnectionThatIsQuietForAMomentIsNotCut(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	answers := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "whole") }
	go func() {
		ended <- serveHTTP(ctx, discardLog(), listener, http.HandlerFunc(answers), config.Config{Env: config.Development})
	}()
	client := &http.Client{Transport: &http.Transport{}}
	post := func() {
		answer, err := client.Post("http://"+listener.Addr().String(), "text/plain", nil) // Go repeats a GET by itself
		if err != nil {
			t.Error(err)
			return
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	post()
	stop()
	<-time.After(150 * time.Millisecond)
	post()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestEightProgramsStartAtOnce on a database in which nothing is yet.
func TestEightProgramsStartAtOnce(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]string{
		"sqlite":   "sqlite:" + filepath.Join(t.TempDir(), "portal.db"),
		"postgres": dbtest.EmptyPostgresURL(t),
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			var group sync.WaitGroup
			for i := range 8 {
				group.Go(func() {
					listener, err := net.Listen("tcp", "127.0.0.1:0")
					if err != nil {
						t.Error(err)
						return
					}
					defer listener.Close()
					socket, err := listener.(*net.TCPListener).File()
					if err != nil {
						t.Error(err)
						return
					}
					defer socket.Close()
					_, out := start(t, socket, url, t.TempDir())
					eventually(t, out, func() bool { return status("http://"+listener.Addr().String()+"/readyz") == http.StatusOK })
					if strings.Contains(out.String(), `"level":"ERROR"`) {
						t.Errorf("program %d: %s", i, out)
					}
				})
			}
			group.Wait()
		})
	}
}

func discardLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

func production() config.Config { return config.Config{Env: config.Production} }
