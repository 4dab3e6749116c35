package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
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
			return nil, nil, fmt.Errorf("read %s: %w", table.name, err)
		}
		if len(found) > max {
			found, more = found[:max], append(more, table.name)
		}
		rows[table.name] = found
	}
	return rows, more, nil
}

// ownTable is a table that has a column user_id. Its name, and the columns of its
// primary key, are as SQL has them, quoted.
type ownTable struct{ name, quoted, key string }

// ownTables lists these tables, without views: what is in one is in tables.
func (d *DB) ownTables(ctx context.Context) ([]ownTable, error) {
	query := `
SELECT m.name, format('"%w"', m.name), COALESCE((
    SELECT group_concat(format('"%w"', k.name), ', ' ORDER BY k.pk) FROM pragma_table_info(m.name) k WHERE k.pk > 0
  ), '')
FROM sqlite_master m
JOIN pragma_table_info(m.name) c ON c.name = 'user_id'
WHERE m.type = 'table'
ORDER BY m.name`
	if d.Postgres() {
		query = ownTablesOfPostgres
	}
	found, err := queryer{d}.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var tables []ownTable
	for found.Next() {
		var t ownTable
		if err := found.Scan(&t.name, &t.quoted, &t.key); err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	return tables, found.Err()
}

const ownTablesOfPostgres = `
SELECT t.table_name, quote_ident(t.table_name), COALESCE((
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY array_position(i.indkey, a.attnum))
    FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indisprimary AND i.indrelid = format('%I.%I', t.table_schema, t.table_name)::regclass
  ), '')
FROM information_schema.tables t
JOIN information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = t.table_name AND c.column_name = 'user_id'
WHERE t.table_schema = current_schema() AND t.table_type = 'BASE TABLE'
ORDER BY t.table_name`

// ownRows reads a table, in the order of its primary key if it has one. No index
// is asked for: each of these tables has one that begins with user_id.
func (d *DB) ownRows(ctx context.Context, table ownTable, userID int64, max int) ([]map[string]any, error) {
	order := ""
	if table.key != "" {
		order = " ORDER BY " + table.key
	}
	found, err := queryer{d}.QueryContext(ctx, "SELECT * FROM "+table.quoted+" WHERE user_id = $1"+order+" LIMIT $2", userID, max)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	columns, err := found.ColumnTypes()
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

func scanRow(found *sql.Rows, columns []*sql.ColumnType) (map[string]any, error) {
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	if err := found.Scan(values...); err != nil {
		return nil, err
	}
	row := map[string]any{}
	for i, column := range columns {
		value := asJSON(*values[i].(*any), column.DatabaseTypeName())
		if _, bytes := value.([]byte); !bytes && !isInternal(column.Name()) {
			row[column.Name()] = value
		}
	}
	return row, nil
}

// asJSON returns what encoding/json writes of a value of a column of this type: JSON
// as it is, and as text what JSON has no number or time for.
func asJSON(value any, kind string) any {
	if kind = strings.ToUpper(kind); kind == "JSON" || kind == "JSONB" {
		if text, ok := value.(string); ok && json.Valid([]byte(text)) {
			return json.RawMessage(text)
		}
		if text, ok := value.([]byte); ok && json.Valid(text) {
			return json.RawMessage(text)
		}
	}
	switch v := value.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprint(v)
		}
	case time.Time:
		if v = v.UTC(); v.Year() < 0 || v.Year() > 9999 {
			return v.Format(time.RFC3339Nano)
		}
		return v
	}
	return value
}

// MarshalJSON names what a profile has as the rows of tables do.
func (r GetOwnProfileRow) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		ID         int64      `json:"id"`
		Email      string     `json:"email"`
		Name       string     `json:"name"`
		Role       string     `json:"role"`
		CreatedAt  time.Time  `json:"created_at"`
		UpdatedAt  time.Time  `json:"updated_at"`
		LastSeenAt *time.Time `json:"last_seen_at"`
	}(r))
}

// isInternal reports whether a column has what is ours: hashes, which key signs a
// cookie, what a search looks through.
func isInternal(column string) bool {
	return slices.Contains([]string{"user_id", "key_id", "search_text"}, column) || strings.HasSuffix(column, "_hash")
}
