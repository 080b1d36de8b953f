package transfer_test

import (
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/store/folder"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
	"github.com/ordermux/ordermux/internal/store/transfer"
)

// TestFilesMove moves the files that partners fetch: new ones, replaced ones
// and those that are withdrawn.
func TestFilesMove(t *testing.T) {
	t.Parallel()
	h := newHub(t, 10)
	h.run(20)
	files := folder.New(filepath.Join(h.dir, "files"))
	name := func(n string) store.FileName { return store.FileName{Shop: "nordlys", Route: "ads", Name: n} }
	put := func(n, text string) {
		h.must(files.WriteFile(t.Context(), name(n), 0, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		}))
	}
	withdraw := func(n string) {
		list, err := files.ListFiles(t.Context(), "nordlys", "ads")
		h.must(err)
		list = slices.DeleteFunc(list, func(i store.FileInfo) bool { return i.Name != n })
		h.must(files.WithdrawFiles(t.Context(), "nordlys", "ads", list))
	}
	for _, n := range []string{"orders.tsv", "replaced.tsv", "withdrawn.tsv", "later.tsv", "again.tsv"} {
		put(n, strings.Repeat(n+"\t", 70000))
	}
	withdraw("withdrawn.tsv")
	withdraw("again.tsv")
	from, to := ends(t, h.dir, pgtest.Database(t))
	defer closeEnds(t, from, to)
	opts := options(from, to)
	opts.Files = &transfer.Files{From: files, To: to.Files()}
	changed := false
	opts.Observe = func(s transfer.Step) {
		if s.Phase == transfer.Waiting && !changed {
			changed = true
			put("replaced.tsv", strings.Repeat("replaced.TSV\t", 70000))
			put("again.tsv", "there again")
			withdraw("later.tsv")
			h.close()
		}
	}
	if _, err := transfer.New(opts).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a, b := described(t, files), described(t, to.Files()); !slices.Equal(a, b) || len(a) != 5 {
		t.Errorf("files: %.400q\nmoved: %.400q", a, b)
	}
}

// described are the files of the route with what is in them.
func described(t *testing.T, files store.Files) (all []string) {
	t.Helper()
	list, err := files.ListFiles(t.Context(), "nordlys", "ads")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		text := "withdrawn"
		if !i.Withdrawn {
			f, err := files.OpenFile(t.Context(), store.FileName{Shop: "nordlys", Route: "ads", Name: i.Name})
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(f)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			text = string(b)
		}
		all = append(all, i.Name+": "+text)
	}
	return all
}
