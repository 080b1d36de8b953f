package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/partner"
)

// formatProducts is the format of files with a shop's products.
const formatProducts = "products"

// products hands the products of a CSV file in, some at a time, so that a file
// of any length takes little memory here and there.
func (c *importCmd) products(ctx context.Context, env *Env) error {
	if c.History || c.Report != "" || c.Timezone != "" {
		return usagef("--history, --report and --timezone are about orders, not about products")
	}
	opts := partner.ReadOptions{Currency: c.Currency}
	var client *api.Client
	if !c.DryRun || c.Token != "" {
		var err error
		if client, opts.Shop, err = c.client(ctx, env); err != nil {
			return err
		}
		if err := c.ask(ctx, client, &opts); err != nil {
			return err
		}
	}
	in, size, err := c.open(env)
	if err != nil {
		return err
	}
	defer in.Close()
	bar := newProgress(env, size)
	file, err := catalog.NewReader(bar.reader(in), opts.Currency)
	if errors.Is(err, io.EOF) {
		err = errors.New("the file is empty")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if c.DryRun {
		return c.showProducts(env, file)
	}
	var printed error
	to := &hubShelf{client: client, bar: bar}
	report, err := catalog.Import(ctx, to, opts.Shop, file, func(bad catalog.RowError) {
		bar.clear()
		printed = errors.Join(printed, c.refusedRow(env, bad))
	})
	bar.clear()
	if err := errors.Join(c.importedProducts(env, report), printed); err != nil {
		return err
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", c.File, err)
	case report.Refused > 0:
		return errQuiet
	}
	return nil
}

// hubShelf puts products into a running hub's catalogue.
type hubShelf struct {
	client *api.Client
	bar    *progress
	rows   int
}

// Put implements catalog.Putter. A hub that is too busy is asked again:
// repeating does no harm.
func (h *hubShelf) Put(ctx context.Context, shop string, products []catalog.Product) (int, error) {
	for try := 1; ; try++ {
		n, err := h.client.PutProducts(ctx, shop, products)
		p, ok := errors.AsType[*api.Problem](err)
		if !ok || p.Status != http.StatusServiceUnavailable || try == mostTries {
			if err == nil {
				h.rows += len(products)
				h.bar.show(h.rows, "product")
			}
			return n, err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(max(p.RetryAfter(), 100*time.Millisecond)):
		}
	}
}

// refusedRow prints what is wrong with a row.
func (c *importCmd) refusedRow(env *Env, bad catalog.RowError) error {
	var reasons []string
	for _, f := range bad.Cells {
		text := f.Reason
		switch {
		case f.Column > 0:
			text = fmt.Sprintf("column %d (%s): %s", f.Column, f.Name, f.Reason)
		case f.Name != "":
			text = f.Name + ": " + f.Reason
		}
		reasons = append(reasons, text)
	}
	if c.JSON {
		return env.printJSON(struct {
			Line   int    `json:"line"`
			Result string `json:"result"`
			Reason string `json:"reason"`
		}{bad.Line, "refused", strings.Join(reasons, "; ")})
	}
	_, err := fmt.Fprintf(env.Out, "line %d: refused: %s\n", bad.Line, cell(strings.Join(reasons, "; ")))
	return err
}

func (c *importCmd) importedProducts(env *Env, r catalog.Imported) error {
	if c.JSON {
		type summary struct {
			Rows    int `json:"rows"`
			Changed int `json:"changed"`
			Refused int `json:"refused"`
		}
		return env.printJSON(struct {
			Summary summary `json:"summary"`
		}{summary{r.Rows, r.Changed, r.Refused}})
	}
	_, err := fmt.Fprintf(env.Out, "%s, %d new or changed", count(r.Rows, "product"), r.Changed)
	if r.Refused > 0 {
		fmt.Fprintf(env.Out, ", %d refused", r.Refused)
	}
	fmt.Fprintln(env.Out)
	return err
}

// showProducts prints the first products as they would be handed in.
func (c *importCmd) showProducts(env *Env, file *catalog.Reader) error {
	bad := false
	for range shownRows {
		p, err := file.Next()
		if fault, ok := errors.AsType[*catalog.RowError](err); ok {
			bad = true
			err = c.refusedRow(env, *fault)
		} else if err == nil {
			err = c.showProduct(env, p)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if bad {
		return errQuiet
	}
	return nil
}

func (c *importCmd) showProduct(env *Env, p *catalog.Product) error {
	if c.JSON {
		return env.printJSON(p)
	}
	_, err := fmt.Fprintf(env.Out, "line %d: %s %s, %s, stock %s\n", p.Line, cell(p.Code), short(p.Name, 40), price(p), stockText(p))
	return err
}
