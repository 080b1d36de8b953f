package deliveryhero

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/promotion"
)

// filePromotions hands over the promotions that wait, as files that say all
// promotions of the route that are not over. What is in a file that was
// uploaded is over as a job: no other word comes of it.
func (r *route) filePromotions(ctx context.Context) error {
	list, err := r.jobs().pending(ctx, partner.JobPromotion)
	if err != nil {
		return err
	}
	now := r.now()
	list = slices.DeleteFunc(list, func(one *routeJob) bool { return now.Before(one.Open.Due) })
	if len(list) == 0 {
		return nil
	}
	left, err := r.files.uploadPromotions(ctx)
	if err != nil && ctx.Err() != nil {
		return err
	}
	faults := []error{wrapped("upload promotions", err)}
	for _, one := range list {
		if failed := r.files.settlePromotion(ctx, one, left, err); failed != nil {
			faults = append(faults, failed)
		}
	}
	return errors.Join(faults...)
}

// settlePromotion minds what became of a promotion that waited.
func (f *routeFiles) settlePromotion(ctx context.Context, one *routeJob, left map[string]leftOut, err error) error {
	jobs := f.route.jobs()
	if err := jobs.load(ctx, one); err != nil {
		return err
	}
	if err != nil {
		one.Open.Code, one.Open.Due = "upload", f.route.now().Add(pauseOfAsking(one.Open.Tries+3))
		one.Open.Tries++
		return jobs.save(ctx, one)
	}
	var own ownPromotion
	if err := json.Unmarshal(one.Open.Own, &own); err != nil {
		return fmt.Errorf("read promotion: %w", err)
	}
	said := left[own.Body.Digest]
	one.Job.State, one.Job.Reason = partner.JobCompleted, uploadedWords
	one.Job.Items, one.Job.Refused, one.Job.Cut = said.Items, said.Count, said.Count > int64(len(said.Items))
	one.Job.Taken = max(own.SKUs*max(own.Stores, 1)-said.Count, 0)
	_, err = jobs.end(ctx, one)
	return err
}

// uploadPromotions uploads all promotions that are not over, and returns by the
// digest of its body what of a promotion no file can say.
func (f *routeFiles) uploadPromotions(ctx context.Context) (map[string]leftOut, error) {
	if f.format == formatSingle {
		return f.uploadBoth(ctx)
	}
	all := map[string]leftOut{}
	for _, of := range f.files(f.promotion) {
		p, err := f.promoted(ctx, of.outlets)
		if err != nil {
			return nil, err
		}
		if err := f.route.deps.Put(ctx, f.target, of.folder, of.name, func(to io.Writer) error { return p.write(to, f.format == formatMulti) }); err != nil {
			return nil, fmt.Errorf("%s: %w", of.name, err)
		}
		merge(all, p.leftOf)
		if err := f.tell(ctx, of, int64(len(p.rows)), p.left); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// uploadBoth uploads the files of products and promotions.
func (f *routeFiles) uploadBoth(ctx context.Context) (map[string]leftOut, error) {
	all := map[string]leftOut{}
	t := &catalogTurn{route: f.route, pages: map[int64][]catalog.OfferChange{}}
	for _, of := range f.files(f.catalog) {
		place, err := f.place(ctx, of)
		if err != nil {
			return nil, err
		}
		p, err := f.promoted(ctx, of.outlets)
		if err != nil {
			return nil, err
		}
		merge(all, p.leftOf)
		if f.route.catalog != nil {
			err = f.upload(ctx, t, of, place)
		} else {
			err = f.route.deps.Put(ctx, f.target, of.folder, of.name, func(to io.Writer) error { return p.write(to, false) })
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", of.name, err)
		}
	}
	return all, nil
}

func merge(all, some map[string]leftOut) {
	for digest, left := range some {
		sum := all[digest]
		sum.Count += left.Count
		sum.Items = append(sum.Items, left.Items[:min(len(left.Items), max(mostLeft-len(sum.Items), 0))]...)
		all[digest] = sum
	}
}

// promotedRow is a row about a promotion of a product.
type promotedRow struct {
	sku     string
	vendors string
	cells   []string // as promotionColumns names them
}

// promotedRows are those of some outlets.
type promotedRows struct {
	rows   []*promotedRow
	left   leftOut
	leftOf map[string]leftOut // by the digest of the promotion's body

	next  map[string][]*promotedRow
	taken map[*promotedRow]bool
}

func (p *promotedRows) bySKU() map[string][]*promotedRow {
	p.taken = map[*promotedRow]bool{}
	by := map[string][]*promotedRow{}
	for _, row := range p.rows {
		by[row.sku] = append(by[row.sku], row)
	}
	return by
}

// take returns the cells of a product's first promotion, empty ones if it has
// none.
func (p *promotedRows) take(sku string) []string {
	list := p.next[sku]
	if len(list) == 0 {
		return make([]string, len(promotionColumns()))
	}
	p.next[sku], p.taken[list[0]] = list[1:], true
	return list[0].cells
}

// write writes a file of promotions alone.
func (p *promotedRows) write(to io.Writer, multi bool) error {
	w := &rowsWriter{csv: csv.NewWriter(to), most: mostPromotionRows}
	head := append([]string{columnSKU}, promotionColumns()...)
	if multi {
		head = append(head, columnVendors)
	}
	if err := w.row(head); err != nil {
		return err
	}
	for _, row := range p.rows {
		cells := append([]string{row.sku}, row.cells...)
		if multi {
			cells = append(cells, row.vendors)
		}
		if err := w.row(cells); err != nil {
			return err
		}
	}
	w.csv.Flush()
	return w.csv.Error()
}

// promoted makes the rows of some outlets: all promotions of the route that are
// not over. More than a file may have are an error before they are gathered.
func (f *routeFiles) promoted(ctx context.Context, outlets []outlet) (*promotedRows, error) {
	p := &promotedRows{leftOf: map[string]leftOut{}}
	err := f.route.keptPromotions(ctx, func(digest string, w *wirePromotion) error {
		g := &promotedOf{files: f, to: p, digest: digest, wire: w}
		for _, o := range outlets {
			if slices.Contains(w.Vendors, everyVendor) || slices.Contains(w.Vendors, o.Vendor) {
				g.outlets = append(g.outlets, o)
			}
		}
		if len(g.outlets) == 0 {
			return nil
		}
		return g.gather(ctx)
	})
	return p, err
}

// keptPromotions goes through the bodies of the route's promotions that are not
// over, as they were handed over last.
func (r *route) keptPromotions(ctx context.Context, each func(digest string, w *wirePromotion) error) error {
	p := r.promotions
	for after := ""; ; {
		const some = 50
		keys, values, err := r.deps.State.List(ctx, p.key("known", ""), after, some)
		if err != nil {
			return fmt.Errorf("list promotions: %w", err)
		}
		for _, raw := range values {
			var known knownPromotion
			if err := json.Unmarshal(raw, &known); err != nil {
				return fmt.Errorf("read promotion: %w", err)
			}
			w, err := p.bodyOf(ctx, known.Body)
			if err != nil {
				return err
			}
			if w == nil || w.Conditions.End.Time.IsZero() || !r.now().Before(w.Conditions.End.Time.Time()) {
				continue
			}
			if err := each(known.Body.Digest, w); err != nil {
				return err
			}
		}
		if len(keys) < some {
			return nil
		}
		after = keys[len(keys)-1]
	}
}

// promotedOf makes the rows of one promotion.
type promotedOf struct {
	files   *routeFiles
	to      *promotedRows
	digest  string
	wire    *wirePromotion
	outlets []outlet
}

func (g *promotedOf) gather(ctx context.Context) error {
	for i := range g.wire.Discount {
		d := &g.wire.Discount[i]
		sub, value, why := g.terms(d)
		if l := g.wire.Limits; why == "" && l != nil && l.MaxDiscountPerOrder.IsSet() && said(g.wire.Active) && said(d.Active) {
			why = "a file can not say max_discount_per_order: without it customers would get more off"
		}
		if why != "" {
			for _, sku := range d.SKU {
				g.leave(sku, why)
			}
			continue
		}
		var err error
		if g.wire.isStrikethrough() && promotion.Subtype(coreWord[promotion.Subtype](d.Subtype)) != promotion.FinalPrice {
			err = g.reckoned(ctx, d)
		} else {
			err = g.alike(d, sub, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *wirePromotion) isStrikethrough() bool {
	return coreWord[promotion.Type](w.Type) == promotion.Strikethrough
}

// terms are the cells of subtype and value; why says what no file can say.
func (g *promotedOf) terms(d *wireDiscount) (sub, value, why string) {
	if g.wire.isStrikethrough() {
		return "", d.Value.String(), ""
	}
	switch coreWord[promotion.Subtype](d.Subtype) {
	case promotion.Percentage:
		if d.Value.Cmp(order.FromInt(100, 0)) == 0 {
			return wordFree, "", ""
		}
		return wordPercentage, d.Value.String(), ""
	case promotion.Absolute:
		return wordAbsolute, d.Value.String(), ""
	}
	return "", "", "a file can not say a final price of a bundle"
}

func (g *promotedOf) leave(sku, why string) {
	g.to.left.add("", sku, why)
	left := g.to.leftOf[g.digest]
	left.add("", sku, why)
	g.to.leftOf[g.digest] = left
}

// alike writes a row for each SKU, the same for all outlets.
func (g *promotedOf) alike(d *wireDiscount, sub, value string) error {
	vendors := ""
	for _, o := range g.outlets {
		vendors = joined(vendors, o.Vendor)
	}
	for _, sku := range d.SKU {
		if err := g.add(sku, vendors, d, sub, value); err != nil {
			return err
		}
	}
	return nil
}

// reckoned writes the final prices of a promotion that says what is off: files
// know no other strikethrough.
func (g *promotedOf) reckoned(ctx context.Context, d *wireDiscount) error {
	r := g.files.route
	for skus := range slices.Chunk(d.SKU, catalog.MostOffers) {
		for _, o := range g.outlets {
			offers, err := r.deps.Catalog.Offers(ctx, r.deps.Shop, o.Store, skus)
			if err != nil {
				return fmt.Errorf("read offers: %w", err)
			}
			terms := promotion.Terms{Subtype: coreWord[promotion.Subtype](d.Subtype), Value: d.Value.Decimal}
			for i, offer := range offers {
				if offer == nil {
					g.leave(skus[i], "outlet "+o.Store+" does not sell it: its price can not be reckoned")
					continue
				}
				final, lower := terms.Final(offer.Price)
				if !lower {
					g.leave(skus[i], "outlet "+o.Store+": the price would not be lower than the regular one")
					continue
				}
				if err := g.add(skus[i], o.Vendor, d, "", cutDecimals(final).String()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// add makes a row.
func (g *promotedOf) add(sku, vendors string, d *wireDiscount, sub, value string) error {
	if len(g.to.rows) >= mostPromotionRows {
		return fmt.Errorf("the promotions have more than %d rows, which is the most the platform reads", mostPromotionRows)
	}
	w, c := g.wire, &g.wire.Conditions
	status := "1"
	if !said(w.Active) || !said(d.Active) {
		status = "0"
	}
	usage := d.MaxQuantity
	var global int64
	if l := w.Limits; l != nil {
		global = l.Global
		if usage == 0 || l.MaxItemsPerOrder > 0 && l.MaxItemsPerOrder < usage {
			usage = l.MaxItemsPerOrder
		}
	}
	cells := []string{
		g.name(), strings.ToLower(w.Reason), g.files.local(c.Start), g.files.local(c.End), status, strings.ToLower(w.Type), sub,
		"", limit(global), limit(usage), "", "",
	}
	if w.isStrikethrough() {
		cells[7] = value
	} else {
		cells[10], cells[11] = fmt.Sprintf("B%dG%d", c.Purchased, c.Discounted), value
	}
	g.to.rows = append(g.to.rows, &promotedRow{sku, vendors, cells})
	return nil
}

// name is the promotion's in the route's language, or in the first that it has.
func (g *promotedOf) name() string {
	names := g.wire.DisplayName
	if name := names[g.files.route.promotions.locale]; name != "" {
		return name
	}
	for _, language := range slices.Sorted(maps.Keys(names)) {
		return names[language]
	}
	return ""
}

// local is a time as files have it: without a zone, which is taken to be the
// shop's.
func (f *routeFiles) local(m moment) string {
	return m.Time.Time().In(f.zone).Format(time.DateTime)
}

func limit(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
