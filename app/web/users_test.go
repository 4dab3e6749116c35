package web

import (
	"net/http"
	"testing"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

func TestSignedInPeopleNeedNoSignInPage(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, newServer(t, dbtest.SQLite(t)))
	b.register(adaEmail)
	b.get("/register").wantRedirect("/dashboard")
	b.get("/login").wantRedirect("/dashboard")
}

func TestTextThatADatabaseCantHoldIsRefused(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBrowser(t, newServer(t, d))
		for _, name := range []string{"a\x00b", "a\xffb"} {
			b.post("/register", map[string][]string{"email": {name}}).wantStatus(http.StatusBadRequest)
			b.post("/login", map[string][]string{"email": {name}, "password": {name}}).wantStatus(http.StatusBadRequest)
		}
	})
}
