package demo

import (
	"bytes"
	"embed"
	"fmt"
	"io"
	"time"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// data is the order book with its mapping, and the documented samples.
//
//go:embed data/online-retail.csv data/online-retail.map.yml data/citrusad/*.json
var data embed.FS

// documented are the samples, in the sequence of the vendor's page.
var documented = []string{"single-item", "several-items", "two-orders", "marketplace"}

// wanted is what a partner must have of an order: told by the demo's input
// alone, never by the hub.
type wanted struct {
	ID     string
	Door   string // through which it came in
	Lines  []wantedLine
	Total  order.Money // not set: the door states none
	Public bool        // came with a publishable key
	Why    string      // why no partner takes it; "": they do
	// Review is the route that invites the customer to review; "": none.
	Review string
	// NoLines: the doors that it came through state no sale, so CitrusAd does
	// not get it.
	NoLines bool
	Market  bool // born on the marketplace, which is no business of CitrusAd
}

type wantedLine struct {
	Code                  string
	Product               bool
	Quantity, Unit, Total order.Decimal
}

// happened is a happening that a partner who hears of them must have heard.
type happened struct {
	OrderID, Ref string
	Kind         order.Kind
	Amount       order.Money
	Why          string // why nobody else takes it
}

// sample reads one documented sample: its body, and what it states.
func sample(name string) (body []byte, want []wanted, err error) {
	if body, err = data.ReadFile("data/citrusad/" + name + ".json"); err != nil {
		return nil, nil, err
	}
	var in struct {
		Orders []struct {
			ID    string `json:"id"`
			Items []struct {
				GTIN     string        `json:"gtin"`
				Quantity int64         `json:"quantity"`
				Unit     order.Decimal `json:"regularUnitPrice"`
				Total    order.Decimal `json:"totalOrderItemPriceAfterDiscounts"`
			} `json:"orderItems"`
		} `json:"orders"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, nil, fmt.Errorf("sample %s: %w", name, err)
	}
	for _, o := range in.Orders {
		w := wanted{ID: o.ID, Door: doorCitrusAd}
		for _, i := range o.Items {
			w.Lines = append(w.Lines, wantedLine{
				Code: i.GTIN, Product: true, Quantity: order.FromInt(i.Quantity, 0), Unit: i.Unit, Total: i.Total,
			})
		}
		want = append(want, w)
	}
	return body, want, nil
}

// orderBook reads the order book by its mapping file.
func orderBook() (intake.Rows, error) {
	text, err := data.ReadFile("data/online-retail.map.yml")
	if err != nil {
		return nil, err
	}
	m, err := intake.ParseMapping(text, config.DecodeYAML)
	if err != nil {
		return nil, err
	}
	book, err := data.ReadFile("data/online-retail.csv")
	if err != nil {
		return nil, err
	}
	var in io.Reader = bytes.NewReader(book)
	return m.Format().Read(in, partner.ReadOptions{Shop: shopID, Location: time.UTC, Currency: "GBP"}), nil
}

// ofVerdict is what the demo wants of a row of the order book.
func ofVerdict(v intake.Verdict) (want []wanted, events []happened) {
	for _, e := range v.Entries {
		why := ""
		if v.Result == intake.Skipped {
			why = v.Reason
		}
		if h := e.Happening; h != nil {
			events = append(events, happened{OrderID: e.Subject.ID, Ref: h.Ref, Kind: h.Kind, Amount: h.Amount, Why: why})
			continue
		}
		o := &e.Statement.Order
		w := wanted{ID: o.ID, Door: doorImport, Why: why, Total: o.Totals.Total}
		for _, l := range o.Lines {
			w.Lines = append(w.Lines, wantedLine{
				Code: l.Product.Code, Product: l.Kind == order.LineProduct, Quantity: l.Quantity, Unit: l.UnitPrice, Total: l.Total,
			})
		}
		want = append(want, w)
	}
	return want, events
}
