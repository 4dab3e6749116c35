package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"time"
)

// Limit is how many failures are taken within a window of time.
type Limit struct {
	Failures int64
	Window   time.Duration
}

// Limits on failed sign-ins (ASVS 6.1.1, 6.3.1). There is none on an account
// alone: with one, anybody could lock anybody out. An attacker slows down only
// the network that the tries come from.
var (
	// AccountLimit holds for one account from one network.
	AccountLimit = Limit{Failures: 10, Window: 15 * time.Minute}
	// NetworkLimit holds for all accounts from one network. An office behind one
	// address must be able to live with it.
	NetworkLimit = Limit{Failures: 100, Window: 15 * time.Minute}
	// RegistrationLimit holds for new accounts from one network.
	RegistrationLimit = Limit{Failures: 300, Window: time.Hour}
)

// AccountBucket names the counter for tries at one account from one network.
// The address isn't readable in it.
func AccountBucket(email, ip string) string {
	sum := sha256.Sum256([]byte(email + "\x00" + network(ip)))
	return "sign-in:" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// NetworkBucket names the counter for all tries from one network.
func NetworkBucket(ip string) string { return "sign-in:" + network(ip) }

// RegistrationBucket names the counter for new accounts from one network.
func RegistrationBucket(ip string) string { return "register:" + network(ip) }

// network returns what one customer of a provider has: an IPv4 address, or the
// /64 around an IPv6 address.
func network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}
