package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
)

// The chains of twoChains.
const (
	chainHere  = "c0de0000-0000-4000-8000-000000000001"
	chainThere = "c0de0000-0000-4000-8000-000000000002"
)

// twoChains is the configuration of two shops that are chains, with outlets and
// one token each.
func twoChains() string {
	chain := func(id, token string) string {
		return fmt.Sprintf(`
        - {chain_id: %s}
        - {kind: token, name: Orders of the till, token: %s}
        - {kind: vendor, name: centro, vendor_id: "290056", external_id: SHOP-07}
        - {kind: vendor, name: norte, vendor_id: s8ym}
`, id, token)
	}
	text := strings.Replace(shop(""), "    routes:", "      deliveryhero:"+chain(chainHere, "tok-here")+"    routes:", 1)
	return text + "  sur:\n    currency: UYU\n    doors:\n      deliveryhero:" + chain(chainThere, "tok-there")
}

func tokenOf(name string) api.CredentialRef {
	return api.CredentialRef{Shop: "nordlys", Partner: "deliveryhero", Kind: "token", Name: name}
}

// outlet asks for the status of an outlet and returns the answer's.
func (h *hub) outlet(token, chain, vendor string) int {
	h.t.Helper()
	status, _ := send(h.t, "GET", h.URL()+"/deliveryhero/v2/chains/"+chain+"/vendors/"+vendor+"/status", "Bearer "+token, "")
	return status
}

// TestTokensOfAChain: eleven at a time, for all of the chain's outlets and those
// of nobody else.
func TestTokensOfAChain(t *testing.T) {
	eachStore(t, func(t *testing.T, at newPlace) {
		p := at(t)
		h := startHub(t, p, twoChains())
		tokens := map[string]string{"Orders of the till": "tok-here"}
		for i := range 10 {
			name := fmt.Sprintf("Promociones %d: %s", i, strings.Repeat("ñ", 84))
			made, err := h.api.CreateCredential(t.Context(), tokenOf(name), nil)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(made.Advice, "support included") {
				t.Errorf("advice %q", made.Advice)
			}
			tokens[name] = made.Made["token"]
		}
		_, err := h.api.CreateCredential(t.Context(), tokenOf("Catalogue"), nil)
		if err == nil || !strings.Contains(err.Error(), "has 11 credentials of the kind token at deliveryhero already") {
			t.Errorf("the twelfth: %v", err)
		}
		for name, token := range tokens {
			for _, vendor := range []string{"290056", "SHOP-07", "s8ym"} {
				if got := h.outlet(token, chainHere, vendor); got != http.StatusOK {
					t.Errorf("%s at %s: %d", name, vendor, got)
				}
			}
			if got := h.outlet(token, chainThere, "290056"); got != http.StatusForbidden {
				t.Errorf("%s at another chain: %d", name, got)
			}
		}
		first := fmt.Sprintf("Promociones 0: %s", strings.Repeat("ñ", 84))
		if err := h.api.RevokeCredential(t.Context(), tokenOf(first)); err != nil {
			t.Fatal(err)
		}
		if got := h.outlet(tokens[first], chainHere, "290056"); got != http.StatusUnauthorized {
			t.Errorf("revoked: %d", got)
		}
		if _, err := h.api.CreateCredential(t.Context(), tokenOf("Catalogue"), nil); err != nil {
			t.Errorf("after one was revoked: %v", err)
		}
		usedIsShown(t, h, p)
	})
}

// usedIsShown looks for the last uses, and again after a restart.
func usedIsShown(t *testing.T, h *hub, p place) {
	t.Helper()
	for _, when := range []string{"while it runs", "after a restart"} {
		list, err := h.api.Credentials(t.Context(), "nordlys", "deliveryhero", "token")
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Credentials) != 11 || list.Kinds[0].Most != 11 || list.Kinds[0].Names[0] != "Catalogue" {
			t.Errorf("%s: %d of %+v", when, len(list.Credentials), list.Kinds)
		}
		for _, c := range list.Credentials {
			if c.Used.IsZero() != (c.Name == "Catalogue") { // which nobody has used yet
				t.Errorf("%s: %s: last used %v", when, c.Name, c.Used)
			}
		}
		if when == "while it runs" {
			if err := h.stop(); err != nil {
				t.Fatal(err)
			}
			h = startHub(t, p, twoChains())
		}
	}
}

// TestTheEleventhToken makes several at once on two nodes, where there is room
// for one.
func TestTheEleventhToken(t *testing.T) {
	t.Parallel()
	p := inDatabase(t)
	nodes := startNodes(t, p, 2, twoChains())
	for i := range 9 {
		if _, err := nodes[i%2].api.CreateCredential(t.Context(), tokenOf(fmt.Sprint("token ", i)), nil); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	var made atomic.Int32
	for i := range 6 {
		all.Go(func() {
			_, err := nodes[i%2].api.CreateCredential(t.Context(), tokenOf(fmt.Sprint("rival ", i)), nil)
			switch {
			case err == nil:
				made.Add(1)
			case !strings.Contains(err.Error(), "can have no more"):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made.Load() != 1 {
		t.Errorf("%d were made", made.Load())
	}
}

// TestOutletsOfAChain: an id is that of one outlet, whoever makes or changes one,
// and also where two do so at once.
func TestOutletsOfAChain(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), twoChains())
	outlet := func(name string) api.CredentialRef {
		return api.CredentialRef{Shop: "nordlys", Partner: "deliveryhero", Kind: "vendor", Name: name}
	}
	ids := func(vendor, external string) map[string]api.FieldValue {
		v := map[string]api.FieldValue{"vendor_id": {vendor}}
		if external != "" {
			v["external_id"] = api.FieldValue{external}
		}
		return v
	}
	refused := func(err error, what string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v, want %s", err, what)
		}
	}
	make := func(name, vendor, external string) error {
		_, err := h.api.CreateCredential(t.Context(), outlet(name), ids(vendor, external))
		return err
	}
	refused(make("twin", "290056", ""), "its vendor_id is an id of the credential centro already")
	refused(make("twin", "SHOP-07", ""), "its vendor_id is an id of the credential centro already")
	refused(make("twin", "w1", "s8ym"), "its external_id is an id of the credential norte already")
	if err := make("west", "w1", "w1"); err != nil {
		t.Fatal(err)
	}
	refused(make("twin", "w2", "w1"), "its external_id is an id of the credential west already")
	_, err := h.api.ChangeCredential(t.Context(), outlet("west"), ids("290056", ""))
	refused(err, "its vendor_id is an id of the credential centro already")
	if _, err := h.api.ChangeCredential(t.Context(), outlet("west"), ids("w3", "SHOP-03")); err != nil {
		t.Error(err)
	}
	var all sync.WaitGroup
	var made atomic.Int32
	for i := range 6 {
		all.Go(func() {
			switch err := make(fmt.Sprint("rival-", i), "w9", ""); {
			case err == nil:
				made.Add(1)
			case !strings.Contains(err.Error(), "is an id of the credential rival-"):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made.Load() != 1 {
		t.Errorf("%d were made", made.Load())
	}
}

// TestClientsOfAChain logs in by client credentials, 50 times in a minute.
func TestClientsOfAChain(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), twoChains())
	ref := tokenOf("erp")
	ref.Kind = "client"
	made, err := h.api.CreateCredential(t.Context(), ref, nil)
	if err != nil {
		t.Fatal(err)
	}
	login := func(secret string) (int, string) {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": made.Values["client_id"], "client_secret": {secret}}
		resp, err := http.PostForm(h.URL()+"/deliveryhero/v2/oauth/token", form)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var out struct {
			Token string `json:"access_token"`
		}
		if resp.StatusCode == http.StatusOK {
			if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
				t.Fatal(err)
			}
		}
		return resp.StatusCode, out.Token
	}
	status, token := login(made.Made["client_secret"])
	if status != http.StatusOK || h.outlet(token, chainHere, "s8ym") != http.StatusOK || h.outlet(token, chainThere, "s8ym") != http.StatusForbidden {
		t.Fatal(status)
	}
	if status, _ := login("wrong"); status != http.StatusUnauthorized {
		t.Error(status)
	}
	// One chain, and no second one.
	second := tokenOf("second")
	second.Kind = ""
	if _, err := h.api.CreateCredential(t.Context(), second, nil); err == nil || !strings.Contains(err.Error(), "can have one only") {
		t.Error(err)
	}
	if err := h.api.RevokeCredential(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if got := h.outlet(token, chainHere, "s8ym"); got != http.StatusUnauthorized {
		t.Errorf("a token of a revoked client: %d", got)
	}
}
