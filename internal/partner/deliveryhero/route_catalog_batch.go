package deliveryhero

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

const (
	// mostChangePages bounds how many changes one look for a batch goes through:
	// most of those of a large chain are other outlets'.
	mostChangePages = 50
	// farEnough is how many changes of nothing that is sent are passed over
	// before that is written down: until then they are looked at again.
	farEnough = 500
	// mostLeft bounds what is told of a batch that was not sent.
	mostLeft = 200
)

// leftOut is what of a batch was not sent, or not whole.
type leftOut struct {
	Count int64             `json:"count,omitzero"`
	Items []partner.JobItem `json:"items,omitzero"`
}

func (l *leftOut) add(store, sku, why string) {
	l.Count++
	if len(l.Items) < mostLeft {
		l.Items = append(l.Items, partner.JobItem{Store: store, SKU: sku, Reason: why})
	}
}

// batch is what is said of an outlet's products at a time.
type batch struct {
	products []sentProduct
	gone     []string // SKUs of them that are sold no more
	left     leftOut
	upto     int64 // the last change that is in it, or is none of the outlet's
	more     bool  // there is more to come
}

// changed are the products that changed for an outlet, in the sequence of their
// first change, and the version at which each itself changed last.
type changed struct {
	codes    []string
	versions map[string]int64
	upto     int64
	more     bool
}

// changes goes through what changed after a version until so many products are
// found.
func (t *catalogTurn) changes(ctx context.Context, store string, after int64, size int) (*changed, error) {
	c := &changed{versions: map[string]int64{}, upto: after}
	for range mostChangePages {
		page, err := t.page(ctx, c.upto)
		if err != nil {
			return nil, err
		}
		for _, ch := range page {
			if ch.Store == "" || ch.Store == store {
				if _, known := c.versions[ch.Code]; !known {
					if len(c.codes) == size {
						c.more = true
						return c, nil
					}
					c.codes = append(c.codes, ch.Code)
					c.versions[ch.Code] = 0
				}
				if ch.Store == "" {
					c.versions[ch.Code] = ch.Version
				}
			}
			c.upto = ch.Version
		}
		if len(page) < catalog.MostChanges {
			return c, nil
		}
	}
	c.more = true
	return c, nil
}

func (t *catalogTurn) page(ctx context.Context, after int64) ([]catalog.OfferChange, error) {
	if page, ok := t.pages[after]; ok {
		return page, nil
	}
	page, err := t.deps.Catalog.OfferChanges(ctx, t.deps.Shop, after, catalog.MostChanges)
	if err != nil {
		return nil, fmt.Errorf("read what changed: %w", err)
	}
	if len(t.pages) >= mostChangePages {
		clear(t.pages)
	}
	t.pages[after] = page
	return page, nil
}

// collect makes the next batch of an outlet.
func (t *catalogTurn) collect(ctx context.Context, o outlet, p *outletPlace, size int) (*batch, error) {
	c, err := t.changes(ctx, o.Store, p.After, size)
	if err != nil {
		return nil, err
	}
	b := &batch{upto: c.upto, more: c.more}
	if len(c.codes) == 0 {
		return b, nil
	}
	offers, err := t.deps.Catalog.Offers(ctx, t.deps.Shop, o.Store, c.codes)
	if err != nil {
		return nil, fmt.Errorf("read offers: %w", err)
	}
	said := map[string]bool{}
	missing := map[int64]bool{} // versions of products that are not sold
	for i, offer := range offers {
		if offer == nil {
			if v := c.versions[c.codes[i]]; v > p.Begun {
				missing[v] = true
			}
			continue
		}
		product, why := sentOffer(offer, t.opts.currency, t.catalog.quantity)
		if said[product.SKU] {
			b.left.add(o.Store, product.SKU, "sku: another product that the outlet sells has it too")
			continue
		}
		said[product.SKU] = true
		if why != "" {
			b.left.add(o.Store, product.SKU, why)
		}
		b.products = append(b.products, product)
	}
	return b, t.addGone(ctx, o, b, missing, said)
}

// addGone adds products that were removed. What has become another outlet's is
// none of ours: its SKU may never have been sold here.
func (t *catalogTurn) addGone(ctx context.Context, o outlet, b *batch, missing map[int64]bool, said map[string]bool) error {
	for len(missing) > 0 {
		first := slices.Min(slices.Collect(maps.Keys(missing)))
		page, err := t.deps.Catalog.Changes(ctx, t.deps.Shop, first-1, catalog.MostChanges)
		if err != nil {
			return fmt.Errorf("read removed products: %w", err)
		}
		for i := range page {
			product := &page[i]
			if !missing[product.Version] {
				continue
			}
			delete(missing, product.Version)
			sku := skuOf(&product.Product)
			if product.Deleted && (product.Store == "" || product.Store == o.Store) && !said[sku] {
				said[sku] = true
				b.gone = append(b.gone, sku)
				b.products = append(b.products, gone(sku, t.catalog.quantity))
			}
		}
		delete(missing, first) // it has changed since: then it comes again
	}
	return nil
}

// begin makes a job of what changed for an outlet, and sends it.
func (t *catalogTurn) begin(ctx context.Context, o outlet, p *outletPlace) (bool, error) {
	b, err := t.collect(ctx, o, p, t.catalog.size)
	if err != nil {
		return false, err
	}
	if !b.more {
		t.catalog.next[o.Vendor] = t.now().Add(t.catalog.every)
	}
	if len(b.products) == 0 && b.left.Count == 0 {
		if b.upto-p.After >= farEnough || p.raw == nil {
			p.After = b.upto
			_, err = t.keepPlace(ctx, o.Vendor, p)
		}
		return true, err
	}
	// The place first: without it nobody would know what was gone by now.
	if ok, err := t.keepPlace(ctx, o.Vendor, p); !ok || err != nil {
		return true, err
	}
	own, err := json.Marshal(batchJob{Vendor: o.Vendor, Size: t.catalog.size})
	if err != nil {
		return false, fmt.Errorf("encode job: %w", err)
	}
	job := &partner.Job{Kind: partner.JobCatalog, Store: o.Store}
	if ok, err := t.jobs().begin(ctx, job, &openJob{Own: own}); !ok || err != nil {
		return true, err
	}
	list, err := t.jobs().pending(ctx, partner.JobCatalog)
	if err != nil {
		return false, err
	}
	for _, one := range list {
		if one.Job.ID == job.ID {
			return t.hand(ctx, o, p, one, b, t.catalog.size)
		}
	}
	return true, nil
}

// send makes the batch of a job that waits anew, as things stand now, and hands
// it over.
func (t *catalogTurn) send(ctx context.Context, o outlet, p *outletPlace, one *routeJob) (bool, error) {
	var own batchJob
	if err := json.Unmarshal(one.Open.Own, &own); err != nil {
		return false, fmt.Errorf("read job: %w", err)
	}
	size := max(own.Size, 1)
	b, err := t.collect(ctx, o, p, size)
	if err != nil {
		return false, err
	}
	return t.hand(ctx, o, p, one, b, size)
}

// hand hands a batch over. What it covers is written before, so that whatever
// the platform takes is known when the job is over. False: the platform can not
// be reached.
func (t *catalogTurn) hand(ctx context.Context, o outlet, p *outletPlace, one *routeJob, b *batch, size int) (bool, error) {
	if err := t.jobs().load(ctx, one); err != nil {
		return false, err
	}
	refused, err := t.refusedBy(ctx, o.Vendor)
	if err != nil {
		return false, err
	}
	p.Job, p.Upto, p.Again = one.Job.ID, b.upto, nil
	for i := range b.products {
		if refused[b.products[i].SKU] {
			p.Again = append(p.Again, b.products[i].SKU)
		}
	}
	if ok, err := t.keepPlace(ctx, o.Vendor, p); !ok || err != nil {
		return true, err
	}
	own := batchJob{Vendor: o.Vendor, Size: size, Count: int64(len(b.products)), Gone: b.gone, Left: b.left}
	if len(b.products) == 0 { // nothing of it is left to be said
		own.finish(&one.Job, nil)
		_, err := t.jobs().end(ctx, one)
		return true, err
	}
	body, err := json.Marshal(sentCatalog{b.products})
	if err != nil {
		return false, fmt.Errorf("encode catalogue: %w", err)
	}
	path := t.chainPath() + "/vendors/" + url.PathEscape(o.Vendor) + "/catalog"
	reply, out, err := t.call(ctx, http.MethodPut, path, body)
	return t.judge(ctx, one, &own, b.products, reply.Body, failed(reply, out, err))
}

// judge minds the answer to a batch; nil: it was taken.
func (t *catalogTurn) judge(ctx context.Context, one *routeJob, own *batchJob, said []sentProduct, body []byte, bad *partner.Outcome) (goOn bool, err error) {
	open, now := &one.Open, t.now()
	switch {
	case bad == nil:
		var a batchAnswer
		if json.UnmarshalInput(body, &a) != nil || a.ID == "" || len(a.ID) > mostRef {
			own.finish(&one.Job, nil)
			one.Job.Reason = "the platform took it and named no job: what it refused is not known"
			_, err := t.jobs().end(ctx, one)
			return true, err
		}
		open.Ref, open.Sent, open.Tries, open.Code = string(a.ID), now, 0, ""
		open.Due = now.Add(pauseOfAsking(0))
		one.Job.Ref = open.Ref
	case bad.Result == partner.ResultRefused && isAboutBody(bad.Code) && len(said) > 1:
		// Something in it is not to their liking: halves show what.
		own.Size, open.Due, open.Code = (len(said)+1)/2, now, bad.Code
	case bad.Result == partner.ResultRefused && isAboutBody(bad.Code):
		own.finish(&one.Job, []partner.JobItem{{SKU: said[0].SKU, Reason: bad.Reason}})
		_, err := t.jobs().end(ctx, one)
		return true, err
	default:
		open.Due, open.Code = now.Add(max(bad.After, pauseOfAsking(open.Tries))), bad.Code
		open.Tries++
		if bad.Code != ownPace {
			err = failure(bad)
		}
	}
	b, failed := json.Marshal(own)
	if open.Own = b; failed == nil {
		failed = t.jobs().save(ctx, one)
	}
	return failed == nil && (bad == nil || bad.Result == partner.ResultRefused), errors.Join(err, failed)
}

// isAboutBody tells refusals of what was sent from those of who sent it where.
func isAboutBody(code string) bool {
	return code == "http_400" || code == "http_413" || code == "http_422"
}

// ownPace is the outcome's code of a call that has to wait for its turn.
const ownPace = "own_pace"
