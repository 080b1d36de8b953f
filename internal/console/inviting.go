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
)

// inviteSettings are those that can be set while the hub runs, by their names in
// our API, in the sequence shown.
var inviteSettings = []struct {
	name string
	kind settingKind
}{
	{"ask", settingList}, {"delay", settingNumber}, {"delay_products", settingNumber}, {"hour", settingHour}, {"frequency", settingNumber},
	{"reminder", settingNumber}, {"again", settingNumber}, {"sender_name", settingText}, {"sender_email", settingText}, {"reply_to", settingText},
	{"language", settingText}, {"redirect", settingText}, {"location", settingText}, {"tags", settingList}, {"notify", settingList}, {"public", settingYes},
}

// invitingPage is how a shop invites.
type invitingPage struct {
	Fields  []settingField
	Refused *refusal
}

type settingField struct {
	Name    string
	Kind    settingKind
	Value   string // as set while the hub runs, or typed; "": not set
	InForce string // "": the default, or nothing
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
	for _, one := range inviteSettings {
		f := settingField{Name: one.name, Kind: one.kind, Value: set[one.name], InForce: force[one.name], Origin: s.Origins[one.name]}
		if refused != nil {
			f.Value = v.typed(one.name)
		}
		p.Fields = append(p.Fields, f)
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
	for _, one := range inviteSettings {
		text := v.typed(one.name)
		switch {
		case text == "":
			in[one.name] = nil
		case one.kind == settingNumber:
			n, err := strconv.Atoi(text)
			if err != nil {
				bad.Faults = append(bad.Faults, order.Fault{Path: one.name, Code: order.Malformed, Reason: "is no whole number"})
			}
			in[one.name] = n
		case one.kind == settingList:
			in[one.name] = commas(text)
		case one.kind == settingYes:
			in[one.name] = text == "true"
		default:
			in[one.name] = text
		}
	}
	if len(bad.Faults) > 0 {
		return nil, bad
	}
	return in, nil
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
