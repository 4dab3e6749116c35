package web

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// benchConfig is a portal in production.
var benchConfig = config.Config{
	Env: config.Production, AppName: "Meadow", SessionStore: config.Postgres,
	SessionSecrets: []string{"a secret for tests, of 32 bytes and more"},
	SessionIdle:    7 * 24 * time.Hour, SessionAbsolute: 30 * 24 * time.Hour,
}

// BenchmarkDashboard asks for the dashboard of somebody who is signed in, with
// the whole middleware and the sessions in PostgreSQL. cpu-µs/op is this
// program's own part, whatever else the machine does; the time has the
// database's part in it too.
func BenchmarkDashboard(b *testing.B) {
	d := dbtest.Postgres(b)
	s, err := New(benchConfig, slog.New(slog.NewJSONHandler(io.Discard, nil)), d)
	if err != nil {
		b.Fatal(err)
	}
	s.echo.POST(signInPath, s.signInForTest)
	request := httptest.NewRequest(http.MethodGet, "/dashboard", nil)
	request.Header.Set("Accept", "text/html")
	request.AddCookie(signInWithNotes(b, s))
	before := cpu()
	b.ReportAllocs()
	for b.Loop() {
		ctx, done := context.WithCancel(b.Context()) // as net/http gives each request
		w := httptest.NewRecorder()
		s.ServeHTTP(w, request.WithContext(ctx))
		done()
		if w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body)
		}
	}
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// signInWithNotes adds a person with ten notes, and returns the cookie.
func signInWithNotes(b *testing.B, s *Server) *http.Cookie {
	id, err := s.db.CreateUser(b.Context(), db.CreateUserParams{Email: adaEmail, Name: "Ada Lovelace", PasswordHash: adaHash(), Role: db.RoleMember, Now: db.Now()})
	if err != nil {
		b.Fatal(err)
	}
	for i := range 10 {
		now := db.Now()
		due := now.AddDate(0, 0, i-3)
		note := db.CreateNoteParams{UserID: id, Title: "Quarterly report & figures", Pinned: i%4 == 0, DueOn: &due, Now: now.Add(-time.Duration(i*i) * 7 * time.Hour)}
		if _, err := s.db.CreateNote(b.Context(), note); err != nil {
			b.Fatal(err)
		}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, fmt.Sprintf("%s?id=%d", signInPath, id), nil))
	for _, cookie := range w.Result().Cookies() {
		if cookie.Name == session.CookieName(true) {
			return cookie
		}
	}
	b.Fatal(w.Code, w.Body)
	return nil
}

// cpu is what this program has used so far.
func cpu() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
