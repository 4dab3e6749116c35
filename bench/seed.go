package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

const (
	secret      = "the secret of a benchmark and of no other thing"
	onDashboard = 5 // rows in each of its two lists
)

func personName(id int) string { return fmt.Sprintf("Person Number %d", id) }

// seed makes the portal's tables and people with notes, and signs them in to the
// portal. It returns their cookies.
func seed(ctx context.Context, url string, people int) ([]string, error) {
	d, err := db.Open(url, "")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	if err := d.Connect(ctx, true); err != nil {
		return nil, err
	}
	for i := range people {
		err := d.InTx(ctx, func(q *db.Queries) error { return seedPerson(ctx, q, i+1, db.Now()) })
		if err != nil {
			return nil, err
		}
	}
	cookies, err := signIn(d, people)
	if err != nil {
		return nil, err
	}
	_, err = d.Pool().ExecContext(ctx, "VACUUM ANALYZE")
	return cookies, err
}

func seedPerson(ctx context.Context, q *db.Queries, number int, now time.Time) error {
	id, err := q.CreateUser(ctx, db.CreateUserParams{
		Email: fmt.Sprintf("person%d@example.com", number), Name: personName(number), PasswordHash: passwordHash, Role: db.RoleMember, Now: now,
	})
	if err != nil {
		return err
	}
	for n, title := range titles {
		note := db.CreateNoteParams{UserID: id, Title: title, SearchText: title, Pinned: n%4 == 0, Now: now.Add(-time.Duration(n*n) * 7 * time.Hour)}
		if n%2 == 0 {
			due := now.Truncate(24*time.Hour).AddDate(0, 0, n-3)
			note.DueOn = &due
		}
		if _, err := q.CreateNote(ctx, note); err != nil {
			return err
		}
	}
	return nil
}

// passwordHash stands for the hash of a password: nobody signs in by one here.
const passwordHash = "none"

var titles = []string{
	"Quarterly report & figures", "Contract with the printers", "Room for the spring meeting", "Welcome Sofia on Monday",
	"Questions for the interview", "Renew the certificates", "Ideas for the summer party", "Call with the auditors",
	"Order chairs for the workshop", "Draft the job advert", "Train to the conference", "Feedback on the brochure",
}

// signIn signs everybody in to the portal by its own code, past the form: the
// hash of a password takes as long as hundreds of pages.
func signIn(d *db.DB, people int) ([]string, error) {
	sessions, err := session.NewManager(session.Options{
		Store: "postgres", Secrets: []string{secret}, Secure: true, DB: d, Idle: 7 * 24 * time.Hour, Absolute: 30 * 24 * time.Hour,
	})
	if err != nil {
		return nil, err
	}
	handler := echo.New()
	handler.Use(sessions.Middleware)
	handler.POST("/:id", func(c echo.Context) error {
		id, err := strconv.ParseInt(c.Param("id"), 10, 64)
		if err != nil {
			return err
		}
		if err := session.From(c).SignIn(id, passwordHash); err != nil {
			return err
		}
		if err := session.From(c).Commit(); err != nil {
			return err
		}
		return c.NoContent(http.StatusOK)
	})
	var cookies []string
	for id := range people {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, fmt.Sprintf("/%d", id+1), nil))
		cookie, _, ok := strings.Cut(w.Header().Get("Set-Cookie"), ";")
		if !ok {
			return nil, fmt.Errorf("person %d was not signed in: %s", id+1, w.Body)
		}
		cookies = append(cookies, cookie)
	}
	return cookies, nil
}
