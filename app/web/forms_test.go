package web

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/managethefans/portal/db/dbtest"
)

// typed opens a page and returns what its form sends once these fields are
// filled in.
func (b *browser) typed(page, action string, fields ...string) url.Values {
	b.t.Helper()
	values, ok := formValues(b.get(page).wantStatus(http.StatusOK).parse(), action)
	if !ok {
		b.t.Fatalf("%s has no form for %s", page, action)
	}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return values
}

// wantTyped checks what the fields of a form hold.
func (r *response) wantTyped(action string, want url.Values) {
	r.t.Helper()
	got, _ := formValues(r.wantStatus(http.StatusOK).parse(), action)
	for name := range want {
		if name != "_form" && !slices.Equal(got[name], want[name]) {
			r.t.Errorf("%s is %.200q, want %.200q", name, got[name], want[name])
		}
	}
}

// endSignIns are the ways in which a form comes too late.
var endSignIns = map[string]func(b *browser){
	"revoked":    func(b *browser) { endAll(b) },
	"expired":    func(b *browser) { endAll(b); clear(b.cookies) },
	"signed out": func(b *browser) { b.submit("/dashboard", "/logout").wantRedirect("/") },
}

func endAll(b *browser) {
	b.t.Helper()
	if _, err := b.handler.(*Server).db.DeleteEverybodysUserSessions(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func TestAFormThatComesTooLateIsFilledInAgain(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Server) {
		b := signedInMember(t, s, adaEmail)
		for name, end := range endSignIns {
			text := "\nFirst line\n\n" + strings.Repeat(`"quoted" & <b>bold</b> `, 20)
			values := b.typed("/notes/new?from=here", "/notes", "title", name+` "a" & <b>`, "body", text, "due_on", "2031-02-03", "pinned", "yes")
			end(b)
			b.sendFrom("/notes/new?from=here", http.MethodPost, "/notes", values).wantRedirect("/login?next=%2Fnotes%2Fnew%3Ffrom%3Dhere")
			b.get("/login?next=%2Fnotes%2Fnew%3Ffrom%3Dhere").wantText("Your sign-in has ended. Sign in again, and what you typed is back.")
			b.submit("/login?next=%2Fnotes%2Fnew%3Ffrom%3Dhere", "/login", "email", adaEmail, "password", "wrong").wantStatus(http.StatusUnprocessableEntity)
			b.submit("/login?next=%2Fnotes%2Fnew%3Ffrom%3Dhere", "/login", "email", adaEmail, "password", adaPassword).wantRedirect("/notes/new?from=here")

			page := b.get("/notes/new?from=here").wantText("What you typed before your sign-in ended is back.")
			page.wantTyped("/notes", values)
			again, _ := formValues(page.parse(), "/notes")
			answer := b.post("/notes", again).wantStatus(http.StatusSeeOther)
			b.get(answer.Header.Get("Location")).wantText("The note is saved.", name+` "a" & <b>`, "First line", "Due 3 Feb 2031", "Pinned")
			b.get("/notes/new?from=here").wantTyped("/notes", url.Values{"title": {""}, "body": {""}})
		}
	})
}

// TestAnAnswerToAFormLeadsBackToItsPage sends a form that is at fault, and again
// from the answer, whose own address is no page.
func TestAnAnswerToAFormLeadsBackToItsPage(t *testing.T) {
	t.Parallel()
	b := signedInMember(t, newServer(t, dbtest.SQLite(t)), adaEmail)
	values := b.typed("/account", "/account/profile", "name", "")
	for range 2 {
		answer := b.sendFrom("/account", http.MethodPost, "/account/profile", values).wantStatus(http.StatusUnprocessableEntity)
		values, _ = formValues(answer.parse(), "/account/profile")
	}
	values.Set("name", "Countess of Lovelace")
	endAll(b)
	b.sendFrom("/account/profile", http.MethodPost, "/account/profile", values).wantRedirect("/login?next=%2Faccount")
	b.submit("/login?next=%2Faccount", "/login", "email", adaEmail, "password", adaPassword).wantRedirect("/account")
	b.get("/account").wantTyped("/account/profile", values)
}

func TestWhatWasTypedIsForNobodyElse(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Server) {
		b, eve := signedInMember(t, s, adaEmail), signedInMember(t, s, "eve@example.com")
		values := b.typed("/notes/new", "/notes", "title", "for nobody else")
		evesMark := eve.typed("/notes/new", "/notes")["_form"]
		endAll(b)
		b.post("/notes", values).wantRedirect("/login?next=%2Fnotes%2Fnew")
		b.submit("/login?next=%2Fnotes%2Fnew", "/login", "email", "eve@example.com", "password", adaPassword).wantRedirect("/notes/new")
		for _, page := range []string{"/notes/new", "/notes", "/dashboard", "/notes/new"} {
			if answer := b.get(page); strings.Contains(answer.body, "nobody else") || strings.Contains(answer.body, "What you typed") {
				t.Errorf("%s shows it", page)
			}
		}
		b.submit("/dashboard", "/logout")
		b.login(adaEmail, adaPassword).wantRedirect("/dashboard")
		b.get("/notes/new").wantTyped("/notes", url.Values{"title": {""}}) // somebody else came between

		// Eve has the form filled in for Ada.
		planted := newBrowser(t, s)
		values["_form"] = evesMark
		planted.post("/notes", values).wantRedirect("/login?next=%2Fnotes%2Fnew")
		planted.submit("/login?next=%2Fnotes%2Fnew", "/login", "email", adaEmail, "password", adaPassword).wantRedirect("/notes/new")
		planted.get("/notes/new").wantTyped("/notes", url.Values{"title": {""}})
	})
}

func TestPasswordsAreNeverKept(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Server) {
		b := signedInMember(t, s, adaEmail)
		values := b.typed("/account", "/account/password", "current_password", adaPassword, "new_password", "analytical engine")
		endAll(b)
		b.sendFrom("/account", http.MethodPost, "/account/password", values).wantRedirect("/login?next=%2Faccount")
		b.submit("/login?next=%2Faccount", "/login", "email", adaEmail, "password", adaPassword).wantRedirect("/account")
		b.get("/account").wantTyped("/account/password", url.Values{"current_password": {""}, "new_password": {""}})
	})
}

func TestTwoFormsThatComeTooLateAreBothFilledInAgain(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Server) {
		b := signedInMember(t, s, adaEmail)
		note, name := b.typed("/notes/new", "/notes", "title", "Report"), b.typed("/account", "/account/profile", "name", "Countess")
		endAll(b)
		b.post("/notes", note).wantRedirect("/login?next=%2Fnotes%2Fnew")
		b.post("/account/profile", name).wantRedirect("/login?next=%2Faccount")
		b.submit("/login?next=%2Faccount", "/login", "email", adaEmail, "password", adaPassword).wantRedirect("/account")
		b.get("/account").wantTyped("/account/profile", name)
		b.get("/login?next=%2Fnotes%2Fnew").wantRedirect("/notes/new")
		b.get("/notes/new").wantTyped("/notes", note)
	})
}

func TestOfTwoTabsThatComeTooLateBothAreFilledInAgain(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Server) {
		b := signedInMember(t, s, adaEmail)
		one, two := b.typed("/notes/new", "/notes", "title", "one"), b.typed("/notes/new", "/notes", "title", "two")
		endAll(b)
		b.post("/notes", one).wantRedirect("/login?next=%2Fnotes%2Fnew")
		b.post("/notes", two).wantRedirect("/login?next=%2Fnotes%2Fnew")
		b.submit("/login?next=%2Fnotes%2Fnew", "/login", "email", adaEmail, "password", adaPassword).wantRedirect("/notes/new")
		b.get("/notes/new").wantTyped("/notes", two)
		b.get("/notes/new").wantTyped("/notes", one)
		b.get("/notes/new").wantTyped("/notes", url.Values{"title": {""}})
	})
}

// TestAFormOnAPageWithALongAddressIsFilledInAgain also where the sign-in leads
// back to the page without its query, see maxNext.
func TestAFormOnAPageWithALongAddressIsFilledInAgain(t *testing.T) {
	t.Parallel()
	b := signedInMember(t, newServer(t, dbtest.SQLite(t)), adaEmail)
	for _, length := range []int{maxNext - 1, maxNext, maxNext + 1, maxNext + 100, 2 * maxNext} {
		page := ("/notes/new?" + strings.Repeat("a&", length))[:length]
		values := b.typed(page, "/notes", "title", "Report")
		endAll(b)
		to := b.sendFrom(page, http.MethodPost, "/notes", values).wantStatus(http.StatusSeeOther).Header.Get("Location")
		back := b.submit(to, "/login", "email", adaEmail, "password", adaPassword).wantStatus(http.StatusSeeOther).Header.Get("Location")
		b.get(back).wantTyped("/notes", values)
	}
}

// TestAFormThatCantBeKeptCanBeSentAgain has one that is too large for the store,
// and ones that don't say whose they are.
func TestAFormThatCantBeKeptCanBeSentAgain(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Server) {
		const refused = "Sign in in another tab, then reload this page: your browser sends the form again."
		b := signedInMember(t, s, adaEmail)
		values := b.typed("/notes/new", "/notes", "title", "Report", "body", strings.Repeat("ä", 10_000))
		forged := maps.Clone(values)
		forged.Set("_form", values.Get("_form")[1:])
		for _, sent := range []url.Values{values, forged} {
			endAll(b)
			b.post("/notes", sent).wantStatus(http.StatusForbidden).wantText("Your sign-in has ended", refused)
			b.submit("/login", "/login", "email", adaEmail, "password", adaPassword).wantRedirect("/dashboard")
			b.get("/notes/new").wantTyped("/notes", url.Values{"title": {""}})
			b.get(b.post("/notes", sent).wantStatus(http.StatusSeeOther).Header.Get("Location")).wantText("Report")
		}
	})
}
