package folder_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/store/folder"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	storetest.RunFiles(t, func(t *testing.T) store.Files { return folder.New(filepath.Join(t.TempDir(), "files")) })
}

// TestUnfinished meets what a killed hub left: it is listed nowhere, and goes
// when asked for.
func TestUnfinished(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	left := filepath.Join(dir, "nordlys", "ads", ".writing-123")
	if err := os.MkdirAll(filepath.Dir(left), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := folder.New(dir)
	if list, err := files.ListFiles(t.Context(), "nordlys", "ads"); err != nil || len(list) != 0 {
		t.Errorf("%+v %v", list, err)
	}
	if err := files.DiscardUnfinished(t.Context(), "nordlys", "ads"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Error(err)
	}
}
