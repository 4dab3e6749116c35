package main

import (
	"context"
	"time"

	"github.com/managethefans/portal/db"
)

// seedNotes gives a person who has none some notes, the first one changed last.
func seedNotes(ctx context.Context, q *db.Queries, userID int64) error {
	n, err := q.CountNotes(ctx, db.CountNotesParams{UserID: userID, MaxRows: 1})
	if err != nil || n > 0 {
		return err
	}
	now := db.Now()
	for i, note := range demoNotes {
		params := db.CreateNoteParams{
			UserID: userID, Title: note.title, Body: note.body, Pinned: note.pinned,
			SearchText: db.SearchText(note.title, note.body),
			Now:        now.Add(-time.Duration(i*i) * time.Hour),
		}
		if note.dueIn != 0 {
			day := now.Truncate(24*time.Hour).AddDate(0, 0, note.dueIn)
			params.DueOn = &day
		}
		if _, err := q.CreateNote(ctx, params); err != nil {
			return err
		}
	}
	return nil
}

// demoNotes are due in so many days; 0 is no date.
var demoNotes = []struct {
	title, body string
	dueIn       int
	pinned      bool
}{
	{"Quarterly report for the board", "Figures from finance by Tuesday.\n\n- revenue by region, with last year beside it\n- the two projects that slipped, and why\n- what we ask the board to decide\n\nTen pages at most. Nina reads it before it goes out.", 6, true},
	{"Contract with the printers", "They want 60 days instead of 30. Ask legal whether that touches the framework agreement.", -2, false},
	{"Room for the spring meeting", "40 people, a stage is not needed, daylight is. The town library has one for 300 a day.", 12, false},
	{"Welcome Sofia on Monday", "Laptop, badge and a desk by the window. Lunch with the team at half past twelve.", 4, true},
	{"Questions for the interview on Thursday", "What did you stop doing last year, and what came of it?\nWhich of your decisions would you take back?", 1, false},
	{"Renew the certificates", "The one of the mail server ends first.", 9, false},
	{"Ideas for the summer party", "- boats on the lake\n- the old tram with a band\n- cooking together, outdoors if it is dry", 0, false},
	{"Notes from the call with the auditors", "They start in week 8 and stay for five days. They need read access to the ledger and a contact in every department.", 0, true},
	{"Order new chairs for the workshop", "Twelve, stackable.", 20, false},
	{"Draft the job advert", "Say plainly what the work is, where, and what it pays.", 3, false},
	{"Train to the conference", "The early one, before six. Back on Friday.", 33, false},
	{"Move the archive to the new store", "Check a sample of 50 files before the old one is switched off.", 45, false},
	{"Feedback on the brochure", "Page 3 says the same thing twice. The map is out of date.", -1, false},
	{"Book club: next three titles", "", 0, false},
	{"Supplier review", "Scores by quality, punctuality and how they answer when something goes wrong.", 60, false},
	{"Fire drill", "Tell the neighbours on the second floor beforehand.", 15, false},
	{"Agenda for the weekly meeting", "1. What changed\n2. What is stuck\n3. Who needs help", 5, false},
	{"Thank the volunteers", "A card for each, by hand.", 0, false},
	{"Password manager for the team", "Compare two, try one for a month.", 0, false},
	{"Translate the terms into Swedish", "Linnea knows a good agency.", 28, false},
	{"Budget for next year", "First round without wishes, second round with them.", 40, true},
	{"Repair the blinds in room 204", "", 0, false},
	{"Survey: what slows you down?", "Five questions, two minutes, anonymous.", 18, false},
	{"Plan B for the open day if it rains", "The hall of the school next door, if the head agrees.", 25, false},
	{"Close the old ticket system", "Export everything, then read-only for a quarter, then off.", 90, false},
	{"Anniversary of the foundation", "Fifty years in May. Ask the first members for photographs.", 160, false},
	{"Water the plants in the lobby", "", 0, false},
	{"Slides for the introduction day", "Last year's, with half the words.", 8, false},
	{"Spare keys", "One at the reception, one with the caretaker.", 0, false},
	{"Read the new accessibility guideline", "What changes for our forms?", 0, false},
}
