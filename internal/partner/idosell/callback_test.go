package idosell

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/secret"
)

func TestCallback(t *testing.T) {
	t.Parallel()
	partnertest.RunCallback(t, Partner, "testdata/callback")
}

// TestNoticesOfAccounts plans notices of orders that accounts placed only.
func TestNoticesOfAccounts(t *testing.T) {
	t.Parallel()
	f := func(id, account string, sent bool) {
		t.Helper()
		if plan := planNotice(&order.Order{ID: id, Account: account}, time.Time{}, time.Time{}); (plan.Skip == "") != sent {
			t.Errorf("order %s of %q: %+v", id, account, plan)
		}
	}
	f("sklep-abc-1", "sklep-abc", true)
	f("sklep-abc-1", "", false)
	f("sklep-abc-1", "sklep", false)
	f("W-1", "sklep-abc", false)
	f("-1", "", false)
}

// TestTestNotice sends a notice that means nothing, signed as the account wants
// it.
func TestTestNotice(t *testing.T) {
	t.Parallel()
	status := http.StatusNoContent
	var got, signature string
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got, signature = string(body), r.Header.Get(SignatureHeader)
		w.WriteHeader(status)
	}))
	defer shop.Close()
	hub := partnertest.NewHub(nil)
	for login, url := range map[string]string{"sklep-abc": shop.URL, "sklep-xyz": ""} {
		hub.AddCredential(Partner, login, ofAccount, partner.Settings{
			fieldLogin: {Text: login}, "notice_url": {Text: url}, "notice_secret": {Secret: secret.New("tajne")},
		})
	}
	deps := hub.Deps(Partner)
	defer deps.HTTP.CloseIdle()
	side, err := newCallback(deps)
	if err != nil {
		t.Fatal(err)
	}
	words, err := side.Test(t.Context(), "sklep-abc")
	if err != nil || !strings.Contains(words, "switched off") || !strings.Contains(got, `"test":true,"orderId":"sklep-abc-0"`) {
		t.Errorf("%q, %v: %s", words, err, got)
	}
	if signature != Sign("tajne", []byte(got)) {
		t.Errorf("signed %q", signature)
	}
	status = http.StatusForbidden
	if _, err := side.Test(t.Context(), "sklep-abc"); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("refused: %v", err)
	}
	if _, err := side.Test(t.Context(), "nobody"); !errors.Is(err, order.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	for _, login := range []string{"sklep-xyz", ""} { // without an address; without anybody
		_, err := side.Test(t.Context(), login)
		if _, ok := errors.AsType[*order.Invalid](err); !ok {
			t.Errorf("%q: %v", login, err)
		}
	}
}
