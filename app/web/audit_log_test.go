package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func TestAPersonSeesWhatHappenedToTheirAccountOnly(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		admin := signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		admin.ip = "203.0.113.7"
		ada, eve := signedInMember(t, s, adaEmail), signedInMember(t, s, "eve@example.com")
		newDevice(ada, firefox)
		newBrowser(t, s).login(adaEmail, "wrong")
		path := userPath(ada.userID())
		admin.post(path+"/sign-out", nil).wantRedirect(path)
		ada.login(adaEmail, adaPassword).wantRedirect("/dashboard")

		page := ada.get("/account/activity").wantText(
			"Signed in Unknown device 192.0.2.1", "Signed out everywhere · 2 devices By an administrator",
			"Wrong password Not let in Unknown device 192.0.2.1", "Signed in Firefox on Linux 192.0.2.1")
		if text := page.text(); strings.Contains(text, "203.0.113.7") || strings.Contains(text, "admin@") || strings.Contains(text, "eve@") {
			t.Errorf("it tells too much: %s", text)
		}
		for _, query := range []string{"", "?person=1", "?subject_id=1&person_id=1", "?before=" + place{newest.at, 1 << 60}.String()} {
			if text := eve.get("/account/activity" + query).text(); strings.Contains(text, "Wrong password") || strings.Contains(text, "Firefox") || strings.Count(text, "Signed in") != 1 {
				t.Errorf("%s: %s", query, text)
			}
		}
		// An administrator's own page is as anybody's.
		if text := admin.get("/account/activity").text(); strings.Contains(text, "everywhere · 2") {
			t.Error(text)
		}
		eve.get("/admin/audit").wantStatus(http.StatusForbidden)
	})
}

func TestTheAuditLogIsNarrowed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		admin := signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		day := func(text string) time.Time { at, _ := time.Parse(time.DateTime, text); return at }
		ada := signedInMember(t, s, adaEmail).userID()
		gone, nobody := int64(4711), (*int64)(nil)
		for at, e := range map[string]struct {
			action         audit.Action
			actor, subject *int64
			details        string
		}{
			"2020-02-01 23:59:59": {audit.RoleChanged, nobody, &ada, "the first"},
			"2020-02-02 00:00:00": {audit.SignInFailed, nobody, &gone, "the second"},
			"2020-02-02 23:59:59": {audit.RoleChanged, &ada, &gone, "the third"},
			"2020-02-03 00:00:00": {audit.EverybodySignedOut, &ada, nobody, "the fourth"},
			"2020-02-04 00:00:00": {audit.SignInFailed, nobody, nobody, "the fifth"},
		} {
			err := d.CreateAuditEvent(t.Context(), db.CreateAuditEventParams{Now: day(at), Action: string(e.action), ActorID: e.actor, SubjectID: e.subject, Details: e.details, Address: "192.0.2.7", RequestID: "R"})
			if err != nil {
				t.Fatal(err)
			}
		}
		all := []string{"the fifth", "the fourth", "the third", "the second", "the first"}
		for query, want := range map[string][]string{
			"":                                                         all,
			"?until=2020-02-04":                                        all,
			"?from=2020-02-02&until=2020-02-02":                        {"the third", "the second"},
			"?action=role_changed":                                     {"the third", "the first"},
			"?action=role_changed&until=2020-02-01":                    {"the first"},
			"?person=ADA%40example.com":                                {"the fourth", "the third", "the first"},
			"?person=4711":                                             {"the third", "the second"},
			"?person=4711&action=role_changed":                         {"the third"},
			"?person=ada%40example.com&from=2020-02-03":                {"the fourth"},
			"?person=nobody%40example.com":                             nil,
			"?person=hello":                                            nil,
			"?person=%00%ff":                                           nil,
			"?person=99999999999999999999":                             nil,
			"?action=no_action&from=yesterday&until=%ff":               all,
			"?from=0001-01-01&until=99999-01-01&before=x-y":            all,
			"?before=99999999999999999999-1":                           all,
			"?before=-9000000000000000000-1":                           all,
			"?before=" + place{day("2020-02-02 23:59:59"), 1}.String(): {"the second", "the first"},
		} {
			text := admin.get("/admin/audit" + query).wantStatus(http.StatusOK).text()
			last := -1
			for _, details := range all {
				at := strings.Index(text, details)
				if shown := slices.Contains(want, details); shown != (at >= 0) || shown && at < last {
					t.Errorf("%s: %s at %d, after %d: %s", query, details, at, last, text)
				}
				last = max(last, at)
			}
		}
		admin.get("/admin/audit?person=4711").wantText("deleted account 4711", "by ada@example.com")
		admin.get("/admin/audit?action=sign_in_failed").wantText("An address that nobody has")
		admin.get("/admin/audit?person=hello").wantText("Nobody has the address “hello”.", "Show everything")
		admin.get("/admin/audit?from=2019-01-01&until=2019-01-02").wantText("No event is like that.")
	})
}

// addEvents adds n events on an account, of ten each at the same time.
func addEvents(t *testing.T, d *db.DB, subject int64, n int) {
	t.Helper()
	const atOnce = 100 // a transaction has its time
	for first := 0; first < n; first += atOnce {
		err := d.InTx(t.Context(), func(q *db.Queries) error {
			for i := first; i < min(first+atOnce, n); i++ {
				err := q.CreateAuditEvent(t.Context(), db.CreateAuditEventParams{
					Now: time.Date(2020, 1, 1, 0, 0, i/10, 0, time.UTC), Action: string(audit.SignedIn), ActorID: &subject, SubjectID: &subject,
					Address: "192.0.2.7", RequestID: "R", Details: fmt.Sprintf("number %d.", i),
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestALogHasPages(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		b := signedInAs(t, s, adaEmail, db.RoleAdmin)
		addEvents(t, d, b.userID(), 74) // and the sign-in
		for _, first := range []string{"/account/activity", "/admin/audit", "/admin/audit?action=signed_in", "/admin/audit?person=ada%40example.com"} {
			path, shown := first, 0
			for pages := 1; ; pages++ {
				page := b.get(path).wantStatus(http.StatusOK)
				for i := range 25 {
					if n := 74 - shown - i; n < 74 && !strings.Contains(page.text(), fmt.Sprintf("number %d.", n)) {
						t.Errorf("%s has no number %d", path, n)
					}
				}
				shown += 25
				older, newest := "", ""
				for n := range page.parse().Descendants() {
					switch attr(n, "rel") {
					case "next":
						older = attr(n, "href")
					case "first":
						newest = attr(n, "href")
					}
				}
				if (newest != "") != (pages > 1) || newest != "" && newest != first {
					t.Errorf("%s leads to the newest at %q", path, newest)
				}
				if (older == "") != (pages == 3) {
					t.Fatalf("%s leads to %q", path, older)
				}
				if path = older; path == "" {
					break
				}
			}
		}
	})
}

func TestAnAccountThatIsDeletedLeavesItsEventsAndNothingElse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		b := signedInMember(t, s, adaEmail)
		id := b.userID()
		b.submit("/account", "/account/profile", "name", "Ada King").wantRedirect("/account")
		if _, err := d.Pool().ExecContext(t.Context(), "DELETE FROM users WHERE email = $1", adaEmail); err != nil {
			t.Fatal(err)
		}
		admin := signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		page := admin.get("/admin/audit?person="+strconv.FormatInt(id, 10)).wantText("Name changed", fmt.Sprintf("deleted account %d", id))
		if text := page.text(); strings.Contains(text, "ada@") || strings.Contains(text, "King") {
			t.Error(text)
		}
	})
}

func TestMarkupInAnEventIsText(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		b := signedInAs(t, s, adaEmail, db.RoleAdmin)
		newDevice(b, attack)
		id := b.userID()
		if err := audit.Record(t.Context(), d.Queries, audit.Event{Action: attack, Subject: id, Actor: id, Address: attack, Device: attack, RequestID: attack, Details: attack}); err != nil {
			t.Fatal(err)
		}
		for page, times := range map[string]int{"/account/activity": 3, "/admin/audit": 4} {
			if n := strings.Count(b.get(page).wantHarmless().body, "alert(1)"); n < times {
				t.Errorf("%s shows it %d times", page, n)
			}
		}
		value := url.QueryEscape(attack)
		b.get("/admin/audit?person=" + value + "&action=" + value + "&from=" + value + "&until=" + value + "&before=" + value).wantHarmless()
	})
}
