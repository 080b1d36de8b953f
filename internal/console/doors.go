package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/console/text"
	"github.com/ordermux/ordermux/internal/user"
)

func (c *Console) doorPlaces() []place {
	const (
		page        = " /shops/{shop}/doors"
		credentials = " /shops/{shop}/credentials/{partner}"
	)
	return []place{
		{at: "GET" + page, do: c.doors},
		{at: "GET" + page + "/{partner}", do: c.newCredential},
		{at: "POST" + page + "/{partner}", do: c.createCredential, calls: []string{"POST" + credentials}},
		{at: "GET" + page + "/{partner}/{name}", do: c.credential},
		{at: "POST" + page + "/{partner}/{name}", do: c.actOnCredential, calls: []string{
			"PATCH" + credentials + "/{name}", "DELETE" + credentials + "/{name}",
			"POST" + credentials + "/{name}/rotate", "POST" + credentials + "/{name}/revoke-tokens",
		}},
	}
}

// doorsPage says where a shop's clients point at, who may come in, and whose
// calls were refused.
type doorsPage struct {
	Doors     []doorView
	Receivers []api.Receiver
	API       string
	Refused   []api.RefusedCall
	Strangers []api.RefusedCall // refused ones of callers that nobody knows; admins
}

// doorView is a door with its credentials, those for admins.
type doorView struct {
	api.Door
	Kinds []kindView
}

// InUse are the kinds of which the shop has some.
func (d doorView) InUse() []kindView { return d.kinds(func(k kindView) bool { return k.Living > 0 }) }

// Free are those of which one more can be made.
func (d doorView) Free() []kindView {
	return d.kinds(func(k kindView) bool { return k.URL != "" && !k.Full })
}

// Unserved reports whether one of them is for a server that the hub does not run.
func (d doorView) Unserved() bool {
	return len(d.kinds(func(k kindView) bool { return k.URL == "" })) > 0
}

func (d doorView) kinds(which func(kindView) bool) []kindView {
	return slices.DeleteFunc(slices.Clone(d.Kinds), func(k kindView) bool { return !which(k) })
}

type kindView struct {
	api.DoorKind
	Label       string
	Credentials []api.Credential
	More        int // that are not shown
	Full        bool
}

// How much the page of the doors lists.
const (
	credentialsShown = 100 // of a kind
	refusedShown     = 50
)

func (c *Console) doors(v *visit) error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	var p doorsPage
	if err := v.addRefused(&p, shop.ID); err != nil {
		return err
	}
	if v.live == nil { // the parts that live need no more
		if err := v.addDoors(&p, shop.ID); err != nil {
			return err
		}
	}
	return v.show(http.StatusOK, "doors", "nav.doors", p)
}

func (v *visit) addRefused(p *doorsPage, shop string) error {
	list, err := v.hub.Refused(v.Context(), shop, "", refusedShown)
	if err != nil {
		return err
	}
	p.Refused = list.Calls
	if v.user.Role != user.Admin {
		return nil
	}
	list, err = v.hub.Refused(v.Context(), api.Hub, "", refusedShown)
	p.Strangers = list.Calls
	return err
}

func (v *visit) addDoors(p *doorsPage, shop string) error {
	list, err := v.hub.Doors(v.Context(), shop)
	if err != nil {
		return err
	}
	p.Receivers, p.API = list.Receivers, list.API
	for _, d := range list.Doors {
		view, err := v.doorView(shop, d)
		if err != nil {
			return err
		}
		p.Doors = append(p.Doors, view)
	}
	// Doors that the shop's clients use come first.
	slices.SortStableFunc(p.Doors, func(a, b doorView) int { return cmp.Compare(unused(a.Door), unused(b.Door)) })
	return nil
}

func unused(d api.Door) int {
	if slices.ContainsFunc(d.Kinds, func(k api.DoorKind) bool { return k.Living > 0 }) {
		return 0
	}
	return 1
}

func (v *visit) doorView(shop string, d api.Door) (doorView, error) {
	view := doorView{Door: d}
	var list api.CredentialList
	if v.user.Role == user.Admin {
		var err error
		if list, err = v.hub.Credentials(v.Context(), shop, d.Partner, ""); err != nil {
			return view, err
		}
	}
	for _, k := range d.Kinds {
		kind := kindView{DoorKind: k, Label: v.kindLabel(d.Partner, k.Kind), Full: k.Most > 0 && k.Living >= k.Most}
		for _, c := range list.Credentials {
			switch {
			case c.Kind != k.Kind:
			case len(kind.Credentials) < credentialsShown:
				kind.Credentials = append(kind.Credentials, c)
			default:
				kind.More++
			}
		}
		view.Kinds = append(view.Kinds, kind)
	}
	return view, nil
}

// kindLabel is what people call a kind of a partner's credentials.
func (v *visit) kindLabel(partner, kind string) string {
	for _, key := range []string{"doors.kind." + strings.TrimSuffix(partner+"."+kind, "."), "doors.kind." + kind} {
		if v.c.texts.Has(key) {
			return v.c.texts.Say(v.lang, key)
		}
	}
	if kind == "" {
		return v.c.texts.Say(v.lang, "doors.kind")
	}
	return v.c.texts.Say(v.lang, "doors.kind.other", text.Blank{Name: "kind", Value: kind})
}

// callList is a table of refused calls.
type callList struct {
	Page  frame
	Calls []api.RefusedCall
	Label string // a key
}

// List is what the template of such a table is given.
func (doorsPage) List(page frame, calls []api.RefusedCall, label string) callList {
	return callList{page, calls, label}
}
