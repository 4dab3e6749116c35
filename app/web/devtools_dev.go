//go:build dev

package web

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/config"
	dev "github.com/managethefans/portal/app/devtools"
	"github.com/managethefans/portal/static"
	"github.com/managethefans/portal/templates"
)

// developing shows a developer what is saved, and what is wrong with it. Without
// the project in the working directory there is no hub, and nothing of this.
type developing struct {
	root string
	hub  *dev.Hub
	stop context.CancelFunc

	assets  func() (map[string]string, error) // reads static files again
	broken  *dev.Fault                        // in a template
	outside dev.State                         // as tmp/dev.json has it
}

// loadPages returns the pages: those on disk where there is a project, which then
// has its static files too, else those in the program. A fault in a page on disk
// doesn't keep the program from starting: it is shown, and mended there.
func loadPages(cfg config.Config) (*templates.Set, developing, error) {
	root, ok := dev.Root()
	if !ok || cfg.Production() {
		pages, err := templates.Load(static.URL)
		return pages, developing{}, err
	}
	d := developing{root: root}
	var err error
	if d.assets, err = static.UseDir(filepath.Join(root, "static")); err != nil {
		return nil, d, err
	}
	pages, err := templates.LoadFrom(os.DirFS(d.templates()), static.URL)
	if err != nil {
		d.broken = d.fault(err)
		pages = templates.Broken(err)
	}
	return pages, d, nil
}

// templates is the folder of the templates.
func (d developing) templates() string { return filepath.Join(d.root, "templates") }

// fault is what is wrong with the templates, as the overlay shows it.
func (d developing) fault(err error) *dev.Fault {
	if fault := dev.TemplateFault(err, d.root); fault != nil {
		return fault
	}
	return &dev.Fault{Kind: dev.Template, Title: "The templates can't be read", Text: err.Error()}
}

// addDevelopment adds the routes, and begins to watch the project.
func (s *Server) addDevelopment() error {
	if err := s.addCockpit(os.Getenv, "."); err != nil {
		return err
	}
	root := s.developing.root
	if root == "" {
		return nil
	}
	ctx, stop := context.WithCancel(context.Background())
	s.developing.hub, s.developing.stop = dev.NewHub(), stop
	if s.developing.broken != nil {
		s.log.Warn("the templates are not as they should be", "error", s.developing.broken.Text)
	}
	s.readState()
	s.setState()
	folders := []string{filepath.Join(root, "templates"), filepath.Join(root, "static")}
	if tmp := filepath.Join(root, "tmp"); os.MkdirAll(tmp, 0o755) == nil {
		folders = append(folders, tmp)
	}
	if err := dev.Watch(ctx, folders, s.concerns, s.saved); err != nil {
		return err
	}

	s.echo.Pre(s.inject)
	errs := []error{s.handle(http.MethodGet, "/_dev/events", development, echo.WrapHandler(s.developing.hub))}
	for _, name := range slices.Sorted(maps.Keys(dev.Files)) {
		errs = append(errs, s.handle(http.MethodGet, "/_dev/"+name, development, echo.WrapHandler(http.HandlerFunc(dev.Serve))))
	}
	return errors.Join(errs...)
}

// inject puts the script into every page, the error pages too. So that it can,
// nothing is compressed, which a page from the same machine has no use for.
func (s *Server) inject(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Request().Header.Del("Accept-Encoding")
		c.Response().Writer = s.developing.hub.Inject(c.Response().Writer, c.Request())
		return next(c)
	}
}

// concerns reports whether a file is one that pages are made of. The folder tmp
// has others, which are written for a long time.
func (s *Server) concerns(path string) bool {
	switch ext := filepath.Ext(path); {
	case s.below("static", path):
		return true
	case s.below("templates", path):
		return ext == ".html" || ext == ".txt" || ext == "" // a folder that was moved away
	}
	return path == s.stateFile()
}

// below reports whether a path, or "" for any, is in a folder of the project.
func (s *Server) below(folder, path string) bool {
	return path == "" || strings.HasPrefix(path, filepath.Join(s.developing.root, folder)+string(filepath.Separator))
}

// saved looks at the files that have changed. It reports whether it is content
// with them; when sure, what it finds is how things are.
func (s *Server) saved(paths []string, sure bool) bool {
	below := func(folder string) bool {
		return slices.ContainsFunc(paths, func(path string) bool { return s.below(folder, path) })
	}
	content := true
	if below("static") {
		urls, err := s.developing.assets()
		if err == nil && len(urls) > 0 {
			s.developing.hub.Assets(urls)
		}
		content = err == nil
	}
	if below("templates") {
		content = s.reloadTemplates(paths) && content
	}
	if below("tmp") {
		content = s.readState() && content
	}
	if content || sure {
		s.setState()
	}
	return content
}

// setState tells of the build, and of a fault of the build before one in the
// templates: there is one overlay.
func (s *Server) setState() {
	state := s.developing.outside
	if state.Fault == nil {
		state.Fault = s.developing.broken
	}
	s.developing.hub.Set(state)
}

// reloadTemplates parses the pages on disk, of which these have been saved. When
// one doesn't parse, all stays as it was.
func (s *Server) reloadTemplates(saved []string) bool {
	dir := s.developing.templates()
	var names []string
	for _, path := range saved {
		if name, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(name) {
			names = append(names, filepath.ToSlash(name))
		}
	}
	var set *templates.Set
	var err error
	if len(names) > 0 && !slices.Contains(saved, "") && s.developing.broken == nil {
		set, err = s.pages.Load().Again(os.DirFS(dir), names, static.URL)
	} else {
		set, err = templates.LoadFrom(os.DirFS(dir), static.URL)
	}
	if err != nil {
		fault := s.developing.fault(err)
		if s.developing.broken == nil || s.developing.broken.Text != fault.Text {
			s.log.Warn("the templates stay as they were", "error", err)
		}
		s.developing.broken = fault
		return false
	}
	s.developing.broken = nil
	s.pages.Store(set)
	s.outbox.UseLayout(set.Mail())
	s.developing.hub.Page()
	return true
}

func (s *Server) stateFile() string { return filepath.Join(s.developing.root, "tmp", "dev.json") }

// readState reads how the build is doing. Without the file nobody builds.
func (s *Server) readState() bool {
	var state dev.State
	content, err := os.ReadFile(s.stateFile())
	if err == nil && json.Unmarshal(content, &state) != nil {
		return false
	}
	s.developing.outside = state
	return true
}

// endStreams ends the answers that have no end by themselves, when the program
// is about to.
func (d *developing) endStreams() {
	if d.hub != nil {
		d.stop()
		d.hub.Close()
	}
}
