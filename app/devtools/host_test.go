//go:build dev

package devtools

import (
	"os"
	"strings"
	"testing"
)

func TestNamesOfThisMachine(t *testing.T) {
	t.Parallel()
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	short, _, _ := strings.Cut(name, ".")
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST:8080": true, "portal.localhost:8080": true, "127.0.0.1:8080": true, "192.168.1.7:8080": true,
		"[::1]:8080": true, "[::1]": true, "localhost.": true, name: true, short + ".local:8080": true,
		"": false, "evil.example": false, ".": false, "local": false, "1.2.3.4.evil.example": false, "localhost.evil.example:80": false,
	} {
		if IsThisMachine(host) != want {
			t.Errorf("%q: want %v", host, want)
		}
	}
}
