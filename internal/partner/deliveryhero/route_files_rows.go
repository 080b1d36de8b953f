package deliveryhero

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/catalog"
)

// catalogColumns and promotionColumns are those of the files that a route
// writes, in their sequence.
func catalogColumns() []string {
	return []string{columnSKU, columnPrice, columnActive, columnQuantity, columnMost}
}

func promotionColumns() []string {
	return []string{
		columnCampaign, columnReason, columnStart, columnEnd, columnStatus, columnType, columnSubtype,
		columnDiscounted, columnOrders, columnUsage, columnBundle, columnBundleOff,
	}
}

// rowsWriter writes rows, no more than a file may have.
type rowsWriter struct {
	csv  *csv.Writer
	rows int64
	most int64
}

func (w *rowsWriter) row(cells []string) error {
	if w.rows++; w.rows > w.most {
		return fmt.Errorf("the file has more than %d rows, which is the most the platform reads", w.most)
	}
	return w.csv.Write(cells)
}

// catalogWriter writes the catalogue of a file's outlets, all that they sell
// and what they sell no more.
type catalogWriter struct {
	files    *routeFiles
	turn     *catalogTurn
	of       fileOf
	begun    int64
	promoted *promotedRows // nil: the file has no promotions

	rows int64
	left leftOut
	out  *rowsWriter
}

func (w *catalogWriter) write(ctx context.Context, to io.Writer) error {
	w.rows, w.left = 0, leftOut{}
	w.out = &rowsWriter{csv: csv.NewWriter(to), most: mostCatalogRows}
	head := catalogColumns()
	if w.promoted != nil {
		w.left, w.promoted.next = w.promoted.left, w.promoted.bySKU()
		head = append(head, promotionColumns()...)
	}
	if w.files.format == formatMulti {
		head = append(head, columnVendors)
	}
	if err := w.out.csv.Write(head); err != nil {
		return err
	}
	if err := w.products(ctx); err != nil {
		return err
	}
	if err := w.goneOnes(ctx); err != nil {
		return err
	}
	if err := w.rest(); err != nil {
		return err
	}
	w.rows = w.out.rows
	w.out.csv.Flush()
	return w.out.csv.Error()
}

// products writes all that the outlets sell.
func (w *catalogWriter) products(ctx context.Context) error {
	r := w.turn.route
	for cursor := ""; ; {
		page, next, err := r.deps.Catalog.List(ctx, r.deps.Shop, catalog.Filter{Cursor: cursor, Limit: catalog.MostListed})
		if err != nil {
			return fmt.Errorf("read the catalogue: %w", err)
		}
		codes := make([]string, len(page))
		for i := range page {
			codes[i] = page[i].Code
		}
		assortment := catalog.NewAssortment(r.deps.Shop, codes)
		offers := make([][]*catalog.Offer, len(w.of.outlets))
		for i, o := range w.of.outlets {
			if offers[i], err = r.deps.Catalog.OffersOf(ctx, o.Store, assortment); err != nil {
				return fmt.Errorf("read offers: %w", err)
			}
		}
		for i := range page {
			if err := w.product(offers, i); err != nil {
				return err
			}
		}
		if cursor = next; cursor == "" {
			return nil
		}
	}
}

// product writes one product: a row for all outlets that sell it alike.
func (w *catalogWriter) product(offers [][]*catalog.Offer, i int) error {
	var rows [][]string
	var vendors []string // of each row
	for j, o := range w.of.outlets {
		offer := offers[j][i]
		if offer == nil {
			continue
		}
		p, why := sentOffer(offer, w.turn.opts.currency, w.turn.catalog.quantity)
		if why != "" {
			w.left.add(o.Store, p.SKU, why)
		}
		cells := p.cells()
		at := 0
		for at < len(rows) && strings.Join(rows[at], "\x00") != strings.Join(cells, "\x00") {
			at++
		}
		if at == len(rows) {
			rows, vendors = append(rows, cells), append(vendors, "")
		}
		vendors[at] = joined(vendors[at], o.Vendor)
	}
	for at, cells := range rows {
		if err := w.put(cells, vendors[at]); err != nil {
			return err
		}
	}
	return nil
}

func joined(list, one string) string {
	if list == "" {
		return one
	}
	return list + "," + one
}

// put writes a row of a product, with its first promotion beside it.
func (w *catalogWriter) put(cells []string, vendors string) error {
	if w.promoted != nil {
		cells = append(cells, w.promoted.take(cells[0])...)
	}
	if w.files.format == formatMulti {
		cells = append(cells, vendors)
	}
	return w.out.row(cells)
}

// goneOnes writes what was removed since the route first looked.
func (w *catalogWriter) goneOnes(ctx context.Context) error {
	r := w.turn.route
	for after := w.begun; ; {
		page, err := r.deps.Catalog.Changes(ctx, r.deps.Shop, after, catalog.MostChanges)
		if err != nil {
			return fmt.Errorf("read removed products: %w", err)
		}
		for i := range page {
			p := &page[i]
			after = p.Version
			if !p.Deleted {
				continue
			}
			vendors := ""
			for _, o := range w.of.outlets {
				if p.Store == "" || p.Store == o.Store {
					vendors = joined(vendors, o.Vendor)
				}
			}
			if vendors == "" {
				continue
			}
			sent := gone(skuOf(&p.Product), w.turn.catalog.quantity)
			if err := w.put(sent.cells(), vendors); err != nil {
				return err
			}
		}
		if len(page) < catalog.MostChanges {
			return nil
		}
	}
}

// rest writes the promotions of products that were not written, and the second
// ones of those that were.
func (w *catalogWriter) rest() error {
	if w.promoted == nil {
		return nil
	}
	for _, row := range w.promoted.rows {
		if !w.promoted.taken[row] {
			cells := append([]string{row.sku, "", "", "", ""}, row.cells...)
			if err := w.out.row(cells); err != nil {
				return err
			}
		}
	}
	return nil
}

// cells are a product's, as catalogColumns names them. What is empty stays as
// the platform has it.
func (p *sentProduct) cells() []string {
	cells := []string{p.SKU, string(p.Price), strconv.FormatBool(p.Active), "", ""}
	if p.Quantity != nil {
		cells[3] = strconv.FormatInt(*p.Quantity, 10)
	}
	if p.Most > 0 {
		cells[4] = strconv.FormatInt(p.Most, 10)
	}
	return cells
}
