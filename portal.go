// Package portal is the template's own files: what new projects are made of.
// It is here, at the root, because go:embed can't reach a folder above.
package portal

import "embed"

// Files is the tree. Left out are bench, which is a module of its own, and what
// .ci has to say about this repository alone; gen/start leaves out more.
//
//go:embed all:app all:db all:dev all:docs all:e2e all:gen all:queries all:static all:templates
//go:embed .air.toml .dockerignore .editorconfig .env.example .gitattributes .gitignore all:.github
//go:embed AGENTS.md Dockerfile LICENSE Makefile go.mod go.sum sqlc.yaml tools.mod tools.sum
var Files embed.FS
