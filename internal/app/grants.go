package app

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// What a node remembers of credentials: so long another node's revocation may
// go unnoticed.
const (
	credentialFresh = 5 * time.Second
	listFresh       = time.Second // of lists, in which new ones must show soon
	mostRemembered  = 20_000
)

// grants are the credentials of doors as the store has them: those that were
// made while the hub ran, and the generations of all. What was read is
// remembered for a moment.
//
// In the state of _hub, scope "credentials:<partner>", stand
//
//	c/<kind>/<shop>/<name>     a credential's record, which is all that counts
//	d/<field>/<digest>         its name, for what callers present
//
// Both are written by one Change, that is one transaction: no crash parts them.
// What a digest leads to is believed only if the record names the digest, too.
type grants struct {
	app    *App
	digest secret.Key // of presented values that are no secrets

	mu    sync.Mutex
	known map[credentialID]*remembered
	ids   map[credentialKey]credentialID // of stored ones, as found before
	lists map[listKey]*rememberedList
}

type listKey struct{ partner, of, shop string } // shop "": all

// remembered is one credential as it was read.
type remembered struct {
	mu      sync.Mutex
	at      time.Time
	under   *generation // of the configuration
	stored  *stored
	grant   partner.Grant
	granted bool
}

type rememberedList struct {
	mu    sync.Mutex
	at    time.Time
	under *generation
	list  []partner.Grant
}

func newGrants(a *App) *grants {
	return &grants{
		app: a, digest: a.sealKey.Derive("credential digest"),
		known: map[credentialID]*remembered{}, ids: map[credentialKey]credentialID{}, lists: map[listKey]*rememberedList{},
	}
}

func (g *grants) state(partner string) partner.State {
	return g.app.store.State(hubShop, credentialScope(partner))
}

func credentialScope(partner string) string { return "credentials:" + partner }

func recordKey(id credentialID) string { return "c/" + id.of + "/" + id.shop + "/" + id.name }

// digestKey is where a presented value leads to its credential. What is no
// secret has too little in it for a plain digest: an address of mail could be
// guessed from that.
func (g *grants) digestKey(f partner.Field, presented string) string {
	sum := secret.Digest(presented)
	if !f.Secret {
		sum = [32]byte(g.digest.Mac([]byte(f.Name + "\x00" + presented)))
	}
	return "d/" + f.Name + "/" + hex.EncodeToString(sum[:])
}

// now returns what a credential opens now; false: there is none of that name.
func (g *grants) now(ctx context.Context, id credentialID) (partner.Grant, bool, error) {
	r, err := g.read(ctx, id)
	return r.grant, r.granted && err == nil, err
}

// read returns a credential, from memory if that is fresh.
func (g *grants) read(ctx context.Context, id credentialID) (reading, error) {
	g.mu.Lock()
	r := g.known[id]
	if r == nil {
		if len(g.known) >= mostRemembered {
			clear(g.known)
		}
		r = &remembered{}
		g.known[id] = r
	}
	g.mu.Unlock()
	r.mu.Lock() // one looks, the others wait for it
	defer r.mu.Unlock()
	now := g.app.current.Load()
	if r.under == now && time.Since(r.at) < credentialFresh {
		return reading{r.stored, r.grant, r.granted}, nil
	}
	began := time.Now()
	value, _, err := g.state(id.partner).Get(ctx, recordKey(id))
	if err != nil {
		return reading{}, fmt.Errorf("find credential: %w", err)
	}
	s, err := g.decode(id, value)
	if err != nil {
		return reading{}, err
	}
	r.stored, r.at, r.under = s, began, now
	r.grant, r.granted = g.grant(now, id, s)
	return reading{r.stored, r.grant, r.granted}, nil
}

// reading is what is known of one credential.
type reading struct {
	stored  *stored // its record; a configured one's may be empty
	grant   partner.Grant
	granted bool
}

// grant puts configuration and record together.
func (g *grants) grant(now *generation, id credentialID, s *stored) (partner.Grant, bool) {
	if grant, ok := now.credentials.named[id]; ok {
		grant.Generation = s.record.Generation
		return grant, true
	}
	shop := now.config.Shops[id.shop]
	if !s.made() || shop == nil {
		return partner.Grant{}, false
	}
	p, _ := g.app.partner(id.partner)
	grant := grantOf(p, id, shop, s.settings)
	grant.Generation = s.record.Generation
	grant.Former = s.former(g.app.now())
	return grant, true
}

// forget lets the next look at a credential be one into the store.
func (g *grants) forget(id credentialID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.known, id)
	maps.DeleteFunc(g.lists, func(k listKey, _ *rememberedList) bool { return k.partner == id.partner && k.of == id.of })
}

// find returns what a presented value opens that the configuration does not
// have.
func (g *grants) find(ctx context.Context, key credentialKey, presented string) (partner.Grant, bool, error) {
	p, _ := g.app.partner(key.partner)
	i := slices.IndexFunc(p.Settings, func(f partner.Field) bool { return f.Door && f.Credential && f.Name == key.field })
	if i < 0 || presented == "" {
		return partner.Grant{}, false, nil
	}
	f := p.Settings[i]
	at := g.digestKey(f, presented)
	g.mu.Lock()
	id, known := g.ids[key]
	g.mu.Unlock()
	if known {
		if r, err := g.read(ctx, id); err != nil || g.opens(r, id, at) {
			return r.grant, err == nil, err
		}
	}
	value, ok, err := g.state(key.partner).Get(ctx, at)
	if err != nil || !ok {
		return partner.Grant{}, false, err
	}
	var n credentialName
	if err := json.Unmarshal(value, &n); err != nil {
		return partner.Grant{}, false, fmt.Errorf("find credential by %s: %w", f.Name, err)
	}
	id = credentialID{key.partner, n.Kind, n.Shop, n.Name}
	_, inFile := g.app.current.Load().credentials.named[id]
	if inFile || !n.Until.IsZero() && !g.app.now().Before(n.Until) {
		return partner.Grant{}, false, nil
	}
	r, err := g.read(ctx, id)
	if err == nil && !g.opens(r, id, at) {
		g.forget(id) // what is remembered may be older than the digest
		r, err = g.read(ctx, id)
	}
	if err != nil || !g.opens(r, id, at) {
		return partner.Grant{}, false, err
	}
	g.mu.Lock()
	if len(g.ids) >= mostRemembered {
		clear(g.ids)
	}
	g.ids[key] = id
	g.mu.Unlock()
	return r.grant, true, nil
}

// opens reports whether a digest is one of a credential that stands in the
// store alone.
func (g *grants) opens(r reading, id credentialID, at string) bool {
	_, inFile := g.app.current.Load().credentials.named[id]
	return r.granted && !inFile && slices.ContainsFunc(r.stored.record.Digests, func(d kept) bool {
		return d.Value == at && d.counts(g.app.now())
	})
}

// check compares a presented value with a secret field of a stored credential.
func (g *grants) check(ctx context.Context, id credentialID, f partner.Field, presented string) (bool, error) {
	r, err := g.read(ctx, id)
	if err != nil || !r.granted {
		return false, err
	}
	now := g.app.now()
	if f.Password {
		for _, h := range r.stored.record.Passwords {
			if h.Field != f.Name || !h.counts(now) {
				continue
			}
			if ok, err := g.app.passwords.Check(ctx, h.Value, presented); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	}
	if f.Credential {
		if f.With != "" {
			presented = partner.Joined(r.stored.text(f.With), presented)
		}
		return g.opens(r, id, g.digestKey(f, presented)), nil
	}
	ok := r.grant.Settings[f.Name].Secret.Is(presented)
	for _, old := range r.stored.old {
		ok = ok || old.Field == f.Name && old.counts(now) && secret.New(old.Value).Is(presented)
	}
	return ok, nil
}

// list returns the credentials of one kind, of a shop or ("") of all, in the
// sequence of shop and name.
func (g *grants) list(ctx context.Context, name, of, shop string) ([]partner.Grant, error) {
	g.mu.Lock()
	key := listKey{name, of, shop}
	r := g.lists[key]
	if r == nil {
		if len(g.lists) >= mostRemembered {
			clear(g.lists)
		}
		r = &rememberedList{}
		g.lists[key] = r
	}
	g.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	now := g.app.current.Load()
	if r.under == now && time.Since(r.at) < listFresh {
		return slices.Clone(r.list), nil
	}
	began := time.Now()
	records, err := g.records(ctx, name, of, shop)
	if err != nil {
		return nil, err
	}
	r.list, r.at, r.under = g.merge(now, key, records), began, now
	return slices.Clone(r.list), nil
}

// merge puts the configured credentials of a list and the stored ones together.
func (g *grants) merge(now *generation, key listKey, records map[credentialID]*stored) (out []partner.Grant) {
	for _, id := range now.credentials.kinds[[2]string{key.partner, key.of}] {
		if key.shop == "" || id.shop == key.shop {
			s := records[id]
			if s == nil {
				s = &stored{}
			}
			grant, _ := g.grant(now, id, s)
			out = append(out, grant)
			delete(records, id)
		}
	}
	for id, s := range records {
		if grant, ok := g.grant(now, id, s); ok {
			out = append(out, grant)
		}
	}
	slices.SortFunc(out, func(a, b partner.Grant) int {
		return cmp.Or(strings.Compare(a.Shop, b.Shop), strings.Compare(a.Name, b.Name))
	})
	return out
}

// recordsPage is how many records are read at a time.
const recordsPage = 500

// records reads the records of one kind, of a shop or ("") of all.
func (g *grants) records(ctx context.Context, name, of, shop string) (map[credentialID]*stored, error) {
	prefix := "c/" + of + "/"
	if shop != "" {
		prefix += shop + "/"
	}
	out := map[credentialID]*stored{}
	for after := ""; ; {
		keys, values, err := g.state(name).List(ctx, prefix, after, recordsPage)
		if err != nil {
			return nil, fmt.Errorf("list credentials: %w", err)
		}
		for i, key := range keys {
			parts := strings.Split(key, "/")
			if len(parts) != 4 {
				return nil, fmt.Errorf("list credentials: the key %q is none of ours", key)
			}
			id := credentialID{name, parts[1], parts[2], parts[3]}
			if out[id], err = g.decode(id, values[i]); err != nil {
				return nil, err
			}
		}
		if len(keys) < recordsPage {
			return out, nil
		}
		after = keys[len(keys)-1]
	}
}

// credentialName is what stands under a digest.
type credentialName struct {
	Kind  string    `json:"kind"`
	Shop  string    `json:"shop"`
	Name  string    `json:"name"`
	Until time.Time `json:"until,omitzero"` // after a rotation
}
