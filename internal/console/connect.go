package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
)

// connectPage is the form for a route: made of what its partner declares.
type connectPage struct {
	Partner  api.RoutePartner
	Partners []api.RoutePartner // to choose from, where none is chosen
	Name     string
	Edit     bool
	Settings []routeInput
	Rules    []routeInput
	Tried    *api.Tried
	Problem  *refusal // with the faults that belong to no field
	Faulty   bool     // a rule is wrong: they are shown open
}

// routeInput is a field of the form.
type routeInput struct {
	api.RouteField
	ID    string // of the input, and its name
	Value string // typed, or what stands there
	Kept  bool   // a secret that is there, and stays unless another one is typed
	Fault string
}

// Long reports whether the value has several lines.
func (f routeInput) Long() bool { return f.Kind == "list" || f.Kind == "document" }

// Options are the values that there are; none: any.
func (f routeInput) Options() []string {
	if f.Kind == "bool" {
		return []string{"true", "false"}
	}
	return f.Choices
}

// ruleKeys are the keys of a route beside its partner and settings, as in the
// configuration file, in the sequence of the form.
var ruleKeys = []string{
	"when", "lines", "on", "unless", "after", "at", "max_age", "trust", "connection", "slots", "rate", "daily_cap",
	"retry.first", "retry.max", "retry.give_up", "retry.attempts", "disabled",
}

// ruleInputs are the inputs of the rules, whatever the partner.
func ruleInputs() []routeInput {
	out := make([]routeInput, len(ruleKeys))
	for i, key := range ruleKeys {
		out[i] = routeInput{ID: "r." + key, RouteField: api.RouteField{Name: key, Kind: "text"}}
		switch key {
		case "disabled":
			out[i].Kind = "bool"
		case "trust":
			out[i].Choices = []string{"public"}
		case "slots", "daily_cap", "retry.attempts":
			out[i].Kind = "int"
		}
	}
	return out
}

func settingInputs(p api.RoutePartner) (out []routeInput) {
	for _, f := range p.Fields {
		out = append(out, routeInput{ID: "s." + f.Name, RouteField: f})
	}
	return out
}

func (c *Console) connect(v *visit) error {
	list, err := v.hub.RoutePartners(v.Context())
	if err != nil {
		return err
	}
	name := v.URL.Query().Get("partner")
	i := slices.IndexFunc(list.Partners, func(p api.RoutePartner) bool { return p.Name == name })
	if i < 0 {
		return v.show(http.StatusOK, "connect", "connect.title", connectPage{Partners: list.Partners})
	}
	p := connectPage{Partner: list.Partners[i], Name: name, Settings: settingInputs(list.Partners[i]), Rules: ruleInputs()}
	return v.show(http.StatusOK, "connect", "connect.title", p)
}

// editRoute shows the form with what stands there.
func (c *Console) editRoute(v *visit) error {
	p, err := v.setupForm()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "connect", "connect.edit", p)
}

// setupForm is the form of a connected route.
func (v *visit) setupForm() (p connectPage, err error) {
	setup, err := v.hub.RouteSetup(v.Context(), v.PathValue("shop"), v.PathValue("route"))
	if err != nil {
		return p, err
	}
	if setup.From != api.FromStore {
		return p, &api.Problem{Status: http.StatusConflict, Detail: v.c.texts.Say(v.lang, "route.infile")}
	}
	partner, err := v.routePartner(setup.Partner)
	p = connectPage{Partner: partner, Name: setup.Name, Edit: true, Settings: settingInputs(partner), Rules: ruleInputs()}
	for i := range p.Settings {
		f := &p.Settings[i]
		f.Value, f.Kept = strings.Join(setup.Settings[f.Name], "\n"), slices.Contains(setup.Secrets, f.Name)
	}
	for i := range p.Rules {
		p.Rules[i].Value = strings.Join(setup.Rules[p.Rules[i].Name], ", ")
	}
	return p, err
}

// typedForm is the form as it was sent.
func (v *visit) typedForm() (p connectPage, err error) {
	if v.PathValue("route") != "" {
		if p, err = v.setupForm(); err != nil {
			return p, err
		}
	} else {
		partner, err := v.routePartner(v.PostFormValue("partner"))
		if err != nil {
			return p, err
		}
		p = connectPage{Partner: partner, Name: v.typed("name"), Settings: settingInputs(partner), Rules: ruleInputs()}
	}
	for _, list := range [][]routeInput{p.Settings, p.Rules} {
		for i := range list {
			list[i].Value = strings.ReplaceAll(v.typed(list[i].ID), "\r\n", "\n")
		}
	}
	return p, nil
}

// spec is what the form says.
func (p *connectPage) spec() api.RouteSpec {
	s := api.RouteSpec{Partner: p.Partner.Name, Rules: map[string]api.FieldValue{}, Settings: map[string]api.FieldValue{}}
	for _, f := range p.Settings {
		switch {
		case f.Value == "":
		case f.Kind == "list":
			s.Settings[f.Name] = linesOf(f.Value)
		default:
			s.Settings[f.Name] = api.FieldValue{f.Value}
		}
	}
	for _, f := range p.Rules {
		switch {
		case f.Value == "":
		case f.Name == "on" || f.Name == "unless":
			s.Rules[f.Name] = listOf(f.Value)
		default:
			s.Rules[f.Name] = api.FieldValue{f.Value}
		}
	}
	return s
}

func linesOf(text string) (out api.FieldValue) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// saveRoute tries a route that is being connected, or connects it.
func (c *Console) saveRoute(v *visit) error {
	p, err := v.typedForm()
	if err != nil {
		return err
	}
	shop, title := v.PathValue("shop"), "connect.title"
	if p.Edit {
		title = "connect.edit"
	}
	wanted := api.NewRoute{Name: p.Name, RouteSpec: p.spec()}
	switch {
	case v.PostFormValue("act") == "try":
		var tried api.Tried
		if tried, err = v.hub.TryNewRoute(v.Context(), shop, wanted); err == nil {
			p.Tried = &tried
			return v.show(http.StatusOK, "connect", title, p)
		}
	case p.Edit:
		if _, err = v.hub.ChangeRoute(v.Context(), shop, p.Name, wanted.RouteSpec); err == nil {
			return v.done(shopPath(shop, "routes", p.Name), "route_changed", 0)
		}
	default:
		if _, err = v.hub.ConnectRoute(v.Context(), shop, wanted); err == nil {
			return v.done(shopPath(shop, "routes", p.Name), "route_connected", 0)
		}
	}
	if p.Problem = refusalOf(err); p.Problem == nil {
		return err
	}
	p.mark()
	return v.show(p.Problem.status(), "connect", title, p)
}

// mark puts what is wrong beside the fields that it is about.
func (p *connectPage) mark() {
	for _, fault := range p.Problem.Faults {
		place, _, _ := strings.Cut(fault.Path, "[")
		id := ""
		if name, ok := strings.CutPrefix(place, "settings."); ok {
			id = "s." + name
		} else if name, ok := strings.CutPrefix(place, "rules."); ok {
			id, p.Faulty = "r."+name, true
		}
		for _, list := range [][]routeInput{p.Settings, p.Rules} {
			if i := slices.IndexFunc(list, func(f routeInput) bool { return f.ID == id }); i >= 0 {
				list[i].Fault = fault.Reason
			}
		}
	}
}

// Here is the address of the form.
func (p connectPage) Here(shop string) string {
	if p.Edit {
		return shopPath(shop, "routes", p.Name, "edit")
	}
	return shopPath(shop, "connect") + "?partner=" + url.QueryEscape(p.Partner.Name)
}
