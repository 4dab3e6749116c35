//go:build dev

package config

const defaultEnv = Development
