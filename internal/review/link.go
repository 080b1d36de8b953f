package review

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// Link is an invitation's form: what it asks, and what became of it. It holds
// nothing personal; who is asked stands in the order.
type Link struct {
	ID       string    `json:"id"` // 32 hex digits, no secret
	Order    string    `json:"order"`
	Route    string    `json:"route,omitzero"` // whose invitation it is; "": made by a door's caller
	Kinds    []string  `json:"kinds"`          // order.AboutShop, order.AboutProduct
	Products []Product `json:"products,omitzero"`
	Locale   string    `json:"locale,omitzero"`
	Location string    `json:"location,omitzero"`
	Tags     []string  `json:"tags,omitzero"`
	Redirect string    `json:"redirect,omitzero"`
	Source   string    `json:"source,omitzero"`  // who asked for it: a route or a door's credential
	Test     bool      `json:"test,omitzero"`    // a test mail's: what is sent in is thrown away
	Address  string    `json:"address,omitzero"` // whom it is sent to: Book.Address

	Created  time.Time `json:"created"`
	Sent     time.Time `json:"sent,omitzero"`
	Reminded time.Time `json:"reminded,omitzero"`
	Opened   time.Time `json:"opened,omitzero"`
	Answered time.Time `json:"answered,omitzero"`
	Missing  time.Time `json:"missing,omitzero"` // "I have not received my order"
	Again    time.Time `json:"again,omitzero"`   // when one is asked once more after that; see AskAgain
	Asked    time.Time `json:"asked,omitzero"`   // when that went out
	OptedOut time.Time `json:"opted_out,omitzero"`
	Stopped  time.Time `json:"stopped,omitzero"` // by the shop: nothing more is mailed about it
	Ended    time.Time `json:"ended,omitzero"`   // by erasing or cancelling: the form is closed
}

// Product is a product that a form asks about.
type Product struct {
	Ref      string `json:"ref"` // as the review will name it
	Name     string `json:"name,omitzero"`
	URL      string `json:"url,omitzero"`
	ImageURL string `json:"image_url,omitzero"`
}

// Token returns the secret part of a link's address: nobody can guess it, and
// the same order and route (or the same name that a door gives) have the same
// one, whoever asks, whenever.
func (b *Book) Token(shop, route, name string) string {
	mac := b.opts.Key.Derive("review link").Mac([]byte(shop + "\x00" + route + "\x00" + name))
	return base64.RawURLEncoding.EncodeToString(mac[:20])
}

// URL is the address of a token's form.
func (b *Book) URL(shop, token string) string {
	return b.opts.PublicURL() + "/review/" + url.PathEscape(shop) + "/" + token
}

// linkKey is where a token's link stands: the store does not learn the token.
func linkKey(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "link/" + hex.EncodeToString(sum[:16])
}

// Make keeps a link, unless there is one already, and returns it as it is
// kept with the address of its form. Name is what the token is made of beside
// the route: the order's id for routes.
func (b *Book) Make(ctx context.Context, shop, name string, l Link) (Link, string, error) {
	token := b.Token(shop, l.Route, name)
	if known, ok, err := b.find(ctx, shop, token); err != nil || ok {
		return known, b.URL(shop, token), err
	}
	l.ID, l.Created = strings.TrimPrefix(linkKey(token), "link/"), b.opts.Now().UTC()
	// First, so that erasing the order finds every link that there is.
	if err := b.opts.KV(shop).Put(ctx, ofOrder(l.Order)+l.ID, []byte("{}"), 0); err != nil {
		return l, "", fmt.Errorf("keep link: %w", err)
	}
	return l, b.URL(shop, token), b.keep(ctx, shop, token, l)
}

// Find returns the link of a route's invitation to an order.
func (b *Book) Find(ctx context.Context, shop, route, name string) (Link, bool, error) {
	return b.find(ctx, shop, b.Token(shop, route, name))
}

// errNoLink is the error of changing a link that there is not.
var errNoLink = fmt.Errorf("link: %w", order.ErrNotFound)

// Change reads a link, lets change say what is new, and keeps it; change may
// be called more than once. Errors: order.ErrNotFound.
func (b *Book) Change(ctx context.Context, shop, token string, change func(*Link)) (Link, error) {
	return b.changeAt(ctx, shop, linkKey(token), change)
}

func (b *Book) find(ctx context.Context, shop, token string) (l Link, ok bool, err error) {
	value, ok, err := b.opts.KV(shop).Get(ctx, linkKey(token))
	if err != nil || !ok {
		return l, false, err
	}
	if err := json.Unmarshal(value, &l); err != nil {
		return l, false, fmt.Errorf("read link: %w", err)
	}
	return l, true, nil
}

func (b *Book) keep(ctx context.Context, shop, token string, l Link) error {
	value, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("keep link: %w", err)
	}
	return b.opts.KV(shop).Put(ctx, linkKey(token), value, 0)
}
