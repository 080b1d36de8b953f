package console

import (
	"github.com/ordermux/ordermux/internal/api"
)

func (c *Console) settingsPlaces() []place {
	return []place{
		{at: "GET /shops/{shop}/settings", do: c.settings},
		{at: "POST /shops/{shop}/settings", do: c.reload, calls: []string{"POST /reload"}},
	}
}

// settingsPage says what is configured of a shop and of the hub.
type settingsPage struct {
	api.ShopSettings
	Retention api.Retention
	Problem   *refusal
}

func (c *Console) settings(v *visit) error { return v.showSettings(nil) }

func (v *visit) showSettings(problem *refusal) error {
	s, err := v.hub.ShopSettings(v.Context(), v.PathValue("shop"))
	if err != nil {
		return err
	}
	kept, err := v.hub.Retention(v.Context(), v.PathValue("shop"), false)
	if err != nil {
		return err
	}
	return v.show(problem.status(), "settings", "settings.title", settingsPage{s, kept, problem})
}

// reload lets the hub read its configuration again.
func (c *Console) reload(v *visit) error {
	_, err := v.hub.Reload(v.Context())
	if problem := refusalOf(err); problem != nil {
		return v.showSettings(problem)
	}
	if err != nil {
		return err
	}
	return v.done(shopPath(v.PathValue("shop"), "settings"), "reloaded", 0)
}

// Span is a number of seconds for the template that says spans of time.
func (settingsPage) Span(seconds int64) float64 { return float64(seconds) }
