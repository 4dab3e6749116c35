package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/managethefans/portal/app/outbox"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func TestADownloadHasAllThatIsTheirsAndNothingElse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		b, eve := newBrowser(t, s), signedInMember(t, s, "eve@example.com")
		b.register(adaEmail)
		b.forget(adaEmail)
		answer := b.submit("/account", "/account/data").wantStatus(http.StatusOK)
		if got := answer.Header.Get("Content-Disposition"); got != `attachment; filename="my-data.json"` || answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("got %v", answer.Header)
		}
		var data ownData
		if err := json.Unmarshal([]byte(answer.body), &data); err != nil {
			t.Fatal(err)
		}
		if data.Profile.Email != adaEmail || data.Profile.ID != b.userID() {
			t.Errorf("the profile is %+v", data.Profile)
		}
		if len(data.Activity) < 2 || data.Activity[len(data.Activity)-1].Action != "account_created" {
			t.Errorf("the activity is %+v", data.Activity)
		}
		if n := len(data.Rows["user_sessions"]); n != 1 || data.Rows["user_sessions"][0]["address"] != "192.0.2.1" || len(data.Rows["user_tokens"]) != 1 {
			t.Errorf("the rows are %+v", data.Rows)
		}
		for _, secret := range []string{"hash", "argon2id", "eve@example.com", "key_id"} {
			if strings.Contains(answer.body, secret) {
				t.Errorf("it has %s: %s", secret, answer.body)
			}
		}
		eve.wantUser(true)
	})
}

// TestEveryTableOfPeopleIsInTheirDownloadAndGoesWithThem holds for tables that are
// added later too: one that has user_id refers to users, and goes along.
func TestEveryTableOfPeopleIsInTheirDownloadAndGoesWithThem(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		b := newBrowser(t, s)
		b.register(adaEmail)
		own := func(b *browser) (total int) {
			t.Helper()
			rows, _, err := d.OwnRows(t.Context(), b.userID(), 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, list := range rows {
				total += len(list)
			}
			return total
		}
		eve := signedInMember(t, s, "eve@example.com")
		for _, route := range s.routes { // a row of each resource that belongs to a person
			path := route.Path
			if route.Method != http.MethodGet || strings.Count(path, "/") != 2 || !strings.HasSuffix(path, "/:id") || strings.HasPrefix(path, "/admin/") {
				continue
			}
			before := own(eve)
			if newRow(eve, path); own(eve) > before {
				newRow(b, path)
			}
		}
		id := b.userID()
		rows, more, err := d.OwnRows(t.Context(), id, 10)
		if err != nil || len(more) > 0 {
			t.Fatal(more, err)
		}
		total := 0
		for _, list := range rows {
			total += len(list)
		}
		if len(rows) < 2 || total < 1 {
			t.Errorf("got %v", rows)
		}
		b.submit("/account/delete", "/account/delete", "email", adaEmail).wantRedirect("/")
		rows, _, err = d.OwnRows(t.Context(), id, 10)
		if err != nil {
			t.Fatal(err)
		}
		for table, left := range rows {
			if len(left) > 0 {
				t.Errorf("%s still has %v", table, left)
			}
		}
	})
}

func TestDeletingTheAccount(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		b, elsewhere := newBrowser(t, s), newBrowser(t, s)
		b.register(adaEmail)
		elsewhere.login(adaEmail, adaPassword).wantRedirect("/dashboard")
		link := elsewhere.forget(adaEmail)
		id := b.userID()
		for _, typed := range []string{"", "ada", "eve@example.com"} {
			b.submit("/account/delete", "/account/delete", "email", typed).wantFieldError("email", "Type ada@example.com")
		}
		b.wantUser(true)
		b.get("/account/delete").wantText("What goes:", "What stays:")
		b.submit("/account/delete", "/account/delete", "email", " Ada@example.com ").wantRedirect("/")
		b.get("/").wantText("Your account is deleted.")
		b.wantUser(false)
		elsewhere.wantUser(false)
		elsewhere.get(link).wantStatus(http.StatusNotFound)
		elsewhere.login(adaEmail, adaPassword).wantStatus(http.StatusUnprocessableEntity)
		if m := lastMail(t, d, adaEmail); m.Subject != "Your account is deleted" {
			t.Errorf("told %q", m.Subject)
		}
		events, err := d.ListAuditEventsOfPerson(t.Context(), db.ListAuditEventsOfPersonParams{PersonID: id, Before: newest.at, BeforeID: newest.id, MaxRows: 1})
		if err != nil || len(events) != 1 || events[0].Action != "account_deleted" || events[0].SubjectEmail != nil {
			t.Errorf("got %+v, %v", events, err)
		}
		newBrowser(t, s).register(adaEmail) // who comes back is somebody new
	})
}

// TestADeletedAddressIsInNoLink asks for links to it in every way before its person
// goes: what is left of it is said by the page.
func TestADeletedAddressIsInNoLink(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		newInvitation(newBrowser(t, s), adaEmail)
		b, guest := signedInMember(t, s, adaEmail), newBrowser(t, s)
		guest.forget(adaEmail)
		guest.post("/register", url.Values{"email": {adaEmail}}).wantStatus(http.StatusOK)
		signedInMember(t, s, "eve@example.com").post("/account/email", url.Values{"email": {adaEmail}}).wantStatus(http.StatusOK)
		other := newBrowser(t, s).registrationLink("grace@example.com")
		b.get("/account/delete").wantText("for 30 days that messages were sent to your address")
		b.submit("/account/delete", "/account/delete", "email", adaEmail).wantRedirect("/")
		var left int
		if err := d.Pool().QueryRowContext(t.Context(), "SELECT count(*) FROM user_tokens WHERE email = $1", adaEmail).Scan(&left); err != nil || left != 0 {
			t.Errorf("%d links have it, %v", left, err)
		}
		guest.get(other).wantStatus(http.StatusOK)
	})
}

// TestAThiefDeletesNoAccountUnseen has one move it and then delete it: with it goes
// the way back, which its owner believes to have for a week.
func TestAThiefDeletesNoAccountUnseen(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		thief := newBrowser(t, newServer(t, d))
		thief.register(adaEmail)
		for _, email := range []string{"thief@example.com", adaEmail, "other@example.com"} {
			thief.submit(thief.askForAddress(email), "/account/email/confirm").wantRedirect("/account")
		}
		thief.submit("/account/delete", "/account/delete", "email", "other@example.com").wantRedirect("/")
		for _, email := range []string{adaEmail, "thief@example.com", "other@example.com"} {
			told := 0
			for _, m := range mailTo(t, d, email) {
				if m.Subject == "Your account is deleted" {
					told++
				}
			}
			if told != 1 {
				t.Errorf("%s is told %d times", email, told)
			}
		}
	})
}

// TestADeletionLosesAgainstTheWayBack has a thief delete the account while its owner
// takes it back: whoever is told that it is theirs again has it.
func TestADeletionLosesAgainstTheWayBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for range 5 {
			s := newServer(t, d)
			thief, ada := newBrowser(t, s), newBrowser(t, s)
			thief.register(adaEmail)
			thief.submit(thief.askForAddress("thief@example.com"), "/account/email/confirm").wantRedirect("/account")
			back := url.Values{"token": {tokenOf(t, linkIn(t, lastMail(t, d, adaEmail)))}}
			var taken, deleted *response
			var both sync.WaitGroup
			both.Go(func() { deleted = thief.post("/account/delete", url.Values{"email": {"thief@example.com"}}) })
			both.Go(func() { taken = ada.post("/undo-email", back) })
			both.Wait()
			_, err := d.GetUserID(t.Context(), adaEmail)
			if isBack := taken.StatusCode == http.StatusSeeOther; isBack != (err == nil) {
				t.Fatalf("taken back %d, deleted %d, and the account: %v", taken.StatusCode, deleted.StatusCode, err)
			}
			if _, err := d.Pool().ExecContext(t.Context(), "DELETE FROM users"); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Pool().ExecContext(t.Context(), "DELETE FROM attempts"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestOfMessagesThatFailedNothingIsLeft: what stays of a person is when messages were
// sent, and about what.
func TestOfMessagesThatFailedNothingIsLeft(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := signedInMember(t, newServer(t, d), adaEmail)
		now := db.Now()
		id, err := d.AddMessage(t.Context(), db.AddMessageParams{Kind: "news", Recipient: adaEmail, TextBody: "secret", HtmlBody: "secret", Now: now, GiveUpAt: now, DueAt: &now})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.SetMessageFailed(t.Context(), db.SetMessageFailedParams{ID: id, Now: &now, Fault: "no such mailbox"}); err != nil {
			t.Fatal(err)
		}
		b.submit("/account/delete", "/account/delete", "email", adaEmail).wantRedirect("/")
		m, err := d.GetMessage(t.Context(), id)
		if err != nil || m.TextBody != "" || m.HtmlBody != "" || m.FailedAt == nil {
			t.Errorf("left is %+v, %v", m, err)
		}
		if _, err := outbox.Retry(t.Context(), d.Queries, id); !errors.Is(err, outbox.ErrUseless) {
			t.Errorf("it is tried again: %v", err)
		}
	})
}

func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		admins := []*browser{signedInAs(t, s, "one@example.com", db.RoleAdmin), signedInAs(t, s, "two@example.com", db.RoleAdmin)}
		signedInAs(t, s, "off@example.com", db.RoleAdmin)
		if _, err := d.DisableUser(t.Context(), db.DisableUserParams{Email: "off@example.com", Now: db.Now()}); err != nil {
			t.Fatal(err)
		}
		var gone atomic.Int64
		var group sync.WaitGroup
		for i, b := range admins { // at once
			group.Go(func() {
				if b.post("/account/delete", map[string][]string{"email": {[]string{"one@example.com", "two@example.com"}[i]}}).StatusCode == http.StatusSeeOther {
					gone.Add(1)
				}
			})
		}
		group.Wait()
		if left, err := d.HasAdministrator(t.Context()); err != nil || !left || gone.Load() != 1 {
			t.Errorf("%d are gone, somebody is left: %t, %v", gone.Load(), left, err)
		}
	})
}

func TestLeavingDemandsARecentPassword(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t))
	b := signedInMember(t, s, adaEmail)
	if _, err := s.db.Pool().ExecContext(t.Context(), "UPDATE user_sessions SET created_at = $1", db.Now().Add(-recent)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/account/delete", "/account/email"} {
		b.get(path).wantRedirect("/account/reauthenticate?next=" + strings.ReplaceAll(path, "/", "%2F"))
	}
	b.submit("/account", "/account/data").wantRedirect("/account/reauthenticate?next=%2Faccount")
	b.post("/account/delete", map[string][]string{"email": {adaEmail}}).wantStatus(http.StatusSeeOther)
	b.wantUser(true)
}
