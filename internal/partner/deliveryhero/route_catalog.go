package deliveryhero

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// The route sends what changes of the shop's catalogue to the outlets that it
// names. Each outlet has a place in the catalogue's changes, which moves on
// when the platform has taken a batch: what is not known to be taken is sent
// again, as it stands then. A product that was refused is sent again when it
// changes. In the connection's State stand, beside the jobs,
//
//	catalog/at/<route>/<outlet>       outletPlace
//	catalog/refused/<route>/<outlet>  SKUs that the platform refuses now

const (
	// mostBatch is how many products go into one job: the platform takes 100 MB
	// (seen 2026); an answer about so many stays well below what we read.
	mostBatch = 5000
	// standardEvery is how long changes may gather before they are sent.
	standardEvery = 30 * time.Second
	// longestRest is the longest pause after jobs that failed whole.
	longestRest = time.Hour
	// longestRound is after how long a round over the outlets lets others have
	// the poll; the next one begins where it ended.
	longestRound = 20 * time.Second
	// mostRefused bounds the SKUs that are remembered as refused by an outlet.
	mostRefused = 5000
)

// routeCatalog is what a route knows of the sending of the catalogue.
type routeCatalog struct {
	every    time.Duration
	size     int
	quantity bool                 // quantities are sent
	next     map[string]time.Time // by outlet, when to look for changes; polls come one at a time
	first    int                  // the outlet that a round begins with
}

func routeCatalogFields() []partner.Field {
	return append([]partner.Field{
		{Name: "catalog", Route: true, Kind: partner.Bool, Default: "false",
			Description: "Send prices, what is active, quantities and most units of an order of the shop's catalogue to the outlets in vendors, as they change."},
		{Name: "catalog_every", Route: true, Kind: partner.Duration, Default: "30s",
			Description: "How long changes of the catalogue may gather before they are sent together."},
		{Name: "catalog_batch", Route: true, Kind: partner.Int, Default: strconv.Itoa(mostBatch),
			Description: "Most products of one job at the platform, at most 5000."},
		{Name: "catalog_quantity", Route: true, Kind: partner.Bool, Default: "true",
			Description: "Send quantities; false where the platform shall go by active alone."},
	}, routeFileFields()...)
}

// addCatalog reads the settings about the catalogue and about files.
func (r *route) addCatalog(side *partner.Side, s partner.Settings) error {
	files, err := readRouteFiles(s, r)
	if err != nil {
		return err
	}
	if r.files = files; files != nil {
		side.Troubles = joinTroubles(side.Troubles, r.fileTroubles)
	}
	if !on(s, "catalog", false) {
		return nil
	}
	c := &routeCatalog{every: standardEvery, size: mostBatch, quantity: on(s, "catalog_quantity", true), next: map[string]time.Time{}}
	var faults []error
	if len(r.vendors) == 0 {
		faults = append(faults, errors.New("vendors: name the outlets that the catalogue is sent to"))
	}
	if v := s["catalog_every"].Text; v != "" {
		if c.every, err = time.ParseDuration(v); err != nil || c.every < time.Second {
			faults = append(faults, errors.New("catalog_every: write a duration of a second or more, as 30s"))
		}
	}
	if v := s["catalog_batch"].Text; v != "" {
		if c.size, err = strconv.Atoi(v); err != nil || c.size < 1 || c.size > mostBatch {
			faults = append(faults, fmt.Errorf("catalog_batch: write a number from 1 to %d", mostBatch))
		}
	}
	r.catalog = c
	side.Troubles = joinTroubles(side.Troubles, r.catalogTroubles)
	return errors.Join(faults...)
}

func on(s partner.Settings, name string, without bool) bool {
	return s.TextOr(name, strconv.FormatBool(without)) == "true"
}

// joinTroubles are the sentences of both; the first may be nil.
func joinTroubles(first, second func(context.Context) ([]string, error)) func(context.Context) ([]string, error) {
	if first == nil {
		return second
	}
	return func(ctx context.Context) ([]string, error) {
		said, err := first(ctx)
		if err != nil {
			return said, err
		}
		more, err := second(ctx)
		return append(said, more...), err
	}
}

// outletPlace says how far an outlet knows the catalogue.
type outletPlace struct {
	After int64 `json:"after"` // the outlet has what changed up to this version
	// Begun is the catalogue's version when the outlet was first looked at:
	// products that were gone by then it was never told of.
	Begun int64  `json:"begun"`
	Job   string `json:"job,omitzero"`  // ours, of the batch that is on its way
	Upto  int64  `json:"upto,omitzero"` // the last version of that batch, as it was sent last
	// Again are those SKUs of the batch that the outlet refused before.
	Again []string  `json:"again,omitzero"`
	Fails int       `json:"fails,omitzero"` // jobs that failed whole, one after the other
	Wait  time.Time `json:"wait,omitzero"`  // nothing is sent before

	raw []byte // as it was read; nil: it was not there
}

// batchJob is openJob.Own of a batch.
type batchJob struct {
	Vendor string   `json:"vendor"`
	Size   int      `json:"size"`           // most products
	Count  int64    `json:"count,omitzero"` // products that were sent
	Gone   []string `json:"gone,omitzero"`  // of them SKUs that are sold no more: who does not know them may refuse them
	Left   leftOut  `json:"left,omitzero"`  // what was not sent
}

func (r *route) placeKey(vendor string) string {
	return "catalog/at/" + r.deps.Route + "/" + vendor
}

func (r *route) refusedKey(vendor string) string {
	return "catalog/refused/" + r.deps.Route + "/" + vendor
}

// place reads how far an outlet is.
func (r *route) place(ctx context.Context, vendor string) (*outletPlace, error) {
	raw, ok, err := r.deps.State.Get(ctx, r.placeKey(vendor))
	if err != nil {
		return nil, fmt.Errorf("read how far an outlet is: %w", err)
	}
	p := &outletPlace{}
	if !ok {
		p.Begun, err = r.deps.Catalog.Head(ctx, r.deps.Shop)
		return p, wrapped("read the catalogue's version", err)
	}
	p.raw = raw
	return p, wrapped("read how far an outlet is", json.Unmarshal(raw, p))
}

// keepPlace writes how far an outlet is; false: somebody else did meanwhile.
func (r *route) keepPlace(ctx context.Context, vendor string, p *outletPlace) (bool, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return false, fmt.Errorf("encode how far an outlet is: %w", err)
	}
	ok, err := r.deps.State.Change(ctx, partner.Edit{Key: r.placeKey(vendor), Old: p.raw, New: raw})
	if ok && err == nil {
		p.raw = raw
	}
	return ok, wrapped("keep how far an outlet is", err)
}

// pollCatalog asks about the batches on their way, sends those that wait, and
// makes new ones of what changed.
func (r *route) pollCatalog(ctx context.Context) error {
	if r.catalog == nil || r.files != nil {
		return r.pollFiles(ctx)
	}
	err := r.followJobs(ctx, partner.JobCatalog, jobKind{
		path: func(ref string) string { return r.chainPath() + "/catalog/jobs/" + url.PathEscape(ref) },
		read: readBatch,
	})
	if err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	list, err := r.jobs().pending(ctx, partner.JobCatalog)
	if err != nil {
		return err
	}
	open := map[string]*routeJob{}
	for _, one := range list {
		var own batchJob
		if err := json.Unmarshal(one.Open.Own, &own); err != nil {
			return fmt.Errorf("read job %s: %w", one.Job.ID, err)
		}
		open[own.Vendor] = one
	}
	t := &catalogTurn{route: r, pages: map[int64][]catalog.OfferChange{}}
	began := time.Now()
	for range r.vendors {
		o := r.vendors[r.catalog.first%len(r.vendors)]
		goOn, err := t.tend(ctx, o, open[o.Vendor])
		if err != nil {
			t.faults = append(t.faults, fmt.Errorf("catalogue of outlet %s: %w", o.Vendor, err))
		}
		if !goOn || ctx.Err() != nil {
			break
		}
		r.catalog.first++
		if time.Since(began) > longestRound {
			break
		}
	}
	return errors.Join(append(t.faults, t.drop(ctx, open))...)
}

func (r *route) chainPath() string { return "/chains/" + url.PathEscape(r.chain) }

// catalogTurn is one round over the outlets.
type catalogTurn struct {
	*route
	pages  map[int64][]catalog.OfferChange // by the version they come after: most outlets are equally far
	faults []error
}

// drop ends batches that wait for outlets that the settings name no more.
func (t *catalogTurn) drop(ctx context.Context, open map[string]*routeJob) error {
	for vendor, one := range open {
		if one.Open.Ref != "" || slices.ContainsFunc(t.vendors, func(o outlet) bool { return o.Vendor == vendor }) {
			continue
		}
		if err := t.jobs().load(ctx, one); err != nil {
			return err
		}
		one.Job.State, one.Job.Reason = partner.JobFailed, "the outlet is not named in vendors any more"
		if _, err := t.jobs().end(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// tend does for an outlet what is to be done; one is its batch that is not
// over. False: the platform can not be reached, others would fare no better.
func (t *catalogTurn) tend(ctx context.Context, o outlet, one *routeJob) (bool, error) {
	p, err := t.place(ctx, o.Vendor)
	if err != nil {
		return false, err
	}
	switch {
	case one != nil && one.Open.Ref != "":
		return true, nil
	case one != nil:
		if t.now().Before(one.Open.Due) {
			return true, nil
		}
		return t.send(ctx, o, p, one)
	case p.Job != "":
		if ok, err := t.settle(ctx, o, p); !ok || err != nil {
			return true, err
		}
	}
	if t.now().Before(p.Wait) || t.now().Before(t.catalog.next[o.Vendor]) {
		return true, nil
	}
	return t.begin(ctx, o, p)
}

// settle minds what became of a batch. False: somebody else did.
func (t *catalogTurn) settle(ctx context.Context, o outlet, p *outletPlace) (bool, error) {
	job, err := t.jobs().find(ctx, p.Job)
	if err != nil {
		return false, err
	}
	switch {
	case job == nil || !over(job.State): // it never was, or is forgotten
	case job.State == partner.JobFailed:
		p.Fails++
		p.Wait = t.now().Add(min(30*time.Second<<min(p.Fails, 10), longestRest))
	default:
		if err := t.remember(ctx, o.Vendor, p.Again, job.Items); err != nil {
			return false, err
		}
		p.After, p.Fails, p.Wait = p.Upto, 0, time.Time{}
	}
	p.Job, p.Upto, p.Again = "", 0, nil
	return t.keepPlace(ctx, o.Vendor, p)
}

// remember keeps which SKUs an outlet refuses: not those any more that were
// sent again, but what was refused now.
func (t *catalogTurn) remember(ctx context.Context, vendor string, again []string, items []partner.JobItem) error {
	known, err := t.refusedBy(ctx, vendor)
	if err != nil {
		return err
	}
	now := maps.Clone(known)
	for _, sku := range again {
		delete(now, sku)
	}
	for _, item := range items {
		if item.SKU != "" && item.Reason != sentTwice && len(now) < mostRefused {
			now[item.SKU] = true
		}
	}
	switch {
	case maps.Equal(now, known):
		return nil
	case len(now) == 0:
		return wrapped("forget what is refused", t.deps.State.Delete(ctx, t.refusedKey(vendor)))
	}
	b, err := json.Marshal(slices.Sorted(maps.Keys(now)))
	if err == nil {
		err = t.deps.State.Put(ctx, t.refusedKey(vendor), b, 0)
	}
	return wrapped("keep what is refused", err)
}

// refusedBy returns the SKUs that an outlet is known to refuse.
func (r *route) refusedBy(ctx context.Context, vendor string) (map[string]bool, error) {
	raw, ok, err := r.deps.State.Get(ctx, r.refusedKey(vendor))
	if err != nil || !ok {
		return map[string]bool{}, wrapped("read what is refused", err)
	}
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("read what is refused: %w", err)
	}
	set := make(map[string]bool, len(list))
	for _, sku := range list {
		set[sku] = true
	}
	return set, nil
}

// catalogTroubles say which outlets refuse products now.
func (r *route) catalogTroubles(ctx context.Context) (said []string, err error) {
	prefix := r.refusedKey("")
	keys, _, err := r.deps.State.List(ctx, prefix, "", mostTold)
	if err != nil {
		return nil, fmt.Errorf("list who refuses products: %w", err)
	}
	for _, key := range keys {
		said = append(said, fmt.Sprintf("outlet %s does not have some products as the catalogue has them: `ordermux jobs --route %s` names them; each is sent again when it changes",
			strings.TrimPrefix(key, prefix), r.deps.Route))
	}
	return said, nil
}
