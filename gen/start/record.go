package start

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"

	portal "github.com/managethefans/portal"
)

// recordName is the one file of a project that names the template.
const recordName = ".portal.json"

// record says what a project was made of: the template's version, the answers,
// and each file as it was then, by which a later version tells what the team has
// changed.
type record struct {
	Template string `json:"template"`
	Version  string `json:"version"` // as go or git name it; devel when neither does
	Tree     string `json:"tree"`    // the hash of the template's files: what devel was
	Notice   string `json:"notice"`  // the template's licence

	Module  string `json:"module"`
	Short   string `json:"short"`
	Name    string `json:"name"`
	DB      string `json:"db"`
	Notes   bool   `json:"notes"`
	License string `json:"license"`
	Author  string `json:"author,omitempty"`

	Files map[string]string `json:"files"` // path → SHA-256

	// What upgrades have to know of earlier ones: the names that migrations have in
	// the project, and, of files that were merged, what the template had, which is
	// nowhere else then.
	Renumbered map[string]string `json:"renumbered,omitempty"`
	Texts      map[string]string `json:"texts,omitempty"`
}

// addRecord adds the record of all the other files.
func (p project) addRecord(req request) error {
	source, err := readTemplate(portal.Files)
	if err != nil {
		return err
	}
	notice, err := fs.ReadFile(portal.Files, "LICENSE")
	if err != nil {
		return err
	}
	r := record{
		Template: templatePath, Version: req.Template, Tree: source.hash(), Notice: string(notice),
		Module: req.Module, Short: req.Short, Name: req.Display,
		DB: req.DB, Notes: req.Notes, License: req.License, Author: req.Author,
		Files: map[string]string{},
	}
	for name, content := range p {
		r.Files[name] = hash(content)
	}
	p[recordName], err = r.encode()
	return err
}

func (r *record) encode() ([]byte, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	return append(text, '\n'), err
}

func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// hash is one for all files and their names.
func (p project) hash() string {
	var all strings.Builder
	for _, name := range p.paths() {
		all.WriteString(hash(p[name]) + "  " + name + "\n")
	}
	return hash([]byte(all.String()))
}

// version says which version of the template this program has: the module's,
// where Go knows it, else what git says of the clone in which it runs.
func version() string {
	info, ok := debug.ReadBuildInfo()
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if ok && m.Path == templatePath && m.Version != "" && m.Version != "(devel)" {
			return m.Version
		}
	}
	if inClone() {
		if out, err := exec.Command("git", "describe", "--tags", "--always", "--dirty").Output(); err == nil {
			return strings.TrimSpace(string(out))
		}
	}
	return "devel"
}

// inClone reports whether this runs in a clone of the template.
func inClone() bool {
	mod, err := os.ReadFile("go.mod")
	return err == nil && strings.HasPrefix(string(mod), "module "+templatePath+"\n")
}
