package config

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// Listen listens at addr, which the settings name. The error says which of them
// to change.
func Listen(addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		return listener, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program: stop that one, or set ADDR (or PORT) to a free port", addr)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this account may not listen on %s: set ADDR (or PORT) to a port above 1023", addr)
	}
	return nil, fmt.Errorf("ADDR is %s, where nothing can listen: %w", addr, err)
}
