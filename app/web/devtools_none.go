//go:build !dev

package web

func (s *Server) addDevtools() error { return nil }
