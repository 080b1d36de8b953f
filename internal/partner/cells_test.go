package partner_test

import (
	"testing"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// TestCellFaultsOf: a place that says its line says it once, and better than the
// row does, which may have several.
func TestCellFaultsOf(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]partner.CellFault{
		"":                            {Line: 3},
		"total":                       {Line: 3, Column: "total"},
		"line items":                  {Line: 3, Column: "line items"},
		"line 4":                      {Line: 4},
		"line 4, order.lines[2]":      {Line: 4, Column: "order.lines[2]"},
		"line 4, column 2 (Price)":    {Line: 4, Column: "column 2 (Price)"},
		"line 4 (Number)":             {Line: 4, Column: "Number"},
		"line 99999999999999999999 x": {Line: 3, Column: "line 99999999999999999999 x"},
	} {
		got := partner.CellFaultsOf(partner.Row{Line: 3, LastLine: 5}, order.Refuse(path, order.Malformed, "is no number"))
		want.Reason = "is no number"
		if len(got) != 1 || got[0] != want {
			t.Errorf("%q: %+v, want %+v", path, got, want)
		}
	}
}
