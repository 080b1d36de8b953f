// Package intake reads files into entries and hands them to the ledger: our
// own JSON and NDJSON, the partners' own files, and any CSV by a mapping.
package intake

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/partner"
)

// HeadBytes is how much of a file is shown to Format.Sniff and Separator.
const HeadBytes = 4096

// Rows is a file's orders in its sequence; see partner.Format.Read.
type Rows = iter.Seq2[partner.Row, error]

// Formats returns every format that can be read without a mapping: ours, then
// the partners'.
func Formats(partners []partner.Partner) []partner.Format {
	out := []partner.Format{canonical()}
	for _, p := range partners {
		out = append(out, p.Formats...)
	}
	return out
}

// Open chooses how to read a file: by the format's name, or without one by
// what the file's first bytes look like. It returns the chosen name.
func Open(r io.Reader, file, format string, formats []partner.Format, opts partner.ReadOptions) (string, Rows, error) {
	in := bufio.NewReaderSize(r, HeadBytes)
	head, err := in.Peek(HeadBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", nil, fmt.Errorf("read %s: %w", filepath.Base(file), err)
	}
	if len(head) == 0 {
		return "", nil, fmt.Errorf("%s is empty", filepath.Base(file))
	}
	at := slices.IndexFunc(formats, func(f partner.Format) bool {
		if format != "" {
			return f.Name == format
		}
		return f.Sniff != nil && f.Sniff(head)
	})
	if at < 0 {
		var names []string
		for _, f := range formats {
			names = append(names, f.Name)
		}
		if format != "" {
			return "", nil, fmt.Errorf("there is no format %q; there are %s, and csv with a mapping file", format, strings.Join(names, ", "))
		}
		return "", nil, fmt.Errorf("%s looks like none of %s; name its format, or give a mapping file for a CSV", filepath.Base(file), strings.Join(names, ", "))
	}
	return formats[at].Name, formats[at].Read(in, opts), nil
}
