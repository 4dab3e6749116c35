package start

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/joho/godotenv"
	"golang.org/x/mod/modfile"

	portal "github.com/managethefans/portal"
)

// Databases: the values of --db.
const (
	both         = "both"
	postgresOnly = "postgres"
)

// Licences: the values of --license.
const (
	noLicense = "none"
	mit       = "mit"
)

// request is what somebody asks for.
type request struct {
	names
	DB       string
	Notes    bool
	License  string
	Author   string
	Template string // its version
}

// project is all the files of a new project, by their paths. Nothing of it is
// written anywhere.
type project map[string][]byte

//go:embed files
var own embed.FS

// newProject makes the project that is asked for of the template's files.
func newProject(req request) (project, error) {
	source, err := readTemplate(portal.Files)
	if err != nil {
		return nil, err
	}
	changes := changesFor(req)
	p, err := changes.apply(source)
	if err != nil {
		return nil, err
	}
	for name, content := range p {
		if p[name], err = req.ownText(name, content, source[name]); err != nil {
			return nil, err
		}
	}
	if err := p.addOwn(req); err != nil {
		return nil, err
	}
	if req.Notes {
		req := req
		req.Notes = false
		without, err := newProject(req)
		if err != nil {
			return nil, err
		}
		if err := p.recordSpecimen(without); err != nil {
			return nil, err
		}
	}
	return p, p.addRecord(req)
}

// readTemplate returns the template's files without what git ignores, which is in
// a binary that was built in a clone. A copy under another module path, as gonew
// makes, is the template too.
func readTemplate(files fs.FS) (project, error) {
	text, err := fs.ReadFile(files, ".gitignore")
	if err != nil {
		return nil, err
	}
	var ignored []string // wherever it is; what begins with a slash is only at the root
	for _, pattern := range strings.Fields(string(text)) {
		if !strings.HasPrefix(pattern, "/") {
			ignored = append(ignored, pattern)
		}
	}
	goMod, err := fs.ReadFile(files, "go.mod")
	if err != nil {
		return nil, err
	}
	own := modfile.ModulePath(goMod)

	p := project{}
	return p, fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		for _, pattern := range ignored {
			if match, err := path.Match(pattern, path.Base(name)); match || err != nil {
				return err
			}
		}
		content, err := fs.ReadFile(files, name)
		if own != templatePath && (path.Ext(name) == ".go" || name == "go.mod") {
			for _, end := range []string{"/", `"`, "\n"} {
				content = bytes.ReplaceAll(content, []byte(own+end), []byte(templatePath+end))
			}
		}
		p[name] = content
		return err
	})
}

// ownText has a file of the template speak of the project.
func (req request) ownText(name string, content, source []byte) ([]byte, error) {
	if bytes.Contains(content, []byte("portal")) || bytes.Contains(content, []byte("PORTAL")) {
		content = []byte(req.rename(string(content)))
	}
	if path.Ext(name) != ".go" || bytes.Equal(content, source) {
		return content, nil
	}
	formatted, err := format.Source(content) // names of another length move what is aligned
	if err != nil {
		return nil, fmt.Errorf("%s of the new project: %w", name, err)
	}
	return formatted, nil
}

// addOwn adds what the template has in other words or not at all.
func (p project) addOwn(req request) error {
	texts, err := template.New("").Funcs(template.FuncMap{"markdown": markdown}).ParseFS(own, "files/*")
	if err != nil {
		return err
	}
	add := func(name, from string) error {
		var out bytes.Buffer
		if err := texts.ExecuteTemplate(&out, from, struct {
			request
			Year int
		}{req, time.Now().Year()}); err != nil {
			return err
		}
		p[name] = out.Bytes()
		return nil
	}
	if err := add("README.md", "README.md"); err != nil {
		return err
	}
	if req.License == mit {
		return add("LICENSE", "LICENSE-mit")
	}
	return nil
}

// markdown returns text that Markdown shows as it is.
func markdown(text string) string {
	var out strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\\`*_{}[]<>()#+-!|&~", r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// dotenv returns the line of a file .env that sets a variable.
func dotenv(name, value string) (string, error) {
	for _, quoted := range []string{value, "'" + value + "'", strconv.Quote(value)} {
		line := name + "=" + quoted
		if read, err := godotenv.Unmarshal(line); err == nil && read[name] == value {
			return line, nil
		}
	}
	return "", fmt.Errorf("the name %q can't be written into a file .env. Give one without quotes or $ with --name", value)
}

// paths returns the project's files in order.
func (p project) paths() []string { return slices.Sorted(maps.Keys(p)) }
