package app_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/app"
)

func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(""))
	h.give(oneOrder("o-1", "3.00"))
	copied := filepath.Join(t.TempDir(), "copy")
	report, err := h.api.Backup(t.Context(), copied)
	if err != nil || report.Files != 2 || report.Bytes == 0 {
		t.Fatal(report, err)
	}
	h.give(oneOrder("o-2", "3.00"))
	for _, dir := range []string{copied, "relative/dir", "/dev/null/x"} {
		if _, err := h.api.Backup(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "dir") {
			t.Errorf("%s: %v", dir, err)
		}
	}
	p := inFolder(t)
	reports, err := app.Restore(t.Context(), copied, filepath.Join(p.dir, "data"))
	if err != nil || len(reports) == 0 || len(reports[0].Faults) > 0 {
		t.Fatal(reports, err)
	}
	restored := startHub(t, p, shop(""))
	if _, err := restored.api.Order(t.Context(), "nordlys", "o-1"); err != nil {
		t.Error(err)
	}
	if _, err := restored.api.Order(t.Context(), "nordlys", "o-2"); err == nil {
		t.Error("the copy has what came after it")
	}
}
