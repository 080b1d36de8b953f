package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
)

// RunFiles holds a place for files to store.Files. open returns an empty one.
func RunFiles(t *testing.T, open func(t *testing.T) store.Files) {
	cases := map[string]func(t *testing.T, files store.Files){
		"WrittenAndRead":    filesWrittenAndRead,
		"HalfIsNothing":     filesHalfIsNothing,
		"OpenAndReplaced":   filesOpenAndReplaced,
		"Withdrawn":         filesWithdrawn,
		"WithdrawnTooLate":  filesWithdrawnTooLate,
		"LargeInSmallParts": filesLarge,
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, open(t))
		})
	}
}

var tsv = store.FileName{Shop: "nordlys", Route: "ads", Name: "orders.tsv"}

// mustWriteFile writes a file.
func mustWriteFile(t *testing.T, files store.Files, f store.FileName, text string) {
	t.Helper()
	err := files.WriteFile(t.Context(), f, 0, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	if err != nil {
		t.Fatal(err)
	}
}

// mustReadFile reads a file whole.
func mustReadFile(t *testing.T, files store.Files, f store.FileName) string {
	t.Helper()
	file, err := files.OpenFile(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil || int64(len(text)) != file.Info().Bytes {
		t.Fatalf("%d bytes of %+v: %v", len(text), file.Info(), err)
	}
	return string(text)
}

func mustListFiles(t *testing.T, files store.Files) []store.FileInfo {
	t.Helper()
	list, err := files.ListFiles(t.Context(), tsv.Shop, tsv.Route)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func filesWrittenAndRead(t *testing.T, files store.Files) {
	other := store.FileName{Shop: "aurora", Route: "ads", Name: "orders.tsv"}
	if list := mustListFiles(t, files); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	if _, err := files.OpenFile(t.Context(), tsv); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
	mustWriteFile(t, files, tsv, "one\n")
	mustWriteFile(t, files, other, "another shop's")
	mustWriteFile(t, files, store.FileName{Shop: "nordlys", Route: "Ads-2", Name: "x"}, "")
	if got := mustReadFile(t, files, tsv); got != "one\n" {
		t.Errorf("%q", got)
	}
	first := mustListFiles(t, files)
	if len(first) != 1 || first[0].Name != "orders.tsv" || first[0].Bytes != 4 || first[0].Written.IsZero() || first[0].Version == "" {
		t.Errorf("%+v", first)
	}
	mustWriteFile(t, files, tsv, "two\n")
	if second := mustListFiles(t, files); len(second) != 1 || second[0].Version == first[0].Version {
		t.Errorf("%+v after %+v", second, first)
	}
	routes, err := files.FileRoutes(t.Context(), "nordlys")
	if d := cmp.Diff([]string{"Ads-2", "ads"}, routes); d != "" || err != nil {
		t.Error(d, err)
	}
	if routes, err := files.FileRoutes(t.Context(), "none"); len(routes) != 0 || err != nil {
		t.Error(routes, err)
	}
}

// filesHalfIsNothing breaks off in the middle: the old file stands.
func filesHalfIsNothing(t *testing.T, files store.Files) {
	mustWriteFile(t, files, tsv, "old")
	before := mustListFiles(t, files)
	broken := errors.New("the disk is gone")
	err := files.WriteFile(t.Context(), tsv, 0, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return broken
	})
	if !errors.Is(err, broken) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = files.WriteFile(ctx, tsv, 0, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if got := mustReadFile(t, files, tsv); got != "old" {
		t.Errorf("%q", got)
	}
	if err := files.DiscardUnfinished(t.Context(), tsv.Shop, tsv.Route); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff(before, mustListFiles(t, files)); d != "" {
		t.Error(d)
	}
}

// filesOpenAndReplaced reads on in a file that was replaced, and goes back.
func filesOpenAndReplaced(t *testing.T, files store.Files) {
	old := strings.Repeat("the old file\n", 100_000)
	mustWriteFile(t, files, tsv, old)
	file, err := files.OpenFile(t.Context(), tsv)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	head := make([]byte, 12)
	if _, err := io.ReadFull(file, head); err != nil || string(head) != "the old file" {
		t.Fatalf("%q %v", head, err)
	}
	mustWriteFile(t, files, tsv, "new")
	if rest, err := io.ReadAll(file); err != nil || string(head)+string(rest) != old {
		t.Errorf("read on: %d bytes, %v", len(rest), err)
	}
	if at, err := file.Seek(-13, io.SeekEnd); err != nil || at != int64(len(old)-13) {
		t.Error(at, err)
	}
	if tail, err := io.ReadAll(file); err != nil || string(tail) != "the old file\n" {
		t.Errorf("%q %v", tail, err)
	}
	if got := mustReadFile(t, files, tsv); got != "new" {
		t.Errorf("%q", got)
	}
}

func filesWithdrawn(t *testing.T, files store.Files) {
	isWithdrawn := func(want bool) {
		t.Helper()
		if got, err := files.Withdrawn(t.Context(), tsv); got != want || err != nil {
			t.Errorf("withdrawn: %v %v", got, err)
		}
	}
	isWithdrawn(false)
	mustWriteFile(t, files, tsv, "it names somebody")
	isWithdrawn(false)
	if err := files.WithdrawFiles(t.Context(), tsv.Shop, tsv.Route, mustListFiles(t, files)); err != nil {
		t.Fatal(err)
	}
	isWithdrawn(true)
	if _, err := files.OpenFile(t.Context(), tsv); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
	if d := cmp.Diff([]store.FileInfo{{Name: "orders.tsv", Withdrawn: true}}, mustListFiles(t, files)); d != "" {
		t.Error(d)
	}
	if routes, err := files.FileRoutes(t.Context(), tsv.Shop); len(routes) != 1 || err != nil {
		t.Error(routes, err)
	}
	mustWriteFile(t, files, tsv, "nobody")
	isWithdrawn(false)
	if list := mustListFiles(t, files); len(list) != 1 || list[0].Withdrawn {
		t.Errorf("%+v", list)
	}
}

// filesWithdrawnTooLate withdraws what was replaced meanwhile: it stays.
func filesWithdrawnTooLate(t *testing.T, files store.Files) {
	mustWriteFile(t, files, tsv, "aaa")
	old := mustListFiles(t, files)
	mustWriteFile(t, files, tsv, "bbb")
	if err := files.WithdrawFiles(t.Context(), tsv.Shop, tsv.Route, old); err != nil {
		t.Fatal(err)
	}
	if got := mustReadFile(t, files, tsv); got != "bbb" {
		t.Errorf("%q", got)
	}
}

// filesLarge writes a file in many parts and reads it from the middle.
func filesLarge(t *testing.T, files store.Files) {
	const lines = 200_000
	err := files.WriteFile(t.Context(), tsv, 0, func(w io.Writer) error {
		for i := range lines {
			if _, err := fmt.Fprintf(w, "%019d\n", i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	file, err := files.OpenFile(t.Context(), tsv)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if file.Info().Bytes != lines*20 {
		t.Errorf("%+v", file.Info())
	}
	for _, i := range []int{lines - 1, 0, lines / 2} {
		if _, err := file.Seek(int64(i)*20, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 20)
		if _, err := io.ReadFull(file, got); err != nil || string(got) != fmt.Sprintf("%019d\n", i) {
			t.Errorf("line %d: %q %v", i, got, err)
		}
	}
}
