package console

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/api"
)

func (c *Console) auditPlaces() []place {
	return []place{
		{at: "GET /audit", do: c.audit},
		{at: "POST /audit", do: c.verify, calls: []string{"GET /shops/{shop}/verify"}},
	}
}

// auditPage lists what people did by hand, the newest first.
type auditPage struct {
	Of       string // a shop, or api.Hub; "": the newest of all
	Logs     []string
	Acts     []actRow
	More     string
	Verified *api.Verified
}

type actRow struct {
	api.Act
	Time string
}

// How much the page lists.
const (
	actsShown    = 50
	actsOfEach   = 10 // of each log where all are shown
	logsTogether = 20 // that are shown together
)

func (c *Console) audit(v *visit) error {
	return v.showAudit(auditPage{Of: v.URL.Query().Get("shop")})
}

// verify walks the chain of a log, which may take a while.
func (c *Console) verify(v *visit) error {
	of := v.PostFormValue("shop")
	_ = http.NewResponseController(v.w).SetWriteDeadline(time.Now().Add(verifyTime))
	found, err := v.hub.Verify(v.Context(), of)
	if err != nil {
		return err
	}
	return v.showAudit(auditPage{Of: of, Verified: &found})
}

// verifyTime is how long walking a chain may take.
const verifyTime = time.Hour

func (v *visit) showAudit(p auditPage) error {
	shops, err := v.hub.Shops(v.Context())
	if err != nil {
		return err
	}
	zones := map[string]*time.Location{api.Hub: time.UTC}
	p.Logs = []string{api.Hub}
	for _, s := range shops.Shops {
		zones[s.ID] = zoneOf(s)
		p.Logs = append(p.Logs, s.ID)
	}
	if p.Of != "" && zones[p.Of] == nil {
		return &api.Problem{Status: http.StatusNotFound}
	}
	if p.Of == "" && len(p.Logs) > logsTogether {
		p.Of = api.Hub
	}
	acts, err := v.acts(&p)
	if err != nil {
		return err
	}
	for _, a := range acts {
		p.Acts = append(p.Acts, actRow{a, moment(a.At, zones[a.Shop])})
	}
	return v.show(http.StatusOK, "audit", "audit.title", p)
}

// acts are those of one log, or the newest of all.
func (v *visit) acts(p *auditPage) ([]api.Act, error) {
	if p.Of != "" {
		list, err := v.hub.Acts(v.Context(), p.Of, api.ListOptions{Limit: actsShown, Cursor: v.URL.Query().Get("cursor")})
		if list.Next != "" {
			p.More = "/audit?" + url.Values{"shop": {p.Of}, "cursor": {list.Next}}.Encode()
		}
		return list.Acts, err
	}
	var all []api.Act
	for _, of := range p.Logs {
		list, err := v.hub.Acts(v.Context(), of, api.ListOptions{Limit: actsOfEach})
		if err != nil {
			return nil, err
		}
		all = append(all, list.Acts...)
	}
	slices.SortStableFunc(all, func(a, b api.Act) int { return b.At.Compare(a.At) })
	return all[:min(len(all), actsShown)], nil
}
