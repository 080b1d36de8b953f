package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const reportMap = `
delimiter: tab
columns: {id: order.id, code: line.product.code, qty: line.quantity}
`

// TestImportReport writes what is wrong with a file, in its own separator.
func TestImportReport(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.answers[events] = takes
	mapping := write(t, "map.yml", reportMap)
	file := write(t, "orders.tsv", "id\tcode\tqty\n1\tp1\t2\n2\tp1\tmany\n3\tp1\t1\n3\tp2\t1\n")
	report := filepath.Join(t.TempDir(), "report.csv")
	if r := h.run(t, "", "import", file, "--map", mapping, "--report", report); r.code != 1 || r.err != "" {
		t.Errorf("%+v", r)
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(text); !strings.HasPrefix(got, "taken 3\trefused 1\trepeated 0\tof 4 lines\r\nline\tcolumn\tvalue\treason\r\n3\tcolumn 3 (qty)\t\t") {
		t.Errorf("%q", got)
	}
	// A file that is not read to its end has none.
	other := filepath.Join(t.TempDir(), "report.csv")
	if r := h.run(t, "", "import", write(t, "x.tsv", "id\tcode\n"), "--map", mapping, "--report", other); r.code != 1 {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(other); !os.IsNotExist(err) {
		t.Error(err)
	}
	if r := h.run(t, "", "import", file, "--map", mapping, "--report", report, "--dry-run"); r.code != 2 || !strings.Contains(r.err, "--report: a dry run") {
		t.Errorf("%+v", r)
	}
	if r := h.run(t, "", "import", file, "--map", mapping, "--report", filepath.Join(t.TempDir(), "none", "r.csv")); r.code != 1 || r.err == "" {
		t.Errorf("%+v", r)
	}
}
