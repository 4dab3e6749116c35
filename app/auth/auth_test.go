package auth

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
)

func TestPasswordFault(t *testing.T) {
	t.Parallel()
	names := []string{"Meadow", "Ada Lovelace", "ada.lovelace@example.com"}
	for name, test := range map[string]struct{ password, want string }{
		"seven characters":                 {"aB3$xyz", "at least 8"},
		"eight characters":                 {"aB3$xyzq", ""},
		"eight characters beyond ASCII":    {"пароль你好", ""},
		"128 characters":                   {strings.Repeat("a sentence of 16", 8), ""},
		"129 characters":                   {strings.Repeat("a sentence of 16", 8) + "c", "at most 128"},
		"128 characters beyond ASCII":      {strings.Repeat("йцукенгшщзхъфыва", 8), ""},
		"only letters":                     {"correcthorsebattery", ""},
		"spaces and punctuation":           {"  ' OR 1=1; -- ", ""},
		"a common one":                     {"password", "attacker tries"},
		"a common one in capitals":         {"TRUSTNO1", "attacker tries"},
		"one character":                    {"zzzzzzzzzzzz", "attacker tries"},
		"a common one with a sign":         {"Password1!", "attacker tries"},
		"a run":                            {"12345678901", "attacker tries"},
		"a run backwards":                  {"987654321", "attacker tries"},
		"letters in a run":                 {"abcdefghijk", "attacker tries"},
		"four characters again":            {"12341234", "attacker tries"},
		"three characters, cut":            {"12312312", "attacker tries"},
		"two characters again":             {"abababab", "attacker tries"},
		"a name and a run":                 {"meadow12345678", "mostly a name"},
		"a name and a common one":          {"lovelacepassword", "mostly a name"},
		"the end of the address's host":    {"k7com#Qz", ""},
		"the product's name and a year":    {"Meadow2026!", "mostly a name"},
		"the person's name":                {"my lovelace", "mostly a name"},
		"the person's whole name":          {"AdaLovelace1", "mostly a name"},
		"the address":                      {"ada.lovelace", "mostly a name"},
		"the address's host":               {"example.com", "mostly a name"},
		"a sentence that has a name in it": {"my meadow has seven doors", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := PasswordFault(test.password, names...)
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestTheCommonListHasTheTopOfEveryBreach(t *testing.T) {
	t.Parallel()
	if n := len(commonPasswords()); n < 15_000 {
		t.Errorf("only %d passwords", n)
	}
	for _, password := range []string{"12345678", "iloveyou", "qwertyuiop", "password1"} {
		if PasswordFault(password) == "" {
			t.Errorf("%s is taken", password)
		}
	}
}

func TestNormalizeEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		" Ada@Example.COM ":                       "ada@example.com",
		"ada+portal@sub.example.co":               "ada+portal@sub.example.co",
		"":                                        "",
		"ada":                                     "",
		"ada@":                                    "",
		"Ada <ada@example.com>":                   "",
		"a@b@c":                                   "",
		"ada@example.com, b@c":                    "",
		"ada@exam\nple.com":                       "",
		"ada\u200b@example.com":                   "",
		"ada\u202e@example.com":                   "",
		"ada\u00ad@example.com":                   "",
		"ada@-x":                                  "",
		"ada@x-.com":                              "",
		"ada@localhost":                           "ada@localhost",
		"żółw@example.com":                        "",
		"jos\u00e9@example.com":                   "",
		"jose\u0301@example.com":                  "",
		"\u0430da@example.com":                    "", // begins with a Cyrillic letter
		"\u212aay@example.com":                    "", // whose small letter is an ASCII k
		"ada@żółw.example":                        "ada@xn--w-uga1v8h.example",
		"ada@ŻÓŁW.example":                        "ada@xn--w-uga1v8h.example",
		"ada@XN--W-UGA1V8H.example":               "ada@xn--w-uga1v8h.example",
		"ada@jose\u0301.example":                  "ada@xn--jos-dma.example",
		"ada@jos\u00e9.example":                   "ada@xn--jos-dma.example",
		"ada@ｅxample。com":                         "ada@example.com",
		"ada@xn--a.example":                       "",
		"ada@exa_mple.com":                        "",
		"ada@example.com.":                        "",
		"ada@example..com":                        "",
		"ada@[192.0.2.1]":                         "",
		"\"ada\"@example.com":                     "",
		"a..da@example.com":                       "",
		"!#$%&'*+/=?^_`{|}~-@a.b":                 "!#$%&'*+/=?^_`{|}~-@a.b",
		"ada@" + strings.Repeat("a", 63) + ".com": "ada@" + strings.Repeat("a", 63) + ".com",
		"ada@" + strings.Repeat("a", 64) + ".com": "",
		strings.Repeat("a", 250) + "@example.com": "",
	} {
		got, ok := NormalizeEmail(in)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: got %q, %v", in, got, ok)
		}
	}
}

func TestNameFault(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{
		"Ada Lovelace": true, "李雷": true, "O'Brien-Smith, Jr.": true, "نیک\u200cنام": true, "": false, "a\nb": false,
		"tab\there": false, "\u202ereversed": false, "\u200b": false, "\u3164": false, "\u2028x": false, "\u0301\u0301": false, "7": true, strings.Repeat("x", 100): true, strings.Repeat("x", 101): false,
	} {
		if fault := NameFault(name); (fault == "") != good {
			t.Errorf("%q: %q", name, fault)
		}
	}
}

func TestHashAndVerify(t *testing.T) {
	t.Parallel()
	h := NewHasher(Cost)
	hash, err := h.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("got %s", hash)
	}
	for password, want := range map[string]bool{"correct horse": true, "correct horse ": false, "Correct horse": false, "": false} {
		match, outdated, err := h.Verify(t.Context(), password, hash)
		if match != want || outdated || err != nil {
			t.Errorf("%q: %v, %v, %v", password, match, outdated, err)
		}
	}
	if match, _, err := h.Verify(t.Context(), "correct horse", ""); match || err != nil {
		t.Errorf("an account that doesn't exist: %v, %v", match, err)
	}
	if _, _, err := h.Verify(t.Context(), "x", "garbage"); err == nil {
		t.Error("a hash that is garbage is no error")
	}
}

func TestAHashOfOlderParametersIsOutdated(t *testing.T) {
	t.Parallel()
	older := Cost
	older.Iterations = 1
	hash, err := argon2id.CreateHash("correct horse", &older)
	if err != nil {
		t.Fatal(err)
	}
	match, outdated, err := NewHasher(Cost).Verify(t.Context(), "correct horse", hash)
	if !match || !outdated || err != nil {
		t.Errorf("got %v, %v, %v", match, outdated, err)
	}
}

func TestHashingWaitsForItsTurnOnlyAsLongAsTheRequest(t *testing.T) {
	t.Parallel()
	h := &Hasher{cost: Cost, turns: make(chan struct{}, 1)}
	h.turns <- struct{}{} // somebody who never ends
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := h.Hash(ctx, "correct horse"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestNoMorePasswordsAreHashedAtOnceThanThereAreTurns(t *testing.T) {
	t.Parallel()
	h := &Hasher{cost: Cost, turns: make(chan struct{}, 2)}
	var mu sync.Mutex
	running, most := 0, 0
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if err := h.wait(t.Context()); err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			mu.Lock()
			running--
			mu.Unlock()
			h.done()
		})
	}
	group.Wait()
	if most > 2 {
		t.Errorf("%d at once", most)
	}
}

func TestBucketsKeepNetworksAndAccountsApart(t *testing.T) {
	t.Parallel()
	if AccountBucket("a@b.c", "192.0.2.1") == AccountBucket("a@b.c", "192.0.2.2") {
		t.Error("two IPv4 addresses share a counter")
	}
	if AccountBucket("a@b.c", "192.0.2.1") == AccountBucket("x@b.c", "192.0.2.1") {
		t.Error("two accounts share a counter")
	}
	if NetworkBucket("2001:db8::1") != NetworkBucket("2001:db8::ffff:2") {
		t.Error("one IPv6 network has two counters")
	}
	if NetworkBucket("2001:db8::1") == NetworkBucket("2001:db8:0:1::1") {
		t.Error("two IPv6 networks share a counter")
	}
	if NetworkBucket("::ffff:192.0.2.1") != NetworkBucket("192.0.2.1") {
		t.Error("a mapped IPv4 address has a counter of its own")
	}
	for _, bucket := range []string{AccountBucket("ada@example.com", "192.0.2.1"), MailboxBucket("reset", "ada@example.com")} {
		if strings.Contains(bucket, "ada") {
			t.Error("an address can be read in a bucket")
		}
	}
	if MailboxBucket("reset", "ada@example.com") == MailboxBucket("register", "ada@example.com") {
		t.Error("two purposes share places")
	}
	if MailboxBucket("reset", "ada+1@example.com") != MailboxBucket("reset", "ada+2+3@example.com") {
		t.Error("two addresses of a mailbox have places of their own")
	}
	for _, other := range []string{"ada+1@example.com", "ada+@example.com", "ada+1@example.org", "eve+1@example.com"} {
		if MailboxBucket("reset", other) == MailboxBucket("reset", "ada@example.com") || other != "ada+@example.com" && other != "ada+1@example.com" && MailboxBucket("reset", other) == MailboxBucket("reset", "ada+1@example.com") {
			t.Errorf("%s takes places of somebody else's", other)
		}
	}
}
