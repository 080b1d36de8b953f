package console

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// lists are those of our API that a page hands on as a file, by their path below
// a shop's.
var lists = []string{
	"orders", "deliveries", "stuck", "reconcile", "products", "invitations", "reviews", "promotions", "jobs", "routes", "captures", "imports",
	"couriers", "checks/missing", "checks/backfill", "acts", "refused",
}

// listsShown are those that the page of exports offers.
var listsShown = []link{
	{"orders", "nav.orders"}, {"deliveries", "import.list.deliveries"}, {"products", "import.list.products"}, {"invitations", "nav.invitations"},
	{"reviews", "nav.reviews"}, {"promotions", "nav.promotions"}, {"routes", "nav.routes"}, {"stuck", "nav.stuck"},
	{"imports", "import.list.imports"}, {"captures", "nav.listening"}, {"refused", "refused.title"}, {"acts", "nav.audit"},
}

// formTypes are the forms that lists can be had in.
var formTypes = map[string]string{"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson; charset=utf-8"}

func sheetForm(q url.Values) string {
	if form := q.Get("format"); formTypes[form] != "" {
		return form
	}
	return "csv"
}

// daysToTimes makes the days of a form, which are the shop's, times. Error: errDay.
func daysToTimes(q url.Values, zone *time.Location) error {
	for name, after := range map[string]int{"since": 0, "until": 1} {
		text := q.Get(name)
		if _, err := time.Parse(time.RFC3339, text); err == nil || text == "" {
			continue
		}
		t, err := day(name, text, after, zone)
		if err != nil {
			return err
		}
		if after > 0 {
			t = t.Add(-time.Microsecond) // that day included
		}
		q.Set(name, t.Format(time.RFC3339Nano))
	}
	return nil
}

// downloadList hands a list of our API on as a file: a browser has no token. Its
// parameters are those of the API.
func (c *Console) downloadList(v *visit) error {
	list, q := v.PathValue("list"), v.URL.Query()
	if !slices.Contains(lists, list) {
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	form := sheetForm(q)
	shop, err := v.shop()
	if err != nil {
		return err
	}
	typed := importsPage{Since: q.Get("since"), Until: q.Get("until")}
	if field, ok := errors.AsType[errDay](daysToTimes(q, zoneOf(shop))); ok {
		typed.Error, typed.Field = "missing.baddate", string(field)
		return v.showImports(http.StatusUnprocessableEntity, typed)
	}
	for name, values := range q { // of a form that was left empty
		if name == "format" || len(values) == 1 && values[0] == "" {
			delete(q, name)
		}
	}
	name := v.PathValue("shop") + "-" + strings.ReplaceAll(list, "/", "-") + "." + form
	return v.download(name, formTypes[form], func(w io.Writer) error {
		return v.hub.Export(v.Context(), v.PathValue("shop"), list, form, q, w)
	})
}
