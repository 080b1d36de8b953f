package deliveryhero

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// chain is a shop of the door as its credentials describe it. It is shared: not
// to be changed.
type chain struct {
	Shop    string
	ID      string // chain_id, a UUID in small letters
	Country string // two small letters
	Grant   partner.Grant
	Brand   brand
	Hook    *hook     // where it wants to be told; nil: nowhere
	Vendors []*vendor // by ID
	byID    map[string]*vendor
}

// vendor is an outlet. Its ID is the Store of orders and offers.
type vendor struct {
	ID       string // the platform's
	External string // the partner's own; "": none
	Pelican  bool   // the platform picks, not the partner
	Buffer   int64  // sales buffer
	Hours    []hours
	Checkin  bool // it opens only when it was checked in
}

// hook is where a chain wants to be told, and how.
type hook struct {
	URL    string
	JobURL string // of the ends of jobs; never empty
	Header string
	Prefix string // what stands before the secret, with its blank; "": nothing
	Secret secret.Text
	// Catalog and Promotions: it is told of the ends of jobs on them.
	Catalog, Promotions bool
}

// vendor finds an outlet by either of its ids; nil: there is none.
func (c *chain) vendor(id string) *vendor { return c.byID[id] }

// chainOf reads a chain from its credentials; of several outlets with one id
// the first by name counts, and the platform's id before a partner's own.
func chainOf(g partner.Grant, vendors, hooks []partner.Grant) *chain {
	c := &chain{
		Shop: g.Shop, ID: strings.ToLower(g.Settings[fieldChain].Text), Country: strings.ToLower(g.Settings[fieldCountry].Text),
		Grant: g, Brand: brandOf(g.Settings[fieldBrand].Text), byID: map[string]*vendor{},
	}
	if len(hooks) > 0 {
		c.Hook = hookOf(hooks[0].Settings)
	}
	for _, v := range vendors {
		one := vendorOf(g.Settings, v.Settings)
		if one.ID != "" && c.byID[one.ID] == nil {
			c.byID[one.ID] = one
			c.Vendors = append(c.Vendors, one)
		}
	}
	for _, v := range c.Vendors {
		if v.External != "" && c.byID[v.External] == nil {
			c.byID[v.External] = v
		}
	}
	slices.SortFunc(c.Vendors, func(a, b *vendor) int { return strings.Compare(a.ID, b.ID) })
	return c
}

func vendorOf(chain, own partner.Settings) *vendor {
	v := &vendor{
		ID: own[fieldVendor].Text, External: own[fieldExternal].Text, Checkin: own[fieldCheckin].Text == "true",
		Pelican: own.TextOr(fieldPicking, chain[fieldPicking].Text) == pickingPelican, Buffer: defaultBuffer,
	}
	if n, err := strconv.ParseInt(own.TextOr(fieldBuffer, chain[fieldBuffer].Text), 10, 64); err == nil {
		v.Buffer = n
	}
	for _, s := range own[fieldHours].List {
		if h, ok := hoursOf(s); ok {
			v.Hours = append(v.Hours, h)
		}
	}
	return v
}

func hookOf(s partner.Settings) *hook {
	h := &hook{
		URL: s[fieldHookURL].Text, JobURL: s.TextOr(fieldJobURL, s[fieldHookURL].Text),
		Header: s.TextOr(fieldHookHeader, "Authorization"), Secret: s[fieldHookSecret].Secret,
		Catalog: s[fieldHookCatalog].Text == "true", Promotions: s[fieldHookPromos].Text == "true",
	}
	if p := strings.TrimSpace(s[fieldHookPrefix].Text); p != "" {
		h.Prefix = p + " "
	}
	return h
}

// chains reads chains as the credentials of the door stand now, by shop.
type chains struct {
	deps partner.Deps

	mu    sync.Mutex
	known map[string]*rememberedChain
}

// How long a chain is remembered. What was asked for and is not there is looked
// for anew after a moment: it may have been made just now.
const (
	chainFresh  = 4 * time.Second
	chainMissed = time.Second
)

type rememberedChain struct {
	mu    sync.Mutex
	at    time.Time
	chain *chain
	told  []string // the outlets that the catalogue knows
}

// of returns the chain of a shop; nil: it has none.
func (c *chains) of(ctx context.Context, shop string) (*chain, error) {
	return c.read(ctx, shop, chainFresh)
}

// again returns a chain in which something was missed.
func (c *chains) again(ctx context.Context, shop string) (*chain, error) {
	return c.read(ctx, shop, chainMissed)
}

// since returns a chain as it stood at most age ago, be that the whole of the
// time that one is remembered or none of it.
func (c *chains) since(ctx context.Context, shop string, age time.Duration) (*chain, error) {
	return c.read(ctx, shop, max(0, min(age, chainFresh)))
}

func (c *chains) read(ctx context.Context, shop string, fresh time.Duration) (*chain, error) {
	c.mu.Lock()
	if c.known == nil {
		c.known = map[string]*rememberedChain{}
	}
	r := c.known[shop]
	if r == nil {
		r = &rememberedChain{}
		c.known[shop] = r
	}
	c.mu.Unlock()
	r.mu.Lock() // one looks, the others wait for it
	defer r.mu.Unlock()
	if r.chain != nil && time.Since(r.at) < fresh {
		return r.chain, nil
	}
	began := time.Now()
	chain, err := c.look(ctx, shop)
	if err != nil {
		return nil, fmt.Errorf("chain of shop %s: %w", shop, err)
	}
	if err := c.tell(ctx, r, chain); err != nil {
		return nil, fmt.Errorf("outlets of shop %s: %w", shop, err)
	}
	r.chain, r.at = chain, began
	return chain, nil
}

// look reads a chain from the credentials.
func (c *chains) look(ctx context.Context, shop string) (*chain, error) {
	list := func(of string) (out []partner.Grant, err error) {
		return c.deps.Credentials.List(ctx, shop, of)
	}
	own, err := list(ofChain)
	if err != nil || len(own) == 0 {
		return nil, err
	}
	vendors, err := list(ofVendor)
	if err != nil {
		return nil, err
	}
	hooks, err := list(ofHook)
	if err != nil {
		return nil, err
	}
	return chainOf(own[0], vendors, hooks), nil
}

// tell lets the catalogue know the chain's outlets, before anybody is given the
// chain: what is not sold there yet is an outlet all the same.
func (c *chains) tell(ctx context.Context, r *rememberedChain, chain *chain) error {
	if chain == nil || len(chain.Vendors) == 0 || c.deps.Catalog == nil {
		return nil
	}
	stores := make([]string, len(chain.Vendors))
	for i, v := range chain.Vendors {
		stores[i] = v.ID
	}
	if slices.Equal(stores, r.told) {
		return nil
	}
	for some := range slices.Chunk(stores, catalog.MostOpened) {
		if err := c.deps.Catalog.OpenStores(ctx, chain.Shop, some); err != nil {
			return err
		}
	}
	r.told = stores
	return nil
}
