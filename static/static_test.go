package static

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

func get(path string, header ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func appCSS(t *testing.T) (url, content string) {
	t.Helper()
	url, err := URL("css/app.css")
	if err != nil {
		t.Fatal(err)
	}
	var text string
	for _, name := range sheets {
		part, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		text += string(part)
	}
	return url, text
}

func TestAFileIsServedForGoodUnderTheHashOfItsContent(t *testing.T) {
	t.Parallel()
	url, content := appCSS(t)
	if !strings.HasPrefix(url, "/static/css/app.") || !strings.HasSuffix(url, ".css") {
		t.Fatal(url)
	}
	answer := get(url)
	if answer.StatusCode != http.StatusOK || body(t, answer.Body) != content ||
		answer.Header.Get("Content-Type") != "text/css; charset=utf-8" ||
		answer.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("got %d, %v", answer.StatusCode, answer.Header)
	}
	if plain := get("/static/css/app.css"); plain.StatusCode != http.StatusOK || plain.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("without a hash: %d, %v", plain.StatusCode, plain.Header)
	}
	if other := get("/static/css/app.0123456789ab.css"); other.StatusCode != http.StatusNotFound {
		t.Errorf("another hash: %d", other.StatusCode)
	}
	if _, err := URL("css/nope.css"); err == nil {
		t.Error("a file that doesn't exist has a URL")
	}
}

func TestAFileIsSentInTheBestEncodingThatTheClientTakes(t *testing.T) {
	t.Parallel()
	url, content := appCSS(t)
	for accept, want := range map[string]string{
		"":                        "",
		"gzip, deflate, br, zstd": "br",
		"gzip":                    "gzip",
		"br;q=0, gzip;q=0.5":      "gzip",
		"br; q=0.000":             "",
		"identity":                "",
		"GZIP":                    "gzip",
	} {
		answer := get(url, "Accept-Encoding", accept)
		if got := answer.Header.Get("Content-Encoding"); got != want || answer.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: got %q, %v", accept, got, answer.Header)
			continue
		}
		var reader io.Reader = answer.Body
		switch want {
		case "br":
			reader = brotli.NewReader(reader)
		case "gzip":
			reader, _ = gzip.NewReader(reader)
		}
		if body(t, reader) != content {
			t.Errorf("%q: other content", accept)
		}
	}
}

func TestConditionalAndRangeRequests(t *testing.T) {
	t.Parallel()
	url, content := appCSS(t)
	for _, encoding := range []string{"", "gzip", "br"} {
		etag := get(url, "Accept-Encoding", encoding).Header.Get("ETag")
		if again := get(url, "Accept-Encoding", encoding, "If-None-Match", etag); again.StatusCode != http.StatusNotModified {
			t.Errorf("%q unchanged: %d", encoding, again.StatusCode)
		}
		if other := get(url, "Accept-Encoding", encoding, "If-None-Match", `"other"`); other.StatusCode != http.StatusOK {
			t.Errorf("%q changed: %d", encoding, other.StatusCode)
		}
	}
	part := get(url, "Range", "bytes=2-5", "Accept-Encoding", "br")
	if part.StatusCode != http.StatusPartialContent || body(t, part.Body) != content[2:6] || part.Header.Get("Content-Encoding") != "" {
		t.Errorf("got %d, %v", part.StatusCode, part.Header)
	}
	if past := get(url, "Range", "bytes=9999999-"); past.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("past the end: %d", past.StatusCode)
	}
}

func TestOnlyFilesAreServed(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/static/", "/static/css", "/static/css/", "/static/static.go", "/static/../static.go", "/static/css/../../static.go", "/static/css/app.css/", "/static/."} {
		if answer := get(path); answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, answer.StatusCode)
		}
	}
}
