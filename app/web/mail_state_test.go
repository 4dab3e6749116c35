package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func TestWithoutMailNothingIsSaidToBeDelivered(t *testing.T) {
	t.Parallel()
	s := newServer(t, dbtest.SQLite(t), func(c *config.Config) { c.Env = config.Production })
	page := signedInAs(t, s, "admin@example.com", db.RoleAdmin).get("/admin/mail").wantText("There is no mail: SMTP_URL is not set.")
	for _, wrong := range []string{"Everything is delivered", "0 waiting"} {
		if strings.Contains(page.body, wrong) {
			t.Errorf("it says %q", wrong)
		}
	}
}

func TestAdministratorsSeeTheStateOfMail(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		admin := signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		admin.get("/admin/mail").wantText("0 waiting, 0 failed", "Everything is delivered")
		var ids []int64
		for i := range 3 {
			due := db.Now()
			id, err := d.AddMessage(t.Context(), db.AddMessageParams{
				MessageID: fmt.Sprint(i), Kind: "notice", Recipient: fmt.Sprintf("person%d@example.com", i), Subject: fmt.Sprintf("Subject %d", i),
				TextBody: "a secret", HtmlBody: "a secret", Now: due, GiveUpAt: due.AddDate(0, 0, 1), DueAt: &due,
			})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		at := db.Now()
		if n, err := d.SetMessageFailed(t.Context(), db.SetMessageFailedParams{ID: ids[0], Now: &at, Fault: "550 no such user"}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if err := d.DeferMessage(t.Context(), db.DeferMessageParams{ID: ids[1], DueAt: &at, Fault: "450 try later"}); err != nil {
			t.Fatal(err)
		}
		page := admin.get("/admin/mail").wantText("2 waiting, 1 failed", "Subject 0 failed person0@example.com", "550 no such user", "Subject 1 deferred", "450 try later", "Subject 2 waiting")
		if strings.Contains(page.body, "a secret") || strings.Contains(page.body, fmt.Sprintf("/admin/mail/%d/retry", ids[2])) {
			t.Error("words of a message are shown, or one in hand can be tried again")
		}
		var last int64
		recorded(t, d, &last)
		one := fmt.Sprintf("/admin/mail/%d/retry", ids[0])
		admin.submit("/admin/mail", one).wantRedirect("/admin/mail")
		admin.get("/admin/mail").wantText("1 message will be tried again", "3 waiting, 0 failed")
		admin.post(one, nil).wantRedirect("/admin/mail")
		admin.get("/admin/mail").wantText("There is nothing to try again")
		admin.submit("/admin/mail", "/admin/mail/retry").wantRedirect("/admin/mail")
		want := []string{fmt.Sprintf("admin: mail_retried, nobody, message %d", ids[0]), "admin: mail_retried, nobody, 1 message"}
		if got := recorded(t, d, &last); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		signedInMember(t, s, adaEmail).get("/admin/mail").wantStatus(http.StatusForbidden)
	})
}

// TestAMessageWhoseLinkHasEndedCantBeTriedAgain, neither alone nor with the others.
func TestAMessageWhoseLinkHasEndedCantBeTriedAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		admin := signedInAs(t, newServer(t, d), "admin@example.com", db.RoleAdmin)
		now := db.Now()
		id, err := d.AddMessage(t.Context(), db.AddMessageParams{
			MessageID: "1", Kind: "forgotten password", Recipient: adaEmail, Subject: "Set a new password",
			Now: now, GiveUpAt: now, UselessAt: &now, DueAt: &now,
		})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := d.SetMessageFailed(t.Context(), db.SetMessageFailedParams{ID: id, Now: &now, Fault: "given up: refused"}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		one := fmt.Sprintf("/admin/mail/%d/retry", id)
		if page := admin.get("/admin/mail").wantText("0 waiting, 1 failed", "Its link has ended"); strings.Contains(page.body, one) {
			t.Error("it can be tried again")
		}
		admin.post(one, nil).wantRedirect("/admin/mail")
		admin.get("/admin/mail").wantText("Ask for a new link.", "0 waiting, 1 failed")
		admin.post("/admin/mail/retry", nil).wantRedirect("/admin/mail")
		admin.get("/admin/mail").wantText("There is nothing to try again", "0 waiting, 1 failed")
	})
}
