package config

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// developmentPrefix marks secrets made for development, so that production can
// refuse them.
const developmentPrefix = "development-"

// NewSecret returns a good SESSION_SECRET: 256 random bits.
func NewSecret() string {
	key := make([]byte, 32)
	rand.Read(key) // never fails, says its documentation
	return base64.RawURLEncoding.EncodeToString(key)
}

// developmentSecret reads the secret at path, and makes it on the first call.
// Only its owner may read it.
func developmentSecret(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil && len(text) >= minSecret {
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}

	// Written whole to a name of its own and then linked: of several programs
	// that start at once, all use the first one's.
	f, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // mode 0600
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name())
	secret := developmentPrefix + NewSecret()
	if _, err := f.WriteString(secret + "\n"); err != nil {
		return "", errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	if text != nil { // a damaged one
		return secret, os.Rename(f.Name(), path)
	}
	if err := os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
		return developmentSecret(path)
	} else if err != nil {
		return "", err
	}
	return secret, nil
}
