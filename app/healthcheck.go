package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/managethefans/portal/app/config"
)

// healthTimeout bounds a health check. What runs it should wait a little longer.
const healthTimeout = 3 * time.Second

// healthcheckCommand is for containers, in which there is no curl. It asks
// whether the program is alive: a restart doesn't mend a database that is away,
// so that is left to whoever sends requests here, who asks /readyz.
func (p *program) healthcheckCommand() *cli.Command {
	var ready bool
	return &cli.Command{
		Name:        "healthcheck",
		Usage:       "ask the portal on this machine whether it is alive",
		Description: "Of the settings it needs only ADDR or PORT, where the portal has them.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "ready", Usage: "ask whether it can serve requests in full, too", Destination: &ready},
		},
		Action: p.noArguments(func(ctx context.Context) error { return p.healthcheck(ctx, ready) }),
	}
}

func (p *program) healthcheck(ctx context.Context, ready bool) error {
	addr, err := config.Addr(p.getenv, ".")
	if err != nil {
		return err
	}
	path := "/healthz"
	if ready {
		path = "/readyz"
	}
	address := url.URL{Scheme: "http", Host: reachable(addr), Path: path}

	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return err
	}
	// A transport of its own: the default one would send what isn't to loopback
	// through HTTP_PROXY.
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return fmt.Errorf("%s doesn't answer: %w", r.URL, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s: the portal's log says why", r.URL, answer.Status)
	}
	_, err = fmt.Fprintln(p.stdout, "ok")
	return err
}

// reachable returns where to find what listens on addr: on every address of
// this machine means on loopback too.
func reachable(addr string) string {
	host, port, _ := net.SplitHostPort(addr) // config has looked at it
	ip, _ := netip.ParseAddr(host)
	switch {
	case host == "", ip == netip.IPv4Unspecified():
		host = "127.0.0.1"
	case ip == netip.IPv6Unspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, port)
}
