package web

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// How large the audit log is in the benchmark.
var (
	manyPeople = flag.Int("people", 1_000_000, "how many people there are in BenchmarkAudit")
	manyEvents = flag.Int("events", 5_000_000, "how many events there are in BenchmarkAudit")
)

// BenchmarkAudit asks for pages of an audit log of manyEvents, from the request to
// the page, and for an export. With VERBOSE=1 it shows how the database finds
// them. It takes some minutes to fill the tables:
//
//	make bench BENCH=Audit PKG=./app/web VERBOSE=1
//	make bench BENCH=Audit PKG=./app/web ARGS='-people 10000 -events 50000'
func BenchmarkAudit(b *testing.B) {
	d := dbtest.Postgres(b)
	const admin = 1
	cookies := fillAuditLog(b, d)
	logRows(b, d, "SELECT relname || ' ' || pg_size_pretty(pg_relation_size(oid)) FROM pg_class WHERE relname LIKE 'audit_events%'")
	middle := place{auditBegin.Add(time.Duration(*manyEvents/2) * time.Second), int64(*manyEvents / 2)}
	for _, page := range []struct{ name, path string }{
		{"newest", "/admin/audit"},
		{"from the middle on", "/admin/audit?before=" + middle.String()},
		{"a frequent action", "/admin/audit?action=signed_in"},
		{"a rare action", "/admin/audit?action=role_changed"},
		{"no such action", "/admin/audit?action=account_enabled"},
		{"a person", "/admin/audit?person=person501%40example.com"},
		{"a person, an action", "/admin/audit?person=person509%40example.com&action=sign_in_failed"},
		{"a busy person", fmt.Sprintf("/admin/audit?person=%d", admin)},
		{"a busy person, a rare action", fmt.Sprintf("/admin/audit?person=%d&action=everybody_signed_out", admin)},
		{"a busy person, a frequent action", fmt.Sprintf("/admin/audit?person=%d&action=sign_in_failed", admin)},
		{"an unknown person", "/admin/audit?person=nobody%40example.com"},
		{"a day", "/admin/audit?from=2020-01-15&until=2020-01-15"},
		{"a day, an action", "/admin/audit?from=2020-01-15&until=2020-01-15&action=sign_in_failed"},
		{"one's own", "/account/activity"},
	} {
		b.Run(page.name, func(b *testing.B) {
			for b.Loop() {
				cookies.ask(b, http.MethodGet, page.path)
			}
			if testing.Verbose() {
				cookies.explainAudit(b, page.path)
			}
		})
	}
	b.Run("an export", func(b *testing.B) {
		for b.Loop() {
			b.SetBytes(int64(cookies.ask(b, http.MethodPost, "/admin/audit/export")))
		}
	})
	b.Run("an event more", func(b *testing.B) {
		for b.Loop() {
			err := audit.Record(b.Context(), d.Queries, audit.Event{Action: audit.SignedIn, Actor: 77, Subject: 77, Address: "192.0.2.7", Device: firefox, RequestID: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// auditBegin is when the first event happened; there is one in each second.
var auditBegin = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// fillAuditLog adds people and events: of ten, one is a wrong password at an
// address that nobody has, one at somebody's, one is by the administrator on
// somebody else; of a million, five change a role.
func fillAuditLog(b *testing.B, d *db.DB) notebook {
	n := newNotebook(b, d)
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour) // longer than a request may
	defer cancel()
	for _, statement := range []string{
		fmt.Sprintf(`INSERT INTO users (email, name, password_hash, role, created_at, updated_at)
			SELECT 'person' || n || '@example.com', 'Person ' || n, 'x', 'member', now(), now() FROM generate_series(2, %d) AS n`, *manyPeople),
		fmt.Sprintf(`INSERT INTO audit_events (happened_at, action, actor_id, subject_id, address, device, request_id, details)
			SELECT TIMESTAMPTZ '2020-01-01 00:00:00+00' + n * INTERVAL '1 second',
				CASE WHEN n %% 200000 = 0 THEN 'role_changed' WHEN n %% 10 IN (1, 2) THEN 'sign_in_failed' WHEN n %% 10 = 3 THEN 'user_signed_out' ELSE 'signed_in' END,
				CASE WHEN n %% 10 IN (1, 2) THEN NULL WHEN n %% 10 = 3 THEN 1 ELSE 1 + n * 7919 %% %[2]d END,
				CASE WHEN n %% 10 = 1 THEN NULL ELSE 1 + n * 7919 %% %[2]d END,
				'192.0.2.' || n %% 256, '%[3]s', md5(n::text), ''
			FROM generate_series(1::bigint, %[1]d) AS n`, *manyEvents, *manyPeople, firefox),
		"UPDATE users SET role = 'admin' WHERE id = 1",
		"UPDATE user_sessions SET created_at = now()",
		"VACUUM ANALYZE",
	} {
		if _, err := d.Pool().ExecContext(ctx, statement); err != nil {
			b.Fatal(err)
		}
	}
	return n
}

// ask sends a request and returns how long the answer is, in bytes.
func (n notebook) ask(b *testing.B, method, path string) int {
	r := httptest.NewRequest(method, path, nil)
	if method == http.MethodPost {
		r = httptest.NewRequest(method, path, strings.NewReader(url.Values{}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, cookie := range n.list {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	n.server.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatal(w.Code, w.Body)
	}
	return w.Body.Len()
}

// explainAudit logs how the database finds the events of a page.
func (n notebook) explainAudit(b *testing.B, path string) {
	address, err := url.Parse(path)
	if err != nil {
		b.Fatal(err)
	}
	q := address.Query()
	f := auditFilter{Action: q.Get("action"), Person: q.Get("person"), From: q.Get("from"), Until: q.Get("until")}
	if err := n.server.readFilter(b.Context(), &f); err != nil || f.Nobody {
		return
	}
	before, ok := readPlace(q.Get("before"))
	if !ok {
		before = f.until
	}
	name, args := "listAuditEvents", []any{f.since, before.at, before.id, pageSize + 1}
	switch {
	case address.Path == "/account/activity":
		name, args = "listOwnAuditEvents", []any{1, before.at, before.id, pageSize + 1}
	case f.person != 0 && f.Action != "":
		name, args = "listAuditEventsOfPersonAndAction", append([]any{f.person, f.Action}, args...)
	case f.person != 0:
		name, args = "listAuditEventsOfPerson", append([]any{f.person}, args...)
	case f.Action != "":
		name, args = "listAuditEventsOfAction", append([]any{f.Action}, args...)
	}
	source, err := os.ReadFile("../../db/audit_events.sql.go")
	if err != nil {
		b.Fatal(err)
	}
	_, text, _ := strings.Cut(string(source), "const "+name+" = `")
	text, _, _ = strings.Cut(text, "`")
	logRows(b, n.server.db, "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) "+text, args...)
}
