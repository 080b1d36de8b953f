package deliveryhero

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/promotion"
)

const (
	// mostPromotionBody is what a request for 2,000,000 SKUs with a price each
	// takes, and more; packed and unpacked, in bytes (our choice).
	mostPromotionBody = 256 << 20
	// smallPromotion is how much of a body is read at once, whoever else sends
	// one, and then at a time.
	smallPromotion = 4 << 20
	// promotionTurns is how many bodies are read beyond that at a time: a body
	// takes some hundreds of megabytes of memory (300 with 2,000,000 SKUs of a
	// few thousand prices).
	promotionTurns = 1
	// promotionPatience is how long a large one waits for its turn, promotionPart
	// for how long a part of it may come, and promotionTime the whole.
	promotionPatience = 20 * time.Second
	promotionPart     = 30 * time.Second
	promotionTime     = 5 * time.Minute
	// promotionSweep is after how much the memory that reading left behind is
	// collected, for else it would be as much again as the body takes.
	promotionSweep = 32 << 20
	// promotionAnswer is how long it may be kept then.
	promotionAnswer = 3 * time.Minute
)

func (d *door) promotionCalls() map[string]handler {
	turns := make(chan struct{}, promotionTurns)
	return map[string]handler{
		"PUT /v2/chains/{chain_id}/promotion": func(a *asked) (answer, error) { return d.putPromotion(a, turns) },

		"GET /v2/chains/{chain_id}/promotion/jobs/{job_id}": d.promotionJob,
	}
}

// putPromotion makes, changes or ends a promotion: its shape is judged at once,
// everything else by the job.
func (d *door) putPromotion(a *asked, turns chan struct{}) (answer, error) {
	large := &largePromotion{asked: a, turns: turns, next: smallPromotion}
	defer large.close()
	r, digest, err := d.readPromotion(a, large)
	if err != nil {
		return answer{}, err
	}
	job, err := d.deps.Promotions.Put(a.Context(), a.chain.Shop, r, digest)
	var invalid *order.Invalid
	if errors.As(err, &invalid) {
		return answer{}, badPromotion(invalid)
	}
	if err != nil {
		return answer{}, fmt.Errorf("promotion: %w", err)
	}
	listed := &partner.Job{ID: job.ID, Kind: partner.JobPromotion, Name: displayName(r.Names), By: a.grant.Name}
	if err := d.jobs(a.chain.Shop).start(a.Context(), listed); err != nil {
		return answer{}, fmt.Errorf("list the job of a promotion: %w", err)
	}
	// A duplicate is told by the job, as everything is that needs a look around.
	return answer{http.StatusAccepted, wirePromotionJob{ID: job.ID, State: jobQueued}}, nil
}

// largePromotion is a body that waits for its turn where it becomes large, and
// is broken off where it comes too slowly.
type largePromotion struct {
	*asked
	body  io.Reader
	turns chan struct{}
	began time.Time // its turn; zero: not yet
	read  int64
	next  int64 // where the next part begins
	swept int64 // where what is read no more was last given back
}

// Read implements io.Reader. Errors: those of the body, order.ErrBusy.
func (l *largePromotion) Read(p []byte) (int, error) {
	if l.read >= l.next {
		if err := l.turn(); err != nil {
			return 0, err
		}
		l.next = l.read + smallPromotion
		if l.read-l.swept >= promotionSweep {
			l.swept = l.read
			runtime.GC()
		}
		now := time.Now()
		until := l.began.Add(promotionTime)
		if part := now.Add(promotionPart); part.Before(until) {
			until = part
		}
		c := http.NewResponseController(l.w)
		_ = c.SetReadDeadline(until) // a test's recorder has none
		_ = c.SetWriteDeadline(now.Add(promotionPart + promotionAnswer))
	}
	n, err := l.body.Read(p)
	l.read += int64(n)
	return n, err
}

// turn waits until the rest may be read.
func (l *largePromotion) turn() error {
	if !l.began.IsZero() {
		return nil
	}
	ctx, cancel := context.WithTimeout(l.Context(), promotionPatience)
	defer cancel()
	select {
	case l.turns <- struct{}{}:
		l.began = time.Now()
		return nil
	case <-ctx.Done():
		return fmt.Errorf("large promotions: %w", order.ErrBusy)
	}
}

// close lets the next one have its turn.
func (l *largePromotion) close() {
	if !l.began.IsZero() {
		<-l.turns
	}
}

// readPromotion reads the body, and what tells it from others.
func (d *door) readPromotion(a *asked, body *largePromotion) (r *promotion.Request, print []byte, err error) {
	if body.body, err = a.stream(mostPromotionBody); err != nil {
		return nil, nil, err
	}
	digest := sha256.New()
	w, discounts, err := readPromotion(io.TeeReader(body, digest))
	if err != nil {
		return nil, nil, unreadPromotion(err)
	}
	if bad := w.complaint(); bad != nil {
		return nil, nil, bad
	}
	if slices.ContainsFunc(w.Vendors, func(id string) bool { return id != everyVendor && a.chain.vendor(id) == nil }) {
		chain, err := d.chains.again(a.Context(), a.chain.Shop) // an outlet may have been made just now
		if err != nil {
			return nil, nil, err
		}
		if chain != nil {
			a.chain = chain
		}
	}
	if len(discounts) == 0 {
		return nil, nil, badPromotion(order.Refuse("discounts", order.Required, string(order.ErrRequired)))
	}
	r = &promotion.Request{Header: w.header(), Inactive: !said(w.Active), Discounts: discounts}
	r.Stores, r.Named = a.chain.stores(w.Vendors)
	r.Foreign, err = d.foreign(a, r.Stores)
	return r, digest.Sum(nil), err
}

// foreign are those of a list that the shop has and the chain does not: another
// door's outlets.
func (d *door) foreign(a *asked, stores []string) (list []string, err error) {
	unknown := map[string]bool{}
	for _, s := range stores {
		if s != promotion.Every && a.chain.vendor(s) == nil {
			unknown[s] = true
		}
	}
	if len(unknown) == 0 {
		return nil, nil
	}
	known, err := d.deps.Catalog.Stores(a.Context(), a.chain.Shop)
	if err != nil {
		return nil, fmt.Errorf("outlets of the shop: %w", err)
	}
	for _, s := range known {
		if unknown[s] {
			list = append(list, s)
		}
	}
	return list, nil
}

// unreadPromotion says why a body could not be read.
func unreadPromotion(err error) error {
	var over *http.MaxBytesError
	var bad *json.PathError
	switch {
	case errors.Is(err, order.ErrBusy):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &wrong{Status: http.StatusRequestTimeout, Code: "REQUEST_TIMEOUT", Message: "The request body came too slowly"}
	case errors.Is(err, errTooManySKUs):
		return badRequest(fmt.Sprintf("discount: more than %d SKUs", promotion.MostPairs))
	case errors.As(err, &over):
		return tooLarge(fmt.Sprintf("The request body is larger than %d MB", mostPromotionBody>>20))
	case errors.As(err, &bad):
		return badRequest(bad.Error())
	}
	return badRequest("The request body broke off, or is not valid gzip")
}

var localePattern = regexp.MustCompile(`^[a-z]{2,3}([_-][A-Za-z0-9]{2,4}){0,2}$`)

// complaint is what is wrong with a body that the core would take; nil: nothing.
func (w *wirePromotion) complaint() error {
	switch {
	case w.Conditions.Start.Odd != "":
		return badRequest("conditions.start_time: is not a time such as 2026-03-28T15:59:59.895Z")
	case w.Conditions.End.Odd != "":
		return badRequest("conditions.end_time: is not a time such as 2026-03-28T15:59:59.895Z")
	case len(w.DisplayName) == 0:
		return badRequest("display_name: " + string(order.ErrRequired))
	case w.Reason != "" && !coreWord[promotion.Reason](w.Reason).Known():
		return badRequest("reason: is none of OVERSTOCK, DELISTING, COMPETITIVENESS, EXPIRING_SOON, NMR and TRADING")
	}
	for locale, text := range w.DisplayName {
		if !localePattern.MatchString(locale) {
			return badRequest("display_name: a key is not a locale such as es_UY")
		}
		if text == "" {
			return badRequest("display_name: a name is empty")
		}
	}
	return nil
}

// stores are the stores that a caller's list of vendors means, and how the
// caller calls those that it does not call by their names. What is unknown is
// handed on as it is: the job tells of it.
func (c *chain) stores(vendors []string) (stores []string, named map[string]string) {
	stores = make([]string, len(vendors))
	for i, id := range vendors {
		stores[i] = id
		v := c.vendor(id)
		if v == nil || v.ID == id {
			continue
		}
		stores[i] = v.ID
		if named == nil {
			named = map[string]string{}
		}
		named[v.ID] = id
	}
	return stores, named
}

// displayName is one of the names, the same one each time; "": there is none.
func displayName(names map[string]string) (name string) {
	first := ""
	for locale, text := range names {
		if first == "" || locale < first {
			first, name = locale, text
		}
	}
	return name
}

// badPromotion is 400 with the paths as they are called on the wire.
func badPromotion(invalid *order.Invalid) *wrong {
	if len(invalid.Faults) == 0 {
		return badRequest(invalid.Error())
	}
	mine := order.Invalid{Faults: slices.Clone(invalid.Faults)}
	for i := range mine.Faults {
		mine.Faults[i].Path = wirePromotionPath(mine.Faults[i].Path)
	}
	return badRequest(mine.Error())
}

// promotionNames are the parts of paths that are called otherwise on the wire.
var promotionNames = map[string]string{
	"stores": "vendors", "start": "conditions.start_time", "end": "conditions.end_time", "name": "display_name", "names": "display_name",
	"bundle": "conditions", "purchased": "purchased_quantity", "discounted": "discounted_quantity", "global": "global_limit",
	"discounts": "discount", "skus": "sku", "subtype": "discount_subtype", "value": "discount_value",
}

func wirePromotionPath(path string) string {
	parts := strings.Split(path, ".")
	for i, part := range parts {
		name, place, _ := strings.Cut(part, "[")
		if other, ok := promotionNames[name]; ok {
			if parts[i] = other; place != "" {
				parts[i] += "[" + place
			}
		}
	}
	return strings.Join(parts, ".")
}

// promotionJob answers how a job stands.
func (d *door) promotionJob(a *asked) (answer, error) {
	job, err := d.deps.Promotions.Job(a.Context(), a.chain.Shop, a.PathValue("job_id"))
	switch {
	case err != nil:
		return answer{}, fmt.Errorf("job of a promotion: %w", err)
	case job == nil:
		return answer{}, notFound("job")
	}
	w := promotionJobOf(a.chain, job)
	w.State = jobStatuses[job.State]
	return answer{http.StatusOK, w}, nil
}

// promotionJobOf is a job as callers see it, without its state, and without what
// it says of other doors' outlets.
func promotionJobOf(c *chain, j *promotion.Job) *wirePromotionJob {
	w := &wirePromotionJob{ID: j.ID, Created: momentOf(j.Created), Updated: momentOf(j.Updated), Message: j.Result.Reason}
	if !j.State.Over() {
		return w
	}
	named := func(store string) string {
		if name, ok := j.Named[store]; ok {
			return name
		}
		return store
	}
	lists := func(by map[string][]string) map[string][]string {
		out := make(map[string][]string, len(by))
		for store, skus := range by {
			if c.vendor(store) != nil {
				out[named(store)] = skus
			}
		}
		return out
	}
	w.Result = &wirePromotionResult{
		InvalidVendors: append([]string{}, j.Result.InvalidStores...), MissingSKUs: lists(j.Result.MissingSKUs), InvalidSKUs: lists(j.Result.InvalidSKUs),
	}
	if j.State == promotion.Duplicate {
		w.Message = "the same request is waiting or running already: job " + j.Of
	} else if j.Result.Cut() && w.Message == "" {
		w.Message = fmt.Sprintf("each list holds at most %d", promotion.MostListed)
	}
	return w
}
