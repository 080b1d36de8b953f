package deliveryhero

import (
	"testing"

	"github.com/ordermux/ordermux/internal/json"
)

func TestNumbersWithExponents(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`1E+2`: "100", `1.5e2`: "150", `-2.50E0`: "-2.50", `12E-1`: "1.2", `5e-3`: "0.005", `0e5`: "0", `1.25e1`: "12.5", `-1E-1`: "-0.1", `7`: "7", `"7.5"`: "7.5",
	} {
		var n number
		if err := json.Unmarshal([]byte(text), &n); err != nil || n.String() != want {
			t.Errorf("%s: %s, %v; want %s", text, n, err, want)
		}
	}
	for _, text := range []string{`1e99`, `1e-99`, `true`, `"1e2"`} {
		var n number
		if json.Unmarshal([]byte(text), &n) == nil {
			t.Errorf("%s is %s", text, n)
		}
	}
}
