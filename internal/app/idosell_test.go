package app_test

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
)

func digit(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// panelAnswer is what every gate of a wholesaler answers.
type panelAnswer struct {
	Errors struct {
		Code int `json:"faultCode"`
	} `json:"errors"`
	Session  string `json:"sessionKey"`
	Supplier string `json:"supplierName"`
}

// panel calls a method of the wholesaler's door.
func (h *hub) panel(method, body string) (out panelAnswer) {
	h.t.Helper()
	status, text := send(h.t, "POST", h.URL()+"/idosell/customer-api/?gate="+method+"/1/json", "", body)
	if err := json.Unmarshal([]byte(text), &out); err != nil || status != 200 {
		h.t.Fatalf("%s: %d %s", method, status, text)
	}
	return out
}

// dropShip logs in at the wholesaler's door; "": it may not.
func (h *hub) dropShip(login, password string) string {
	h.t.Helper()
	key := digit(time.Now().UTC().Format("20060102") + digit(password))
	return h.panel("Authenticate/authenticate", `{"authenticate":{"systemLogin":"`+login+`","systemKey":"`+key+`"}}`).Session
}

// supplier asks who the wholesaler is, and returns that or the code.
func (h *hub) supplier(session, key string) (string, int) {
	h.t.Helper()
	a := h.panel("Dropshipping/getSupplierData", `{"authenticate":{"sessionKey":"`+session+`","dropshippingKey":"`+key+`"}}`)
	return a.Supplier, a.Errors.Code
}

func TestDropShipCredentials(t *testing.T) {
	eachStore(t, func(t *testing.T, at newPlace) {
		text := strings.Replace(shop(""), "    routes:", `      idosell:
        - {dropshipping_key: K-in-the-file, accept_orders: true}
        - {kind: account, name: abc, login: sklep-abc, password: "Hurtownia#2026"}
    routes:`, 1)
		h := startHub(t, at(t), text)
		session := h.dropShip("sklep-abc", "Hurtownia#2026")
		if session == "" || len(session) > 255 || h.dropShip("sklep-abc", "other") != "" {
			t.Fatal("the account of the file does not open, or opens to anybody")
		}
		f := func(session, key, supplier string, code int) {
			t.Helper()
			if s, c := h.supplier(session, key); s != supplier || c != code {
				t.Errorf("got %q %d, want %q %d", s, c, supplier, code)
			}
		}
		f(session, "K-in-the-file", "Nordlys Kaffe", 0)
		f(session, "K", "", 102)
		f(session+"x", "K-in-the-file", "", 100)

		// What is made while the hub runs is the same.
		ctx := t.Context()
		ref := func(kind, name string) api.CredentialRef {
			return api.CredentialRef{Shop: "nordlys", Partner: "idosell", Kind: kind, Name: name}
		}
		panel, err := h.api.CreateCredential(ctx, ref("", "second"), map[string]api.FieldValue{"accept_orders": {"true"}, "supplier_name": {"Second"}})
		if err != nil {
			t.Fatal(err)
		}
		account, err := h.api.CreateCredential(ctx, ref("account", "xyz"), map[string]api.FieldValue{"login": {"sklep-xyz"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.api.CreateCredential(ctx, ref("account", "twin"), map[string]api.FieldValue{"login": {"sklep-abc"}}); err == nil {
			t.Error("two accounts have one login")
		}
		first := panel.Made["dropshipping_key"]
		made := h.dropShip("sklep-xyz", account.Made["password"])
		eventually(t, "the key is known", func() bool { s, _ := h.supplier(made, first); return s == "Second" })
		f(made, "K-in-the-file", "Nordlys Kaffe", 0)

		// The key before the last rotation goes on for a while.
		rotated, err := h.api.RotateCredential(ctx, ref("", "second"), nil, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the key is known", func() bool { s, _ := h.supplier(made, rotated.Made["dropshipping_key"]); return s == "Second" })
		f(made, first, "Second", 0)

		// A new password counts at once, the one before it as long as the rotation
		// says; whoever is in stays until his time is over.
		for _, keep := range []time.Duration{time.Hour, 0} {
			old := account.Made["password"]
			if account, err = h.api.RotateCredential(ctx, ref("account", "xyz"), nil, keep); err != nil {
				t.Fatal(err)
			}
			if h.dropShip("sklep-xyz", account.Made["password"]) == "" {
				t.Error("the new password does not open")
			}
			if opens := h.dropShip("sklep-xyz", old) != ""; opens != (keep > 0) {
				t.Errorf("kept for %s, the old password opens: %t", keep, opens)
			}
		}
		f(made, first, "Second", 0)
		if err := h.api.RevokeCredential(ctx, ref("account", "xyz")); err != nil {
			t.Fatal(err)
		}
		f(made, first, "", 100)
		if h.dropShip("sklep-xyz", account.Made["password"]) != "" {
			t.Error("a revoked account opens")
		}
		if strings.Contains(h.logs.String(), session) || strings.Contains(h.logs.String(), digit("Hurtownia#2026")) {
			t.Error("a secret stands in the log")
		}
	})
}

func TestSandboxIsAWholesaler(t *testing.T) {
	t.Parallel()
	h := startSandbox(t)
	session := h.dropShip("sandbox-login", "sandbox-password")
	if s, code := h.supplier(session, "sandbox-dropshipping-key"); code != 0 || s != "Sandbox" {
		t.Errorf("got %q %d", s, code)
	}
}
