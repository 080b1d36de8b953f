package app_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
)

// TestActs: what people did is found among the orders, newest first, and stands
// in the chain.
func TestActs(t *testing.T) { eachStore(t, testActs) }

func testActs(t *testing.T, at newPlace) {
	h := startHub(t, at(t), shop(adsRoute("http://127.0.0.1:1")))
	var want []string
	for i := range 3 {
		h.give(oneOrder("o-"+strconv.Itoa(i), "3.00"))
		if err := h.api.Pause(t.Context(), "nordlys", "ads", "no. "+strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
		want = append(want, "pause route ads: no. "+strconv.Itoa(i))
	}
	slices.Reverse(want)
	var got []string
	o := api.ListOptions{Limit: 2}
	for {
		page, err := h.api.Acts(t.Context(), "nordlys", o)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.Acts {
			got = append(got, a.Text)
			if a.By != "admin" || a.Shop != "nordlys" || len(a.Hash) != 64 || a.At.IsZero() {
				t.Errorf("%+v", a)
			}
		}
		if o.Cursor = page.Next; o.Cursor == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if _, err := h.api.CreateToken(t.Context(), api.Hub, "shelf", api.Read); err != nil {
		t.Fatal(err)
	}
	hub, err := h.api.Acts(t.Context(), api.Hub, api.ListOptions{})
	if err != nil || len(hub.Acts) != 1 || hub.Acts[0].Text != "create token shelf: scope=read" || hub.Next != "" {
		t.Errorf("%+v %v", hub, err)
	}
	for _, shop := range []string{"nordlys", api.Hub} {
		if v, err := h.api.Verify(t.Context(), shop); err != nil || !v.Whole {
			t.Errorf("%+v %v", v, err)
		}
	}
}
