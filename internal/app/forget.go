package app

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// erase removes the person from an order everywhere: ledger, deliveries and
// evidence in one transaction, then the files that partners fetch.
func (a *App) erase(ctx context.Context, shop, id string) error {
	err := a.ledger.Erase(ctx, shop, id)
	// Once the ledger forgot, the files must, even if nobody waits any more.
	return errors.Join(err, a.files.forget(context.WithoutCancel(ctx), shop, id, a.rewrite))
}

// rewrite writes the files of a route anew. False: the route does not know how.
func (a *App) rewrite(ctx context.Context, shop, name string) (bool, error) {
	r := a.current.Load().routes[routeKey{shop, name}]
	if r == nil || r.delivery.Side.Rewrite == nil {
		return false, nil
	}
	return true, r.delivery.Side.Rewrite(ctx)
}

// forget sees to it that no file of a shop shows what the ledger no longer
// says of an order. A file that speaks of it is replaced at once by what its
// route writes now. Where that is not possible it is withdrawn: who fetches it
// is told to come again, until the route writes it.
func (f *files) forget(ctx context.Context, shop, id string, rewrite func(ctx context.Context, shop, route string) (bool, error)) error {
	routes, err := os.ReadDir(filepath.Join(f.dir, shop))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("erase in files: %w", err)
	}
	var failed error
	for _, route := range routes {
		dir := filepath.Join(f.dir, shop, route.Name())
		old, err := f.speakOf(dir, id)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("erase in files: %w", err))
		}
		if len(old) == 0 {
			continue
		}
		if _, err := rewrite(ctx, shop, route.Name()); err != nil {
			f.log.ErrorContext(ctx, "a file could not be written anew after erasing", "shop", shop, "route", route.Name(), "error", err)
		}
		if err := f.withdraw(dir, old); err != nil {
			failed = errors.Join(failed, fmt.Errorf("erase in files: %w", err))
		}
	}
	return failed
}

// speakOf returns the files of a folder in which an order stands, and removes
// what a killed hub left half written. It waits for a file that is being
// written: that may have read the ledger before the order was erased.
func (f *files) speakOf(dir, id string) ([]fs.FileInfo, error) {
	defer f.lock(dir)()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []fs.FileInfo
	var failed error
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), unfinished):
			failed = errors.Join(failed, os.Remove(path))
		case strings.HasPrefix(e.Name(), withdrawnDot) || !e.Type().IsRegular():
		case speaksOf(path, id):
			info, err := e.Info()
			if err != nil {
				failed = errors.Join(failed, err)
				continue
			}
			found = append(found, info)
		}
	}
	return found, failed
}

// withdraw removes those of a folder's files that are still the old ones.
func (f *files) withdraw(dir string, old []fs.FileInfo) error {
	defer f.lock(dir)()
	var failed error
	for _, was := range old {
		path := filepath.Join(dir, was.Name())
		is, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(was, is) {
			continue
		}
		// The mark first: the file must at no time be missing without it.
		mark := os.WriteFile(filepath.Join(dir, withdrawnDot+was.Name()), nil, 0o600)
		failed = errors.Join(failed, mark, os.Remove(path), syncDir(dir))
	}
	return failed
}

// speaksOf reports whether a file, packed or not, holds an order's id as a
// whole field. One that can not be read might.
func speaksOf(path, id string) bool {
	file, err := os.Open(path)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	defer file.Close()
	var r io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(file)
		if err != nil {
			return true
		}
		r = z
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), longestLine)
	field := []byte(inFile(id))
	for lines.Scan() {
		if hasField(lines.Bytes(), field) {
			return true
		}
	}
	return lines.Err() != nil
}

// longestLine bounds what is held of a file; more than that is not read.
const longestLine = 16 << 20

// inFile is an id as partners' files have it: without what would end a field.
func inFile(id string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, id)
}

// hasField reports whether a field stands in a line: from one separator to the
// next. Quotes around it are none of it.
func hasField(line, field []byte) bool {
	for from := 0; from <= len(line)-len(field); {
		i := bytes.Index(line[from:], field)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(field)
		if (i == 0 || separates(line[i-1])) && (end == len(line) || separates(line[end])) {
			return true
		}
		from = i + 1
	}
	return false
}

func separates(c byte) bool { return strings.IndexByte("\t,;|\"\r", c) >= 0 }
