package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ordermux/ordermux/internal/json"
)

// grid is a table in the making: cells that are aligned when it is flushed.
type grid struct {
	*tabwriter.Writer
	out  io.Writer
	text bytes.Buffer
	rows [][]string
}

// table aligns cells that are separated by tabs. Flush it.
func table(w io.Writer) *grid {
	g := &grid{out: w}
	g.Writer = tabwriter.NewWriter(&g.text, 0, 8, 2, ' ', 0)
	return g
}

// Flush writes the table, coloured where the output shows colours.
func (g *grid) Flush() error {
	_ = g.Writer.Flush() // into memory
	text := g.text.String()
	g.text.Reset()
	if paints(g.out) {
		lines := strings.Split(text, "\n")
		for i, cells := range g.rows {
			lines[i] = tintRow(lines[i], cells)
		}
		text = strings.Join(lines, "\n")
	}
	g.rows = nil
	_, err := io.WriteString(g.out, text)
	return err
}

// row writes one line of cells; empty ones become "-".
func row(g *grid, cells ...any) {
	texts := make([]string, len(cells))
	for i, c := range cells {
		if texts[i] = cell(fmt.Sprint(c)); texts[i] == "" {
			texts[i] = "-"
		}
	}
	g.rows = append(g.rows, texts)
	fmt.Fprintln(g, strings.Join(texts, "\t"))
}

// cell keeps a text on one line and harmless on a terminal: what partners
// answer is printed too.
func cell(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r == '\r' {
			return ' '
		}
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}

// short cuts a text to n characters.
func short(s string, n int) string {
	r := []rune(cell(s))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}

// at writes a time to the second, in UTC; nothing for the zero time.
func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// printJSON prints v as one line of JSON.
func (env *Env) printJSON(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode output: %w", err)
	}
	_, err = fmt.Fprintf(env.Out, "%s\n", b)
	return err
}

// count writes "1 order" or "2 orders".
func count[N int | int64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if stem, ok := strings.CutSuffix(thing, "y"); ok && !strings.HasSuffix(thing, "ay") { // 2 deliveries, 2 days
		thing = stem + "ie"
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// more tells how to see the rest of a list.
func (env *Env) more(next string) error {
	if next == "" {
		return nil
	}
	_, err := fmt.Fprintf(env.Out, "more with --cursor %s\n", next)
	return err
}
