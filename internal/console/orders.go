package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
)

func (c *Console) ordersPlaces() []place {
	return []place{{at: "GET /shops/{shop}/orders", do: c.orders}}
}

// ordersPage is a page of the orders that are looked for, the newest first.
type ordersPage struct {
	Orders   []api.OrderSummary
	More     string // address of the next page; "": there is none
	Behind   int64  // events that the search does not know yet
	Form     findForm
	Bad      string // the field whose value can not be read; "": none
	Wrong    *api.Problem
	Download string // address of the same, whole; &format= follows
}

// findForm is what somebody looks for, as typed.
type findForm struct {
	Q, By    string
	From, To string // days of the shop: 2026-05-31
	Route    string
	State    string
	Cursor   string
}

// ordersShown is how many orders a page lists.
const ordersShown = 50

// findBy are what one can look by; the first looks by all of them.
var findBy = []string{"any", "id", "ref", "email", "sku", "parcel"}

// needsPerson is the state of a form that stands for all in which a delivery
// waits for somebody.
const needsPerson = "person"

// findStates are the states of a form.
var findStates = []string{
	needsPerson, string(delivery.Failed), string(delivery.Parked), string(delivery.Refused), string(delivery.Held), string(delivery.Retrying),
	string(delivery.Ready), string(delivery.Sending), string(delivery.AwaitingPartner), string(delivery.Asking),
	string(delivery.Delivered), string(delivery.Cancelled), string(delivery.Superseded), string(delivery.Dropped),
}

// Any reports whether anything is looked for.
func (f findForm) Any() bool { f.By, f.Cursor = "", ""; return f != findForm{} }

// Ways are what one can look by.
func (f findForm) Ways() []string { return findBy }

// States are what can be chosen.
func (f findForm) States() []string { return findStates }

// Narrow reports whether the part of the form is used that is folded away.
func (f findForm) Narrow() bool { return f.From+f.To+f.Route+f.State != "" }

func (v *visit) findForm() findForm {
	q := v.URL.Query()
	f := findForm{
		Q: strings.TrimSpace(q.Get("q")), By: q.Get("by"), From: q.Get("from"), To: q.Get("to"), Route: q.Get("route"), State: q.Get("state"), Cursor: q.Get("cursor"),
	}
	if !slices.Contains(findBy, f.By) {
		f.By = findBy[0]
	}
	if !slices.Contains(findStates, f.State) {
		f.State = ""
	}
	return f
}

// errDay is the error of a field that should be a day; its text is the field.
type errDay string

func (e errDay) Error() string { return string(e) + " is no day" }

// options are the form as the API is asked.
func (f findForm) options(zone *time.Location) (o api.ListOptions, err error) {
	o = api.ListOptions{Cursor: f.Cursor, Limit: ordersShown, Route: f.Route}
	switch f.By {
	case "id":
		o.Find.ID = f.Q
	case "ref":
		o.Find.Ref = f.Q
	case "email":
		o.Find.Email = f.Q
	case "sku":
		o.Find.Product = f.Q
	case "parcel":
		o.Find.Parcel = f.Q
	default:
		o.Find.Text = f.Q
	}
	switch f.State {
	case "":
	case needsPerson:
		o.States = []string{string(delivery.Failed), string(delivery.Parked), string(delivery.Refused)}
	default:
		o.States = []string{f.State}
	}
	if o.Since, err = day("from", f.From, 0, zone); err != nil {
		return o, err
	}
	if o.Until, err = day("to", f.To, 1, zone); err == nil && !o.Until.IsZero() {
		o.Until = o.Until.Add(-time.Microsecond)
	}
	return o, err
}

// day is the beginning of a day in a zone, or of one so many after it.
func day(field, text string, after int, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return t, errDay(field)
	}
	return t.AddDate(0, 0, after), nil
}

// query is the form as an address holds it.
func (f findForm) query(cursor string) string {
	q := url.Values{}
	for name, value := range map[string]string{"q": f.Q, "from": f.From, "to": f.To, "route": f.Route, "state": f.State, "cursor": cursor} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.Q != "" && f.By != findBy[0] {
		q.Set("by", f.By)
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func (c *Console) orders(v *visit) error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	form := v.findForm()
	p := ordersPage{Form: form}
	o, err := form.options(zoneOf(shop))
	var list api.Orders
	if err == nil {
		list, err = v.hub.Orders(v.Context(), shop.ID, o)
	}
	var notDay errDay
	var problem *api.Problem
	switch {
	case errors.As(err, &notDay):
		p.Bad = string(notDay)
		return v.show(http.StatusUnprocessableEntity, "orders", "orders.title", p)
	case errors.As(err, &problem) && problem.Status == http.StatusBadRequest:
		p.Wrong = problem
		return v.show(http.StatusUnprocessableEntity, "orders", "orders.title", p)
	case err != nil:
		return err
	}
	p.Orders, p.Behind = list.Orders, list.Behind
	o.Cursor, o.Limit = "", 0
	p.Download = v.listFile("orders", o.Values())
	if list.Next != "" {
		p.More = v.URL.Path + form.query(list.Next)
	}
	return v.show(http.StatusOK, "orders", "orders.title", p)
}
