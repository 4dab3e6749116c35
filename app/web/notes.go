package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/app/input"
	"github.com/managethefans/portal/app/session"
	"github.com/managethefans/portal/db"
)

// Notes belong to the person who wrote them. Every query says whose they are,
// so that somebody else's is not found.

var noteSorts = sorts{
	"title":   {db.By("lower(title), id"), db.By("lower(title) DESC, id DESC")},
	"due":     {db.By("due_on NULLS LAST, id"), db.By("due_on DESC NULLS LAST, id DESC")},
	"updated": {db.By("updated_at, id"), db.By("updated_at DESC, id DESC")},
}

type notesPage struct {
	page
	List  *list
	Notes []db.ListNotesRow
}

type notePage struct {
	page
	Note db.GetNoteRow
}

type noteFormPage struct {
	page
	ID   int64 // 0 for a new one
	Form noteForm
}

// noteForm is a note as it is typed.
type noteForm struct {
	Title  string `form:"title"`
	Body   string `form:"body"`
	DueOn  string `form:"due_on"`
	Pinned bool   `form:"pinned"`
	Errors input.Errors

	dueOn *time.Time
}

// check tidies the form up and reports whether it is right.
func (f *noteForm) check() bool {
	f.Errors = input.Errors{}
	f.Title = f.Errors.Line("title", f.Title, "Enter a title.", 200)
	f.Errors.Text("body", f.Body, "", 10_000)
	f.dueOn = f.Errors.Date("due_on", f.DueOn, "")
	return len(f.Errors) == 0
}

func (s *Server) listNotes(c echo.Context) error {
	ctx, list := c.Request().Context(), newList(c, noteSorts, "-updated", "pinned")
	owner, pinned, search := currentUser(c).ID, list.Filter("pinned"), db.SearchPattern(list.Search)
	total, err := s.db.CountNotes(ctx, db.CountNotesParams{UserID: owner, OnlyPinned: pinned, Search: search, MaxRows: maxCount})
	if err != nil {
		return err
	}
	list.setTotal(total)
	notes, err := s.db.OrderBy(list.order()).ListNotes(ctx, db.ListNotesParams{
		UserID: owner, OnlyPinned: pinned, Search: search, MaxRows: list.rows(), Skip: list.skip(),
	})
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "notes/list", &notesPage{List: list, Notes: notes})
}

func (s *Server) newNote(c echo.Context) error {
	return s.render(c, http.StatusOK, "notes/new", &noteFormPage{})
}

func (s *Server) createNote(c echo.Context) error {
	var form noteForm
	if err := s.bind(c, &form); err != nil {
		return err
	}
	if !form.check() {
		return s.render(c, http.StatusUnprocessableEntity, "notes/new", &noteFormPage{Form: form})
	}
	id, err := s.db.CreateNote(c.Request().Context(), db.CreateNoteParams{
		UserID: currentUser(c).ID, Now: db.Now(),
		Title: form.Title, Body: form.Body, DueOn: form.dueOn, Pinned: form.Pinned,
		SearchText: db.SearchText(form.Title, form.Body),
	})
	if err != nil {
		return err
	}
	session.From(c).Flash(session.Success, "The note is saved.")
	return s.redirect(c, notePath(id))
}

func (s *Server) showNote(c echo.Context) error {
	note, err := s.note(c)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "notes/show", &notePage{Note: note})
}

func (s *Server) editNote(c echo.Context) error {
	note, err := s.note(c)
	if err != nil {
		return err
	}
	form := noteForm{Title: note.Title, Body: note.Body, DueOn: input.DateValue(note.DueOn), Pinned: note.Pinned}
	return s.render(c, http.StatusOK, "notes/edit", &noteFormPage{ID: note.ID, Form: form})
}

func (s *Server) updateNote(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	var form noteForm
	if err := s.bind(c, &form); err != nil {
		return err
	}
	if !form.check() {
		if _, err := s.note(c); err != nil { // somebody else's isn't there, whatever is sent
			return err
		}
		return s.render(c, http.StatusUnprocessableEntity, "notes/edit", &noteFormPage{ID: id, Form: form})
	}
	n, err := s.db.UpdateNote(c.Request().Context(), db.UpdateNoteParams{
		ID: id, UserID: currentUser(c).ID, Now: db.Now(),
		Title: form.Title, Body: form.Body, DueOn: form.dueOn, Pinned: form.Pinned,
		SearchText: db.SearchText(form.Title, form.Body),
	})
	if err := oneRow(n, err); err != nil {
		return err
	}
	session.From(c).Flash(session.Success, "The note is saved.")
	return s.redirect(c, notePath(id))
}

// confirmDeleteNote asks before a note goes, where no script opens a dialog.
func (s *Server) confirmDeleteNote(c echo.Context) error {
	note, err := s.note(c)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "notes/delete", &notePage{Note: note})
}

func (s *Server) deleteNote(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	n, err := s.db.DeleteNote(c.Request().Context(), db.DeleteNoteParams{ID: id, UserID: currentUser(c).ID})
	if err := oneRow(n, err); err != nil {
		return err
	}
	session.From(c).Flash(session.Success, "The note is deleted.")
	return s.redirect(c, "/notes")
}

// note returns the person's own note that the route names.
func (s *Server) note(c echo.Context) (db.GetNoteRow, error) {
	id, err := pathID(c)
	if err != nil {
		return db.GetNoteRow{}, err
	}
	return s.db.GetNote(c.Request().Context(), db.GetNoteParams{ID: id, UserID: currentUser(c).ID})
}

func notePath(id int64) string { return "/notes/" + strconv.FormatInt(id, 10) }
