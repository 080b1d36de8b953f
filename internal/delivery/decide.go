package delivery

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// action is what the rules say of an event.
type action int8

const (
	send action = iota
	skip        // no row; reason says why
	hold        // a row that waits for the order to be completed
	wait        // a row that waits for until
)

func (a action) String() string { return [...]string{"send", "skip", "hold", "wait"}[a] }

// judgement is the answer of the rules.
type judgement struct {
	action action
	code   string // machine word of a skip, or "needs"
	reason string
	until  time.Time    // of wait
	order  *order.Order // what would be sent: lines filtered
	// invites are the claims of the delivery. Of an order that nobody stated it
	// is not known yet to what it invites.
	invites []string
}

// subject is what is judged: an order with the event that brought it up.
type subject struct {
	event *order.Event // nil: the order as it stands, whatever brought it up
	row   *ledger.Row
	order *order.Order // merged; nil: no source stated it
	base  time.Time    // the event's own time
	taken time.Time    // when we accepted the event
	act   Act
	own   bool // the route has considered the order before, or is told to: start and history do not matter
}

// decide judges an event for a route. It is pure: rules, event, order and the
// time say everything.
func decide(r *rules, s subject, now time.Time) judgement {
	if j, over := r.considers(&s); over {
		return j
	}
	return r.judge(&s, now, true)
}

func skipped(code, reason string) judgement {
	return judgement{action: skip, code: code, reason: reason}
}

// considers judges whether the event concerns the route at all.
func (r *rules) considers(s *subject) (judgement, bool) {
	if s.row.Subject.Kind != order.SubjectOrder {
		return skipped("subject", "not an order"), true
	}
	if s.act == ActSend {
		return judgement{}, false // somebody asks for this order
	}
	if e := s.event; e != nil {
		if j, over := r.considersEvent(s, e); over {
			return j, true
		}
	} else if on := r.route.Rules.On; len(on) > 0 && !slices.ContainsFunc(on, s.row.Kinds.Saw) {
		return skipped("on", "nothing happened that the route is for"), true
	}
	if s.own {
		return judgement{}, false
	}
	if s.row.History || s.event != nil && s.event.History {
		return skipped("history", "recorded as history: only a backfill sends it"), true
	}
	if s.row.First <= r.start {
		return skipped("before_start", "first seen before the route was added: only a backfill sends it"), true
	}
	return judgement{}, false
}

// cameFrom reports whether a route brought an event: it is never sent back there.
func cameFrom(e *order.Event, route string) bool {
	said, byRoute := strings.CutPrefix(e.Source.Name, "route:")
	return e.Origin == route || byRoute && said == route
}

func (r *rules) considersEvent(s *subject, e *order.Event) (judgement, bool) {
	if !r.brings(e.Kind, s.row) {
		return skipped("on", "not an event the route is for: "+string(e.Kind)), true
	}
	if cameFrom(e, r.route.Name) {
		return skipped("origin", "it came from this route"), true
	}
	door := r.route.Door
	if door != "" && strings.HasPrefix(e.Source.Name, door) && !slices.Contains(r.route.Side.Confirms, e.Kind) {
		return skipped("origin", "the door's own statement"), true
	}
	if e.Source.Public() && s.row.Stated && !s.row.Public {
		return skipped("public", "a publishable key said it of an order that a secret source stated"), true
	}
	return judgement{}, false
}

// brings reports whether events of the kind bring an order up. In mode once every
// event of an order does so, after one of the kinds asked for was seen.
func (r *rules) brings(k order.Kind, row *ledger.Row) bool {
	on := r.route.Rules.On
	if len(on) == 0 {
		return k != order.KindNote && k != order.KindErased
	}
	if slices.Contains(on, k) {
		return true
	}
	return r.mode == partner.Once && k != order.KindNote && slices.ContainsFunc(on, row.Kinds.Saw)
}

// judge judges the order as it stands: what planning and sending have in
// common. Timed is false for deliveries whose time has come already.
func (r *rules) judge(s *subject, now time.Time, timed bool) judgement {
	if j, over := r.admits(s, now); over {
		return j
	}
	if s.order == nil {
		if r.mode == partner.Each && r.when == nil && r.lines == nil && r.route.Side.Plan == nil && len(r.route.Side.Needs) == 0 {
			return judgement{action: send}
		}
		return judgement{action: hold, code: "needs", reason: "nobody has stated this order yet"}
	}
	if r.when != nil {
		ok, err := r.when.Order(s.order)
		if err != nil {
			return judgement{action: hold, code: "when", reason: "when: " + err.Error()}
		}
		if !ok {
			return skipped("when", "when: "+r.route.Rules.When)
		}
	}
	o, j, over := r.carried(s.order)
	if over {
		return j
	}
	plan, invites := partner.Plan{}, r.invites
	if r.route.Side.Plan != nil {
		plan = r.route.Side.Plan(o, s.base, s.taken)
		if plan.Skip != "" {
			return skipped(plan.Code, plan.Skip)
		}
		if plan.Invites != nil && len(invites) > 0 {
			invites = plan.Invites
		}
	}
	if lack := missing(r.route.Side.Needs, o); lack != "" {
		return judgement{action: hold, code: "needs", reason: "lacks: " + lack, order: o, invites: invites}
	}
	if timed && s.act != ActSend && s.act != ActRetry {
		if at := r.earliest(s.base, plan.At, now); at.After(now) {
			return judgement{action: wait, until: at, order: o, invites: invites}
		}
	}
	return judgement{action: send, order: o, invites: invites}
}

// admits judges what needs no look into the order: trust, what cancels, age.
func (r *rules) admits(s *subject, now time.Time) (judgement, bool) {
	if s.row.Public && !r.public {
		return skipped("trust", "known from a publishable key only"), true
	}
	if s.row.Erased && r.personal {
		return skipped("erased", "the personal part is erased"), true
	}
	for _, k := range r.unless {
		if s.row.Kinds.Has(k) {
			return skipped("unless", "unless: "+string(k)), true
		}
	}
	if r.maxAge > 0 && s.act != ActSend {
		placed := s.base
		if s.order != nil && !s.order.PlacedAt.IsZero() {
			placed = s.order.PlacedAt.Time()
		}
		if !placed.IsZero() && now.Sub(placed) > r.maxAge {
			return skipped("max_age", "older than "+days(r.maxAge)), true
		}
	}
	return judgement{}, false
}

// days writes a duration as people do: whole days as such.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == day:
		return "a day"
	case d > 0 && d%day == 0:
		return strconv.Itoa(int(d/day)) + " days"
	}
	return d.String()
}

// carried returns the order with the lines that the route carries.
func (r *rules) carried(o *order.Order) (*order.Order, judgement, bool) {
	if r.lines == nil || len(o.Lines) == 0 {
		return o, judgement{}, false
	}
	kept := make([]order.Line, 0, len(o.Lines))
	for i := range o.Lines {
		ok, err := r.lines.Line(o, &o.Lines[i])
		if err != nil {
			return nil, judgement{action: hold, code: "lines", reason: "lines: " + err.Error()}, true
		}
		if ok {
			kept = append(kept, o.Lines[i])
		}
	}
	switch len(kept) {
	case len(o.Lines):
		return o, judgement{}, false
	case 0:
		return nil, skipped("lines", "no line passes lines: "+r.route.Rules.Lines), true
	}
	c := *o
	c.Lines = kept
	return &c, judgement{}, false
}

// places returns where the lines stand that the route carries; nil: it carries
// all of them, or its rule can not be judged.
func (r *rules) places(o *order.Order) []int {
	if r.lines == nil {
		return nil
	}
	places := []int{}
	for i := range o.Lines {
		ok, err := r.lines.Line(o, &o.Lines[i])
		if err != nil {
			return nil
		}
		if ok {
			places = append(places, i)
		}
	}
	if len(places) == len(o.Lines) {
		return nil
	}
	return places
}

// earliest returns the first time at which the rules let the event go, not
// before now, nor before what the side wants: `after` counts from the event's
// own time; `at` opens the hour that it names, every day.
func (r *rules) earliest(base, wanted, now time.Time) time.Time {
	t := now
	if wanted.After(t) {
		t = wanted
	}
	if b := base.Add(r.route.Rules.After); r.route.Rules.After > 0 && b.After(t) {
		t = b
	}
	if r.at < 0 {
		return t
	}
	local := t.In(r.zone)
	y, m, d := local.Date()
	hour := func(day int) time.Time {
		return time.Date(y, m, day, int(r.at/time.Hour), int(r.at%time.Hour/time.Minute), 0, 0, r.zone)
	}
	for day := d - 1; ; day++ {
		open := hour(day)
		if t.Before(open) {
			return open
		}
		if t.Before(open.Add(time.Hour)) {
			return t
		}
	}
}

// eventTime is the event's own time: when its source says it happened, else
// when we accepted it.
func eventTime(e *order.Event) time.Time {
	switch {
	case e.Happening != nil && !e.Happening.At.IsZero():
		return e.Happening.At.Time()
	case e.Kind == order.KindPlaced && e.Statement != nil && !e.Statement.PlacedAt.IsZero():
		return e.Statement.PlacedAt.Time()
	}
	return e.At
}
