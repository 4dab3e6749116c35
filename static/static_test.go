package static

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
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

func TestFilesAreServedUnderTheirVersion(t *testing.T) {
	t.Parallel()
	url, err := URL("css/app.css")
	if err != nil || !strings.HasPrefix(url, "/static/css/app.css?v=") {
		t.Fatal(url, err)
	}
	answer := get(url)
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/css; charset=utf-8" ||
		answer.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("got %d, %v", answer.StatusCode, answer.Header)
	}
	if again := get(url, "If-None-Match", answer.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("unchanged: %d", again.StatusCode)
	}
	if other := get("/static/css/app.css?v=older"); other.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("another version: %v", other.Header)
	}
	if _, err := URL("css/nope.css"); err == nil {
		t.Error("a file that doesn't exist has a URL")
	}
}

func TestOnlyFilesAreServed(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/static/", "/static/css", "/static/css/", "/static/static.go", "/static/../static.go", "/static/css/../../static.go", "/static/css/app.css/"} {
		if answer := get(path); answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, answer.StatusCode)
		}
	}
}
