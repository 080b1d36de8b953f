package review

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// feedName is the public reviews' place below a shop.
const feedName = "reviews.json"

// Public is what anybody may read of a shop's reviews, of those of a product,
// or of those with a tag. It names neither customers nor orders.
type Public struct {
	Shop    string         `json:"shop"`
	Product string         `json:"product,omitzero"`
	Tag     string         `json:"tag,omitzero"`
	Count   int64          `json:"count"`         // reviews with stars
	Mean    order.Raw      `json:"mean,omitzero"` // of their stars, a number of two digits; left out without reviews
	Reviews []PublicReview `json:"reviews"`       // the newest
}

// PublicReview is a review as anybody may read it.
type PublicReview struct {
	About    string `json:"about"`
	Product  string `json:"product,omitzero"`
	Stars    int    `json:"stars,omitzero"`
	Title    string `json:"title,omitzero"`
	Text     string `json:"text,omitzero"`
	Month    string `json:"month"` // "2026-11"
	Locale   string `json:"locale,omitzero"`
	Platform string `json:"platform,omitzero"` // "": written in our own form
}

// The bounds of what is public.
const (
	feedReviews = 20              // the newest so many
	feedFor     = 5 * time.Second // that we do
	mostFeeds   = 512             // kept at a time
)

// feed is a public answer, ready to be sent.
type feed struct {
	at   time.Time
	body []byte
	etag string
}

// feeds are those made in the last moments. Its zero value is ready.
type feeds struct {
	mu  sync.Mutex
	all map[feedKey]*feed
}

type feedKey struct{ shop, product, tag string }

// serveFeed answers /review/{shop}/reviews.json. A shop that does not show its
// reviews answers as one that is not there.
func (b *Book) serveFeed(w http.ResponseWriter, r *http.Request, shop string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		plain(w, http.StatusMethodNotAllowed, "This can be read only.")
		return
	}
	key, ok := feedOf(shop, r.URL.Query())
	if !ok {
		plain(w, http.StatusBadRequest, "Either product or tag, once, of at most 200 bytes.")
		return
	}
	public, err := b.public(r.Context(), shop)
	var f *feed
	if err == nil && public {
		f, err = b.feed(r.Context(), key)
	}
	switch {
	case err != nil:
		b.opts.Log.ErrorContext(r.Context(), "public reviews can not be read", "shop", shop, "error", err)
		trouble(w)
	case !public:
		notFound(w)
	default:
		f.serve(w, r)
	}
}

func feedOf(shop string, query url.Values) (feedKey, bool) {
	key := feedKey{shop: shop, product: query.Get("product"), tag: query.Get("tag")}
	good := len(query["product"])+len(query["tag"]) <= 1 && (key.product == "" || isKey(key.product)) && (key.tag == "" || isKey(key.tag))
	return key, good
}

func (b *Book) public(ctx context.Context, shop string) (bool, error) {
	if _, ok := b.opts.Shops(shop); !ok {
		return false, nil
	}
	s, err := b.Settings(ctx, shop)
	return s.Public != nil && *s.Public, err
}

// feed returns an answer that is at most feedFor old.
func (b *Book) feed(ctx context.Context, key feedKey) (*feed, error) {
	now := b.opts.Now()
	if f := b.feeds.get(key, now); f != nil {
		return f, nil
	}
	p, err := b.Public(ctx, key.shop, key.product, key.tag)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	f := &feed{at: now, body: append(body, '\n'), etag: `"` + hex.EncodeToString(sum[:12]) + `"`}
	b.feeds.put(key, f)
	return f, nil
}

// Public returns what anybody may read of the reviews of a shop (those about
// the shop itself), of a product, or with a tag, whether or not the shop shows
// them.
func (b *Book) Public(ctx context.Context, shop, product, tag string) (Public, error) {
	p := Public{Shop: shop, Product: product, Tag: tag, Reviews: []PublicReview{}}
	f := Filter{Product: product, Tag: tag, Limit: 2 * feedReviews}
	d, value := ByAbout, order.AboutShop
	switch {
	case product != "":
		d, value = ByProduct, product
	case tag != "":
		d, value = ByTag, tag
	default:
		f.About = order.AboutShop
	}
	totals, err := b.Totals(ctx, shop, d, value, "", "")
	if err != nil {
		return p, err
	}
	list, _, err := b.Reviews(ctx, shop, f)
	if err != nil {
		return p, err
	}
	sum := Sum(totals)
	if p.Count = sum.Count; p.Count > 0 {
		p.Mean = order.Raw(sum.Mean().String())
	}
	for i := range list {
		if r := &list[i]; !r.Deleted && len(p.Reviews) < feedReviews {
			p.Reviews = append(p.Reviews, r.public())
		}
	}
	return p, nil
}

func (r *Review) public() PublicReview {
	return PublicReview{
		About: r.About, Product: r.Product, Stars: r.Stars, Title: r.Title, Text: r.Text, Month: r.At.UTC().Format(monthForm),
		Locale: r.Locale, Platform: r.Platform,
	}
}

func (f *feed) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=60")
	h.Set("ETag", f.etag)
	h.Set("Access-Control-Allow-Origin", "*") // shops' pages read it in browsers
	h.Set("X-Content-Type-Options", "nosniff")
	if matches(r.Header.Get("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(f.body)
}

// matches reports whether one of the tags that a caller has is ours.
func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == etag || tag == "*" {
			return true
		}
	}
	return false
}

func (s *feeds) get(key feedKey, now time.Time) *feed {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.all[key]; f != nil && now.Sub(f.at) < feedFor && !now.Before(f.at) {
		return f
	}
	return nil
}

// put keeps an answer; when there are too many, the others go.
func (s *feeds) put(key feedKey, f *feed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil || len(s.all) >= mostFeeds {
		s.all = map[feedKey]*feed{}
	}
	s.all[key] = f
}
