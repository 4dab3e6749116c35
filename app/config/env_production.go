//go:build !dev

package config

// defaultEnv is what a forgotten APP_ENV means: the strict one.
const defaultEnv = Production
