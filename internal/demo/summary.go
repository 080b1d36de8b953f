package demo

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

// followed is the order that the summary shows from end to end: a real
// invoice with postage.
const followed = "536370"

// summary says what came in, what became of it and how long it took.
func (d *demo) summary(ctx context.Context, f *feed, j *judge, faults []string) error {
	fmt.Fprintln(d.out, "\nTaken, by door")
	table := tabwriter.NewWriter(d.out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  door\tcalls\torders\thappenings\trows of a file")
	for _, t := range f.taken {
		fmt.Fprintf(table, "  %s\t%d\t%d\t%d\t%s\n", t.Door, t.Calls, t.Orders, t.Happenings, dash(t.Rows))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	accepted, err := d.accepted(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(d.out, "\nDelivered, by route")
	fmt.Fprintln(table, "  route\tpartner\tdelivered\twaiting\tskipped\trefused\tp50\tlongest\tseen at the partner")
	for _, name := range []string{routeAds, routeHook, routeFrance, routeSweden, routeMail, routeLamps, routeChairs, routeMarket} {
		if err := d.route(ctx, table, name, accepted, j); err != nil {
			return err
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if err := d.listed(ctx, f); err != nil {
		return err
	}
	if err := d.follow(ctx); err != nil {
		return err
	}
	if err := d.sources(ctx); err != nil {
		return err
	}
	if err := d.parted(ctx); err != nil {
		return err
	}
	if err := d.marketed(ctx, f); err != nil {
		return err
	}
	d.verdict(j, faults)
	return nil
}

func second(_ string, n int) int { return n }

func dash(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// accepted returns when each subject was accepted.
func (d *demo) accepted(ctx context.Context) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	for o := (api.ListOptions{Limit: 500}); ; {
		page, err := d.api.Orders(ctx, shopID, o)
		if err != nil {
			return nil, err
		}
		for _, s := range page.Orders {
			out[s.ID] = s.Accepted
		}
		if o.Cursor = page.Next; o.Cursor == "" {
			return out, nil
		}
	}
}

// route writes one route's line.
func (d *demo) route(ctx context.Context, w io.Writer, name string, accepted map[string]time.Time, j *judge) error {
	counts, subjects := map[delivery.State]int64{}, map[string]bool{}
	var took []time.Duration
	for o := (api.ListOptions{Limit: 500, Route: name}); ; {
		page, err := d.api.Deliveries(ctx, shopID, o)
		if err != nil {
			return err
		}
		for _, row := range page.Deliveries {
			counts[row.State]++
			subjects[row.Order] = true
			if row.State == delivery.Delivered {
				took = append(took, row.Settled.Sub(accepted[row.Order]))
			}
		}
		if o.Cursor = page.Next; o.Cursor == "" {
			break
		}
	}
	slices.Sort(took)
	p50, longest := time.Duration(0), time.Duration(0)
	if n := len(took); n > 0 {
		p50, longest = took[n/2], took[n-1]
	}
	partner, seen := j.seen(name)
	_, err := fmt.Fprintf(w, "  %s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\t%d\n", name, partner, counts[delivery.Delivered], waiting(counts),
		len(accepted)-len(subjects), counts[delivery.Refused], round(p50), round(longest), seen)
	return err
}

func round(d time.Duration) string { return d.Round(time.Millisecond).String() }

// listed says what no partner, or not every partner, takes, and why.
func (d *demo) listed(ctx context.Context, f *feed) error {
	fmt.Fprintln(d.out, "\nKept, but not for everybody")
	table := tabwriter.NewWriter(d.out, 2, 0, 2, ' ', 0)
	show := func(id, why string) error {
		state, err := d.api.Order(ctx, shopID, id)
		if err != nil {
			return err
		}
		for _, v := range state.Skipped {
			if v.Route != routeAds && v.Route != routeHook {
				continue // platforms of reviews take none of these
			}
			fmt.Fprintf(table, "  %s\t%s\tskipped: %s\n", id, why, v.Reason)
		}
		for _, r := range state.Deliveries {
			if r.State == delivery.Held {
				fmt.Fprintf(table, "  %s\t%s\t%s waits for: %s\n", id, why, r.Route, r.Reason)
			}
		}
		return nil
	}
	for _, w := range f.want {
		why := w.Why
		if w.Public {
			why = "came with a publishable key"
		}
		if why == "" {
			continue
		}
		if err := show(w.ID, why); err != nil {
			return err
		}
	}
	for _, e := range f.events {
		if err := show(e.OrderID, e.Why); err != nil {
			return err
		}
	}
	return table.Flush()
}

// follow shows one order from end to end.
func (d *demo) follow(ctx context.Context) error {
	s, err := d.api.Order(ctx, shopID, followed)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "\nOrder %s from end to end\n", followed)
	for _, e := range s.Events {
		fmt.Fprintf(d.out, "  in   %s  seq %d, %s by %s, %s\n", stamp(e.At), e.Seq, e.Kind, e.Source, describe(e.Order))
	}
	for _, r := range s.Deliveries {
		fmt.Fprintf(d.out, "  out  %s  %s: %s at attempt %d\n", stamp(r.Settled), r.Route, r.State, r.Attempt)
		for _, c := range r.Calls {
			for _, x := range c.Exchanges {
				fmt.Fprintf(d.out, "       %s %s, %d orders, %d ms: %d %s\n", x.Method, x.URL, c.Tasks, x.Milliseconds, x.Status, short(x.ResponseBody))
			}
		}
	}
	return d.asked(ctx)
}

// asked shows what the partners themselves say of the followed order.
func (d *demo) asked(ctx context.Context) error {
	said, err := get(ctx, d.sandbox+"/citrusad/v1/orders/"+followed, sandboxKey)
	if err != nil {
		fmt.Fprintf(d.out, "  asked at %s: %v\n", routeAds, err)
	} else {
		text, err := io.ReadAll(said)
		if err != nil {
			return err
		}
		fmt.Fprintf(d.out, "  asked at %s: %s\n", routeAds, short(string(text)))
	}
	list, err := Received(ctx, d.receiver)
	if err != nil {
		return err
	}
	for _, m := range list {
		if m.OrderID == followed {
			fmt.Fprintf(d.out, "  asked at %s: %s as %s, %s\n", routeHook, m.Type, m.ID, describe(m.Order))
		}
	}
	return nil
}

// sources shows who said what of the order that came by three doors.
func (d *demo) sources(ctx context.Context) error {
	s, err := d.api.Order(ctx, shopID, threeDoors)
	if err != nil {
		return err
	}
	said := map[string][]string{}
	for group, source := range s.From {
		said[source] = append(said[source], string(group))
	}
	fmt.Fprintf(d.out, "\nOrder %s came by three doors and is one order\n", threeDoors)
	for _, source := range slices.Sorted(maps.Keys(said)) {
		slices.Sort(said[source])
		fmt.Fprintf(d.out, "  said by %s: %s\n", source, strings.Join(said[source], ", "))
	}
	for _, r := range s.Deliveries {
		fmt.Fprintf(d.out, "  out  %s: %s\n", r.Route, r.State)
	}
	return nil
}

// parted shows the order whose lines two wholesalers send.
func (d *demo) parted(ctx context.Context) error {
	s, err := d.api.Order(ctx, shopID, lampAndChair)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "\nOrder %s is sent by two wholesalers\n", lampAndChair)
	for _, r := range s.Deliveries {
		if r.Route == routeLamps || r.Route == routeChairs {
			fmt.Fprintf(d.out, "  out  %s: %s %s\n", r.Route, r.State, cmp.Or(r.Ref, r.Reason))
		}
	}
	for _, e := range s.Events {
		if e.Kind == order.KindShipped && e.Happening != nil && e.Happening.Parcel != nil {
			fmt.Fprintf(d.out, "  in   %s by %s: parcel %s\n", e.Kind, e.Source, e.Happening.Parcel.Number)
		}
	}
	return nil
}

// seen returns the partner of a route, and how much was seen there.
func (j *judge) seen(route string) (partner string, n int) {
	switch route {
	case routeAds:
		return "citrusad", len(j.ads)
	case routeHook:
		return "webhook", len(j.hook) + len(j.refs)
	}
	if route == routeLamps || route == routeChairs {
		for key := range j.sent {
			if strings.HasPrefix(key, route+" ") {
				n++
			}
		}
		return "idosell", n
	}
	if route == routeMarket {
		return marketName, len(j.market)
	}
	for _, by := range j.invited {
		if by == route {
			n++
		}
	}
	return map[string]string{routeFrance: "skeepers", routeSweden: "trustpilot", routeMail: "mail"}[route], n
}

func stamp(t time.Time) string { return t.Local().Format("15:04:05.000") }

func describe(o *order.Order) string {
	if o == nil {
		return "without a statement"
	}
	text := fmt.Sprintf("%d lines", len(o.Lines))
	if o.Totals != nil {
		text += fmt.Sprintf(", %s %s", o.Totals.Total, o.Currency)
	}
	return text
}

// short shows the beginning of an answer on one line.
func short(body string) string {
	const most = 100
	body = strings.Join(strings.Fields(body), " ")
	if len(body) > most {
		return strings.ToValidUTF8(body[:most], "") + " …"
	}
	return body
}

// verdict says what the partners themselves have.
func (d *demo) verdict(j *judge, faults []string) {
	total := order.FromInt(0, 2)
	for _, w := range j.want {
		if w.Total.IsSet() && j.hook[w.ID] {
			total = total.Add(w.Total)
		}
	}
	fmt.Fprintf(d.out, "\nAsked themselves, the sandbox has %d orders and the receiver %d orders and %d happenings, line by line as they were taken; the order book sums up to %s GBP.\n",
		len(j.ads), len(j.hook), len(j.refs), total)
	fmt.Fprintf(d.out, "%d customers were invited to review, each once: %d by Skeepers, %d by Trustpilot, %d by our own mail.\n", len(j.invited),
		second(j.seen(routeFrance)), second(j.seen(routeSweden)), second(j.seen(routeMail)))
	fmt.Fprintf(d.out, "%d parcels were sent by the wholesaler, and their numbers came back: %d by webhook, %d by asking.\n", len(j.sent),
		second(j.seen(routeLamps)), second(j.seen(routeChairs)))
	fmt.Fprintf(d.out, "Of the marketplace, %d of %d things came through both ways: its orders, a price and a promotion.\n", len(j.market), len(j.born)+2)
	if len(faults) > 0 {
		fmt.Fprintf(d.out, "%d are missing.\n", len(faults))
	}
}
