package demo

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/order"
)

// The ways in.
const (
	doorCitrusAd = "citrusad"
	doorPublic   = "citrusad third-o"
	doorImport   = "import"
)

// taken counts what came in by one way.
type taken struct {
	Door                            string
	Calls, Orders, Happenings, Rows int
}

// feed hands everything in and remembers what the partners must get.
type feed struct {
	hub     string
	api     *api.Client
	sandbox string
	portal  *api.Client // of the sandbox

	loseAtMarket string
	patience     time.Duration
	born         []marketOrder

	want   []wanted
	events []happened
	taken  []taken
}

// run hands in the documented samples, an order of a browser, the order book,
// orders that ask for reviews, such whose goods a wholesaler sends, and such
// that are born on the marketplace.
func (f *feed) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{f.samples, f.pixel, f.book, f.reviews, f.dropship, f.market} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (f *feed) samples(ctx context.Context) error {
	t := taken{Door: doorCitrusAd}
	for _, name := range documented {
		body, want, err := sample(name)
		if err != nil {
			return err
		}
		if err := post(ctx, f.hub+"/citrusad/v1/orders", hubKey, body); err != nil {
			return fmt.Errorf("door %s, sample %s: %w", doorCitrusAd, name, err)
		}
		t.Calls++
		t.Orders += len(want)
		f.want = append(f.want, want...)
	}
	f.taken = append(f.taken, t)
	return nil
}

// pixel hands in what a browser would: one order with the publishable key.
func (f *feed) pixel(ctx context.Context) error {
	q := url.Values{
		"key": {hubPublicKey}, "teaid": {"team-1"}, "catid": {"cat-1"}, "ordid": {"doc-third-o"},
		"ordts": {"2021-12-02T15:00:00Z"}, "sesid": {"s-3"}, "cusid": {"c-3"},
		"procods": {"7913494", "6815686"}, "pris": {"12.50", "3.95"}, "quas": {"1", "2"},
	}
	if _, err := get(ctx, f.hub+"/citrusad/v1/resource/third-o?"+q.Encode(), ""); err != nil {
		return fmt.Errorf("door %s: %w", doorPublic, err)
	}
	w := wanted{ID: "doc-third-o", Door: doorPublic, Public: true}
	for i, code := range q["procods"] {
		price, err := order.ParseDecimal(q["pris"][i])
		if err != nil {
			return err
		}
		quantity, err := order.ParseDecimal(q["quas"][i])
		if err != nil {
			return err
		}
		w.Lines = append(w.Lines, wantedLine{Code: code, Product: true, Quantity: quantity, Unit: price})
	}
	f.want = append(f.want, w)
	f.taken = append(f.taken, taken{Door: doorPublic, Calls: 1, Orders: 1})
	return nil
}

// book hands in the order book, as `ordermux import` does.
func (f *feed) book(ctx context.Context) error {
	rows, err := orderBook()
	if err != nil {
		return err
	}
	t := taken{Door: doorImport}
	var refused []string
	sum, err := intake.Run(ctx, rows, intake.Options{
		Append: func(ctx context.Context, entries []order.Entry) ([]order.Receipt, error) {
			t.Calls++
			return f.api.Append(ctx, shopID, slices.Clone(entries), true)
		},
		Report: func(v intake.Verdict) {
			if v.Result == intake.Refused {
				refused = append(refused, fmt.Sprintf("line %d: %s", v.Line, v.Reason))
			}
			want, events := ofVerdict(v)
			t.Orders += len(want)
			t.Happenings += len(events)
			f.want = append(f.want, want...)
			f.events = append(f.events, events...)
		},
	})
	if err != nil {
		return fmt.Errorf("import of the order book: %w", err)
	}
	if len(refused) > 0 {
		return fmt.Errorf("import of the order book: %d refused, the first: %s", len(refused), refused[0])
	}
	t.Rows = sum.Lines
	f.taken = append(f.taken, t)
	return nil
}
