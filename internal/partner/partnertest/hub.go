package partnertest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/shipping"
)

// The one shop of a Hub.
const (
	Shop     = "nordlys"
	Currency = "SEK"
	Timezone = "Europe/Stockholm"
)

// Hub is a hub in memory with one shop: just enough of ledger, credentials,
// state and files for a partner's sides to run against, with the meaning that
// the contract gives them. Safe for concurrent use.
type Hub struct {
	mu      sync.Mutex
	orders  map[string]*stored
	seq     int64
	entries []order.Entry
	log     []order.Event
	fail    error

	grants map[[2]string]partner.Grant // kind, value
	named  []partner.Grant             // in the sequence in which they were added
	state  map[string]stateValue
	files  map[string]*File
	// Settings are what the shop is configured to invite with; set them before
	// use.
	Settings review.Settings
	// Reviews are the shop's, newest first; set them before use.
	Reviews []review.Review
	// Couriers are the shop's own; set them before use.
	Couriers []shipping.Courier
	// Live says how much somebody else could send of a line, false: there was
	// no answer. Nil: there never is one. Set it before use.
	Live    func(catalog.Line) (order.Decimal, bool)
	shelf   *shelf
	door    partner.Settings // of the whole door
	noted   []Noted
	keep    map[string]func(string) string // by field, see partner.Field.Keep
	revoked map[string]bool                // credentials whose tokens are over

	promotionsLock sync.Mutex // not mu: what runs under it asks the catalogue
	promotionRows  *promotionRows

	now func() time.Time
}

// Noted is what a side told of a call by Deps.Note.
type Noted struct{ Gate, Method, Fault string }

type stored struct {
	first  int64
	layers []order.Layer
	wires  map[string][]byte
}

type stateValue struct {
	value   []byte
	expires time.Time
}

// File is what a side wrote for its partner to fetch.
type File struct {
	Content []byte
	Written time.Time
	Fetched time.Time
}

// NewHub makes a hub. now may be nil.
func NewHub(now func() time.Time) *Hub {
	if now == nil {
		now = time.Now
	}
	return &Hub{
		orders: map[string]*stored{}, grants: map[[2]string]partner.Grant{},
		shelf: newShelf(), state: map[string]stateValue{}, files: map[string]*File{}, revoked: map[string]bool{},
		keep: map[string]func(string) string{}, now: now, promotionRows: newPromotionRows(),
	}
}

// AddDoor gives the hub the credentials of a door with these settings, under
// the name "default". The credentials are the fields marked so; those of the
// whole door, marked Hub, are its Deps.Settings.
func (h *Hub) AddDoor(t testing.TB, p partner.Partner, values map[string]json.Value) {
	t.Helper()
	s := Settings(t, p, true, values)
	h.door = partner.Settings{}
	for _, f := range p.Settings {
		if v, ok := s[f.Name]; ok && f.Door && f.Hub {
			h.door[f.Name] = v
			delete(s, f.Name)
		}
	}
	h.AddCredential(p, "default", "", s)
}

// AddCredential gives the hub one more credential of a kind (Field.Of) of the
// partner's door.
func (h *Hub) AddCredential(p partner.Partner, name, of string, s partner.Settings) {
	g := partner.Grant{
		Shop: Shop, Name: name, Of: of, Settings: s, Currency: Currency, Timezone: Timezone,
		Source: order.Source{Name: p.Name + ":" + name, Rank: order.RankDoor},
	}
	value := func(field string) string { return s[field].Text + s[field].Secret.Reveal() }
	for _, f := range p.Settings {
		if f.Keep != nil {
			h.keep[f.Name] = f.Keep
		}
		if of != "" && f.Of == of && f.Door && f.Credential && !f.Secret && g.Account == "" {
			g.Account = value(f.Name)
		}
	}
	h.named = append(h.named, g)
	for _, f := range p.Settings {
		key := value(f.Name)
		if !f.Door || !f.Credential || f.Of != of || key == "" {
			continue
		}
		if f.With != "" {
			key = partner.Joined(value(f.With), key)
		}
		h.grants[[2]string{f.Name, key}] = g
	}
}

func (h *Hub) addCredentials(t testing.TB, p partner.Partner, list []Credential) {
	t.Helper()
	for _, c := range list {
		h.AddCredential(p, c.Name, c.Of, settings(t, p, true, c.Of, c.Settings))
	}
}

// Deps is what a side of the partner is given.
func (h *Hub) Deps(p partner.Partner) partner.Deps {
	return partner.Deps{
		Partner: p.Name, Shop: Shop, Route: "out", Source: order.Source{Name: "route:out", Rank: order.RankRoute},
		Intake: h, Orders: h, People: people{h}, Credentials: h, Access: access{h}, State: state{h, "side/"}, Files: files{h},
		At:      func(shop string) partner.State { return state{h, "at/" + shop + "/"} },
		Catalog: h.Catalog(), Promotions: h.Promotions(), Stock: hubStock{h}, Settings: h.door, Note: h.note,
		Couriers: func(shop string) []shipping.Courier {
			if shop != Shop {
				return nil
			}
			return h.Couriers
		},
		Seal: sealer(), Reviews: h.Book(),
		HTTP: outbound.New(outbound.Options{Timeout: 10 * time.Second}),
		Log:  slog.New(slog.DiscardHandler), Now: h.now, PublicURL: "https://hub.example",
	}
}

// Fail makes every later Append fail with err; nil mends it.
func (h *Hub) Fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fail = err
}

// Entries returns what was accepted, in sequence, known ones left out.
func (h *Hub) Entries() []order.Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.entries)
}

// Append accepts entries as partner.Intake says.
func (h *Hub) Append(ctx context.Context, shop string, entries []order.Entry) ([]order.Receipt, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fail != nil {
		return nil, h.fail
	}
	if shop != Shop {
		return nil, errors.New("append to an unknown shop")
	}
	for _, e := range entries {
		if err := h.refuse(e); err != nil {
			return nil, err
		}
	}
	return h.commit(ctx, catalog.Settling(h.now, Shop, entries))
}

// commit accepts entries and applies the effects of the new ones; if one
// fails, nothing of the call stays.
func (h *Hub) commit(ctx context.Context, entries []order.Entry) ([]order.Receipt, error) {
	undo := h.before(entries)
	receipts := make([]order.Receipt, len(entries))
	for i, e := range entries {
		receipts[i] = h.accept(e)
		if receipts[i].Known {
			continue
		}
		for _, effect := range e.Effects {
			if n, ok := effect.(order.Numbered); ok {
				effect = n.Of(receipts[i].Seq, receipts[i].At)
			}
			if err := effect.Apply(ctx, transaction{h}); err != nil {
				undo()
				return nil, err
			}
		}
	}
	return receipts, nil
}

// before returns what puts the hub back to where it stands now.
func (h *Hub) before(entries []order.Entry) (undo func()) {
	seq, accepted, logged, state, shelf := h.seq, len(h.entries), len(h.log), maps.Clone(h.state), h.shelf.clone()
	orders := map[string]*stored{}
	for _, e := range entries {
		orders[e.Subject.ID] = h.orders[e.Subject.ID].clone()
	}
	return func() {
		h.seq, h.entries, h.log, h.state, h.shelf = seq, h.entries[:accepted], h.log[:logged], state, shelf
		for id, o := range orders {
			if h.orders[id] = o; o == nil {
				delete(h.orders, id)
			}
		}
	}
}

func (o *stored) clone() *stored {
	if o == nil {
		return nil
	}
	c := &stored{o.first, slices.Clone(o.layers), maps.Clone(o.wires)}
	for i := range c.layers {
		c.layers[i].Happenings = slices.Clone(c.layers[i].Happenings)
	}
	return c
}

// transaction is what effects get: the hub, locked.
type transaction struct{ h *Hub }

// Catalog is the transaction as catalogues are written in.
func (t transaction) Catalog() catalog.Tx { return t.h.shelf }

func (h *Hub) note(_ context.Context, gate, method, fault string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.noted = append(h.noted, Noted{gate, method, fault})
}

// Noted returns what was told of calls, in sequence.
func (h *Hub) Noted() []Noted {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.noted)
}

func (h *Hub) refuse(e order.Entry) error {
	if e.Subject.ID == "" || (e.Statement == nil) == (e.Happening == nil) || e.Source.Name == "" {
		return errors.New("entry without id, source, or with not exactly one of statement and happening")
	}
	if e.Statement != nil {
		if invalid := order.Validate(&e.Statement.Order); invalid != nil {
			return invalid
		}
	} else if invalid := order.ValidateHappening(e.Happening); invalid != nil {
		return invalid
	}
	if e.After != 0 && h.orders[e.Subject.ID].newest() != e.After {
		return order.ErrChanged
	}
	if o := h.orders[e.Subject.ID]; o != nil && e.RefuseUpdate && e.Statement != nil {
		if l := o.layer(e.Source); l != nil && l.Statement != nil && len(order.Diff(l.Statement, &e.Statement.Order)) > 0 {
			return order.ErrConflict
		}
	}
	return nil
}

func (o *stored) layer(s order.Source) *order.Layer {
	for i := range o.layers {
		if o.layers[i].Source.Name == s.Name {
			return &o.layers[i]
		}
	}
	return nil
}

func (h *Hub) accept(e order.Entry) order.Receipt {
	o := h.orders[e.Subject.ID]
	if o == nil {
		o = &stored{first: h.seq + 1, wires: map[string][]byte{}}
		h.orders[e.Subject.ID] = o
	}
	l := o.layer(e.Source)
	if l == nil {
		o.layers = append(o.layers, order.Layer{Source: e.Source, First: h.seq + 1})
		l = &o.layers[len(o.layers)-1]
	}
	r := order.Receipt{Subject: e.Subject, At: h.now()}
	if e.Happening != nil {
		r.Known, r.Seq, r.Kind = h.happen(l, e.Happening)
	} else {
		r.Known, r.Seq, r.Kind = h.restate(o, l, e.Statement)
	}
	if !r.Known {
		h.entries = append(h.entries, e)
		h.record(o, &e, r)
	}
	return r
}

func (h *Hub) restate(o *stored, l *order.Layer, s *order.Statement) (bool, int64, order.Kind) {
	kind := order.KindPlaced
	if l.Statement != nil {
		kind = order.KindUpdated
		same := s.Wire != nil && bytes.Equal(o.wires[l.Source.Name], s.Wire)
		if same || len(order.Diff(l.Statement, &s.Order)) == 0 {
			return true, l.Seq, kind
		}
	}
	h.seq++
	l.Statement, l.Seq = s.Order.Clone(), h.seq
	o.wires[l.Source.Name] = bytes.Clone(s.Wire)
	return false, h.seq, kind
}

func (h *Hub) happen(l *order.Layer, new *order.Happening) (bool, int64, order.Kind) {
	for _, old := range l.Happenings {
		if old.Kind == new.Kind && old.Ref == new.Ref && bytes.Equal(old.Wire, new.Wire) {
			return true, old.Seq, new.Kind
		}
	}
	h.seq++
	l.Happenings = append(l.Happenings, order.Happened{Seq: h.seq, Happening: *new})
	return false, h.seq, new.Kind
}

// Layers answers as partner.Orders says.
func (h *Hub) Layers(_ context.Context, _, prefix string, ids []string) ([]*order.Order, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]*order.Order, len(ids))
	for i, id := range ids {
		list[i] = h.merged(id, prefix)
	}
	return list, nil
}

// ListLayers answers as partner.Orders says.
func (h *Hub) ListLayers(_ context.Context, _, prefix string, skip, limit int) ([]*order.Order, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var ids []string
	for id := range h.orders {
		if h.merged(id, prefix) != nil {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return int(h.orders[b].first - h.orders[a].first) })
	ids = ids[min(skip, len(ids)):]
	list := []*order.Order{}
	for _, id := range ids[:min(limit, len(ids))] {
		list = append(list, h.merged(id, prefix))
	}
	return list, nil
}

// Merged answers as partner.Orders says.
func (h *Hub) Merged(ctx context.Context, shop string, ids []string) ([]*order.Order, error) {
	return h.Layers(ctx, shop, "", ids)
}

// Newest answers as partner.Orders says.
func (h *Hub) Newest(_ context.Context, _ string, ids []string) ([]int64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	seqs := make([]int64, len(ids))
	for i, id := range ids {
		seqs[i] = h.orders[id].newest()
	}
	return seqs, nil
}

// newest is the place of the order's last event; 0: nobody knows it.
func (o *stored) newest() (seq int64) {
	if o == nil {
		return 0
	}
	for _, l := range o.layers {
		seq = max(seq, l.Seq)
		for _, h := range l.Happenings {
			seq = max(seq, h.Seq)
		}
	}
	return seq
}

func (h *Hub) merged(id, prefix string) *order.Order {
	o := h.orders[id]
	if o == nil {
		return nil
	}
	var layers []order.Layer
	for _, l := range o.layers {
		if prefix == "" || l.Source.Name == prefix || strings.HasPrefix(l.Source.Name, prefix+"/") {
			layers = append(layers, l)
		}
	}
	return order.Merge(layers).Order
}

// Forget removes the personal part of an order, as erasing does.
func (h *Hub) Forget(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.orders[id].layers {
		if l := &h.orders[id].layers[i]; l.Statement != nil {
			public, _ := l.Statement.Split()
			l.Statement = &public
		}
	}
}

// Find answers as partner.Credentials says.
func (h *Hub) Find(_ context.Context, kind, presented string) (partner.Grant, bool, error) {
	g, ok := h.grants[[2]string{kind, presented}]
	return g, ok, nil
}

// File returns what a side wrote under the name; nil if nothing.
func (h *Hub) File(name string) *File {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.files[name]
}

// Fetch records that the partner fetched the file.
func (h *Hub) Fetch(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.files[name].Fetched = h.now()
}

// Check answers as partner.Credentials says; passwords are compared as they
// stand in the settings.
func (h *Hub) Check(_ context.Context, g partner.Grant, field, presented string) (bool, error) {
	if keep := h.keep[field]; keep != nil {
		presented = keep(presented)
	}
	return g.Settings[field].Secret.Is(presented), nil
}

// List answers as partner.Credentials says.
func (h *Hub) List(ctx context.Context, shop, of string) ([]partner.Grant, error) {
	if shop != Shop {
		return nil, nil
	}
	return h.All(ctx, of)
}

// All answers as partner.Credentials says.
func (h *Hub) All(_ context.Context, of string) ([]partner.Grant, error) {
	return slices.DeleteFunc(slices.Clone(h.named), func(g partner.Grant) bool { return g.Of != of }), nil
}

// Revoke ends the tokens of a credential.
func (h *Hub) Revoke(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.revoked[name] = true
}

// Book returns the shop's invitations and reviews, kept in the hub's state.
func (h *Hub) Book() *review.Book {
	return review.New(review.Options{
		KV: func(string) review.KV { return state{h, "reviews/"} }, Key: testKey, Store: reviews{h},
		Shops: func(shop string) (review.Shop, bool) {
			return review.Shop{Name: "Nordlys", Location: time.UTC, Settings: h.Settings}, shop == Shop
		},
		PublicURL: func() string { return "https://hub.example" },
		Append:    h.Append, Merged: h.Merged, Now: h.now, Log: slog.New(slog.DiscardHandler),
	})
}

type state struct {
	h     *Hub
	scope string
}

// List answers as partner.State says.
func (s state) List(_ context.Context, prefix, after string, limit int) (keys []string, values [][]byte, err error) {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	for key, v := range s.h.state {
		if key, ok := strings.CutPrefix(key, s.scope); ok && strings.HasPrefix(key, prefix) && key > after &&
			(v.expires.IsZero() || !s.h.now().After(v.expires)) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	keys = keys[:min(limit, len(keys))]
	for _, key := range keys {
		values = append(values, bytes.Clone(s.h.state[s.scope+key].value))
	}
	return keys, values, nil
}

// Change answers as partner.State says.
func (s state) Change(_ context.Context, edits ...partner.Edit) (bool, error) {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	return s.change(edits), nil
}

func (s state) change(edits []partner.Edit) bool {
	for _, e := range edits {
		v, ok := s.h.state[s.scope+e.Key]
		ok = ok && (v.expires.IsZero() || s.h.now().Before(v.expires))
		if ok != (e.Old != nil) || !bytes.Equal(v.value, e.Old) && ok {
			return false
		}
	}
	for _, e := range edits {
		delete(s.h.state, s.scope+e.Key)
		if e.New != nil {
			v := stateValue{value: bytes.Clone(e.New)}
			if e.TTL > 0 {
				v.expires = s.h.now().Add(e.TTL)
			}
			s.h.state[s.scope+e.Key] = v
		}
	}
	return true
}

// Changing answers as partner.State says.
func (s state) Changing(edits ...partner.Edit) order.Effect { return changing{s, edits} }

type changing struct {
	state state
	edits []partner.Edit
}

// Apply is called by the hub's Append, which holds its lock.
func (c changing) Apply(context.Context, any) error {
	if !c.state.change(c.edits) {
		return order.ErrChanged
	}
	return nil
}

func (s state) Get(_ context.Context, key string) ([]byte, bool, error) {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	v, ok := s.h.state[s.scope+key]
	if !ok || !v.expires.IsZero() && s.h.now().After(v.expires) {
		return nil, false, nil
	}
	return bytes.Clone(v.value), true, nil
}

func (s state) Put(_ context.Context, key string, value []byte, ttl time.Duration) error {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	v := stateValue{value: bytes.Clone(value)}
	if ttl > 0 {
		v.expires = s.h.now().Add(ttl)
	}
	s.h.state[s.scope+key] = v
	return nil
}

func (s state) Delete(_ context.Context, key string) error {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	delete(s.h.state, s.scope+key)
	return nil
}

type files struct{ h *Hub }

func (f files) Write(_ context.Context, name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	f.h.mu.Lock()
	defer f.h.mu.Unlock()
	old := f.h.files[name]
	if old == nil {
		old = &File{}
		f.h.files[name] = old
	}
	old.Content, old.Written = b.Bytes(), f.h.now()
	return nil
}

func (f files) Fetched(_ context.Context, name string) (time.Time, error) {
	f.h.mu.Lock()
	defer f.h.mu.Unlock()
	if file := f.h.files[name]; file != nil {
		return file.Fetched, nil
	}
	return time.Time{}, nil
}
