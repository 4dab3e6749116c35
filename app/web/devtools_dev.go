//go:build dev

package web

// addDevtools adds what a developer needs to a program that was built for them.
func (s *Server) addDevtools() error { return nil }
