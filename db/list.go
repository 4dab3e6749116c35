package db

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strings"
)

// Order is an ORDER BY clause.
type Order struct{ by string }

// clause can only be a constant for other packages, so that no visitor's words
// get into the SQL.
type clause string

// By returns the order that a clause such as "title DESC, id DESC" stands for.
// It ends in a unique column, or pages would overlap.
func By(c clause) Order { return Order{string(c)} }

// OrderBy returns the queries with another order: it replaces the line ORDER BY
// of the query that is called on it. An index can serve the order then, which
// it can't where the query chooses among columns by a parameter.
func (d *DB) OrderBy(o Order) *Queries { return New(ordered{queryer{d}, o}) }

type ordered struct {
	queryer
	order Order
}

var orderLine = regexp.MustCompile(`(?m)^ORDER BY .*$`)

func (q ordered) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if len(orderLine.FindAllString(query, 2)) != 1 {
		return nil, fmt.Errorf("OrderBy needs a query with one line ORDER BY, not %.40q", query)
	}
	return q.queryer.QueryContext(ctx, orderLine.ReplaceAllLiteralString(query, "ORDER BY "+q.order.by), args...)
}

// SearchText returns what a column search_text holds of a row's fields. Letters
// are made small in Go: SQLite knows only those of ASCII.
func SearchText(fields ...string) string {
	return strings.ToLower(strings.Join(fields, "\n"))
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// SearchPattern returns the LIKE pattern that finds text anywhere in a column
// search_text, or "" when there is nothing to look for.
func SearchPattern(text string) string {
	if text = strings.TrimSpace(text); text == "" {
		return ""
	}
	return "%" + likeEscaper.Replace(strings.ToLower(text)) + "%"
}
