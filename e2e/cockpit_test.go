package e2e

import (
	"testing"

	"github.com/managethefans/portal/db"
	"github.com/managethefans/portal/db/dbtest"
)

// TestTheCockpit goes through the pages for developers, takes a migration back,
// and applies it again from the page that stands in the place of all others.
func TestTheCockpit(t *testing.T) {
	t.Parallel()
	url := dbtest.SQLiteURL(t)
	demoPassword, base := seed(t, url), startProgram(t, url)
	d, err := db.Open(url, "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Connect(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	execute := func(statement string) {
		t.Helper()
		if _, err := d.Pool().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range []look{wide, phoneDark} {
		runCommand(t, url, "mail", "test", "ada@example.com")
		b := newTab(t, base, l)
		b.signIn(member, demoPassword)
		b.open("/notes")
		for _, page := range []string{"Routes", "SQL", "Migrations", "Mail", "Settings"} {
			b.open("/_dev")
			b.picture("cockpit")
			b.click(page).wantStatus(200).walk()
			b.picture("cockpit " + page)
		}
		b.open("/_dev/sql")
		at := script[place](b, `() => {
			const box = [...document.querySelectorAll("summary")].find((el) => el.textContent.includes("/login") && el.textContent.includes("repeated")).getBoundingClientRect();
			return { X: box.x + box.width / 2, Y: box.y + box.height / 2 };
		}`)
		run(b, clickOn(at))
		b.wantText("GetAttempts") // what opens moves what is below: that is no fault here
		b.picture("cockpit sql opened")

		b.open("/_dev/mail").click("A test of mail from Portal").wantStatus(200).wantText("It has arrived, so it does.").walk()
		b.picture("cockpit message")
		b.click(base + "/").wantPath("/").wantStatus(200)

		b.open("/_dev/migrations").click("/_dev/migrations/reset").wantStatus(200).walk()
		b.picture("cockpit reset")
		b.click("Keep it").press("Take the last one back").wantStatus(200).wantText("Pages wait")
		b.picture("cockpit migrations pending")

		execute("CREATE INDEX user_tokens_one_idx ON users (name)")
		b.open("/notes?page=1").wantStatus(503).wantText("A migration waits").walk()
		b.picture("cockpit migration waits")
		b.press("Apply it").wantStatus(422).wantText("That didn’t work")
		b.picture("cockpit migration failed")
		execute("DROP INDEX user_tokens_one_idx")
		b.open("/notes?page=1").press("Apply it").wantPath("/notes").wantStatus(200).wantText("The migrations are applied.")
	}
}
