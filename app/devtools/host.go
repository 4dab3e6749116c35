//go:build dev

package devtools

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// IsThisMachine reports whether a Host is one that nobody else's page can have:
// an address, or a name that isn't looked up in the internet.
func IsThisMachine(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	name, _ := os.Hostname()
	name = strings.ToLower(name)
	short, _, _ := strings.Cut(name, ".")
	return host == "localhost" || strings.HasSuffix(host, ".localhost") ||
		host != "" && slices.Contains([]string{name, short, short + ".local"}, host)
}
