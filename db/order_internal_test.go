package db

import (
	"strings"
	"testing"
)

func TestAQueryWithoutALineForItsOrderCantBeGivenOne(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"SELECT 1", "SELECT 1\nORDER BY a\nUNION SELECT 2\nORDER BY b", "SELECT 1 ORDER BY a"} {
		rows, err := ordered{order: By("id")}.QueryContext(t.Context(), query)
		if err == nil || !strings.Contains(err.Error(), "one line ORDER BY") {
			t.Errorf("%q: got %v, %v", query, rows, err)
		}
	}
}
