package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
)

type orderCmd struct {
	ID     string `arg:"" help:"The shop's own order number." placeholder:"ID"`
	Bodies bool   `help:"Print the bodies of every call whole."`
	ofShop
	asJSON
}

// Run prints one order: state, sources, events, and its way out by each route.
func (c *orderCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	o, err := client.Order(ctx, shop, c.ID)
	if err != nil {
		return notFound(err, "order %s is not known at shop %s", c.ID, shop)
	}
	if c.JSON {
		return env.printJSON(o)
	}
	v := orderView{w: env.Out, o: o, bodies: c.Bodies}
	v.head()
	v.sources()
	v.timeline()
	v.routes()
	return nil
}

// orderView prints an order for people.
type orderView struct {
	w      io.Writer
	o      api.OrderState
	bodies bool
}

func (v *orderView) head() {
	words := []string{v.bold("order " + cell(v.o.ID))}
	if s := state(v.o.OrderSummary); s != "" {
		words = append(words, s)
	}
	if v.o.Order != nil {
		words = append(words, count(v.o.Lines, "line"))
	}
	if a := amount(v.o.OrderSummary); a != "" {
		words = append(words, a)
	}
	if v.o.Channel != "" {
		words = append(words, cell(v.o.Channel))
	}
	fmt.Fprintln(v.w, strings.Join(words, " · "))
	if !v.o.PlacedAt.IsZero() {
		fmt.Fprintf(v.w, "placed %s\n", v.o.PlacedAt)
	}
	if v.o.Order == nil {
		return
	}
	for _, l := range v.o.Order.Lines {
		fmt.Fprintf(v.w, "  %s\n", lineText(l))
	}
}

// lineText is a line for people, "2 × BON-250 Morning roast = 178.00": the
// parts that it has.
func lineText(l order.Line) string {
	words := []string{l.Quantity.String(), "×"}
	for _, s := range []string{cmp.Or(l.Product.Code, l.Product.SKU, l.Product.GTIN), short(l.Product.Name, 40)} {
		if s = cell(s); s != "" {
			words = append(words, s)
		}
	}
	if l.Kind != order.LineProduct {
		words = append(words, "("+cell(string(l.Kind))+")")
	}
	if l.Total.IsSet() {
		words = append(words, "=", l.Total.String())
	}
	return strings.Join(words, " ")
}

// sources tells which source each group of fields comes from.
func (v *orderView) sources() {
	bySource := map[string][]string{}
	for _, g := range slices.Sorted(maps.Keys(v.o.From)) {
		bySource[v.o.From[g]] = append(bySource[v.o.From[g]], string(g))
	}
	for _, s := range slices.Sorted(maps.Keys(bySource)) {
		fmt.Fprintf(v.w, "said by %s: %s\n", s, strings.Join(bySource[s], ", "))
	}
	for _, g := range slices.Sorted(maps.Keys(v.o.Differ)) {
		fmt.Fprintf(v.w, "%s: otherwise said by %s\n", g, strings.Join(v.o.Differ[g], ", "))
	}
}

// note is what an event says beside its kind.
func note(e api.Event) string {
	var words []string
	if h := e.Happening; h != nil {
		ref := h.Ref
		if h.Parcel != nil && (ref == h.Parcel.Number || ref == "parcel "+h.Parcel.Number) {
			ref = "" // the parcel is named below
		}
		for _, s := range []string{h.At.String(), ref, h.Reason} {
			if s != "" {
				words = append(words, s)
			}
		}
		if h.Parcel != nil {
			words = append(words, "parcel "+h.Parcel.Number)
		}
		if h.Amount.IsSet() {
			words = append(words, "amount "+h.Amount.String())
		}
	}
	if e.Kind == order.KindPlaced && e.History {
		words = append(words, "history")
	}
	if e.Erased {
		words = append(words, "erased")
	}
	return short(strings.Join(words, ", "), 200)
}

func (v *orderView) routes() {
	if len(v.o.Deliveries)+len(v.o.Skipped) == 0 {
		fmt.Fprintln(v.w, "\nno route carries this order")
		return
	}
	fmt.Fprintln(v.w, "\n"+v.bold("ROUTES (UTC)"))
	list := slices.Clone(v.o.Deliveries)
	slices.SortStableFunc(list, func(a, b api.Delivery) int {
		return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Run, b.Run))
	})
	for _, d := range list {
		v.delivery(d)
	}
	for _, s := range v.o.Skipped {
		fmt.Fprintf(v.w, "  %s: %s, %s\n", s.Route, s.Action, cell(cmp.Or(s.Reason, s.Code)))
	}
}

func (v *orderView) delivery(d api.Delivery) {
	fmt.Fprintf(v.w, "  %s: %s event #%d", d.Route, tinted(v.w, string(d.State)), d.Seq)
	if d.Run > 0 {
		fmt.Fprintf(v.w, ", run %d", d.Run)
	}
	if d.Attempt > 0 {
		fmt.Fprintf(v.w, ", %s", count(d.Attempt, "attempt"))
	}
	switch {
	case !d.Settled.IsZero():
		fmt.Fprintf(v.w, ", at %s", at(d.Settled))
	case !d.Due.IsZero():
		fmt.Fprintf(v.w, ", next %s", at(d.Due))
	}
	if d.Ref != "" {
		fmt.Fprintf(v.w, ", partner's number %s", cell(d.Ref))
	}
	fmt.Fprintln(v.w)
	if said := why(d); said != "" {
		fmt.Fprintf(v.w, "    %s\n", said)
	}
	v.part(d)
}

// why is a delivery's outcome, in a word and the partner's words: what there is.
func why(d api.Delivery) string {
	return cell(strings.Trim(d.Code+": "+d.Reason, ": "))
}

// part tells which lines of the order the route carries, where that is not all
// of them, and the parcels that its partner reported.
func (v *orderView) part(d api.Delivery) {
	for _, i := range d.Lines {
		if v.o.Order != nil && i >= 0 && i < len(v.o.Order.Lines) {
			fmt.Fprintf(v.w, "    carries %s\n", lineText(v.o.Order.Lines[i]))
		}
	}
	for _, e := range v.o.Events {
		if e.Source != "route:"+d.Route || e.Happening == nil || e.Happening.Parcel == nil {
			continue
		}
		p := e.Happening.Parcel
		words := []string{"parcel", cell(p.Number)}
		for _, s := range []string{p.Courier, p.TrackingURL} {
			if s != "" {
				words = append(words, cell(s))
			}
		}
		fmt.Fprintf(v.w, "    %s\n", strings.Join(words, " "))
	}
}

var (
	// soapBody finds what a SOAP message says; the end may be cut off.
	soapBody = regexp.MustCompile(`(?s)<(?:[\w-]+:)?Envelope\b.*?<(?:[\w-]+:)?Body(?:\s[^<>]*)?>(.*?)(?:</(?:[\w-]+:)?Body>.*)?$`)
	// soapTag is a tag with what is beside its name.
	soapTag = regexp.MustCompile(`<(/?)(?:[\w-]+:)?([\w-]+)(?:\s[^<>]*?)?(/?)>`)
)

// essence is what a SOAP message says, without what all of them begin with;
// other answers as they are.
func essence(body string) string {
	m := soapBody.FindStringSubmatch(body)
	if m == nil {
		return body
	}
	return strings.TrimSpace(soapTag.ReplaceAllString(m[1], "<$1$2$3>"))
}
