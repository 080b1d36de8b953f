package console

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// correctPage is where a person corrects an order: a form first, then the
// difference, then it is done.
type correctPage struct {
	ID       string
	Seq      int64 // the version of the order that he looks at
	Troubles []trouble
	Sets     []fieldset
	Notice   string        // key of a text: why nothing was done
	Faults   []order.Fault // about no field of the form

	Changes []change // the difference; none: the form is shown
}

// change is a field as it was and as it shall be.
type change struct {
	Path, Label string
	Line        int
	Was, Is     string
}

// correction shows the form.
func (c *Console) correction(v *visit) error {
	if !v.mayOperate() {
		return v.fail(http.StatusForbidden, "error.forbidden")
	}
	p, _, err := v.correctable()
	if err != nil {
		return err
	}
	return v.showCorrection(http.StatusOK, p)
}

func (v *visit) showCorrection(status int, p *correctPage) error {
	return v.show(status, "correct", "order.correct", p)
}

// correctable reads the order of the path, as it is and to be corrected: the
// page's fields write into p.
func (v *visit) correctable() (p *correctPage, o *correcting, err error) {
	state, err := v.hub.Order(v.Context(), v.PathValue("shop"), v.PathValue("id"))
	if err != nil {
		return nil, nil, err
	}
	was := state.Order
	if was == nil {
		was = &order.Order{ID: state.ID}
	}
	o = &correcting{was: was, is: was.Clone()}
	p = &correctPage{ID: state.ID, Seq: state.Seq, Troubles: troubles(&state), Sets: fieldsets(o.is)}
	about(p.Sets, p.Troubles)
	blame(p.Sets, nil)
	return p, o, nil
}

// correcting is an order as it is known, and as somebody wants it.
type correcting struct{ was, is *order.Order }

// difference names the fields that differ, and the groups that they are of.
func (o *correcting) difference(sets []fieldset) (out []change, groups []order.Group) {
	old := fieldsets(o.was.Clone())
	for _, path := range order.Diff(o.was, o.is) {
		g := order.GroupOf(path)
		if len(groups) == 0 || groups[len(groups)-1] != g {
			groups = append(groups, g)
		}
		is, was := find(sets, path), find(old, path)
		if is == nil || was == nil {
			continue
		}
		is.read()
		out = append(out, change{Path: path, Label: is.Label, Line: lineOf(path), Was: was.Value, Is: is.Value})
	}
	return out, groups
}

// lineOf is the line that a path is about, from 1; 0: none.
func lineOf(path string) int {
	var n int
	if order.GroupOf(path) == order.GroupLines {
		for _, r := range path[len("lines["):] {
			if r < '0' || r > '9' {
				break
			}
			n = n*10 + int(r-'0')
		}
		n++
	}
	return n
}

// correct shows the difference, and makes the correction when it was seen.
func (c *Console) correct(v *visit) error {
	if !v.mayOperate() { // the API would say so, too, but not to who only looks at the difference
		return v.fail(http.StatusForbidden, "error.forbidden")
	}
	p, o, err := v.correctable()
	if err != nil {
		return err
	}
	if err := v.ParseForm(); err != nil {
		return v.fail(http.StatusBadRequest, "error.title")
	}
	good := typed(p.Sets, v.PostForm)
	faults := faultsOf(invalid(o.is))
	p.Faults = blame(p.Sets, faults)
	if !good || len(faults) > 0 {
		return v.showCorrection(http.StatusUnprocessableEntity, p)
	}
	changes, groups := o.difference(p.Sets)
	for _, g := range groups {
		if !o.is.States(g) {
			p.Notice = "order.correct.emptied"
			return v.showCorrection(http.StatusUnprocessableEntity, p)
		}
	}
	switch {
	case len(changes) == 0:
		p.Notice = "order.correct.same"
		return v.showCorrection(http.StatusUnprocessableEntity, p)
	case v.PostForm.Get("seq") != strconv.FormatInt(p.Seq, 10):
		p.Notice = "order.correct.changed"
		return v.showCorrection(http.StatusConflict, p)
	case v.PostForm.Get("act") == "edit":
		return v.showCorrection(http.StatusOK, p)
	case v.PostForm.Get("act") != "do":
		p.Changes = changes
		return v.showCorrection(http.StatusOK, p)
	}
	return v.makeCorrection(p, o, groups)
}

// invalid is order.Validate without a nil that is none.
func invalid(o *order.Order) error {
	if bad := order.Validate(o); bad != nil {
		return bad
	}
	return nil
}

// makeCorrection states the changed groups anew, and tries again what had
// failed.
func (v *visit) makeCorrection(p *correctPage, o *correcting, groups []order.Group) error {
	wanted := &order.Order{ID: p.ID}
	for _, g := range groups {
		order.CopyGroup(wanted, g, o.is)
	}
	wire, err := json.Marshal(wanted)
	if err != nil {
		return err
	}
	shop := v.PathValue("shop")
	_, err = v.hub.CorrectSeen(v.Context(), shop, p.ID, wire, p.Seq)
	switch faults := faultsOf(err); {
	case errors.Is(err, order.ErrConflict):
		p.Notice = "order.correct.changed"
		return v.showCorrection(http.StatusConflict, p)
	case len(faults) > 0:
		p.Faults = blame(p.Sets, faults)
		return v.showCorrection(http.StatusUnprocessableEntity, p)
	case err != nil:
		return err
	}
	// Where the route sends what is newest, that goes out by itself.
	if _, err := v.hub.Retry(v.Context(), shop, api.Selection{Orders: []string{p.ID}, States: retried}); err != nil {
		return err
	}
	said := "order_corrected_only"
	if slices.ContainsFunc(p.Troubles, func(t trouble) bool { return slices.Contains(retried, t.is) }) {
		said = "order_corrected"
	}
	return v.done(shopPath(shop, "orders", p.ID), said, 0)
}
