package deliveryhero

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/promotion"
)

// routePromotions hands promotions over to the platform. The body that goes out
// is kept before anybody is told that it will: it is sent byte for byte the
// same as often as it takes, and again, with what is changed in it, when the
// promotion is changed.
//
//	promotions/known/<route>/<identity>  knownPromotion
//	promotions/body/<route>/<digest>/…   a body, in pieces
type routePromotions struct {
	route  *route
	locale string
}

const (
	// bodyAtOnce is how much of a body stands in a piece: below 1 MB, which is
	// the most that a value may have.
	bodyAtOnce = 512 << 10
	// mostPromotion is how long a body may be (our choice): two million SKUs of
	// one outlet have a good half of it.
	mostPromotion = 64 << 20
	// mostOutside bounds the stores that are listed as no outlets.
	mostOutside = 1000
	// promotionKept is for how long what was sent is kept after the promotion's
	// end.
	promotionKept = 30 * 24 * time.Hour
)

func routePromotionFields() []partner.Field {
	return []partner.Field{
		{
			Name: "promotions", Route: true, Kind: partner.Bool, Default: "true",
			Description: "Whether the shop's promotions are handed to the platform.",
		},
		{
			Name: "locale", Route: true, Kind: partner.Text, Default: "en_US", Check: checkLocale,
			Description: "Language, as es_UY, of a promotion's name that says none.",
		},
	}
}

var localeForm = regexp.MustCompile(`^[a-z]{2,3}_[A-Z]{2}$`)

func checkLocale(text string) []string {
	if localeForm.MatchString(text) {
		return nil
	}
	return []string{"locale: write a language and a country, as es_UY"}
}

func (r *route) addPromotions(side *partner.Side, s partner.Settings) error {
	r.promotions = &routePromotions{route: r, locale: s.TextOr("locale", "en_US")}
	if s.TextOr("promotions", "true") == "true" {
		side.Promote = r.promotions.promote
	}
	r.addJobs(side)
	return nil
}

// knownPromotion is what was sent, or is to be, of a promotion: its newest job.
type knownPromotion struct {
	Job     string          `json:"job"`
	Request string          `json:"request"` // digest of what was asked for
	Body    keptBody        `json:"body"`
	Before  *knownPromotion `json:"before,omitzero"` // counts again if the job fails
}

// keptBody names a body that is kept.
type keptBody struct {
	Digest string `json:"digest"`
	Pieces int    `json:"pieces"`
}

// ownPromotion is openJob.Own of a promotion.
type ownPromotion struct {
	Body     keptBody  `json:"body"`
	Identity string    `json:"identity"` // digest
	End      time.Time `json:"end"`      // of the promotion
	Stores   int64     `json:"stores"`   // outlets; 0: all of the chain, and nobody knows how many
	SKUs     int64     `json:"skus"`
	Outside  []string  `json:"outside,omitzero"` // stores that are no outlets of the route, as far as they are listed
	Left     int64     `json:"left,omitzero"`    // how many there are of those
	Unclear  bool      `json:"unclear,omitzero"` // a PUT may have had its effect without an answer
}

// promote implements partner.Side's Promote.
func (p *routePromotions) promote(ctx context.Context, r *promotion.Request) (string, error) {
	if bad := r.Validate(len(p.route.vendors)); bad != nil {
		return "", bad
	}
	if p.route.files == nil && !r.Reason.Known() {
		return "", order.Refuse("reason", order.Malformed, "is none that the platform's API knows")
	}
	vendors, outside := p.outlets(r.Stores)
	if len(vendors) == 0 {
		return "", order.Refuse("stores", order.Malformed, "none of them is an outlet of this route")
	}
	if err := p.route.openOutlets(ctx); err != nil {
		return "", err
	}
	asked, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("encode promotion: %w", err)
	}
	one := &promoting{promotions: p, request: r, vendors: vendors, outside: outside, asked: digestOf(asked)}
	for range mostRaces {
		if job, err := one.try(ctx); job != "" || err != nil {
			return job, err
		}
	}
	return "", order.ErrBusy
}

// mostRaces is how often a promotion is begun anew because others were handed
// over meanwhile.
const mostRaces = 50

// outlets are the stores as the platform names them. Of a route that lists its
// outlets others are left out: they are somebody else's.
func (p *routePromotions) outlets(stores []string) (vendors, outside []string) {
	known := make(map[string]string, len(p.route.vendors))
	for _, o := range p.route.vendors {
		known[o.Store] = o.Vendor
	}
	seen := map[string]bool{}
	for _, store := range stores {
		vendor, ok := known[store]
		switch {
		case ok:
		case store == promotion.Every || len(known) == 0:
			vendor = store
		default:
			outside = append(outside, store)
			continue
		}
		if !seen[vendor] {
			seen[vendor] = true
			vendors = append(vendors, vendor)
		}
	}
	return vendors, outside
}

// promoting is a request on its way into the State.
type promoting struct {
	promotions       *routePromotions
	request          *promotion.Request
	vendors, outside []string
	asked            string
}

// try keeps the request as a job and returns its id; "": others came between.
func (g *promoting) try(ctx context.Context) (string, error) {
	p := g.promotions
	about := *g.request
	about.Discounts = nil
	name, err := bodyOfRequest(&about, g.vendors, p.locale, nil).identity()
	if err != nil {
		return "", fmt.Errorf("encode promotion: %w", err)
	}
	identity := digestOf(name)
	raw, known, err := p.known(ctx, identity)
	if err != nil {
		return "", err
	}
	var before *wirePromotion
	if known != nil {
		if known.Request == g.asked {
			if waits, err := p.route.jobs().isOpen(ctx, known.Job); err != nil || waits {
				return known.Job, err
			}
		}
		if before, err = p.bodyOf(ctx, known.Body); err != nil {
			return "", err
		}
	}
	if before == nil && len(g.request.Discounts) == 0 {
		return "", order.Refuse("discounts", order.Required, "this route was never handed the promotion, so it can not be ended there without its SKUs")
	}
	return g.begin(ctx, identity, bodyOfRequest(g.request, g.vendors, p.locale, before), raw, known)
}

// begin writes the body, then the job.
func (g *promoting) begin(ctx context.Context, identity string, body *wirePromotion, raw []byte, known *knownPromotion) (string, error) {
	p, skus := g.promotions, int64(body.skus())
	stores := int64(len(g.vendors))
	if g.vendors[0] == promotion.Every {
		stores = int64(len(p.route.vendors))
	}
	if pairs := max(stores, 1) * skus; pairs > promotion.MostPairs {
		return "", order.Refuse("discounts", order.TooLarge,
			fmt.Sprintf("%d pairs of an outlet and a SKU together with those that the promotion has; it can have %d", pairs, promotion.MostPairs))
	}
	kept, err := p.keepBody(ctx, body, g.ttl())
	if err != nil {
		return "", err
	}
	job := &partner.Job{Kind: partner.JobPromotion, Name: titleOfPromotion(g.request)}
	open := &openJob{Due: p.route.now().UTC()}
	own := ownPromotion{
		Body: kept, Identity: identity, End: g.request.End.Time().UTC(), Stores: stores, SKUs: skus,
		Outside: g.outside[:min(len(g.outside), mostOutside)], Left: int64(len(g.outside)),
	}
	if open.Own, err = json.Marshal(&own); err != nil {
		return "", fmt.Errorf("encode promotion: %w", err)
	}
	// The number that the job will have is told by the known promotion, too.
	newest, last, err := p.route.jobs().last(ctx)
	if err != nil {
		return "", err
	}
	next := knownPromotion{Job: fmt.Sprint(last + 1), Request: g.asked, Body: kept}
	if known != nil {
		before := *known
		before.Before, next.Before = nil, &before
	}
	b, err := json.Marshal(&next)
	if err != nil {
		return "", fmt.Errorf("encode promotion: %w", err)
	}
	ok, err := p.route.jobs().beginAfter(ctx, newest, last, job, open, partner.Edit{Key: p.key("known", identity), Old: raw, New: b, TTL: g.ttl()})
	if err != nil || !ok {
		return "", err
	}
	return job.ID, nil
}

// ttl is for how long what is kept of the promotion is kept.
func (g *promoting) ttl() time.Duration {
	return max(g.request.End.Time().Sub(g.promotions.route.now()), 0) + promotionKept
}

func titleOfPromotion(r *promotion.Request) string {
	if r.Name != "" {
		return r.Name
	}
	languages := make([]string, 0, len(r.Names))
	for language := range r.Names {
		languages = append(languages, language)
	}
	return r.Names[slices.Min(languages)]
}

func (p *routePromotions) key(what, rest string) string {
	return "promotions/" + what + "/" + p.route.deps.Route + "/" + rest
}

// known returns what was sent of a promotion last, as it stands in the State
// too; nil: nothing.
func (p *routePromotions) known(ctx context.Context, identity string) ([]byte, *knownPromotion, error) {
	raw, ok, err := p.route.deps.State.Get(ctx, p.key("known", identity))
	if err != nil || !ok {
		return nil, nil, wrapped("read promotion", err)
	}
	var k knownPromotion
	if err := json.Unmarshal(raw, &k); err != nil {
		return nil, nil, fmt.Errorf("read promotion: %w", err)
	}
	return raw, &k, nil
}

// keepBody writes a body under its digest: of equal ones there is one.
func (p *routePromotions) keepBody(ctx context.Context, body *wirePromotion, ttl time.Duration) (keptBody, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return keptBody{}, fmt.Errorf("encode promotion: %w", err)
	}
	if len(b) > mostPromotion {
		return keptBody{}, order.Refuse("", order.TooLarge, fmt.Sprintf("has more than %d MB as the platform writes it; split it", mostPromotion>>20))
	}
	kept := keptBody{Digest: digestOf(b)}
	for piece := range slices.Chunk(b, bodyAtOnce) {
		if err := p.route.deps.State.Put(ctx, p.pieceKey(kept.Digest, kept.Pieces), piece, ttl); err != nil {
			return keptBody{}, fmt.Errorf("keep promotion: %w", err)
		}
		kept.Pieces++
	}
	return kept, nil
}

func (p *routePromotions) pieceKey(digest string, n int) string {
	return p.key("body", digest) + "/" + upward(int64(n))
}

// bytesOf returns a body as it was kept; nil: it is not kept any more.
func (p *routePromotions) bytesOf(ctx context.Context, kept keptBody) ([]byte, error) {
	var b bytes.Buffer
	for n := range kept.Pieces {
		piece, ok, err := p.route.deps.State.Get(ctx, p.pieceKey(kept.Digest, n))
		if err != nil || !ok {
			return nil, wrapped("read promotion", err)
		}
		b.Write(piece)
	}
	if digestOf(b.Bytes()) != kept.Digest {
		return nil, fmt.Errorf("read promotion: the kept body is not whole")
	}
	return b.Bytes(), nil
}

func (p *routePromotions) bodyOf(ctx context.Context, kept keptBody) (*wirePromotion, error) {
	b, err := p.bytesOf(ctx, kept)
	if err != nil || b == nil {
		return nil, err
	}
	var body wirePromotion
	if err := json.Unmarshal(b, &body); err != nil {
		return nil, fmt.Errorf("read promotion: %w", err)
	}
	return &body, nil
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// isOpen reports whether a job is not over.
func (j *routeJobs) isOpen(ctx context.Context, id string) (bool, error) {
	n, _ := jobNumber(id)
	_, ok, err := j.state.Get(ctx, j.key("open", upward(n)))
	return ok, wrapped("look up job", err)
}
