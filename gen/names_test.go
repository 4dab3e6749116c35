package main

import (
	"strings"
	"testing"
)

func TestANounHasAllItsForms(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"ticket":    "ticket tickets Ticket Tickets /tickets a ticket",
		"tickets":   "ticket tickets Ticket Tickets /tickets a ticket",
		"blog_post": "blogPost blog_posts BlogPost BlogPosts /blog-posts a blog post",
		"BlogPost":  "blogPost blog_posts BlogPost BlogPosts /blog-posts a blog post",
		"blog-post": "blogPost blog_posts BlogPost BlogPosts /blog-posts a blog post",
		"person":    "person people Person People /people a person",
		"people":    "person people Person People /people a person",
		"status":    "status statuses Status Statuses /statuses a status",
		"category":  "category categories Category Categories /categories a category",
		"box":       "box boxes Box Boxes /boxes a box",
		"news":      "news news_items News NewsItems /news-items a news",
		"address":   "address addresses Address Addresses /addresses an address",
		"invoice":   "invoice invoices Invoice Invoices /invoices an invoice",
		"api2_key":  "api2Key api2_keys Api2Key Api2Keys /api2-keys an api2 key",
		"user_id":   "userID user_ids UserID UserIds /user-ids an user id",
		"unit":      "unit units Unit Units /units a unit",
	} {
		n, err := newNoun(name, "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := strings.Join([]string{n.Var(), n.Table(), n.Type(), n.Types(), n.Path(), n.A()}, " ")
		if want = strings.ReplaceAll(want, "an user", "a user"); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if n, err := newNoun("cactus", "cacti"); err != nil || n.Table() != "cacti" {
		t.Errorf("got %v, %v", n, err)
	}
}

// TestNamesThatCantBeAreRefused: each with a sentence that says why.
func TestNamesThatCantBeAreRefused(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"": "has no letter", "_": "has no letter", "-": "has no letter", "1ticket": "letters a to z", "über": "letters a to z", "тикет": "letters a to z", "票": "letters a to z", "ticket!": "letters a to z",
		"tick.et": "letters a to z", "a/b": "letters a to z", "../x": "letters a to z", "a;b": "letters a to z", "a'b": "letters a to z", "$(rm)": "letters a to z", "ticket\n": "letters a to z", "é": "letters a to z",
		"type": "word of Go", "func": "word of Go", "package": "word of Go", "map": "word of Go", "string": "word of Go", "error": "word of Go", "int": "word of Go", "len": "word of Go", "nil": "word of Go", "interface": "word of Go", "byte": "word of Go", "range": "word of Go",
		"select": "word of Go", "default": "word of Go", "case": "word of Go", "value": "SQL", "other": "SQL", "tie": "SQL", "null": "SQL",
		"session": "uses itself", "page": "uses itself", "list": "uses itself", "server": "uses itself", "input": "uses itself", "form": "uses itself", "owner": "uses itself", "url": "uses itself", "db": "uses itself", "time": "uses itself",
		strings.Repeat("a", 31): "too long",
	} {
		if n, err := newNoun(name, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want %q", name, n, err, want)
		}
	}
}

func TestFieldsThatCantBeAreRefused(t *testing.T) {
	t.Parallel()
	notes := &made{Access: "owner", Heading: "title", One: []string{"note"}, Many: []string{"notes"}}
	for text, want := range map[string]string{
		"title": "of what type", "title:": "of what type", "title:varchar": "of what type", "title:String": "of what type", ":string": "no letter", "1st:string": "letters a to z", "id:int": "something else",
		"user_id:int": "something else", "created_at:datetime": "something else", "search_text:text": "something else", "order:int": "something else", "select:string": "something else", "errors:string": "something else",
		"page:int": "something else", "q:string": "something else", "title:string:big": "is none of", "title:string:": "is none of", "title:string:optional:big": "can't be said", "title:string:due": "can't be said", "body:text:sort": "can't be said", "done:bool:optional": "can't be said",
		"done:bool:unique": "can't be said", "price:decimal:x": "0 to 6", "price:decimal:7": "0 to 6", "price:decimal:-1": "0 to 6", "status:enum": "its values", "status:enum:": "its values", "status:enum:Open": "its values", "status:enum:a,a": "its values",
		"status:enum:a,,b": "its values", "status:enum:optional": "its values", "status:enum:a b": "its values", "boss:references": "can lead to", "boss:references:bosses": "can lead to: notes", "boss:references:optional": "can lead to",
		"name:string:'; DROP TABLE users": "is none of", "on:date": "something else",
		"order_id:references:users": "something else", "check_id:references:notes": "something else", "user_id:references:users": "something else",
		"q_on:bool:filter": "in its address", "page_at:bool:filter": "in its address",
	} {
		f, err := newField(text, "owner", map[string]*made{"notes": notes})
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "what `gen resource` made: ", "can lead to: "), want) {
			t.Errorf("%q: %+v, %v; want %q", text, f, err, want)
		}
	}
	for _, access := range []string{"members", "admin", "public"} {
		if _, err := newField("note:references:notes", access, map[string]*made{"notes": notes}); err == nil || !strings.Contains(err.Error(), "may not see") {
			t.Errorf("%s: somebody's own notes would be shown to others: %v", access, err)
		}
	}
	if _, err := newField("author:references:users", "public", nil); err == nil || !strings.Contains(err.Error(), "may not see") {
		t.Errorf("people's names would be shown to everybody: %v", err)
	}
}

func TestAResourceSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	n, err := newNoun("ticket", "")
	if err != nil {
		t.Fatal(err)
	}
	for want, arguments := range map[string][]string{
		"say who may use it":        {"", "title:string"},
		"public. `gen resource":     {"everybody", "title:string"},
		"which fields":              {"owner"},
		"heading":                   {"owner", "count:int"},
		"add a string":              {"owner", "title:string:optional"},
		"there is one of that name": {"owner", "title:string", "title:text"},
		"of that name: due_on":      {"owner", "title:string", "due_on:date", "due_at:datetime"},
		"can't be made by gen":      {"members", "title:string", "tickets:references:users"},
	} {
		if r, err := newResource(n, "example.com/x", arguments[0], arguments[1:], nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, %v; want %q", arguments, r, err, want)
		}
	}
}

// TestNamesOfIndexesFitPostgreSQL: it would cut a longer one, and then find it twice,
// or not by the name that the code has.
func TestNamesOfIndexesFitPostgreSQL(t *testing.T) {
	t.Parallel()
	n, err := newNoun("preferred_delivery_address_box", "")
	if err != nil {
		t.Fatal(err)
	}
	for field, fits := range map[string]bool{
		"another_rather_long_field_name:int": true, "another_rather_long_field_name:int:index": false, "preferred_delivery_time_wind:string:unique": false,
		"another_rather_long_field:int:optional:sort": false, "a_rather_long_field:int:optional:sort": true, "another_rather_long_nam:references:users": true, "another_rather_long_field:references:users": false,
	} {
		r, err := newResource(n, "example.com/x", "members", []string{"title:string", field}, nil)
		if fits && err != nil || !fits && (err == nil || !strings.Contains(err.Error(), "shorter name")) {
			t.Errorf("%s: %v, %v", field, r, err)
		}
	}
}
