package delivery

import (
	"context"
	"errors"
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
	err := readEvents(pl.r.shop.ctx, pl.r.e.log, pl.r.shop.id, seqs, func(it *ledger.Item) {
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
	s := subject{event: n.event, row: n.row, order: n.order, base: d.Base, taken: d.Planned, act: ActSend, own: true}
	j := decide(&pl.c.rules, s, pl.now)
	if j.action == send {
		row := *d
		row.Act, row.State, row.Due, row.Code, row.Reason = ActSend, Ready, pl.now, "", ""
		pl.b.change(Change{Row: row, From: d.State, Claims: j.invites})
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

// Replay sends again what was sent, as a new run; old proof stays. In the modes
// latest and once an order goes once, as it stands now.
func (e *Engine) Replay(ctx context.Context, shop, route string, f Filter, dry bool) (Acted, error) {
	s, done, err := e.command(shop)
	if err != nil {
		return Acted{}, err
	}
	defer done()
	r, err := s.route(route)
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
	begun := false
	for chunk := range slices.Chunk(all, page) {
		if err := r.ask(ctx, cmd, chunk); err != nil {
			return cmd.done, halfway(err, begun)
		}
		begun = !cmd.dry
	}
	return cmd.done, nil
}

// halfway is the error of a command of which a part is done: to ask for all of
// it elsewhere would do that part twice.
func halfway(err error, begun bool) error {
	if begun && errors.Is(err, ErrElsewhere) {
		return fmt.Errorf("done in part: %w", errMoved)
	}
	return err
}

// Send plans one order on one route now, past its rules of time but not its
// needs and unless.
func (e *Engine) Send(ctx context.Context, shop, route, orderID string, dry bool) (Verdict, error) {
	s, done, err := e.command(shop)
	if err != nil {
		return Verdict{}, err
	}
	defer done()
	r, st, err := e.routeAndOrder(ctx, s, route, orderID)
	if err != nil {
		return Verdict{}, err
	}
	cmd := &command{act: ActSend, dry: dry, mine: map[int64]bool{}}
	var v Verdict
	cmd.told = func(told Verdict) { v = told }
	err = r.ask(ctx, cmd, []wanted{{order: st.Row.First, seq: st.Row.Newest}})
	return v, err
}

func (e *Engine) routeAndOrder(ctx context.Context, s *shop, route, orderID string) (*runner, *ledger.State, error) {
	r, err := s.route(route)
	if err != nil {
		return nil, nil, err
	}
	if r.setup.Load() == nil {
		return nil, nil, errNotConfigured(r)
	}
	states, err := e.log.StatesByID(ctx, s.id, []string{orderID})
	if err != nil {
		return nil, nil, err
	}
	if states[0] == nil {
		return nil, nil, fmt.Errorf("order: %w", order.ErrNotFound)
	}
	return r, states[0], nil
}
