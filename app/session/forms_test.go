package session

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/labstack/echo/v4"

	"github.com/managethefans/portal/db/dbtest"
)

const survey = `<!DOCTYPE html><html><head></head><body>
<form method="post" action="/sign-out"><input type="hidden" name="next" value="/"><button>Sign out</button></form>
<form method="get" action="/search"><input name="q"/></form>
<form class="x" method="post" action="/survey">
<input name="tag" value="one"/><input name="tag" value="two"/><input type="password" name="pass word"/><input type="hidden" name="version" value="3"/>
<input type="checkbox" name="box"/><input type="checkbox" name="box" value="b" checked=""/>
<input type="radio" name="dot" value="1" checked=""/><input type="radio" name="dot" value="2"/>
<select name="pick"><option value="x" selected="">X</option><option value="y">Y</option></select>
<textarea name="text">before</textarea><button name="do" value="send">Send</button></form>
</body></html>`

// newSurvey is a site with this page, in these pieces, for those who are signed
// in. At /kept is what is kept of a visitor's forms.
func newSurvey(t *testing.T, store string, page ...string) *site {
	t.Helper()
	s := newSite(t, store, dbtest.SQLiteURL(t))
	s.Any("/survey", s.manager.KeepForms(func(c echo.Context) error {
		if err := From(c).Commit(); err != nil {
			return err
		}
		if user, _ := From(c).User(); user == nil {
			return c.Redirect(http.StatusSeeOther, "/login?next="+c.Request().Referer())
		}
		c.Response().Header().Set("Content-Type", echo.MIMETextHTMLCharsetUTF8)
		for _, piece := range page {
			if _, err := c.Response().Write([]byte(piece)); err != nil {
				return err
			}
		}
		return nil
	}))
	s.GET("/data", s.manager.KeepForms(func(c echo.Context) error { return c.JSON(http.StatusOK, map[string]string{"html": survey}) }))
	s.GET("/kept", func(c echo.Context) error {
		forms, _ := keptForms.Get(From(c))
		return c.String(http.StatusOK, fmt.Sprint(forms))
	})
	return s
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="_form" value="([^"]*)">`)

// sendSurvey sends the filled-in survey after its sign-in has ended.
func sendSurvey(v *visitor) {
	v.site.t.Helper()
	mark := hiddenField.FindStringSubmatch(v.do("/survey"))
	v.do("/out")
	v.wantKept("/survey", url.Values{"_form": mark[1:], "tag": {"1", "2"}, "pass word": {"secret"}, "version": {"3"}, "box": {"on"}, "dot": {"2"}, "pick": {"y"}, "text": {"<after>"}})
}

// post sends a form, and wantKept one that is kept.
func (v *visitor) post(path string, fields url.Values) (int, string) {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.answer(r)
}

func (v *visitor) wantKept(path string, fields url.Values) {
	v.site.t.Helper()
	if status, text := v.post(path, fields); status != http.StatusSeeOther {
		v.site.t.Fatalf("%d %s", status, text)
	}
}

func TestOnlyFormsThatAreFilledInAreMarked(t *testing.T) {
	t.Parallel()
	s := newSurvey(t, "filesystem", survey)
	v := s.signedIn(s.ada)
	page := v.do("/survey")
	if hiddenField.ReplaceAllString(page, "") != survey || len(hiddenField.FindAllString(page, -1)) != 1 || !strings.Contains(page, `action="/survey"><input type="hidden" name="_form"`) {
		t.Errorf("the page is %s", page)
	}
	if data := v.do("/data"); strings.Contains(data, "_form") {
		t.Errorf("what isn't a page is changed: %s", data)
	}
}

func TestEveryKindOfFieldIsFilledInAgain(t *testing.T) {
	t.Parallel()
	s := newSurvey(t, "filesystem", survey)
	v := s.signedIn(s.ada)
	sendSurvey(v)
	if kept := v.do("/kept"); !strings.Contains(kept, "<after>") || strings.Contains(kept, "secret") {
		t.Errorf("kept is %s", kept)
	}
	v.do(fmt.Sprint("/in?id=", s.ada))
	page := v.do("/survey")
	for _, want := range []string{
		`<input name="q"/>`,
		`<input name="tag" value="1"/><input name="tag" value="2"/><input type="password" name="pass word"/><input type="hidden" name="version" value="3"/>`,
		`<input type="checkbox" name="box" checked=""/><input type="checkbox" name="box" value="b"/>`,
		`<input type="radio" name="dot" value="1"/><input type="radio" name="dot" value="2" checked=""/>`,
		`<option value="x">X</option><option value="y" selected="">Y</option>`,
		"<textarea name=\"text\">\n&lt;after&gt;</textarea>" + `<button name="do" value="send">`,
		`What you typed before your sign-in ended is back.`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in %s", want, page)
		}
	}
	if page := v.do("/survey"); hiddenField.ReplaceAllString(page, "") != survey {
		t.Errorf("a second time it is %s", page)
	}
	v.want("/kept", "[]")
}

func TestWhatWasTypedIsKeptForADay(t *testing.T) {
	t.Parallel()
	s := newSurvey(t, "filesystem", survey)
	v := s.signedIn(s.ada)
	sendSurvey(v)
	s.wait(formLifetime + time.Minute)
	v.do(fmt.Sprint("/in?id=", s.ada))
	if page := v.do("/survey"); hiddenField.ReplaceAllString(page, "") != survey {
		t.Errorf("it is still there: %s", page)
	}
}

// TestAFormIsKeptUnderANewSecretToo has the page open while the secret changes.
func TestAFormIsKeptUnderANewSecretToo(t *testing.T) {
	t.Parallel()
	codecs := func(secrets ...string) []securecookie.Codec {
		keys, err := keyPairs(secrets)
		if err != nil {
			t.Fatal(err)
		}
		return newCodecs(keys, time.Hour, maxCookie)
	}
	mark := formMark{Owner: 7, Page: "/"}.encode(codecs(oldSecret))
	if m, err := decodeMark(mark, codecs(newSecret, oldSecret)); err != nil || m.Owner != 7 {
		t.Errorf("got %v, %v", m, err)
	}
	if m, err := decodeMark(mark, codecs(newSecret)); err == nil {
		t.Errorf("got %v of a secret that isn't known", m)
	}
}

func TestEveryWayToWriteAFormIsFilledInAgain(t *testing.T) {
	t.Parallel()
	rows := `<form method="post" action="/survey"><input type="hidden" name="id" value="1"/><input name="text" value="one"/></form>` +
		`<form method="post" action="/survey"><input type="hidden" name="id" value="2"/><input name="text" value="two"/></form>`
	for name, x := range map[string]struct {
		form string
		sent string // beside the mark of the last form
		want string
		not  string // kept
	}{
		"no action":                     {form: `<form method="post"><textarea name="text"></textarea></form>`, sent: "text=typed", want: "\ntyped</textarea>"},
		"an action with a query":        {form: `<form method="post" action="/survey?x=1&amp;y=2"><input name="text"/></form>`, sent: "text=typed", want: `value="typed"`},
		"a relative action":             {form: `<form method="post" action="survey"><input name="text"/></form>`, sent: "text=typed", want: `value="typed"`},
		"an option without a value":     {form: `<form method="post"><select name="pick"><option>Red<option>  Dark   blue </select></form>`, sent: "pick=Dark+blue", want: `<option>Red<option selected="">  Dark   blue `},
		"a list with nothing chosen":    {form: `<form method="post"><input name="text"/><select name="s" multiple><option selected>A</select></form>`, sent: "text=typed", want: `<option>A`},
		"two forms of one action":       {form: rows, sent: "id=2&text=typed", want: `value="2"/><input name="text" value="typed"/>`},
		"a row that has gone":           {form: rows, sent: "id=3&text=typed", want: rows},
		"a disabled field":              {form: `<form method="post"><input name="email" value="mine" disabled/><input type="checkbox" name="box" checked disabled/><input name="text"/></form>`, sent: "text=typed", want: `<input name="email" value="mine" disabled/><input type="checkbox" name="box" checked disabled/><input name="text" value="typed"/>`},
		"fields that are disabled":      {form: `<form method="post"><fieldset disabled><fieldset></fieldset><input type="checkbox" name="box" checked></fieldset><input type="checkbox" name="tick" checked><input name="text"></form>`, sent: "text=typed", want: `name="box" checked></fieldset><input type="checkbox" name="tick"><input name="text" value="typed">`},
		"a new field":                   {form: `<form method="post"><input name="new" value="mine"/><textarea name="more">mine</textarea><input name="text"/></form>`, sent: "text=typed", want: `<input name="new" value="mine"/><textarea name="more">mine</textarea><input name="text" value="typed"/>`},
		"a hidden field of the name":    {form: `<form method="post"><input type="hidden" name="text" value="x"/><input name="text"/></form>`, sent: "text=x&text=typed", want: `<input name="text" value="typed"/>`},
		"other quotes":                  {form: `<form method='post' action=/survey><input name=text></form>`, sent: "text=typed", want: `<input name="text" value="typed">`},
		"upper case":                    {form: `<FORM METHOD="POST"><INPUT TYPE="TEXT" NAME="text"></FORM>`, sent: "text=typed", want: `value="typed"`},
		"a bracket in an attribute":     {form: `<form data-x="a>b" method="post"><input data-y="<form>" name="text"/></form>`, sent: "text=typed", want: `name="text" value="typed"/>`},
		"a table":                       {form: `<table><form method="post"><tr><td><input name="text"/></td></tr></form></table>`, sent: "text=typed", want: `<tr><td><input name="text" value="typed"/></td></tr></form></table>`},
		"forms in comments and scripts": {form: `<!-- <form method="post"> --><script>'<form method="post"><input name="text">'</script><form method="post"><input name="text"/></form>`, sent: "text=typed", want: `value="typed"/></form>`},
		"an end in a comment":           {form: `<form method="post"><!-- not </form> yet --><input name="text"/></form>`, sent: "text=typed", want: `value="typed"/></form>`},
		"what looks like a hidden one":  {form: `<form method="post"><input data-type="hidden" name="text"/></form>`, sent: "text=typed", want: `value="typed"/></form>`},
		"what is in other quotes":       {form: `<form data-was=' method="get"' method="post"><input data-was=' type="hidden"' name="text"/></form>`, sent: "text=typed", want: `value="typed"/></form>`},
		"a field before its form":       {form: `<input name="text" form="f"/><form id="f" method="post"></form>`, sent: "text=typed", want: `<input name="text" form="f" value="typed"/>`},
		"a field of another form":       {form: `<form id="f" method="get"></form><form method="post"><input name="text" form="f"/><input name="text"/></form>`, sent: "text=typed", want: `<input name="text" form="f"/><input name="text" value="typed"/>`},
		"a PASSWORD":                    {form: `<form method="post"><input type="PASSWORD" name="pw"/><input name="text"/></form>`, sent: "text=typed&pw=secret", want: "typed", not: "secret"},
		"a password outside its form":   {form: `<form id="f" method="post"><input name="text"/></form><input type=password name="pw" form="f"/>`, sent: "text=typed&pw=secret", want: "typed", not: "secret"},
		"a password in a noscript":      {form: `<form method="post"><noscript><input type="password" name="pw"/></noscript><input name="text"/></form>`, sent: "text=typed&pw=secret", want: "typed", not: "secret"},
		"a field that a script adds":    {form: `<form method="post"><input name="text"/></form>`, sent: "text=typed&new_password=secret", want: "typed", not: "secret"},
		"a password that is shown":      {form: `<form method="post"><input name="pw" autocomplete="new-password"/><input name="text"/></form>`, sent: "text=typed&pw=secret", want: "typed", not: "secret"},
		"the current one, shown":        {form: `<form method="post"><input name="pw" autocomplete="section-a Current-Password"/><input name="text"/></form>`, sent: "text=typed&pw=secret", want: "typed", not: "secret"},
		"a code":                        {form: `<form method="post"><input name="pw" autocomplete="one-time-code webauthn"/><input name="text"/></form>`, sent: "text=typed&pw=secret", want: "typed", not: "secret"},
		"a password of a field's name":  {form: `<form method="post"><input name="text"/><input type="password" name="text"/><input name="more"/></form>`, sent: "text=typed&text=secret&more=more", want: `value="more"`, not: "secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := "<!DOCTYPE html><html><body>" + x.form + "</body></html>\n"
			s := newSurvey(t, "cookie", page)
			v := s.signedIn(s.ada)
			marks := hiddenField.FindAllStringSubmatch(v.do("/survey"), -1)
			sent, err := url.ParseQuery(x.sent)
			if err != nil || len(marks) == 0 {
				t.Fatal(err, marks)
			}
			sent.Set("_form", marks[len(marks)-1][1])
			v.do("/out")
			v.wantKept("/survey", sent)
			if kept := v.do("/kept"); x.not != "" && strings.Contains(kept, x.not) {
				t.Errorf("kept is %s", kept)
			}
			v.do(fmt.Sprint("/in?id=", s.ada))
			filled := hiddenField.ReplaceAllString(v.do("/survey"), "")
			if !strings.Contains(filled, x.want) {
				t.Errorf("no %s in %s", x.want, filled)
			}
			if kept, back := v.do("/kept") != "[]", strings.Contains(filled, "What you typed"); kept == back || kept != (name == "a row that has gone") {
				t.Errorf("it is kept: %v, said to be back: %v", kept, back)
			}
		})
	}
}

// TestWhatIsNoWholePageIsLeftAsItIs since passwords may be in what is to come.
func TestWhatIsNoWholePageIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	for _, pieces := range [][]string{
		{`<html><body><form method="post"><textarea name="text"></textarea>`, `<input type="password" name="pw"></form></body></html>`},
		{`<html><body><form method="post"><textarea name="text"></textarea></form>`, `</body></html>`},
		{`<html><body>`, `<form method="post"><textarea name="text"></textarea></form></body></html>`},
		{`<html><body><form method="post"><textarea name="text"></textarea></body></html>`},
	} {
		s := newSurvey(t, "cookie", pieces...)
		if page := s.signedIn(s.ada).do("/survey"); page != strings.Join(pieces, "") {
			t.Errorf("the page is %s", page)
		}
	}
}

func TestOfTwoTabsBothAreFilledInAgain(t *testing.T) {
	t.Parallel()
	s := newSurvey(t, "cookie", survey)
	v := s.signedIn(s.ada)
	mark := hiddenField.FindStringSubmatch(v.do("/survey"))
	v.do("/out")
	for _, text := range []string{"first", "second", "second"} { // a double click
		v.wantKept("/survey", url.Values{"_form": mark[1:], "version": {"3"}, "text": {text}})
	}
	v.do(fmt.Sprint("/in?id=", s.ada))
	for _, text := range []string{"second", "first", "before"} {
		if page := v.do("/survey"); !strings.Contains(page, text+"</textarea>") {
			t.Errorf("no %s in %s", text, page)
		}
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	s := newSurvey(t, "filesystem", survey)
	v := s.signedIn(s.ada)
	mark := hiddenField.FindStringSubmatch(v.do("/survey"))
	tooLong := hiddenField.FindStringSubmatch(v.do("/survey?" + strings.Repeat("&", maxAddress-10)))
	v.do("/out")
	refused := func(text string, mark ...string) {
		t.Helper()
		if status, answer := v.post("/survey", url.Values{"_form": mark[1:], "text": {text}}); status != http.StatusInternalServerError || answer != ErrEnded.Error() {
			t.Errorf("%d %s", status, answer)
		}
	}
	refused("the page's address is too long for a mark", tooLong...)
	refused(strings.Repeat("x", maxForm), mark...)
	for i := range maxForms {
		v.wantKept("/survey", url.Values{"_form": mark[1:], "text": {fmt.Sprint(i)}})
	}
	refused("one too many", mark...)
	s.wait(formLifetime + time.Minute)
	v.wantKept("/survey", url.Values{"_form": mark[1:], "text": {"the next day"}})
}

func TestAnApplicationsValueHasTheRoomOfAKeptForm(t *testing.T) {
	t.Parallel()
	s := newSurvey(t, "cookie", survey)
	v := s.signedIn(s.ada)
	mark := hiddenField.FindStringSubmatch(v.do("/survey"))
	v.do("/out")
	v.wantKept("/survey", url.Values{"_form": mark[1:], "text": {strings.Repeat("x", 1600)}})
	v.do(fmt.Sprint("/in?id=", s.ada))
	v.do("/set", "value", "small")
	if kept := v.do("/kept"); kept == "[]" {
		t.Error("a small value has it forgotten")
	}
	v.do("/set", "value", strings.Repeat("y", 1000))
	v.want("/kept", "[]")
}

// TestAnAnswerThatIsNoPageForgetsNothing has a handler that commits no session.
func TestAnAnswerThatIsNoPageForgetsNothing(t *testing.T) {
	t.Parallel()
	wantData := func(v *visitor) {
		t.Helper()
		if data := v.do("/data"); strings.Contains(data, ErrNotSaved.Error()) {
			t.Errorf("got %s", data)
		}
	}
	for _, store := range []string{"cookie", "filesystem"} {
		s := newSurvey(t, store, survey)
		v := s.signedIn(s.ada)
		sendSurvey(v)
		v.do(fmt.Sprint("/in?id=", s.ada))
		wantData(v)
		if page := v.do("/survey"); !strings.Contains(page, "&lt;after&gt;") {
			t.Errorf("it is forgotten: %s", page)
		}
		sendSurvey(v)
		v.do(fmt.Sprint("/in?id=", s.eve))
		wantData(v)
	}
}

// TestWhatIsSomebodyElsesIsForgotten with the next thing that is saved.
func TestWhatIsSomebodyElsesIsForgotten(t *testing.T) {
	t.Parallel()
	s := newSurvey(t, "filesystem", survey)
	v := s.signedIn(s.ada)
	sendSurvey(v)
	v.do(fmt.Sprint("/in?id=", s.eve))
	v.do("/survey")
	s.wait(2 * time.Minute)
	v.do("/survey")
	v.want("/kept", "[]")
}
