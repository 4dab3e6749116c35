package session

import (
	"encoding/json"
	"fmt"
	"maps"
)

// How much the values of a session may hold together, as JSON, in bytes: with their
// names and quotes, and with six bytes for each <, > and &. A cookie has room for
// 4096, encrypted and encoded (RFC 6265, section 6.1), and no more.
const (
	maxInCookie = 2 << 10
	maxOnServer = 64 << 10
)

// spare is the value that goes when another one needs the room: see forms.go.
const spare = "portal.forms"

// TooLargeError says that a value doesn't fit into the session.
type TooLargeError struct {
	Name        string
	Size, Limit int // of all values together, in bytes
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the session's value %q makes %d bytes in all, and this store holds %d", e.Name, e.Size, e.Limit)
}

// Value is something that an application keeps in sessions: a type for it, and
// a name that no other value has. T is anything that encoding/json can write
// and read.
type Value[T any] struct{ name string }

// NewValue returns the value of this name, to be kept in a variable.
func NewValue[T any](name string) Value[T] { return Value[T]{name} }

// Get returns what was set. ok is false where nothing was, or where it can't be
// read: the database is away, or another version of the program wrote it.
func (v Value[T]) Get(s *Session) (value T, ok bool) {
	s.load()
	text, ok := s.data.Values[v.name]
	if !ok || json.Unmarshal(text, &value) != nil {
		var none T
		return none, false
	}
	return value, true
}

// Set keeps the value until the session ends. It changes nothing and returns a
// TooLargeError when there is no room for it, or the error of a session that
// can't be loaded.
func (v Value[T]) Set(s *Session, value T) error {
	if s.load(); s.err != nil {
		return s.err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("session value %q: %w", v.name, err)
	}
	values := maps.Clone(s.data.Values)
	if values == nil {
		values = map[string]json.RawMessage{}
	}
	values[v.name] = text
	all, err := json.Marshal(values)
	if err == nil && len(all) > s.manager.maxValues && v.name != spare && values[spare] != nil {
		delete(values, spare)
		all, err = json.Marshal(values)
	}
	if err != nil {
		return fmt.Errorf("session value %q: %w", v.name, err)
	}
	if size, limit := len(all), s.manager.maxValues; size > limit {
		return &TooLargeError{v.name, size, limit}
	}
	s.data.Values = values
	s.changed = true
	return nil
}

// Delete forgets the value.
func (v Value[T]) Delete(s *Session) {
	if s.load(); s.data.Values[v.name] != nil {
		delete(s.data.Values, v.name)
		s.changed = true
	}
}
