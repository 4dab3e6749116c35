package web

import (
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/managethefans/portal/app/config"
	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// TestADashboardTakesTwoRoundTripsAndNoWrite counts them on their way to
// PostgreSQL, which refuses to write.
func TestADashboardTakesTwoRoundTripsAndNoWrite(t *testing.T) {
	t.Parallel()
	onPostgres := func(c *config.Config) { c.SessionStore = config.Postgres }
	address := dbtest.PostgresURL(t)
	b := signedInMember(t, newServer(t, openReady(t, address), onPostgres), adaEmail)
	b.submit("/notes/new", "/notes", "title", "A note that is due", "due_on", "2031-02-03")
	b.get("/dashboard") // takes the message that it was saved

	address, trips := countRoundTrips(t, address)
	b.handler = newServer(t, openReady(t, address+"&default_transaction_read_only=on"), onPostgres)
	b.get("/dashboard") // has the statements prepared
	for range 3 {
		before := trips.Load()
		page := b.get("/dashboard").wantStatus(http.StatusOK)
		if n := strings.Count(page.body, "A note that is due"); n != 2 {
			t.Errorf("the note is there %d times, not in both lists", n)
		}
		if n := trips.Load() - before; n != 2 {
			t.Errorf("%d round trips", n)
		}
	}
	// So that the test can fail: what writes is refused.
	silence(b.handler.(*Server))
	b.post("/notes", url.Values{"title": {"Another"}}).wantStatus(http.StatusInternalServerError)
}

func openReady(t *testing.T, address string) *db.DB {
	t.Helper()
	d, err := db.Open(address, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Connect(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	return d
}

// countRoundTrips returns another address of a database, and how often what was
// sent there has asked for an answer: by Sync and Query of PostgreSQL's protocol,
// version 3.
func countRoundTrips(t *testing.T, address string) (string, *atomic.Int64) {
	t.Helper()
	var trips atomic.Int64
	return dbtest.Through(t, address, func(client, server net.Conn) {
		for kind := []byte(nil); ; kind = make([]byte, 1) { // the first message has no kind
			if _, err := io.ReadFull(client, kind); err != nil {
				return
			}
			length := make([]byte, 4)
			if _, err := io.ReadFull(client, length); err != nil {
				return
			}
			if string(kind) == "S" || string(kind) == "Q" {
				trips.Add(1)
			}
			server.Write(append(kind, length...))
			if _, err := io.CopyN(server, client, int64(binary.BigEndian.Uint32(length))-4); err != nil {
				return
			}
		}
	}), &trips
}
