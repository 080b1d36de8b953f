package deliveryhero

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// mostCatalog bounds the body of an update, packed and unpacked: one client's
// reading of the vendor's pages says about 100 MB (seen 2026).
const mostCatalog = 100 << 20

// updateCatalog is PUT …/catalog. The body is read as it comes and applied in
// parts, before the answer: what is queued on the platform is done here.
func (d *door) updateCatalog(a *asked) (answer, error) {
	body, err := a.stream(mostCatalog)
	if err != nil {
		return answer{}, err
	}
	u := &update{door: d, asked: a, job: d.newJob(a, partner.JobCatalog), repeats: newRepeats(products(a.ContentLength))}
	if err := u.read(newProductReader(body)); err != nil {
		return answer{}, u.broken(err)
	}
	if u.job.Taken+u.job.Refused == 0 {
		return answer{}, badRequest("products: is empty")
	}
	return d.queued(a, u.job)
}

// products is about how many products a body of a length has at most, for room;
// of more than that, nobody looks for repeats.
func products(length int64) int {
	const each, unknown = 40, 200_000
	if length < 0 {
		return unknown
	}
	return int(min(length, mostCatalog) / each)
}

// stream is the body of a call as it comes, unpacked; at most so many bytes.
func (a *asked) stream(most int64) (io.Reader, error) {
	if a.ContentLength > most {
		a.w.Header().Set("Connection", "close") // nobody reads the rest
		return nil, tooLarge(fmt.Sprintf("The request body is larger than %d MB", most>>20))
	}
	body := http.MaxBytesReader(a.w, a.Body, most)
	switch strings.ToLower(a.Header.Get("Content-Encoding")) {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip":
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return nil, badRequest(partner.ErrBodyGzip.Error())
		}
		return http.MaxBytesReader(a.w, unpacked, most), nil
	}
	return nil, &wrong{Status: http.StatusUnsupportedMediaType, Code: "UNSUPPORTED_ENCODING", Message: partner.ErrBodyEncoding.Error()}
}

// streamFor is how long a part of a body may take to come (our choice).
const streamFor = 2 * time.Minute

// goOn gives the connection time for another part.
func (a *asked) goOn() {
	c, until := http.NewResponseController(a.w), time.Now().Add(streamFor)
	_ = c.SetReadDeadline(until) // a test's recorder has none
	_ = c.SetWriteDeadline(until)
}

// update is an update on its way.
type update struct {
	door    *door
	asked   *asked
	job     *partner.Job
	edits   []catalog.OfferEdit
	repeats *repeats
}

// read applies all products of a body.
func (u *update) read(products *productReader) error {
	for {
		value, err := products.next()
		if err != nil && err != io.EOF {
			return err
		}
		if err == nil {
			u.add(value)
		}
		if len(u.edits) == catalog.MostEdits || err == io.EOF {
			if err := u.apply(); err != nil {
				return err
			}
			u.asked.goOn()
		}
		if err == io.EOF {
			return nil
		}
	}
}

// add reads one product; what is wrong with it is its own trouble.
func (u *update) add(value json.Value) {
	var w wireOffer
	if err := json.UnmarshalInput(value, &w); err != nil {
		u.refuse(w.name(), reasonOf(err))
		return
	}
	edit, reason := w.edit(u.asked.vendor)
	if reason != "" {
		u.refuse(w.name(), reason)
		return
	}
	if u.repeats.seen("", edit.Code) {
		u.item(edit.Code, bodyRepeated)
	}
	u.edits = append(u.edits, edit)
}

// bodyRepeated is the reason of an item that was taken all the same.
const bodyRepeated = "sku: stands in the request before; what is said last counts"

// reasonOf says what is wrong with an element, the member first.
func reasonOf(err error) string {
	var bad *json.PathError
	if !errors.As(err, &bad) {
		return err.Error()
	}
	if bad.Path == "" {
		return "product: " + bad.Reason
	}
	return bad.Path + ": " + bad.Reason
}

// apply keeps what was read.
func (u *update) apply() error {
	put, err := u.door.deps.Catalog.PutOffers(u.asked.Context(), u.asked.chain.Shop, u.edits)
	if err != nil {
		return fmt.Errorf("put offers: %w", err)
	}
	for _, r := range put.Refused {
		e, reason := &u.edits[r.Place], "sku: no product has it"
		if r.Reason == catalog.Ambiguous {
			reason = "sku: several products have it"
		}
		if e.Type == catalog.Producer {
			reason = strings.Replace(reason, "sku", "barcode", 1)
		}
		u.refuse(e.Code, reason)
	}
	u.job.Taken += int64(len(u.edits) - len(put.Refused))
	u.edits = u.edits[:0]
	return nil
}

func (u *update) refuse(sku, reason string) {
	u.job.Refused++
	u.item(sku, reason)
}

func (u *update) item(sku, reason string) { u.itemAt(u.job.Store, sku, reason) }

func (u *update) itemAt(store, sku, reason string) {
	if len(u.job.Items) == mostItems {
		u.job.Cut = true
		return
	}
	u.job.Items = append(u.job.Items, partner.JobItem{SKU: clipped(sku), Store: store, Reason: clipped(reason)})
}

// broken is the error of a body that could not be read to its end. What came
// before is kept: that people see it, it is a job that failed.
func (u *update) broken(err error) error {
	var large *http.MaxBytesError
	var bad *json.PathError
	switch {
	case errors.As(err, &large):
		u.asked.w.Header().Set("Connection", "close") // nobody reads the rest
		err = tooLarge(fmt.Sprintf("The request body is larger than %d MB", mostCatalog>>20))
	case errors.As(err, &bad):
		err = badRequest(bad.Error())
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.Is(err, io.ErrUnexpectedEOF):
		err = badRequest(partner.ErrBodyBroken.Error())
	}
	if u.job.Taken > 0 {
		u.job.State = partner.JobFailed
		u.job.Reason = fmt.Sprintf("the request broke off; %d products before that were changed: %s", u.job.Taken, clipped(publicText(err)))
		ctx, cancel := context.WithTimeout(context.WithoutCancel(u.asked.Context()), 5*time.Second)
		defer cancel()
		if e := u.door.jobs(u.asked.chain.Shop).end(ctx, u.job, false); e != nil {
			err = errors.Join(err, e)
		}
	}
	return err
}

// publicText is what is told of an error to people outside.
func publicText(err error) string { return trouble(err).Message }

// name is how the product is named.
func (w *wireOffer) name() string {
	if w.SKU != "" {
		return string(w.SKU)
	}
	if codes := w.codes(); len(codes) > 0 {
		return codes[0]
	}
	return ""
}

// codes are the barcodes. Of several the first one names the product.
func (w *wireOffer) codes() []string {
	if len(w.Barcode) > 0 {
		return w.Barcode
	}
	return w.Barcodes
}

// edit is what a product of an update changes at an outlet, or what is wrong
// with it.
func (w *wireOffer) edit(v *vendor) (e catalog.OfferEdit, reason string) {
	e = catalog.OfferEdit{Store: v.ID, Type: catalog.Internal, Code: w.name()}
	if w.SKU == "" {
		e.Type = catalog.Producer
	}
	if e.Code == "" {
		return e, "sku: is needed, or a barcode"
	}
	if w.Price.IsSet() {
		if e.Price = cutPrice(w.Price.Decimal); e.Price.Sign() <= 0 {
			return e, "price: must be above 0"
		}
	}
	quantity, ok := whole(w.Quantity)
	if !ok {
		return e, "quantity: must be a whole number"
	}
	if !e.Price.IsSet() && w.Active == nil && quantity == nil {
		return e, "price: is needed, or active, or quantity"
	}
	most := w.Most
	if !most.IsSet() {
		most = w.MostToo
	}
	if e.Most, ok = whole(most); !ok || e.Most != nil && *e.Most < 0 {
		return e, "maximum_sales_quantity: must be a whole number, not below 0"
	}
	e.Active = offered(w.Active, quantity, v.Buffer)
	if bad := e.Validate(); bad != nil {
		return e, wireFault(bad)
	}
	return e, ""
}

// wireFault is the first of an edit's faults in the words of the wire.
func wireFault(bad *order.Invalid) string {
	f := bad.Faults[0]
	if f.Path == "code" {
		f.Path = "sku"
	}
	return f.Path + ": " + f.Reason
}

// whole is a number as an integer; nil: it is not set. False: it is none.
func whole(n number) (*int64, bool) {
	if !n.IsSet() {
		return nil, true
	}
	i, ok := n.Int64()
	return &i, ok && n.IsInteger()
}
