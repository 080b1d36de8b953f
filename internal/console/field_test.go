package console

import (
	"testing"

	"github.com/ordermux/ordermux/internal/api"
)

// TestFormFields: what is needed stands first, what has a value anyway is folded
// until it says something.
func TestFormFields(t *testing.T) {
	t.Parallel()
	list := formFields{
		{ID: "s.batch", Name: "batch", Default: "100"}, {ID: "s.team", Name: "team"}, {ID: "s.key", Name: "key", Required: true, Secret: true},
		{ID: "s.kept", Name: "kept", Required: true, Secret: true, Kept: true}, {ID: "s.shop", Name: "shop", Required: true, Fixed: true},
	}
	names := func(l formFields) (out string) {
		for _, f := range l {
			out += f.Name + " "
		}
		return out
	}
	if got := names(list.First()); got != "key shop team kept " {
		t.Error(got)
	}
	if got := names(list.More()); got != "batch " || list.More().Open() {
		t.Error(got)
	}
	if got := names(list.Changeable()); got != "batch team " {
		t.Error(got)
	}
	list.mark("settings.", []api.Fault{{Path: "settings.batch[1]", Reason: "is too large"}, {Path: "rules.team", Reason: "is another"}})
	if list[0].Fault != "is too large" || list[1].Fault != "" || !list.More().Open() {
		t.Errorf("%+v", list)
	}
}
