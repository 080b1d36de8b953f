package app_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/order"
)

// TestFaultsOfTheSandbox lets a partner have several bad days at once: all
// orders arrive, each once. (What leaves open whether an order was stored, 500
// and answers cut off, takes minutes of asking: that is for the torture.)
func TestFaultsOfTheSandbox(t *testing.T) { eachStore(t, testFaultsOfTheSandbox) }

func testFaultsOfTheSandbox(t *testing.T, at newPlace) {
	sandbox := startSandbox(t)
	faults := `{"seed":1,"share_429":0.2,"retry_after":"0s","share_slow":0.2,"slow_for":"20ms","share_lose_answer":0.3,"refuse":["o-7"]}`
	if _, err := sandbox.api.SetFaults(t.Context(), "citrusad", []byte(faults)); err != nil {
		t.Fatal(err)
	}
	h := startHub(t, at(t), shop(fmt.Sprintf(
		"      ads: {partner: citrusad, retry: {first: 5ms, max: 20ms}, settings: {base_url: \"%s/citrusad\", api_key: sandbox-secret-key, read_back: \"0\", timeout: 1s, batch_size: 5}}\n", sandbox.URL())))
	for n := range 20 {
		h.give(oneOrder(fmt.Sprintf("o-%d", n), "3.00"))
	}
	eventually(t, "all but the refused one arrive", func() bool {
		list, err := h.api.Routes(t.Context(), "nordlys")
		if err != nil {
			t.Fatal(err)
		}
		c := list.Routes[0].Counts
		return c["delivered"] == 19 && c["refused"] == 1
	})
	if _, err := sandbox.api.SetFaults(t.Context(), "citrusad", []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	for n := range 20 {
		id := fmt.Sprintf("o-%d", n)
		got := atSandbox(t, sandbox, id)
		if (got == "") != (id == "o-7") {
			t.Errorf("%s: %q", id, got)
		}
		if got == "" {
			continue
		}
		state, err := sandbox.api.Order(t.Context(), app.SandboxShop, id)
		if err != nil || len(state.Events) != 1 {
			t.Errorf("%s has %d events at the sandbox: %v", id, len(state.Events), err)
		}
	}
}

func TestFaultsCanBeSetInASandboxOnly(t *testing.T) { eachStore(t, testFaultsCanBeSetInASandboxOnly) }

func testFaultsCanBeSetInASandboxOnly(t *testing.T, at newPlace) {
	h := startHub(t, at(t), shop(""))
	if _, err := h.api.SetFaults(t.Context(), "citrusad", []byte(`{}`)); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
	sandbox := startSandbox(t)
	if _, err := sandbox.api.SetFaults(t.Context(), "nobody", []byte(`{}`)); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
	var bad *order.Invalid
	if _, err := sandbox.api.SetFaults(t.Context(), "citrusad", []byte(`{"share_429":7}`)); !errors.As(err, &bad) {
		t.Error(err)
	}
	if got, err := sandbox.api.Faults(t.Context(), "citrusad"); err != nil || !strings.HasPrefix(string(got), "{}") {
		t.Errorf("%s %v", got, err)
	}
	if status, _ := send(t, "PUT", sandbox.URL()+"/api/v1/faults/citrusad", "Bearer wrong", `{}`); status != http.StatusUnauthorized {
		t.Error(status)
	}
}
