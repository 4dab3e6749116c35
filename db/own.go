package db

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// OwnRows returns the rows of all tables that belong to a person, by table: those
// whose column user_id has their id, so that a table that is added later is among
// them. Bytes and hashes are left out: they are ours, not theirs. max bounds the
// rows of each table; more says which of them have more.
func (d *DB) OwnRows(ctx context.Context, userID int64, max int) (rows map[string][]map[string]any, more []string, err error) {
	tables, err := d.ownTables(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list tables of people: %w", err)
	}
	rows = map[string][]map[string]any{}
	for _, table := range tables {
		found, err := d.ownRows(ctx, table, userID, max+1)
		if err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", table, err)
		}
		if len(found) > max {
			found, more = found[:max], append(more, table)
		}
		rows[table] = found
	}
	return rows, more, nil
}

// ownTables lists the tables that have a column user_id.
func (d *DB) ownTables(ctx context.Context) ([]string, error) {
	query := "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'user_id' WHERE m.type = 'table' ORDER BY m.name"
	if d.Postgres() {
		query = "SELECT table_name FROM information_schema.columns WHERE table_schema = current_schema() AND column_name = 'user_id' ORDER BY table_name"
	}
	found, err := queryer{d}.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var tables []string
	for found.Next() {
		var name string
		if err := found.Scan(&name); err != nil {
			return nil, err
		}
		tables = append(tables, name)
	}
	return tables, found.Err()
}

// ownRows reads a table, whose name the database has given. No index is asked for:
// each of these tables has one that begins with user_id.
func (d *DB) ownRows(ctx context.Context, table string, userID int64, max int) ([]map[string]any, error) {
	found, err := queryer{d}.QueryContext(ctx, `SELECT * FROM "`+strings.ReplaceAll(table, `"`, `""`)+`" WHERE user_id = $1 ORDER BY id LIMIT $2`, userID, max)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		return nil, err
	}
	rows := []map[string]any{}
	for found.Next() {
		row, err := scanRow(found, columns)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, found.Err()
}

func scanRow(found *sql.Rows, columns []string) (map[string]any, error) {
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	if err := found.Scan(values...); err != nil {
		return nil, err
	}
	row := map[string]any{}
	for i, column := range columns {
		value := *values[i].(*any)
		if _, bytes := value.([]byte); bytes || isInternal(column) {
			continue
		}
		if at, ok := value.(time.Time); ok {
			value = at.UTC()
		}
		row[column] = value
	}
	return row, nil
}

// isInternal reports whether a column has what is ours: hashes, which key signs a
// cookie, what a search looks through.
func isInternal(column string) bool {
	return slices.Contains([]string{"user_id", "key_id", "search_text"}, column) || strings.HasSuffix(column, "_hash")
}
