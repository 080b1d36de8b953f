package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

func (a *API) listShops(r *request) (any, error) {
	out := Shops{Shops: []Shop{}}
	for _, s := range a.Operator.Shops() {
		if r.grant.Hub() || r.grant.Shop == s.ID {
			out.Shops = append(out.Shops, s)
		}
	}
	return out, nil
}

func (a *API) listAlerts(r *request) (any, error) {
	out := Alerts{Alerts: []Alert{}}
	if a.Operator.Alerts == nil {
		return out, nil
	}
	list, err := a.Operator.Alerts(r.Context())
	if err != nil {
		return nil, err
	}
	for _, t := range list {
		if r.grant.Hub() || r.grant.Shop == t.Shop {
			out.Alerts = append(out.Alerts, t)
		}
	}
	return out, nil
}

func (a *API) listNodes(r *request) (any, error) {
	out := Nodes{Nodes: []Node{}}
	if a.Operator.Nodes == nil {
		return out, nil
	}
	list, err := a.Operator.Nodes(r.Context())
	if err != nil {
		return nil, err
	}
	out.Nodes = append(out.Nodes, list...)
	return out, nil
}

// reload reads the configuration again; what is wrong with it is told to the
// caller, and the hub goes on as it was. Of several nodes some may have taken
// theirs: the answer names them all.
func (a *API) reload(r *request) (any, error) {
	if a.Operator.Reload == nil {
		return nil, problemf(http.StatusNotFound, "this hub has no configuration file")
	}
	nodes, err := a.Operator.Reload(r.Context())
	if errors.Is(err, order.ErrBusy) {
		return nil, err // the nodes can not be asked now
	}
	if err != nil {
		return nil, problemf(http.StatusBadRequest, "nothing was changed: %s", err)
	}
	var failed []string
	for _, n := range nodes {
		if !n.Done {
			failed = append(failed, n.Name+": "+n.Error)
		}
	}
	if len(failed) == 0 || len(failed) < len(nodes) {
		a.record(r, "reload", "configuration", "")
	}
	if len(failed) > 0 {
		text := "nothing was changed"
		if len(failed) < len(nodes) {
			text = "not every node has taken its configuration, those that have not go on as they were"
		}
		p := problemf(http.StatusBadRequest, "%s: %s", text, strings.Join(failed, "; "))
		p.Nodes = nodes
		return nil, p
	}
	return Reloaded{Nodes: nodes, Done: true}, nil
}

func (a *API) backup(r *request) (any, error) {
	var in struct {
		Dir string `json:"dir"`
	}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	if a.Operator.Backup == nil {
		return nil, problemf(http.StatusNotFound, "this hub can not back up")
	}
	if in.Dir == "" {
		return nil, order.Refuse("dir", order.Required, "name a new folder on the hub's machine")
	}
	report, err := a.Operator.Backup(r.Context(), in.Dir)
	if err != nil {
		return nil, err
	}
	a.record(r, "backup", "store", "")
	return report, nil
}

// verifyShop walks the chain of a shop.
func (a *API) verifyShop(r *request) (any, error) {
	report, err := a.Ledger.Verify(r.Context(), r.shop)
	if err != nil {
		return nil, err
	}
	faults := report.Faults
	if faults == nil {
		faults = []string{}
	}
	return Verified{
		Shop: r.shop, Start: report.Start, Events: report.Events - report.Start, Head: report.Head, Hash: report.Hash,
		Whole: len(faults) == 0, Faults: faults,
	}, nil
}

// noSandbox is the answer where doors have no faults.
func noSandbox() error {
	return problemf(http.StatusNotFound, "faults can be set in a sandbox only; start one with `ordermux sandbox`")
}

func (a *API) showFaults(r *request) (any, error) {
	if a.Faults == nil {
		return nil, noSandbox()
	}
	return a.Faults.Faults(r.PathValue("partner"))
}

func (a *API) setFaults(r *request) (any, error) {
	if a.Faults == nil {
		return nil, noSandbox()
	}
	if t, err := contentType(r.Request); err != nil || t == typeNDJSON {
		return nil, problemf(http.StatusUnsupportedMediaType, "send application/json")
	}
	body, err := readBody(r.Request)
	if err != nil {
		return nil, err
	}
	partner := r.PathValue("partner")
	if err := a.Faults.SetFaults(partner, body); err != nil {
		return nil, err
	}
	return a.Faults.Faults(partner)
}
