package skeepers

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// handleConnector is what the vendor's shop module asks first: where its
// orders go. The module keeps what stands below "settings" (source code of the
// module, 9.0, seen 2026). firstRetroactive is left out: the module counts there itself how
// far its history import is, and whatever is sent would overwrite it.
func (d *door) handleConnector(w http.ResponseWriter, r *http.Request, m *memory) error {
	g, err := d.bearer(r, m)
	if err != nil {
		return err
	}
	id := r.URL.Query().Get("website-id")
	if err := d.website(g, url.PathEscape(id)); err != nil {
		return err
	}
	body, err := m.body.Read(w, r)
	if err != nil {
		return err
	}
	if len(body) > 0 { // the shop's own settings, which are none of ours
		if err := json.CheckInput(body); err != nil || !json.Valid(body) {
			return invalidRequest("the body must be JSON")
		}
	}
	base := d.base(g, r) + "/purchase-event/websites/" + url.PathEscape(id) + "/purchase_events/"
	b := json.AppendText(append(m.out, `{"settings":{"pushOrdersEndpoint":`...), base+opAsync)
	b = json.AppendText(append(b, `,"retroactiveOrdersEndpoint":`...), base+opHistory)
	m.out = append(b, `}}`...)
	writeJSON(w, http.StatusOK, m.out)
	return nil
}

// base is the address of this door as its client reaches it: as configured;
// below the hub's public one, if it was asked there; or at the name it was
// asked by.
func (d *door) base(g partner.Grant, r *http.Request) string {
	if address := g.Settings["address"].Text; address != "" {
		return strings.TrimRight(address, "/")
	}
	below := strings.HasPrefix(r.RequestURI, "/"+d.deps.Partner+"/")
	if below && d.deps.PublicURL != "" {
		return strings.TrimRight(d.deps.PublicURL, "/") + "/" + d.deps.Partner
	}
	if below {
		return partner.Origin(r) + "/" + d.deps.Partner
	}
	return partner.Origin(r)
}
