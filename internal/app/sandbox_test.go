package app_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/shipping"
)

// TestSandboxCredentials: one of each kind, of a shape that the door takes.
func TestSandboxCredentials(t *testing.T) {
	t.Parallel()
	cfg := app.SandboxConfig("127.0.0.1:0", t.TempDir(), []partner.Partner{club()})
	got := map[string]string{}
	for _, d := range cfg.Shops[app.SandboxShop].Doors["club"] {
		for field, v := range d.Settings {
			got[d.Of+"/"+d.Name+"/"+field] = v.Text + v.Secret.Reveal()
		}
	}
	for _, c := range cfg.Shops[app.SandboxShop].Couriers {
		if faults := shipping.Check(&c); len(faults) > 0 {
			t.Errorf("courier %s: %v", c.Key, faults)
		}
	}
	if cfg.SFTP != nil {
		t.Error("takes files")
	}
	want := map[string]string{
		"/default/client_id": "sandbox-client-id", "/default/client_secret": "sandbox-client-secret", "/default/website_id": app.SandboxHex24,
		"/default/signing_key": "sandbox-signing-key", "/default/open": "true",
		"user/default/email": "sandbox@sandbox.example", "user/default/password": "sandbox-password", "user/default/role": "writer",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestSandboxChain: a chain that everybody knows, with two outlets, whose
// webhook people set while it runs.
func TestSandboxChain(t *testing.T) {
	t.Parallel()
	h := startSandbox(t)
	for _, vendor := range []string{"sandbox-vendor", "SANDBOX-01", "sandbox-vendor-2", "SANDBOX-02"} {
		if got := h.outlet("sandbox-token", app.SandboxUUID, vendor); got != http.StatusOK {
			t.Errorf("%s: %d", vendor, got)
		}
	}
	ref := api.CredentialRef{Shop: app.SandboxShop, Partner: "deliveryhero", Kind: "webhook", Name: "till"}
	values := map[string]api.FieldValue{"webhook_url": {"http://127.0.0.1:1/events"}}
	made, err := h.api.CreateCredential(t.Context(), ref, values)
	if err != nil || made.Made["webhook_secret"] == "" {
		t.Errorf("%+v %v", made, err)
	}
	if _, err := h.api.ChangeCredential(t.Context(), ref, map[string]api.FieldValue{"catalog_webhook": {"true"}}); err != nil {
		t.Error(err)
	}
}
