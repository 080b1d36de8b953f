package review

import (
	"encoding/csv"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
)

// columns are those of the CSV.
var columns = []string{
	"id", "order", "at", "changed", "about", "product", "stars", "title", "text", "locale", "location", "tags",
	"source", "platform", "link", "verified", "deleted",
}

// WriteCSV writes reviews as CSV (RFC 4180) with a line of names: times as RFC
// 3339 in UTC, tags with a blank between them. The first error, of reviews or
// of w, ends it.
func WriteCSV(w io.Writer, reviews iter.Seq2[Review, error]) error {
	out := csv.NewWriter(w)
	if err := out.Write(columns); err != nil {
		return err
	}
	for r, err := range reviews {
		if err != nil {
			return err
		}
		if err := out.Write(r.cells()); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func (r *Review) cells() []string {
	cells := []string{
		r.ID, r.Order, stamp(r.At), stamp(r.Changed), r.About, r.Product, "", r.Title, r.Text, r.Locale, r.Location,
		strings.Join(r.Tags, " "), r.Source, platformOf(r), r.Link, strconv.FormatBool(r.Verified), strconv.FormatBool(r.Deleted),
	}
	if r.Stars > 0 {
		cells[6] = strconv.Itoa(r.Stars)
	}
	for i, c := range cells {
		cells[i] = harmless(c)
	}
	return cells
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// harmless keeps spreadsheets from taking what a customer wrote as a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// WriteNDJSON writes reviews as JSON, one a line. The first error, of reviews
// or of w, ends it.
func WriteNDJSON(w io.Writer, reviews iter.Seq2[Review, error]) error {
	for r, err := range reviews {
		if err != nil {
			return err
		}
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}
