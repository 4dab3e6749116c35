package e2e

import (
	"html"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var (
	mailboxRow  = regexp.MustCompile(`(?s)href="(/_dev/mail/\d+)">([^<]*)</a>.*?, to (\S+?)</span>`)
	mailedLinks = regexp.MustCompile(`(?s)<pre.*?<a href="http://[^/"]+(/[^"]*)"`)
)

// mailed returns where the newest message to an address leads, a path, as the
// mailbox for developers has it.
func mailed(t *testing.T, base, email string) string {
	t.Helper()
	for _, row := range mailboxRow.FindAllStringSubmatch(readPage(t, base+"/_dev/mail"), -1) {
		if html.UnescapeString(row[3]) != email {
			continue
		}
		if link := mailedLinks.FindStringSubmatch(readPage(t, base+row[1])); link != nil {
			return html.UnescapeString(link[1])
		}
	}
	t.Fatalf("no message to %s has a link", email)
	return ""
}

func readPage(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, answer.Status, err)
	}
	return strings.ReplaceAll(string(body), "\u00ad", "")
}
