package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/app/links"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// newInvitation invites an address, and returns the invitation's id.
func newInvitation(b *browser, email string) int64 {
	b.t.Helper()
	d := b.handler.(*Server).db
	if _, err := links.New(b.t.Context(), d.Queries, links.Link{Purpose: links.Invite, Email: email}); err != nil {
		b.t.Fatal(err)
	}
	return invitationTo(b.t, d, email)
}

func invitationTo(t *testing.T, d *db.DB, email string) int64 {
	t.Helper()
	rows, err := d.ListInvitations(t.Context(), db.ListInvitationsParams{Now: db.Now(), MaxRows: 100})
	i := slices.IndexFunc(rows, func(row db.ListInvitationsRow) bool { return row.Email == email })
	if err != nil || i < 0 {
		t.Fatalf("no invitation to %s: %v, %v", email, rows, err)
	}
	return rows[i].ID
}

func TestAnInvitationIsAcceptedWithItsRole(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d, func(c *config.Config) { c.Registration = config.Invite })
		admin := signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		var last int64
		recorded(t, d, &last)
		admin.get("/admin/invitations").wantText("Nobody is invited")
		admin.submit("/admin/invitations/new", "/admin/invitations", "email", " Eve@Example.com", "role", db.RoleAdmin).wantRedirect("/admin/invitations")
		admin.get("/admin/invitations").wantText("eve@example.com is invited.", "Administrator", "just now")
		link := linkIn(t, lastMail(t, d, "eve@example.com"))
		eve := newBrowser(t, s)
		for range 2 { // programs that look through mail
			eve.get(link).wantStatus(http.StatusOK).wantText("Create your account", "eve@example.com")
		}
		eve.submit(link, "/invitation", "name", "Eve", "password", "short").wantFieldError("password", "at least 8")
		eve.submit(link, "/invitation", "name", "Eve", "password", adaPassword).wantRedirect("/dashboard")
		eve.get("/admin/users").wantStatus(http.StatusOK)
		newBrowser(t, s).get(link).wantStatus(http.StatusNotFound).wantText("This link has ended")
		admin.get("/admin/invitations").wantText("Nobody is invited")
		want := []string{"admin: invitation_sent, nobody, admin", "eve: account_created, eve, admin", "eve: signed_in, eve"}
		if got := recorded(t, d, &last); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestInvitingWithFaults(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		admin, ada := signedInAs(t, s, "admin@example.com", db.RoleAdmin), signedInMember(t, s, adaEmail)
		const page, action = "/admin/invitations/new", "/admin/invitations"
		admin.submit(page, action, "email", "nonsense").wantFieldError("email", "Enter an e-mail address")
		admin.submit(page, action, "email", adaEmail).wantFieldError("email", "Somebody has an account with this address.")
		admin.submit(page, action, "email", "eve@example.com", "role", "king").wantFieldError("role", "Choose a role")
		ada.post(action, url.Values{"email": {"eve@example.com"}, "role": {db.RoleAdmin}}).wantStatus(http.StatusForbidden)
		if list := append(mailTo(t, d, adaEmail), mailTo(t, d, "eve@example.com")...); len(list) != 0 {
			t.Errorf("somebody is sent %q", list[0].Subject)
		}
		// Who registers meanwhile has no use for the invitation.
		admin.submit(page, action, "email", "eve@example.com").wantRedirect(action)
		id := invitationTo(t, d, "eve@example.com")
		signedInMember(t, s, "eve@example.com")
		admin.submit(action, action+"/"+strconv.FormatInt(id, 10)+"/send").wantRedirect(action)
		admin.get(action).wantText("eve@example.com has an account by now.")
		newBrowser(t, s).submit(linkIn(t, lastMail(t, d, "eve@example.com")), "/invitation", "name", "Eve", "password", adaPassword).wantRedirect("/login")
	})
}

func TestAnInvitationIsSentAgainWithdrawnAndEnds(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		admin := signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		const list, eve = "/admin/invitations", "eve@example.com"
		step := func(what string) string { return list + "/" + strconv.FormatInt(invitationTo(t, d, eve), 10) + what }
		refused := func(link string) {
			t.Helper()
			b := newBrowser(t, s)
			b.get(link).wantStatus(http.StatusNotFound)
			b.post("/invitation", url.Values{"token": {tokenOf(t, link)}, "name": {"Eve"}, "password": {adaPassword}}).wantStatus(http.StatusNotFound)
			b.wantUser(false)
		}
		admin.submit(list+"/new", list, "email", eve, "role", db.RoleAdmin).wantRedirect(list)
		first := linkIn(t, lastMail(t, d, eve))
		var last int64
		recorded(t, d, &last)
		admin.submit(list, step("/send")).wantRedirect(list)
		second := linkIn(t, lastMail(t, d, eve))
		refused(first)
		newBrowser(t, s).get(second).wantStatus(http.StatusOK)
		withdraw := step("/withdraw")
		admin.submit(list, withdraw).wantRedirect(list)
		refused(second)
		admin.post(withdraw, nil).wantStatus(http.StatusNotFound)
		want := []string{"admin: invitation_sent, nobody, admin", "admin: invitation_withdrawn, nobody, admin"}
		if got := recorded(t, d, &last); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}

		admin.submit(list+"/new", list, "email", eve).wantRedirect(list)
		third := linkIn(t, lastMail(t, d, eve))
		send := step("/send")
		// A registration's token is no invitation, and the other way round.
		refused("/invitation?token=" + tokenOf(t, newBrowser(t, s).registrationLink("grace@example.com")))
		newBrowser(t, s).get(strings.Replace(third, "/invitation", "/register/confirm", 1)).wantStatus(http.StatusNotFound)
		// Eight days later.
		if _, err := d.Pool().ExecContext(t.Context(), "UPDATE user_tokens SET expires_at = $1", db.Now()); err != nil {
			t.Fatal(err)
		}
		refused(third)
		admin.post(send, nil).wantStatus(http.StatusNotFound)
		admin.get(list).wantText("Nobody is invited")
	})
}

// TestWithdrawingEndsWhatWasSentAtOnce has eight administrators invite one person.
func TestWithdrawingEndsWhatWasSentAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		admin := signedInAs(t, s, "admin@example.com", db.RoleAdmin)
		const list, eve = "/admin/invitations", "eve@example.com"
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				admin.clone().post(list, url.Values{"email": {eve}, "role": {db.RoleAdmin}}).wantRedirect(list)
			})
		}
		group.Wait()
		if n, err := d.CountInvitations(t.Context(), db.CountInvitationsParams{Now: db.Now(), MaxRows: 10}); n != 1 || err != nil {
			t.Errorf("%d invitations, %v", n, err)
		}
		admin.submit(list, list+"/"+strconv.FormatInt(invitationTo(t, d, eve), 10)+"/withdraw").wantRedirect(list)
		all := mailTo(t, d, eve)
		if len(all) != 8 {
			t.Errorf("%d messages", len(all))
		}
		for _, m := range all {
			newBrowser(t, s).get(linkIn(t, m)).wantStatus(http.StatusNotFound)
		}
	})
}

func TestAnInvitationIsGoodForOneOfTwenty(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newServer(t, d)
		newInvitation(newBrowser(t, s), "other@example.com")
		path, err := links.New(t.Context(), d.Queries, links.Link{Purpose: links.Invite, Email: "eve@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		var won atomic.Int64
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				form := url.Values{"token": {tokenOf(t, path)}, "name": {"Eve"}, "password": {adaPassword}}
				if newBrowser(t, s).post("/invitation", form).Header.Get("Location") == "/dashboard" {
					won.Add(1)
				}
			})
		}
		group.Wait()
		if n, err := d.CountUsers(t.Context(), db.CountUsersParams{MaxRows: 10}); won.Load() != 1 || n != 1 || err != nil {
			t.Errorf("%d are let in, there are %d accounts, %v", won.Load(), n, err)
		}
	})
}

func TestNobodyIsInvitedWithoutMailOrWhereRegisteringIsClosed(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	for name, change := range map[string]func(*config.Config){
		"closed":       func(c *config.Config) { c.Registration = config.Closed },
		"without mail": func(c *config.Config) { c.Env, c.Registration, c.BaseURL = config.Production, config.Invite, "" },
	} {
		s := newServer(t, d, change)
		admin := signedInAs(t, s, strings.ReplaceAll(name, " ", "")+"@example.com", db.RoleAdmin)
		admin.get("/admin/invitations/new").wantText("portal user invite")
		admin.post("/admin/invitations", url.Values{"email": {"eve@example.com"}, "role": {db.RoleAdmin}}).wantStatus(http.StatusNotFound)
		path, err := links.New(t.Context(), d.Queries, links.Link{Purpose: links.Invite, Email: "eve@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		status := map[bool]int{true: http.StatusForbidden, false: http.StatusOK}[name == "closed"]
		newBrowser(t, s).get(path).wantStatus(status) // of a command, or from before
	}
}
