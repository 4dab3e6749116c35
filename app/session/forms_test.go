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

// newSurvey is a site with a page for those who are signed in, and takeKept
// returns what is kept of a visitor's forms.
func newSurvey(t *testing.T) *site {
	t.Helper()
	s := newSite(t, "filesystem", dbtest.SQLiteURL(t))
	s.Any("/survey", s.manager.KeepForms(func(c echo.Context) error {
		if err := From(c).Commit(); err != nil {
			return err
		}
		if user, _ := From(c).User(); user == nil {
			return c.Redirect(http.StatusSeeOther, "/login?next="+c.Request().Referer())
		}
		return c.HTML(http.StatusOK, survey)
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
	fields := url.Values{"_form": mark[1:], "tag": {"1", "2"}, "pass word": {"secret"}, "version": {"2"}, "box": {"on"}, "dot": {"2"}, "pick": {"y"}, "text": {"<after>"}}
	r := httptest.NewRequest(http.MethodPost, "/survey", strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if status, text := v.answer(r); status != http.StatusSeeOther {
		v.site.t.Fatalf("%d %s", status, text)
	}
}

func TestOnlyFormsThatAreFilledInAreMarked(t *testing.T) {
	t.Parallel()
	s := newSurvey(t)
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
	s := newSurvey(t)
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
		`<textarea name="text">&lt;after&gt;</textarea><button name="do" value="send">`,
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
	s := newSurvey(t)
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
	mark, err := formMark{Owner: 7, Page: "/"}.encode(codecs(oldSecret))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := decodeMark(mark, codecs(newSecret, oldSecret)); err != nil || m.Owner != 7 {
		t.Errorf("got %v, %v", m, err)
	}
	if m, err := decodeMark(mark, codecs(newSecret)); err == nil {
		t.Errorf("got %v of a secret that isn't known", m)
	}
}
