package dbtest

import (
	"io"
	"net"
	"net/url"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// Through returns another address of a database on PostgreSQL. What clients say
// there is handed on by relay, for each connection, as long as the test runs; what
// the server says reaches them as it is.
func Through(t testing.TB, address string, relay func(client, server net.Conn)) string {
	t.Helper()
	config, err := pgconn.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				network, place := pgconn.NetworkAddress(config.Host, config.Port)
				server, err := net.Dial(network, place)
				if err != nil {
					return
				}
				defer server.Close()
				go io.Copy(client, server)
				relay(client, server)
			}()
		}
	}()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("host", "127.0.0.1")
	query.Set("port", strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
	query.Set("sslmode", "disable")
	u.RawQuery = query.Encode()
	return u.String()
}
