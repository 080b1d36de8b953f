package app_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
	"github.com/ordermux/ordermux/internal/promotion"
)

// TestPromoteByRoutes hands a promotion to a shop whose marketplace is down; the
// hub is stopped and started again, and only then the marketplace comes back.
func TestPromoteByRoutes(t *testing.T) { eachStore(t, testPromoteByRoutes) }

func testPromoteByRoutes(t *testing.T, at newPlace) {
	var goods catalog.Store
	spy := partner.Partner{Name: "spy", Door: func(d partner.Deps) (partner.Side, error) {
		goods = d.Catalog
		return partner.Side{}, nil
	}}
	market := startHub(t, inFolder(t), chainShop("http://127.0.0.1:1", ""), func(o *app.Options) { o.Partners = append(all.List(), spy) })
	if err := goods.OpenStores(t.Context(), "nordlys", []string{"290056", "s8ym", "nbet"}); err != nil {
		t.Fatal(err)
	}
	if _, err := market.api.PutProducts(t.Context(), "nordlys", []catalog.Product{{
		Product: order.Product{Code: "CAFE-250", SKU: "CAFE-250"}, Price: order.FromInt(1000, 2), Currency: "SEK", Active: true,
	}}); err != nil {
		t.Fatal(err)
	}
	var up atomic.Bool
	address, err := url.Parse(market.URL())
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(address)
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !up.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(gate.Close)

	route := func(name, vendors, more string) string {
		return fmt.Sprintf("      %s: {partner: deliveryhero, %ssettings: {base_url: \"%s/deliveryhero/v2\", chain_id: %s, token: %s, vendors: [%s]}}\n",
			name, more, gate.URL, promotionChain, promotionToken, vendors)
	}
	text := strings.Replace(shop(route("peya", `"K-1=290056", "K-2=s8ym"`, "")+route("off", `"K-1=290056"`, "disabled: true, ")+
		route("glovo", `"PARIS-1=nbet"`, "")+hookRoute(gate.URL)), "\nlisten", "outbound: {allow_private: [127.0.0.1]}\nlisten", 1)
	here := at(t)
	s := startHub(t, here, text)
	r := &promotion.Request{
		Header: promotion.Header{
			Name: "Oferta", Start: order.At(time.Now().Add(-time.Hour)), End: order.At(time.Now().Add(24 * time.Hour)),
			Type: promotion.Strikethrough, Reason: promotion.Trading,
		},
		Stores:    []string{"K-1"},
		Discounts: []promotion.Discount{{SKUs: []string{"CAFE-250"}, Terms: promotion.Terms{Subtype: promotion.FinalPrice, Value: order.FromInt(850, 2)}}},
	}
	for range 2 { // the second one is the same
		out, err := s.api.PutPromotion(t.Context(), "nordlys", r)
		if err != nil || out.Job != nil || len(out.Routes) != 2 {
			t.Fatalf("%+v %v", out, err)
		}
		for _, to := range out.Routes {
			if to.Route == "peya" && to.Job != "1" || to.Route == "glovo" && (to.Job != "" || len(to.Faults) != 1) {
				t.Errorf("%+v", to)
			}
		}
	}
	for name, want := range map[string]error{"none": order.ErrNotFound, "hook": order.ErrConflict, "off": order.ErrConflict} {
		if _, err := s.api.PutPromotion(t.Context(), "nordlys", r, name); !errors.Is(err, want) {
			t.Errorf("route %s: %v", name, err)
		}
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	up.Store(true)
	startHub(t, here, text)
	eventually(t, "the promotion is shown in the marketplace", func() bool {
		seen, err := market.api.ShownPromotions(t.Context(), "nordlys", "290056", []string{"CAFE-250"}, time.Time{})
		return err == nil && len(seen.Shown) == 1 && seen.Shown[0].Promotion != nil && seen.Shown[0].Final.String() == "8.50"
	})
	if seen, err := market.api.ShownPromotions(t.Context(), "nordlys", "s8ym", []string{"CAFE-250"}, time.Time{}); err != nil || seen.Shown[0].Promotion != nil {
		t.Errorf("%+v %v", seen, err)
	}
}
