package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
	"github.com/ordermux/ordermux/internal/shipping"
)

// mill is a partner whose door takes orders "id", then lines "code quantity",
// out of the shop's stock, and whose routes can be asked what they have.
type mill struct {
	mu    sync.Mutex
	have  map[string]string                                                             // "route/code": quantity, or a reason
	calls []string                                                                      // "route: code quantity, …"
	hold  func(ctx context.Context, route string, lines []catalog.Line) (stop, ok bool) // called before an answer
	now   time.Time
}

func (m *mill) partner() partner.Partner {
	return partner.Partner{
		Name: "mill", Title: "Mill",
		Door: func(d partner.Deps) (partner.Side, error) {
			return partner.Side{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.place(d, w, r) })}, nil
		},
		Route: func(d partner.Deps, _ partner.Settings) (partner.Side, error) {
			return partner.Side{
				Mode: partner.Once,
				Deliver: func(_ context.Context, tasks []partner.Task) []partner.Outcome {
					return slices.Repeat([]partner.Outcome{partner.Delivered("")}, len(tasks))
				},
				Stock: func(ctx context.Context, lines []catalog.Line) ([]catalog.Availability, error) {
					return m.stock(ctx, d, lines)
				},
				Couriers: func(_ context.Context, fresh bool) (*shipping.Mirror, error) {
					if fresh {
						m.mu.Lock()
						defer m.mu.Unlock()
						m.calls = append(m.calls, d.Route+": couriers")
					}
					return nil, nil
				},
			}, nil
		},
	}
}

func (m *mill) place(d partner.Deps, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	words := strings.Fields(string(body))
	o := order.Order{ID: words[0]}
	var lines []catalog.Line
	for i := 1; i < len(words); i += 2 {
		n, err := order.ParseDecimal(words[i+1])
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		lines = append(lines, catalog.Line{Code: words[i], Quantity: n})
		o.Lines = append(o.Lines, order.Line{ID: fmt.Sprint(i/2 + 1), Product: order.Product{Code: words[i]}, Quantity: n})
	}
	_, err = d.Intake.Append(r.Context(), "nordlys", []order.Entry{{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: o.ID}, Source: order.Source{Name: "mill:default", Rank: order.RankDoor},
		Statement: &order.Statement{Order: o}, Effects: []order.Effect{d.Catalog.Take("nordlys", "", lines)},
	}})
	var short *catalog.Short
	switch {
	case errors.As(err, &short):
		http.Error(w, short.Error(), http.StatusConflict)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (m *mill) stock(ctx context.Context, d partner.Deps, lines []catalog.Line) (list []catalog.Availability, err error) {
	var asked []string
	for _, l := range lines {
		asked = append(asked, l.Code+" "+l.Quantity.String())
	}
	m.mu.Lock()
	m.calls = append(m.calls, d.Route+": "+strings.Join(asked, ", "))
	hold := m.hold
	m.mu.Unlock()
	if hold != nil {
		if stop, ok := hold(ctx, d.Route, lines); stop {
			return nil, ctx.Err()
		} else if !ok {
			return nil, nil
		}
	}
	found, err := d.Catalog.Find(ctx, d.Shop, lines)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, l := range lines {
		a := catalog.Availability{Reason: catalog.Unknown}
		if text, ok := m.have[d.Route+"/"+found[i].Code]; ok {
			n, err := order.ParseDecimal(text)
			if a.Free, a.Reason = n, ""; err != nil {
				a.Reason = catalog.Reason(text)
			} else if n.Cmp(l.Quantity) < 0 {
				a.Reason = catalog.TooFew
			}
		}
		list = append(list, a)
	}
	return list, nil
}

// asked returns the questions since the last call.
func (m *mill) asked() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.calls
	m.calls = nil
	slices.Sort(list)
	return list
}

func (m *mill) clock() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *mill) later(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}

// startMill starts a hub with routes to a mill.
func startMill(t *testing.T, p place, m *mill, routes string, tweaks ...func(*app.Options)) *hub {
	t.Helper()
	cfg, err := parse(p, shop(routes), m.partner())
	if err != nil {
		t.Fatal(err)
	}
	return startHub(t, p, shop(""), append(tweaks, func(o *app.Options) {
		o.Partners, o.Config = append(all.List(), m.partner()), cfg
	})...)
}

// order places an order by the mill's door.
func (h *hub) order(text string) (status int) {
	h.t.Helper()
	status, _ = send(h.t, "POST", h.URL()+"/mill/", "", text)
	return status
}

func (h *hub) put(products string) {
	h.t.Helper()
	if _, err := h.api.PutProductsRaw(h.t.Context(), "nordlys", []byte(products), "application/json"); err != nil {
		h.t.Fatal(err)
	}
}

// available asks for lines "code quantity": "A yes 5", "B too few 1" …
func (h *hub) available(fresh bool, lines ...string) (list []string) {
	h.t.Helper()
	in := api.Asked{Fresh: fresh}
	for _, l := range lines {
		code, text, _ := strings.Cut(l, " ")
		n, err := order.ParseDecimal(text)
		if err != nil {
			h.t.Fatal(err)
		}
		in.Lines = append(in.Lines, api.AskedLine{Code: code, Quantity: n})
	}
	out, err := h.api.Availability(h.t.Context(), "nordlys", in)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, l := range out.Lines {
		reason := string(l.Reason)
		if l.Available {
			reason = "yes"
		}
		list = append(list, strings.TrimSpace(l.Code+" "+reason+" "+l.Free.String()))
	}
	return list
}

func (h *hub) isAvailable(fresh bool, lines []string, want ...string) {
	h.t.Helper()
	if d := cmp.Diff(want, h.available(fresh, lines...)); d != "" {
		h.t.Error(d)
	}
}

// TestProducts follows a shop's products from a file to an order and back into
// stock.
func TestProducts(t *testing.T) { eachStore(t, testProducts) }

func testProducts(t *testing.T, at newPlace) {
	h := startMill(t, at(t), &mill{}, "")
	ctx := t.Context()
	file := "code;ean;price;weight;stock:north;stock:south\nA;5901234123457;5;0.25;3;2\nB;;7;;4;0\nC;5901234123457;;;;\n"
	got, err := h.api.ImportProducts(ctx, "nordlys", "", []byte(file))
	if err != nil || got.Changed != 2 || got.Refused != 1 || !strings.Contains(got.Faults[0].Cells[0].Reason, `products "A" (line 2) and "C" (line 4) have one EAN`) {
		t.Fatalf("%+v %v", got, err)
	}
	h.isAvailable(false, []string{"A 5", "5901234123457 1", "B 1"}, "A yes 5", "5901234123457 too few 0", "B yes 4")
	if status := h.order("o-1 A 4 B 1"); status != 200 {
		t.Error(status)
	}
	if status := h.order("o-2 A 2"); status != 409 {
		t.Error(status)
	}
	h.isAvailable(false, []string{"A 1", "B 4"}, "A yes 1", "B too few 3")
	tell := func(happening string) {
		t.Helper()
		if _, err := h.api.Post(ctx, "nordlys", "application/json", strings.NewReader(happening)); err != nil {
			t.Fatal(err)
		}
	}
	// A line, then the rest, by several and again and again.
	tell(`{"happening":{"kind":"cancelled","ref":"1","lines":[{"id":"2"}]},"order_id":"o-1"}`)
	h.isAvailable(false, []string{"A 1", "B 4"}, "A yes 1", "B yes 4")
	for _, ref := range []string{"2", "2", "3"} {
		tell(`{"happening":{"kind":"cancelled","ref":"` + ref + `"},"order_id":"o-1"}`)
	}
	h.isAvailable(false, []string{"A 1", "B 4"}, "A yes 5", "B yes 4")
	if status := h.order("o-3 A 4"); status != 200 {
		t.Error(status)
	}
	tell(`{"happening":{"kind":"shipped","parcel":{"number":"P-1"}},"order_id":"o-3"}`)
	tell(`{"happening":{"kind":"cancelled"},"order_id":"o-3"}`)
	h.isAvailable(false, []string{"A 1"}, "A yes 1")
	if n, err := h.api.SetStock(ctx, "nordlys", []catalog.Restock{{Code: "A", Warehouse: "south", Quantity: order.FromInt(9, 0)}}); n != 1 || err != nil {
		t.Error(n, err)
	}
	changes, err := h.api.ProductChanges(ctx, "nordlys", 2, 100)
	if err != nil || changes.After != changes.Head || len(changes.Products) != 2 {
		t.Errorf("%+v, %v", changes, err)
	}
	if p, err := h.api.Product(ctx, "nordlys", "A"); err != nil || p.OnHand().String() != "9" || p.Weight.String() != "0.25" || p.Currency != "SEK" {
		t.Errorf("%+v, %v", p, err)
	}
}

// Stock of 5 and 50 orders of 1 at a time, some of which are cancelled by
// several at a time: what was taken and not given back is what is missing.
func TestStockOfFive(t *testing.T) { eachStore(t, testStockOfFive) }

func testStockOfFive(t *testing.T, at newPlace) {
	h := startMill(t, at(t), &mill{}, "")
	h.put(`{"code":"A","stock":[{"quantity":"5"}]}`)
	var mu sync.Mutex
	var placed []string
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			id := fmt.Sprint("o-", i)
			status, body, err := try(t.Context(), "POST", h.URL()+"/mill/", "", id+" A 1")
			switch {
			case err == nil && status == 200:
				mu.Lock()
				placed = append(placed, id)
				mu.Unlock()
			case err != nil || status != 409:
				t.Error(status, body, err)
			}
		})
	}
	wg.Wait()
	if len(placed) != 5 {
		t.Fatalf("%d placed", len(placed))
	}
	for _, id := range placed[:2] {
		for by := range 3 {
			wg.Go(func() {
				body := fmt.Sprintf(`{"happening":{"kind":"cancelled","ref":"%d"},"order_id":"%s"}`, by, id)
				if _, err := h.api.Post(t.Context(), "nordlys", "application/json", strings.NewReader(body)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	h.isAvailable(false, []string{"A 2", "A 1"}, "A yes 2", "A too few 0")
}

// No products are taken while the disk is nearly full.
func TestNoRoomForProducts(t *testing.T) {
	t.Parallel()
	h := startMill(t, inFolder(t), &mill{}, "", func(o *app.Options) {
		o.DiskFree = func(string) (int64, error) { return 1, nil }
	})
	_, err := h.api.PutProducts(t.Context(), "nordlys", []catalog.Product{{Product: order.Product{Code: "A"}}})
	if p, ok := errors.AsType[*api.Problem](err); !ok || p.Status != http.StatusServiceUnavailable {
		t.Error(err)
	}
	_, err = h.api.SetStock(t.Context(), "nordlys", []catalog.Restock{{Code: "A", Quantity: order.FromInt(9, 0)}})
	if p, ok := errors.AsType[*api.Problem](err); !ok || p.Status != http.StatusServiceUnavailable {
		t.Error(err)
	}
}
