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
	Partner   api.RoutePartner
	Partners  []api.RoutePartner // to choose from, where none is chosen
	Name      string
	NameFault string
	Edit      bool
	Settings  formFields // with secrets that were typed: a connection is tested before it is made
	Rules     formFields
	Tried     *triedView
	Problem   *refusal
}

// ruleKeys are the keys of a route beside its partner and settings, as in the
// configuration file, in the sequence of the form.
var ruleKeys = []string{
	"when", "lines", "on", "unless", "after", "at", "max_age", "trust", "connection", "slots", "rate", "daily_cap",
	"retry.first", "retry.max", "retry.give_up", "retry.attempts", "disabled",
}

// ruleInputs are the inputs of the rules, whatever the partner.
func ruleInputs() formFields {
	out := make(formFields, len(ruleKeys))
	for i, key := range ruleKeys {
		out[i] = formField{ID: "r." + key, Name: key, Kind: "text"}
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

func settingInputs(p api.RoutePartner) (out formFields) {
	for _, f := range p.Fields {
		out = append(out, formField{
			ID: "s." + f.Name, Name: f.Name, Description: f.Description, Kind: f.Kind, Default: f.Default, Choices: f.Choices,
			Required: f.Required, Secret: f.Secret,
		})
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
		f.Anew = partner.Fields[i].Anew && len(setup.Secrets) > 0
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
	for _, list := range []formFields{p.Settings, p.Rules} {
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
		if typed := f.typed(); len(typed) > 0 {
			s.Settings[f.Name] = typed
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
			p.Tried = triedOf(tried)
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
	p.Settings.mark("settings.", p.Problem.Faults)
	p.Rules.mark("rules.", p.Problem.Faults)
	for _, fault := range p.Problem.Faults {
		if fault.Path == "name" {
			p.NameFault = fault.Reason
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
