//go:build dev

package session

import (
	"maps"
	"slices"
)

// Keys names what the session holds, for a developer: values are nobody's
// business.
func (s *Session) Keys() []string {
	s.load()
	keys := slices.Sorted(maps.Keys(s.data.Values))
	if len(s.data.Flashes) > 0 {
		keys = append(keys, "flashes")
	}
	if s.data.Token != "" {
		keys = append(keys, "sign-in")
	}
	return keys
}
