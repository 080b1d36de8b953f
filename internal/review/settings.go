package review

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/json"
)

// Settings are how a shop invites. Zero fields say nothing: what is set while
// the hub runs stands before what is configured, and that before the defaults.
type Settings struct {
	SenderName    string            `json:"sender_name,omitzero"`
	SenderEmail   string            `json:"sender_email,omitzero"` // used as From only if its domain is one of Senders, else as Reply-To
	ReplyTo       string            `json:"reply_to,omitzero"`
	Senders       []string          `json:"senders,omitzero"`   // domains that the shop may send from; only the configuration names them
	Ask           []string          `json:"ask,omitzero"`       // what is asked where an order says nothing: "shop", "products"
	Templates     map[string]string `json:"templates,omitzero"` // template id by "shop/sv" (kind and locale), "shop" for all others
	Delay         *int              `json:"delay,omitzero"`     // days
	DelayProducts *int              `json:"delay_products,omitzero"`
	Hour          string            `json:"hour,omitzero"` // "09:00", in the shop's zone
	Redirect      string            `json:"redirect,omitzero"`
	Tags          []string          `json:"tags,omitzero"`      // where the order says none
	Location      string            `json:"location,omitzero"`  // likewise
	Frequency     *int              `json:"frequency,omitzero"` // days between two invitations to one customer; 0: any
	Reminder      *int              `json:"reminder,omitzero"`  // days after which one reminder goes; 0: none
	Again         *int              `json:"again,omitzero"`     // days after which who had not received the order is asked again; default 15
	Language      string            `json:"language,omitzero"`  // where the order says none; default "en"
	Public        *bool             `json:"public,omitzero"`    // whether /review/{shop}/reviews.json answers
	Notify        []string          `json:"notify,omitzero"`    // told when a customer says that the order has not arrived
}

// The defaults of settings that nobody gave.
const (
	DefaultDelay    = 7  // days, of both kinds
	DefaultAgain    = 15 // days
	DefaultLanguage = "en"
)

// InForce are a shop's settings by where they stand.
type InForce struct {
	Set        Settings // while the hub runs: API, command
	Configured Settings
}

// Merged returns the settings in force, without the defaults.
func (f InForce) Merged() Settings {
	s, c := f.Set, f.Configured
	return Settings{
		SenderName: first(s.SenderName, c.SenderName), SenderEmail: first(s.SenderEmail, c.SenderEmail),
		ReplyTo: first(s.ReplyTo, c.ReplyTo), Senders: c.Senders, Ask: firstList(s.Ask, c.Ask),
		Templates: f.templates(), Delay: first(s.Delay, c.Delay), DelayProducts: first(s.DelayProducts, c.DelayProducts),
		Hour: first(s.Hour, c.Hour), Redirect: first(s.Redirect, c.Redirect), Tags: firstList(s.Tags, c.Tags),
		Location: first(s.Location, c.Location), Frequency: first(s.Frequency, c.Frequency),
		Reminder: first(s.Reminder, c.Reminder), Again: first(s.Again, c.Again), Language: first(s.Language, c.Language),
		Public: first(s.Public, c.Public), Notify: firstList(s.Notify, c.Notify),
	}
}

// templates are chosen one by one: what is set for one kind leaves the others.
func (f InForce) templates() map[string]string {
	if len(f.Set.Templates) == 0 {
		return f.Configured.Templates
	}
	all := maps.Clone(f.Set.Templates)
	for key, id := range f.Configured.Templates {
		if _, ok := all[key]; !ok {
			all[key] = id
		}
	}
	return all
}

// first returns the first value that says something.
func first[T comparable](values ...T) T {
	var zero T
	for _, v := range values {
		if v != zero {
			return v
		}
	}
	return zero
}

func firstList(lists ...[]string) []string {
	for _, l := range lists {
		if len(l) > 0 {
			return l
		}
	}
	return nil
}

// settingsKey is where a shop's settings stand.
const settingsKey = "settings"

// cacheFor is how old the settings and templates in memory may be: another
// node may have set others.
const cacheFor = 5 * time.Second

// memory is what a book keeps of its shops for a moment. Its zero value is
// ready.
type memory struct {
	mu    sync.Mutex
	shops map[string]*known
	turns turns
}

// known is what a shop has set, as of at.
type known struct {
	at        time.Time
	set       Settings
	templates []Template // the shop's own
}

// Settings returns the settings in force at a shop: what is set over what is
// configured. The defaults are not filled in.
func (b *Book) Settings(ctx context.Context, shop string) (Settings, error) {
	f, err := b.InForce(ctx, shop)
	return f.Merged(), err
}

// InForce returns a shop's settings by where they stand.
func (b *Book) InForce(ctx context.Context, shop string) (InForce, error) {
	k, err := b.known(ctx, shop)
	if err != nil {
		return InForce{}, err
	}
	return InForce{Set: k.set, Configured: b.shop(shop).Settings}, nil
}

// SetSettings replaces what is set at a shop while the hub runs; zero fields
// fall back to the configuration. Errors: *order.Invalid.
func (b *Book) SetSettings(ctx context.Context, shop string, s Settings) error {
	faults := s.Check()
	if len(s.Senders) > 0 {
		faults = append(faults, fault("senders", "only the configuration says from which domains a shop may send"))
	}
	if len(faults) > 0 {
		return invalid(faults)
	}
	value, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("keep settings: %w", err)
	}
	defer b.forget(shop)
	return b.opts.KV(shop).Put(ctx, settingsKey, value, 0)
}

// known returns what a shop has set, at most cacheFor old.
func (b *Book) known(ctx context.Context, shop string) (*known, error) {
	now := b.opts.Now()
	b.memory.mu.Lock()
	k := b.memory.shops[shop]
	b.memory.mu.Unlock()
	if k != nil && now.Sub(k.at) < cacheFor && !now.Before(k.at) {
		return k, nil
	}
	k, err := b.load(ctx, shop)
	if err != nil {
		return nil, err
	}
	k.at = now
	b.memory.mu.Lock()
	defer b.memory.mu.Unlock()
	if b.memory.shops == nil {
		b.memory.shops = map[string]*known{}
	}
	b.memory.shops[shop] = k
	return k, nil
}

func (b *Book) load(ctx context.Context, shop string) (*known, error) {
	k := &known{}
	value, ok, err := b.opts.KV(shop).Get(ctx, settingsKey)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	if ok {
		if err := json.Unmarshal(value, &k.set); err != nil {
			return nil, fmt.Errorf("read settings: %w", err)
		}
	}
	k.templates, err = b.ownTemplates(ctx, shop)
	return k, err
}

// lastKnown returns what a shop had set when it could be read last; nothing,
// if it never could.
func (b *Book) lastKnown(shop string) *known {
	b.memory.mu.Lock()
	defer b.memory.mu.Unlock()
	if k := b.memory.shops[shop]; k != nil {
		return k
	}
	return &known{}
}

// forget drops what is in memory of a shop.
func (b *Book) forget(shop string) {
	b.memory.mu.Lock()
	defer b.memory.mu.Unlock()
	delete(b.memory.shops, shop)
}

// shop returns what is configured; of a shop that is gone, only its id.
func (b *Book) shop(id string) Shop {
	s, ok := b.opts.Shops(id)
	if !ok {
		s.Name = id
	}
	if s.Location == nil {
		s.Location = time.UTC
	}
	return s
}

// has reports whether a list holds a word.
func has(list []string, word string) bool { return slices.Contains(list, word) }
