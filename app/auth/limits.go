package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"strings"
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
)

// Limits on messages that anybody can have sent to an address, without being
// signed in.
var (
	// MailLimit holds for messages of one purpose to one address that one network
	// asks for.
	MailLimit = Limit{Failures: 5, Window: 15 * time.Minute}
	// MailNetworkLimit holds for messages to all addresses that one network asks
	// for.
	MailNetworkLimit = Limit{Failures: 300, Window: time.Hour}
	// MailboxLimit holds for messages of one purpose to one address, whoever asks.
	// Past it nobody is refused, or anybody could keep others from asking: no more
	// are sent. A place is free again in less time than any link is good for, so
	// whoever takes them all has sent the owner of the address a link that is good.
	MailboxLimit = Places{Number: 5, Each: 5 * time.Minute}
)

// Places is how many can be taken at once, and after how long one of those that
// are taken is free again: one after the other.
type Places struct {
	Number int64
	Each   time.Duration
}

// AccountBucket names the counter for tries at one account from one network.
// The address isn't readable in it.
func AccountBucket(email, ip string) string { return "sign-in:" + hashed(email, network(ip)) }

// NetworkBucket names the counter for all tries from one network.
func NetworkBucket(ip string) string { return "sign-in:" + network(ip) }

// MailBucket names the counter for messages of one purpose to one address that one
// network asks for.
func MailBucket(purpose, email, ip string) string {
	return "mail:" + purpose + ":" + hashed(email, network(ip))
}

// MailNetworkBucket names the counter for messages that one network asks for.
func MailNetworkBucket(ip string) string { return "mail:" + network(ip) }

// MailboxBucket names the places for messages of one purpose to one address. All
// addresses such as ada+anything@example.com share theirs, since they lead to one
// mailbox. That of ada@example.com has its own: anybody may invent the others, and
// with them would keep its owner from theirs.
func MailboxBucket(purpose, email string) string {
	if at := strings.LastIndex(email, "@"); at >= 0 {
		if owner, _, more := strings.Cut(email[:at], "+"); more {
			email = owner + "+" + email[at:]
		}
	}
	return "mailbox:" + purpose + ":" + hashed(email)
}

// hashed keeps addresses of people from being read in the table of counters.
func hashed(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

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
