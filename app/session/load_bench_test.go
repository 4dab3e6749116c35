package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// The sizes that loading a session is compared at.
const few, many = 10_000, 1_000_000

// BenchmarkLoad reads a session, its sign-in and the person from tables of few
// and of many rows in turn: any row, over one connection. It reports the medians
// in microseconds, and how many times as long the many take.
func BenchmarkLoad(b *testing.B) {
	small, large := filled(b, few), filled(b, many)
	for range 2000 { // to have the tables in memory, and the query prepared
		loadAny(b, small, few)
		loadAny(b, large, many)
	}
	var fromSmall, fromLarge []time.Duration
	for b.Loop() {
		fromSmall = append(fromSmall, loadAny(b, small, few))
		fromLarge = append(fromLarge, loadAny(b, large, many))
	}
	slices.Sort(fromSmall)
	slices.Sort(fromLarge)
	of10k, of1M := fromSmall[len(fromSmall)/2], fromLarge[len(fromLarge)/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(of10k.Nanoseconds())/1000, "µs/10,000-rows")
	b.ReportMetric(float64(of1M.Nanoseconds())/1000, "µs/1,000,000-rows")
	b.ReportMetric(float64(of1M)/float64(of10k), "ratio")
}

func loadAny(b *testing.B, d *db.DB, rows int) time.Duration {
	hash := sha256.Sum256([]byte(strconv.Itoa(1 + rand.IntN(rows))))
	key := strings.ToUpper(hex.EncodeToString(hash[:]))[:52]
	begun := time.Now()
	row, err := d.GetHTTPSession(b.Context(), db.GetHTTPSessionParams{Key: []byte(key), TokenHash: hash[:]})
	if err != nil || row.ID == nil {
		b.Fatal(row, err)
	}
	return time.Since(begun)
}

// filled returns a database with so many people who are signed in once each, on
// a server of its own that has room for them in memory.
func filled(b *testing.B, rows int) *db.DB {
	b.Helper()
	d := onServerWithMemory(b)
	fillSessions(b, d, 1, rows, db.Now().Add(time.Hour))
	return d
}

func onServerWithMemory(b *testing.B) *db.DB {
	b.Helper()
	server, err := dbtest.StartServer("shared_buffers=1GB", "max_wal_size=8GB")
	if errors.Is(err, dbtest.ErrNoPostgres) {
		b.Skip(err)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { server.Close() })
	d, err := db.Open(server.URL("postgres"), "")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	if err := d.Connect(b.Context(), true); err != nil {
		b.Fatal(err)
	}
	return d
}

// fillSessions adds people who are signed in until then, with sessions as large
// as they are and keys as long: the first-th to the last-th, in one order.
func fillSessions(b *testing.B, d *db.DB, first, last int, ends time.Time) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute) // longer than a query may take otherwise
	defer cancel()
	for _, statement := range []string{
		`INSERT INTO users (email, name, password_hash, created_at, updated_at)
		SELECT n || '@example.com', 'Person', 'hash', $3, $3 FROM generate_series(CAST($1 AS bigint), $2) n`,
		`INSERT INTO user_sessions (token_hash, user_id, key_id, address, device, created_at, last_seen_at, expires_at)
		SELECT sha256(CAST(CAST(n AS text) AS bytea)), n, '01234567', '192.0.2.1', repeat('Mozilla ', 14), $3, $3, $3
		FROM generate_series(CAST($1 AS bigint), $2) n`,
		`INSERT INTO http_sessions (key, data, modified_on, expires_on)
		SELECT CAST(left(upper(encode(sha256(CAST(CAST(n AS text) AS bytea)), 'hex')), 52) AS bytea), CAST(repeat('session ', 50) AS bytea), $3, $3
		FROM generate_series(CAST($1 AS bigint), $2) n`,
	} {
		if _, err := d.Pool().ExecContext(ctx, statement, first, last, ends); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := d.Pool().ExecContext(ctx, "VACUUM ANALYZE"); err != nil {
		b.Fatal(err)
	}
}
