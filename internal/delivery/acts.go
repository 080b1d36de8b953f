package delivery

import (
	"context"
	"fmt"
	"slices"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// wanted is a delivery that a command asks for.
type wanted struct {
	order, seq int64
	old        *Delivery // retried by it
}

// command plans deliveries of one route by a person's word.
type command struct {
	act  Act
	dry  bool
	mine map[int64]bool // orders that this command planned: not those that others have
	done Acted
	told func(Verdict) // nil, or hears of every verdict
}

func (cmd *command) tell(verdicts []Verdict) {
	for i := range verdicts {
		cmd.done.add(verdicts[i], cmd.dry)
		if cmd.told != nil {
			cmd.told(verdicts[i])
		}
	}
}

// ask plans a chunk in the runner's goroutine.
func (r *runner) ask(ctx context.Context, cmd *command, chunk []wanted) error {
	return r.do(ctx, func() error {
		c := r.setup.Load()
		if c == nil {
			return errNotConfigured(r)
		}
		if c.route.Side.Deliver == nil {
			return fmt.Errorf("route %s of shop %s delivers nothing", r.name, r.shop.id)
		}
		pl := &planner{r: r, c: c, b: r.bundle(), p: &plan{batch: 1}, now: r.e.now()}
		verdicts, err := pl.command(cmd, chunk)
		if err != nil {
			return err
		}
		if cmd.dry {
			cmd.tell(verdicts)
			return nil
		}
		if err := r.commit(pl.b); err != nil {
			return err
		}
		r.retract(pl.b, verdicts)
		cmd.tell(verdicts)
		r.mark()
		return nil
	})
}

// command decides a chunk; the rows are added to the draft.
func (pl *planner) command(cmd *command, chunk []wanted) ([]Verdict, error) {
	var orders, seqs []int64
	for _, w := range chunk {
		orders, seqs = append(orders, w.order), append(seqs, w.seq)
	}
	orders = unique(orders)
	if err := pl.view(orders); err != nil {
		return nil, err
	}
	if err := pl.load(orders); err != nil {
		return nil, err
	}
	pl.events = make(map[int64]*order.Event, len(seqs))
	err := readEvents(context.Background(), pl.r.e.log, pl.r.shop.id, seqs, func(it *ledger.Item) {
		pl.events[it.Event.Seq] = &it.Event
	})
	if err != nil {
		return nil, err
	}
	verdicts := make([]Verdict, 0, len(chunk))
	for _, w := range chunk {
		if v, ok := pl.want(cmd, w); ok {
			verdicts = append(verdicts, v)
		}
	}
	return verdicts, nil
}

// want decides one delivery that a command asks for.
func (pl *planner) want(cmd *command, w wanted) (Verdict, bool) {
	st, event := pl.states[w.order], pl.events[w.seq]
	if st == nil || event == nil {
		return Verdict{}, false
	}
	rows := pl.b.view[w.order]
	n := candidate{
		event: event, row: &st.Row, order: st.Merged.Order, own: true,
		act: cmd.act, run: nextRun(rows, w.seq), replaces: w.old,
	}
	n.rows = slices.DeleteFunc(slices.Clone(rows), func(d Delivery) bool {
		return w.old != nil && d.Key() == w.old.Key()
	})
	if w.old != nil {
		if now := findKey(rows, w.old.Key()); now == nil || now.State != w.old.State {
			return Verdict{}, false // somebody was faster
		}
	}
	if cmd.act == ActBackfill && !cmd.mine[w.order] && has(n.rows) {
		return Verdict{}, false
	}
	if cmd.act == ActSend {
		if v, ok := pl.hurry(cmd, &n); ok {
			return v, true
		}
	}
	j := pl.consider(&n)
	if j.action != skip {
		cmd.mine[w.order] = true
	}
	return pl.verdict(&n, j, cmd.dry), true
}

// has reports whether the order has an open or successful delivery.
func has(rows []Delivery) bool {
	return slices.ContainsFunc(rows, func(d Delivery) bool { return d.State == Delivered || !d.State.Closed() })
}

// hurry lets a delivery go now that waits already.
func (pl *planner) hurry(cmd *command, n *candidate) (Verdict, bool) {
	d := find(n.rows, Ready, Held, Retrying)
	if d == nil {
		return Verdict{}, false
	}
	s := subject{event: n.event, row: n.row, order: n.order, base: d.Base, act: ActSend, own: true}
	j := decide(pl.c.rules, s, pl.now)
	if j.action == send {
		row := *d
		row.Act, row.State, row.Due, row.Code, row.Reason = ActSend, Ready, pl.now, "", ""
		pl.b.change(Change{Row: row, From: d.State, Claims: pl.reclaims(d)})
	}
	return pl.verdict(n, j, cmd.dry), true
}

func (pl *planner) verdict(n *candidate, j judgement, body bool) Verdict {
	v := Verdict{
		Route: pl.r.name, OrderID: n.row.Subject.ID, Seq: n.event.Seq,
		Action: j.action.String(), Code: j.code, Reason: j.reason,
	}
	if j.action == wait {
		v.Reason = "until " + j.until.In(pl.c.rules.zone).Format("2006-01-02 15:04 -07:00")
	}
	if render := pl.c.route.Side.Render; body && render != nil && j.action == send {
		w := pl.workOf(n, j)
		text, err := render(w.task)
		if err != nil {
			v.Reason = "render: " + err.Error()
		}
		v.Body = text
	}
	return v
}

// retract takes back what a command could not have: the invitation is another
// route's.
func (r *runner) retract(b *draft, verdicts []Verdict) {
	for i := range b.Changes {
		c := &b.Changes[i]
		if c.Answer != Taken {
			continue
		}
		for k := range verdicts {
			if verdicts[k].Seq == c.Row.Seq {
				verdicts[k].Action, verdicts[k].Code, verdicts[k].Reason = skip.String(), "claimed", "invited by "+c.Owner
			}
		}
		for _, old := range b.replaced {
			if old.Order == c.Row.Order {
				r.follow = append(r.follow, Change{Row: old, From: Superseded})
			}
		}
	}
}

// Backfill plans a range that the route never considered; it can not send
// anything twice: orders that have an open or successful delivery on the route
// are left alone. Of the filter, the range and the order ids count.
func (e *Engine) Backfill(ctx context.Context, shop, route string, f Filter, dry bool) (Acted, error) {
	r, err := e.route(shop, route)
	if err != nil {
		return Acted{}, err
	}
	from, to, err := e.seqs(ctx, shop, &f)
	if err != nil {
		return Acted{}, err
	}
	numbers, err := e.numbers(ctx, shop, &f)
	if err != nil || to < 0 || len(f.OrderIDs) > 0 && len(numbers) == 0 {
		return Acted{}, err
	}
	head, err := e.log.Head(ctx, shop)
	if err != nil {
		return Acted{}, err
	}
	if to == 0 || to > head {
		to = head
	}
	cmd := &command{act: ActBackfill, dry: dry, mine: map[int64]bool{}}
	upTo, err := r.takeIn(ctx, max(from, 1), to, numbers, dry)
	if err != nil {
		return Acted{}, err
	}
	if !dry {
		ctx = context.WithoutCancel(ctx) // begun is begun: a half must not look like a whole
	}
	err = e.backfill(ctx, r, cmd, max(from, 1), min(to, upTo), numbers)
	return cmd.done, err
}

// takeIn marks the orders as the route's own, so that what happens to them
// later counts too. It returns the route's position.
func (r *runner) takeIn(ctx context.Context, from, to int64, numbers []int64, dry bool) (upTo int64, err error) {
	err = r.do(ctx, func() error {
		upTo = r.row.Position
		if r.setup.Load() == nil {
			return errNotConfigured(r)
		}
		if dry {
			return nil
		}
		add := []Range{{from, to}}
		if numbers != nil {
			add = nil
			for _, n := range numbers {
				add = append(add, Range{n, n})
			}
		}
		return r.save(func(row *RouteRow) { row.Backfilled = united(row.Backfilled, add) })
	})
	return upTo, err
}

// united joins ranges that touch.
func united(a, b []Range) []Range {
	all := append(slices.Clone(a), b...)
	slices.SortFunc(all, func(x, y Range) int { return int(min(max(x.From-y.From, -1), 1)) })
	var sum []Range
	for _, x := range all {
		if n := len(sum); n > 0 && x.From <= sum[n-1].To+1 {
			sum[n-1].To = max(sum[n-1].To, x.To)
			continue
		}
		sum = append(sum, x)
	}
	return sum
}

func (e *Engine) backfill(ctx context.Context, r *runner, cmd *command, from, to int64, numbers []int64) error {
	return e.eachEvent(ctx, r.shop.id, from-1, to, func(items []ledger.Item) (bool, error) {
		var chunk []wanted
		for i := range items {
			it := &items[i]
			c := r.setup.Load()
			if c == nil {
				return false, errNotConfigured(r)
			}
			if numbers != nil {
				if _, ok := slices.BinarySearch(numbers, it.Row.First); !ok {
					continue
				}
			}
			s := subject{event: &it.Event, row: &it.Row, own: true}
			if _, over := c.rules.considers(&s); over || c.rules.mode != partner.Each && cmd.mine[it.Row.First] {
				continue
			}
			chunk = append(chunk, wanted{order: it.Row.First, seq: it.Event.Seq})
		}
		if len(chunk) == 0 {
			return true, nil
		}
		return true, r.ask(ctx, cmd, chunk)
	})
}

// Replay sends again what was sent, as a new run; old proof stays. In the modes
// latest and once an order goes once, as it stands now.
func (e *Engine) Replay(ctx context.Context, shop, route string, f Filter, dry bool) (Acted, error) {
	r, err := e.route(shop, route)
	if err != nil {
		return Acted{}, err
	}
	c := r.setup.Load()
	if c == nil {
		return Acted{}, errNotConfigured(r)
	}
	f.Route = route
	if len(f.States) == 0 {
		f.States = []State{Delivered}
	}
	q, none, err := e.query(ctx, shop, &f)
	if err != nil || none {
		return Acted{}, err
	}
	all, err := e.replayed(ctx, q, c.rules.mode)
	if err != nil {
		return Acted{}, err
	}
	cmd := &command{act: ActReplay, dry: dry, mine: map[int64]bool{}}
	return e.askAll(ctx, r, cmd, all)
}

// replayed collects what is to be sent again, before anything of it is
// planned: a replay does not replay itself.
func (e *Engine) replayed(ctx context.Context, q Query, mode partner.Mode) ([]wanted, error) {
	newest := map[int64]int64{}
	seen := map[Key]bool{}
	var all []wanted
	err := e.eachDelivery(ctx, q, func(rows []Delivery) error {
		for i := range rows {
			d := &rows[i]
			k := Key{Order: d.Order, Seq: d.Seq}
			if mode != partner.Each {
				newest[d.Order] = max(newest[d.Order], d.Seq)
			} else if !seen[k] {
				seen[k] = true
				all = append(all, wanted{order: d.Order, seq: d.Seq})
			}
		}
		return nil
	})
	for o, seq := range newest {
		all = append(all, wanted{order: o, seq: seq})
	}
	slices.SortFunc(all, func(a, b wanted) int { return int(min(max(a.seq-b.seq, -1), 1)) })
	return all, err
}

// askAll plans in chunks, so that live traffic goes on between them.
func (e *Engine) askAll(ctx context.Context, r *runner, cmd *command, all []wanted) (Acted, error) {
	if !cmd.dry {
		ctx = context.WithoutCancel(ctx)
	}
	for chunk := range slices.Chunk(all, page) {
		if err := r.ask(ctx, cmd, chunk); err != nil {
			return cmd.done, err
		}
	}
	return cmd.done, nil
}

// Retry plans failed, parked or refused deliveries again as a new run.
func (e *Engine) Retry(ctx context.Context, shop string, f Filter, dry bool) (Acted, error) {
	if len(f.States) == 0 {
		f.States = []State{Failed, Parked, Refused}
	}
	for _, s := range f.States {
		if !s.Listed() && s != Dropped && s != Cancelled {
			return Acted{}, &order.Invalid{Faults: []order.Fault{{
				Path: "states", Code: order.Malformed, Reason: "deliveries in state " + string(s) + " can not be retried",
			}}}
		}
	}
	byRoute, err := e.byRoute(ctx, shop, &f)
	if err != nil {
		return Acted{}, err
	}
	var sum Acted
	for _, g := range byRoute {
		r, err := e.route(shop, g.route)
		if err != nil {
			return sum, err
		}
		all := make([]wanted, len(g.rows))
		for i := range g.rows {
			d := &g.rows[i]
			all[i] = wanted{order: d.Order, seq: d.Seq, old: d}
		}
		done, err := e.askAll(ctx, r, &command{act: ActRetry, dry: dry, mine: map[int64]bool{}}, all)
		sum.Count += done.Count
		sum.Verdicts = append(sum.Verdicts, done.Verdicts...)
		if err != nil {
			return sum, err
		}
	}
	return sum, nil
}

type ofRoute struct {
	route string
	rows  []Delivery
}

// byRoute collects the deliveries that match, oldest event first.
func (e *Engine) byRoute(ctx context.Context, shop string, f *Filter) ([]ofRoute, error) {
	q, none, err := e.query(ctx, shop, f)
	if err != nil || none {
		return nil, err
	}
	rows := map[string][]Delivery{}
	err = e.eachDelivery(ctx, q, func(list []Delivery) error {
		for _, d := range list {
			rows[d.Route] = append(rows[d.Route], d)
		}
		return nil
	})
	var all []ofRoute
	for route, list := range rows {
		slices.SortFunc(list, func(a, b Delivery) int {
			if before(&a, &b) {
				return -1
			}
			return 1
		})
		all = append(all, ofRoute{route, list})
	}
	slices.SortFunc(all, func(a, b ofRoute) int {
		if a.route < b.route {
			return -1
		}
		return 1
	})
	return all, err
}

// Drop closes open or listed deliveries; what is being sent is left alone.
func (e *Engine) Drop(ctx context.Context, shop string, f Filter, dry bool) (Acted, error) {
	if len(f.States) == 0 {
		f.States = []State{Ready, Held, AwaitingPartner, Retrying, Asking, Failed, Parked, Refused}
	}
	byRoute, err := e.byRoute(ctx, shop, &f)
	if err != nil {
		return Acted{}, err
	}
	var sum Acted
	for _, g := range byRoute {
		r, err := e.route(shop, g.route)
		if err != nil {
			return sum, err
		}
		if err := e.nameOrders(ctx, shop, g.rows[:min(len(g.rows), mostVerdicts)]); err != nil {
			return sum, err
		}
		for chunk := range slices.Chunk(g.rows, page) {
			if err := r.drop(ctx, chunk, dry, &sum); err != nil {
				return sum, err
			}
		}
	}
	return sum, nil
}

func (r *runner) drop(ctx context.Context, rows []Delivery, dry bool, sum *Acted) error {
	return r.do(ctx, func() error {
		b := r.bundle()
		c := r.setup.Load()
		for i := range rows {
			d := &rows[i]
			if d.State == Sending || d.State.Closed() && d.State != Refused {
				continue
			}
			v := Verdict{Route: r.name, OrderID: d.OrderID, Seq: d.Seq, Action: "drop", Code: d.Code, Reason: d.Reason}
			if dry {
				sum.add(v, true)
				continue
			}
			row := d.close(Dropped, b.Now)
			row.OrderID = ""
			if row.Code == "" {
				row.Code = "dropped"
			}
			change := Change{Row: row, From: d.State, Release: c == nil}
			if c != nil {
				r.giveUp(c, &change)
			}
			b.change(change)
		}
		n := len(b.Changes)
		if err := r.commit(b); err != nil {
			return err
		}
		for i := range b.Changes[:n] {
			if b.Changes[i].Answer == Done {
				sum.Count++
			}
		}
		return nil
	})
}

// Send plans one order on one route now, past its rules of time but not its
// needs and unless.
func (e *Engine) Send(ctx context.Context, shop, route, orderID string, dry bool) (Verdict, error) {
	r, st, err := e.routeAndOrder(ctx, shop, route, orderID)
	if err != nil {
		return Verdict{}, err
	}
	cmd := &command{act: ActSend, dry: dry, mine: map[int64]bool{}}
	var v Verdict
	cmd.told = func(told Verdict) { v = told }
	err = r.ask(ctx, cmd, []wanted{{order: st.Row.First, seq: st.Row.Newest}})
	return v, err
}

func (e *Engine) routeAndOrder(ctx context.Context, shop, route, orderID string) (*runner, *ledger.State, error) {
	r, err := e.route(shop, route)
	if err != nil {
		return nil, nil, err
	}
	if r.setup.Load() == nil {
		return nil, nil, errNotConfigured(r)
	}
	states, err := e.log.StatesByID(ctx, shop, []string{orderID})
	if err != nil {
		return nil, nil, err
	}
	if states[0] == nil {
		return nil, nil, fmt.Errorf("order: %w", order.ErrNotFound)
	}
	return r, states[0], nil
}
