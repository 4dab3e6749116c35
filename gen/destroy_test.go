package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	lampsMigration = "-- +goose Up\nCREATE TABLE lamps (id BIGINT);\n\n-- +goose Down\nDROP TABLE lamps;\n"
	lampsLink      = "<a href=\"/lamps\">Lamps</a>\n"
)

// destroyed plans to take back a lamp from a project with these files.
func destroyed(t *testing.T, files ...string) (*plan, error) {
	t.Helper()
	root := project(t, append([]string{"db/migrations/postgres/00001_users.sql", "-- +goose Up\nCREATE TABLE users (id BIGINT);\n"}, files...)...)
	m := &made{
		One: []string{"lamp"}, Many: []string{"lamps"}, Inserts: []insertion{{Path: "nav.html", Text: lampsLink}},
		Files: map[string]string{"db/migrations/postgres/00002_lamps.sql": sum([]byte(lampsMigration)), "lamps.go": sum([]byte("package p\n"))},
	}
	p, err := planDestroy(t.Context(), root, "lamps", m, &record{}, false)
	if err == nil {
		err = p.commit()
	}
	return p, err
}

// TestLinesThatAreGoneAreNoObstacle: what is left of them is.
func TestLinesThatAreGoneAreNoObstacle(t *testing.T) {
	t.Parallel()
	if _, err := destroyed(t, "nav.html", "<a href=\"/\">Home</a>\n", "lamps.go", "package p\n"); err != nil {
		t.Error(err)
	}
	if _, err := destroyed(t, "nav.html", "<a href=\"/lamps\">Our lamps</a>\n"); err == nil || !strings.Contains(err.Error(), "nav.html doesn't have these lines") {
		t.Errorf("got %v", err)
	}
}

func TestAFileThatIsGoneIsNamed(t *testing.T) {
	t.Parallel()
	p, err := destroyed(t, "nav.html", lampsLink)
	if err != nil || !strings.Contains(strings.Join(p.remarks, ""), "lamps.go was gone already") {
		t.Errorf("%v, %v", p, err)
	}
}

func TestAMigrationWithAnotherNumberIsFound(t *testing.T) {
	t.Parallel()
	p, err := destroyed(t, "nav.html", lampsLink, "lamps.go", "package p\n", "db/migrations/postgres/00007_lamps.sql", lampsMigration)
	if err != nil || len(p.remarks) > 0 {
		t.Fatalf("%v, %v", p, err)
	}
	content, err := os.ReadFile(filepath.Join(p.root, "db/migrations/postgres/00008_drop_lamps.sql"))
	if want := "-- +goose Up\nDROP TABLE lamps;\n\n-- +goose Down\nCREATE TABLE lamps (id BIGINT);\n"; err != nil || string(content) != want {
		t.Errorf("%v: %s", err, content)
	}
}

// TestTheWayBackOfADropSaysWhatItLacks: what changed the table later isn't
// copied.
func TestTheWayBackOfADropSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	p, err := destroyed(t, "nav.html", lampsLink, "lamps.go", "package p\n", "db/migrations/postgres/00002_lamps.sql", lampsMigration,
		"db/migrations/postgres/00003_color.sql", "-- +goose Up\nALTER TABLE lamps ADD COLUMN color TEXT;\n",
		"db/migrations/postgres/00004_rooms.sql", "-- +goose Up\nCREATE TABLE rooms (lamp BIGINT REFERENCES lamps (id));\n",
		"db/migrations/postgres/00005_idx.sql", "-- +goose Up\nCREATE INDEX i ON lamps (color);\n")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(p.root, "db/migrations/postgres/00006_drop_lamps.sql"))
	if err != nil || !strings.Contains(string(content), "-- +goose Down\n-- Add below") || !strings.Contains(string(content), ": 00003_color.sql, 00005_idx.sql\nCREATE TABLE") {
		t.Errorf("%v: %s", err, content)
	}
	if remarks := strings.Join(p.remarks, ""); !strings.Contains(remarks, "00006_drop_lamps.sql can't be taken back") {
		t.Errorf("got %s", remarks)
	}
}
