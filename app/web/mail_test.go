package web

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/managethefans/portal/db"
)

// mailTo returns what was written to an address, the newest first.
func mailTo(t testing.TB, d *db.DB, to string) []db.GetMessageRow {
	t.Helper()
	list, err := d.ListMessages(context.Background(), db.ListMessagesParams{MaxRows: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var found []db.GetMessageRow
	for _, row := range list {
		if row.Recipient != to {
			continue
		}
		m, err := d.GetMessage(context.Background(), row.ID)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, m)
	}
	return found
}

// lastMail returns the last message to an address.
func lastMail(t testing.TB, d *db.DB, to string) db.GetMessageRow {
	t.Helper()
	list := mailTo(t, d, to)
	if len(list) == 0 {
		t.Fatalf("no message to %s", to)
	}
	return list[0]
}

var linkInMail = regexp.MustCompile(`http://localhost:8080(/\S*)`)

// linkIn returns where a message's button leads: a path.
func linkIn(t testing.TB, m db.GetMessageRow) string {
	t.Helper()
	found := linkInMail.FindStringSubmatch(m.TextBody)
	if found == nil || !strings.Contains(m.HtmlBody, strings.ReplaceAll(found[1], "&", "&amp;")) {
		t.Fatalf("no link in %q", m.TextBody)
	}
	return found[1]
}

func tokenOf(t testing.TB, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil || u.Query().Get("token") == "" {
		t.Fatalf("no token in %s: %v", link, err)
	}
	return u.Query().Get("token")
}
