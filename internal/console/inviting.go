package console

import (
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

// settingKind says how a setting is written.
type settingKind string

const (
	settingText   settingKind = "text"
	settingNumber settingKind = "number"
	settingList   settingKind = "list"
	settingHour   settingKind = "time"
	settingYes    settingKind = "yes"
	settingAsk    settingKind = "ask" // what an invitation may ask about
)

// inviteSetting is one that can be set while the hub runs, by its name in our
// API.
type inviteSetting struct {
	name  string
	kind  settingKind
	usual string // what holds where nobody said anything; "": the text invitations.usual.… says it
}

// inviteSettings are all of them in the sequence shown, in groups.
var inviteSettings = []struct {
	group string
	of    []inviteSetting
}{
	{"when", []inviteSetting{
		{"ask", settingAsk, review.KindShop}, {"delay", settingNumber, strconv.Itoa(review.DefaultDelay)}, {"delay_products", settingNumber, ""},
		{"hour", settingHour, ""}, {"frequency", settingNumber, "0"}, {"reminder", settingNumber, "0"}, {"again", settingNumber, strconv.Itoa(review.DefaultAgain)},
	}},
	{"sender", []inviteSetting{{"sender_name", settingText, ""}, {"sender_email", settingText, ""}, {"reply_to", settingText, ""}}},
	{"form", []inviteSetting{
		{"language", settingText, review.DefaultLanguage}, {"redirect", settingText, ""}, {"location", settingText, ""}, {"tags", settingList, ""},
	}},
	{"after", []inviteSetting{{"notify", settingList, ""}, {"public", settingYes, ""}}},
}

// invitingPage is how a shop invites.
type invitingPage struct {
	Groups  []settingGroup
	Refused *refusal
}

type settingGroup struct {
	Name   string // invitations.group.…
	Fields []settingField
}

type settingField struct {
	Name    string
	Kind    settingKind
	Value   string // as set while the hub runs, or typed; "": not set
	InForce string // "": the usual
	Usual   string // as of inviteSetting
	Origin  review.Origin
}

func (c *Console) inviting(v *visit) error { return v.showInviting(nil) }

func (v *visit) showInviting(refused *refusal) error {
	s, err := v.hub.InvitationSettings(v.Context(), v.PathValue("shop"))
	if err != nil {
		return err
	}
	set, err := settingTexts(s.Set)
	if err != nil {
		return err
	}
	force, err := settingTexts(s.InForce)
	if err != nil {
		return err
	}
	p := invitingPage{Refused: refused}
	for _, group := range inviteSettings {
		g := settingGroup{Name: group.group}
		for _, one := range group.of {
			f := settingField{Name: one.name, Kind: one.kind, Value: set[one.name], InForce: force[one.name], Origin: s.Origins[one.name], Usual: one.usual}
			if refused != nil {
				f.Value = v.typed(one.name)
			}
			g.Fields = append(g.Fields, f)
		}
		p.Groups = append(p.Groups, g)
	}
	return v.show(refused.status(), "inviting", "invitations.settings", p)
}

// settingTexts are settings as a form writes them, by name.
func settingTexts(s review.Settings) (map[string]string, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	var members map[string]any
	if err := json.Unmarshal(b, &members); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for name, value := range members {
		switch v := value.(type) {
		case string:
			out[name] = v
		case float64:
			out[name] = strconv.FormatFloat(v, 'f', -1, 64)
		case bool:
			out[name] = strconv.FormatBool(v)
		case []any:
			var list []string
			for _, one := range v {
				if s, ok := one.(string); ok {
					list = append(list, s)
				}
			}
			out[name] = strings.Join(list, ", ")
		}
	}
	return out, nil
}

// changeInviting sends the whole form: an empty field goes back to the
// configuration.
func (c *Console) changeInviting(v *visit) error {
	in, err := v.inviteSettings()
	if err == nil {
		var body []byte
		if body, err = json.Marshal(in); err != nil {
			return err
		}
		_, err = v.hub.ChangeInvitationSettings(v.Context(), v.PathValue("shop"), body)
	}
	if refused := refusalOf(err); refused != nil {
		return v.showInviting(refused)
	}
	if err != nil {
		return err
	}
	return v.done(v.URL.Path, "invitations.settings", 0)
}

func (v *visit) inviteSettings() (map[string]any, error) {
	in, bad := map[string]any{}, &order.Invalid{}
	for _, group := range inviteSettings {
		for _, one := range group.of {
			value, ok := one.read(v.typed(one.name))
			if in[one.name] = value; !ok {
				bad.Faults = append(bad.Faults, order.Fault{Path: one.name, Code: order.Malformed, Reason: "is no whole number"})
			}
		}
	}
	if len(bad.Faults) > 0 {
		return nil, bad
	}
	return in, nil
}

// read is what was typed as the API takes it; nil: it is not set.
func (s inviteSetting) read(text string) (value any, ok bool) {
	if text == "" {
		return nil, true
	}
	switch s.kind {
	case settingNumber:
		n, err := strconv.Atoi(text)
		return n, err == nil
	case settingList, settingAsk:
		return commas(text), true
	case settingYes:
		return text == "true", true
	}
	return text, true
}

// commas are the words of a field with commas between.
func commas(s string) (out []string) {
	for one := range strings.SplitSeq(s, ",") {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}
