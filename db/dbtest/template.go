package dbtest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/managethefans/portal/db"
)

// postgresTemplate makes the migrated database that tests copy. Several test
// programs share one server, so it is named after the migrations and made by
// the first.
var postgresTemplate = sync.OnceValues(func() (string, error) {
	hash, err := hashMigrations()
	if err != nil {
		return "", err
	}
	name, making := "portal_template_"+hash, "portal_making_"+hash
	base, err := server()
	if err != nil {
		return "", err
	}
	pool, err := sql.Open("pgx", base)
	if err != nil {
		return "", err
	}
	defer pool.Close()
	ctx := context.Background()
	conn, err := pool.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(7001)"); err != nil { // ends with the connection
		return "", err
	}
	var exists bool
	err = conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists)
	if err != nil || exists {
		return name, err
	}
	// It gets its name when it is complete.
	if err := onServer(ctx, "DROP DATABASE IF EXISTS "+making, "CREATE DATABASE "+making+" TEMPLATE template0"); err != nil {
		return "", err
	}
	if err := migrate(urlOf(making)); err != nil {
		return "", err
	}
	return name, onServer(ctx, "ALTER DATABASE "+making+" RENAME TO "+name)
})

func migrate(url string) error {
	d, err := db.Open(url, "")
	if err != nil {
		return err
	}
	_, err = d.Migrate(context.Background())
	return errors.Join(err, d.Close())
}

// hashMigrations names the state of the migrations, from their source.
func hashMigrations() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	dir := os.DirFS(filepath.Join(root, "db/migrations/postgres"))
	names, err := fs.Glob(dir, "*.sql")
	if len(names) == 0 {
		err = errors.Join(err, errors.New("no migrations found in "+root))
	}
	hash := sha256.New()
	for _, name := range names {
		content, readErr := fs.ReadFile(dir, name)
		err = errors.Join(err, readErr)
		fmt.Fprintf(hash, "%s %d\n%s", name, len(content), content)
	}
	return hex.EncodeToString(hash.Sum(nil)[:8]), err
}

// moduleRoot looks upwards from the test's folder. A build with -trimpath
// forgets where its source was.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir, nil
		}
		dir = filepath.Dir(dir)
	}
	return "", errors.Join(err, errors.New("no go.mod above the working directory"))
}
