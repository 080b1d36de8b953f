package review_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/secret"
)

// desk is a book over memory, with what it told others.
type desk struct {
	*testing.T
	book     *review.Book
	settings review.Settings
	now      time.Time

	mu       sync.Mutex
	keys     map[string][]byte // shop, a zero byte, key
	entries  []order.Entry     // as the ledger has them: a ref once
	appended int               // calls
	fail     error             // of Append
	noticed  []string          // what the shop was told
	status   order.Status      // of every order
	why      *order.Cancellation
	gets     int
	listed   func(review.Filter) []review.Review
	totals   func(d review.Dimension, value string) []review.Total
}

func newDesk(t *testing.T) *desk {
	d := &desk{T: t, keys: map[string][]byte{}, now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	d.book = review.New(review.Options{
		KV: func(shop string) review.KV { return drawer{d, shop} }, Store: shelf{d}, Key: secret.NewKey(), Swap: d.swap,
		Shops: func(shop string) (review.Shop, bool) {
			return review.Shop{Name: "Nordlys Kaffe", Location: time.UTC, Settings: d.settings}, shop == "nordlys"
		},
		PublicURL: func() string { return "https://orders.nordlys.example" },
		Append:    d.append, Notify: d.notify, Now: func() time.Time { return d.now }, Log: slog.New(slog.DiscardHandler),
		Merged: func(_ context.Context, _ string, ids []string) ([]*order.Order, error) {
			return []*order.Order{{ID: ids[0], Status: d.status, Cancellation: d.why}}, nil
		},
	})
	return d
}

type drawer struct {
	d    *desk
	shop string
}

func (k drawer) Get(_ context.Context, key string) ([]byte, bool, error) {
	k.d.mu.Lock()
	defer k.d.mu.Unlock()
	k.d.gets++
	v, ok := k.d.keys[k.shop+"\x00"+key]
	return v, ok, nil
}

func (k drawer) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	k.d.mu.Lock()
	defer k.d.mu.Unlock()
	k.d.keys[k.shop+"\x00"+key] = value
	return nil
}

func (k drawer) Delete(_ context.Context, key string) error {
	k.d.mu.Lock()
	defer k.d.mu.Unlock()
	delete(k.d.keys, k.shop+"\x00"+key)
	return nil
}

func (k drawer) List(_ context.Context, prefix, after string, limit int) (keys []string, values [][]byte, err error) {
	k.d.mu.Lock()
	defer k.d.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(k.d.keys)) {
		shop, name, _ := strings.Cut(key, "\x00")
		if shop == k.shop && strings.HasPrefix(name, prefix) && name > after && len(keys) < limit {
			keys, values = append(keys, name), append(values, k.d.keys[key])
		}
	}
	return keys, values, nil
}

func (d *desk) swap(_ context.Context, shop, key string, old, value []byte) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if string(d.keys[shop+"\x00"+key]) != string(old) {
		return false, nil
	}
	d.keys[shop+"\x00"+key] = value
	return true, nil
}

func (d *desk) append(_ context.Context, shop string, entries []order.Entry) ([]order.Receipt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return nil, d.fail
	}
	d.appended++
	receipts := make([]order.Receipt, len(entries))
	for i, e := range entries {
		if bad := order.ValidateHappening(e.Happening); bad != nil {
			return nil, bad
		}
		if shop != "nordlys" || e.Source.Name != "review:form" || e.Source.Rank != order.RankRoute || e.Happening.Ref == "" {
			d.Errorf("entry %+v of %s", e, shop)
		}
		if receipts[i].Known = slices.ContainsFunc(d.entries, func(o order.Entry) bool {
			return o.Subject == e.Subject && o.Happening.Kind == e.Happening.Kind && o.Happening.Ref == e.Happening.Ref
		}); !receipts[i].Known {
			d.entries = append(d.entries, e)
		}
	}
	return receipts, nil
}

func (d *desk) notify(_ context.Context, shop string, to []string, subject, text string) error {
	d.noticed = append(d.noticed, shop+" "+strings.Join(to, ",")+" "+subject+"\n"+text)
	return errors.New("the mail server is away") // which nobody hears of
}

// shelf is a store that shows what a test gives it.
type shelf struct{ d *desk }

func (shelf) Record(string, review.Review) order.Effect { panic("the app records") }

func (s shelf) List(_ context.Context, _ string, f review.Filter) ([]review.Review, string, error) {
	if s.d.listed == nil {
		return nil, "", nil
	}
	list := s.d.listed(f)
	return f.Paged(func(before review.Place, limit int) (page []review.Review, err error) {
		for _, r := range list {
			if at := r.At.UnixMicro(); len(page) < limit && (at < before.At || at == before.At && r.ID < before.ID) {
				page = append(page, r)
			}
		}
		return page, nil
	})
}

func (s shelf) Totals(_ context.Context, _ string, d review.Dimension, value, _, _ string) ([]review.Total, error) {
	if s.d.totals == nil {
		return nil, nil
	}
	return s.d.totals(d, value), nil
}

// link makes a link and returns the path of its form and its token.
func (d *desk) link(l review.Link) (path, token string) {
	d.Helper()
	if l.Order == "" {
		l.Order = "1001"
	}
	if l.Kinds == nil {
		l.Kinds = []string{order.AboutShop}
	}
	_, address, err := d.book.Make(d.Context(), "nordlys", l.Order, l)
	if err != nil {
		d.Fatal(err)
	}
	path, ok := strings.CutPrefix(address, "https://orders.nordlys.example")
	if !ok {
		d.Fatal(address)
	}
	return path, path[strings.LastIndexByte(path, '/')+1:]
}

func (d *desk) kept(l review.Link) review.Link {
	d.Helper()
	got, ok, err := d.book.Find(d.Context(), "nordlys", l.Route, "1001")
	if err != nil || !ok {
		d.Fatal(ok, err)
	}
	return got
}

func (d *desk) do(method, path, contentType, body string) *http.Response {
	d.Helper()
	r := httptest.NewRequestWithContext(d.Context(), method, path, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	d.book.Handler().ServeHTTP(w, r)
	return w.Result()
}

// get and post return the status and the page.
func (d *desk) get(path string) (int, string) {
	d.Helper()
	return read(d.T, d.do("GET", path, "", ""))
}

func (d *desk) post(path string, fields ...string) (status int, text, location string) {
	d.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	resp := d.do("POST", path, "application/x-www-form-urlencoded", form.Encode())
	status, text = read(d.T, resp)
	return status, text, resp.Header.Get("Location")
}

func read(t *testing.T, resp *http.Response) (int, string) {
	t.Helper()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func (d *desk) has(text string, parts ...string) {
	d.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			d.Errorf("lacks %q:\n%s", p, text)
		}
	}
}
