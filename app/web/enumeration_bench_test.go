package web

import (
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managethefans/portal/app/auth"
	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

var tries = flag.Int("tries", 200, "how often BenchmarkWhoHasAnAccount asks for each kind of address")

// BenchmarkWhoHasAnAccount asks each way in about addresses that have an account and
// addresses that have none, in turn, and reports how long both took, and how often
// one that has none took longer: 50 % means that time tells nothing.
//
//	make bench BENCH=WhoHasAnAccount PKG=./app/web ARGS=-benchtime=1x
func BenchmarkWhoHasAnAccount(b *testing.B) {
	engines := []struct {
		name string
		open func(testing.TB) *db.DB
	}{{"sqlite", dbtest.SQLite}, {"postgres", dbtest.Postgres}}
	for _, engine := range engines {
		d := engine.open(b)
		s := benchServer(b, d)
		for _, way := range []struct {
			name, path string
			status     int
		}{
			{"registration", "/register", http.StatusOK},
			{"sign-in", "/login", http.StatusUnprocessableEntity},
			{"reset", "/forgot-password", http.StatusOK},
		} {
			b.Run(engine.name+"/"+way.name, func(b *testing.B) {
				for b.Loop() {
					compareTimes(b, s, way.path, way.status)
				}
			})
		}
	}
}

// benchServer is a portal with passwords that cost what they do, and people.
func benchServer(b *testing.B, d *db.DB) *Server {
	b.Helper()
	cfg := benchConfig
	cfg.Env, cfg.Registration, cfg.BaseURL = config.Test, config.Open, "http://localhost:8080"
	cfg.MailFrom.Address = "noreply@localhost"
	s, err := New(cfg, slog.New(slog.DiscardHandler), d)
	if err != nil {
		b.Fatal(err)
	}
	hash, err := auth.NewHasher(auth.Cost).Hash(b.Context(), adaPassword)
	if err != nil {
		b.Fatal(err)
	}
	for i := range *tries {
		person := db.CreateUserParams{Email: fmt.Sprintf("known%03d@example.com", i), Name: "Ada", PasswordHash: hash, Role: db.RoleMember, Now: db.Now()}
		if _, err := d.CreateUser(b.Context(), person); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func compareTimes(b *testing.B, s *Server, path string, status int) {
	b.Helper()
	took := map[string][]time.Duration{}
	for i := range *tries {
		kinds := []string{"known", "other"}
		if i%2 == 1 { // neither always comes first
			slices.Reverse(kinds)
		}
		for _, kind := range kinds {
			form := url.Values{"email": {fmt.Sprintf("%s%03d@example.com", kind, i)}, "password": {"wrong password"}}
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.RemoteAddr = fmt.Sprintf("192.0.2.%d:1234", i%250) // past no limit
			w := httptest.NewRecorder()
			begun := time.Now()
			s.ServeHTTP(w, r)
			took[kind] = append(took[kind], time.Since(begun))
			if w.Code != status {
				b.Fatalf("%s: %d %s", form.Get("email"), w.Code, w.Body)
			}
		}
	}
	later := 0
	for _, other := range took["other"] {
		for _, known := range took["known"] {
			if other > known {
				later++
			}
		}
	}
	for kind, list := range took {
		slices.Sort(list)
		for _, share := range []int{10, 50, 90} {
			b.ReportMetric(float64(list[len(list)*share/100].Microseconds()), fmt.Sprintf("µs-%s-p%d", kind, share))
		}
	}
	b.ReportMetric(100*float64(later)/float64(*tries**tries), "%-later")
}
