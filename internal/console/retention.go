package console

import (
	"net/http"

	"github.com/ordermux/ordermux/internal/api"
)

func (c *Console) retentionPlaces() []place {
	return []place{
		{at: "GET /shops/{shop}/settings/retention", do: c.retention},
		{at: "POST /shops/{shop}/settings/retention", do: c.retain, calls: []string{"POST /shops/{shop}/retention/run"}},
	}
}

// retentionPage says for how long a shop's data is kept. Counted: with what is due.
type retentionPage struct {
	api.Retention
	Counted bool
}

// Total is how much is due; -1: it was not counted.
func (p retentionPage) Total() (n int64) {
	if !p.Counted {
		return -1
	}
	for _, k := range p.Kinds {
		if k.Due != nil {
			n += *k.Due
		}
	}
	return n
}

// Held is what keeps the log from being removed further; nil: nothing.
func (p retentionPage) Held() *api.RetentionHeld {
	for _, k := range p.Kinds {
		if k.Held != nil {
			return k.Held
		}
	}
	return nil
}

func (c *Console) retention(v *visit) error {
	count := v.URL.Query().Get("count") != ""
	r, err := v.hub.Retention(v.Context(), v.PathValue("shop"), count)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "retention", "retention.title", retentionPage{r, count})
}

// retain has what is due removed: its page showed how much that is.
func (c *Console) retain(v *visit) error {
	shop := v.PathValue("shop")
	if err := v.hub.Retain(v.Context(), shop); err != nil {
		return err
	}
	return v.done(shopPath(shop, "settings", "retention"), "retention", 0)
}
