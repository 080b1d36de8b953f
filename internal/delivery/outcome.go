package delivery

import (
	"time"

	"github.com/ordermux/ordermux/internal/cause"
	"github.com/ordermux/ordermux/internal/partner"
)

// saw is an outcome with the circumstances that decide what follows.
type saw struct {
	partner.Outcome
	now     time.Time
	batch   int  // how many tasks the call had
	counted bool // false: the breaker holds the whole partner responsible
}

// code is the outcome's; of a refusal whose code is general and whose words are
// plain, one that names the cause.
func (s *saw) code() string {
	if s.Result != partner.ResultRefused {
		return s.Code
	}
	return cause.Refine(s.Code, s.Reason, s.Scope == partner.ScopeRoute)
}

// fate is what follows from an outcome.
type fate struct {
	row    Delivery
	halve  bool // send the batch again in halves
	blocks bool // the route stops
	keeps  bool // its claims, though it was not delivered
}

// delivered settles a row that was sent: d.Attempt is the attempt it was.
func (p *policy) delivered(d Delivery, s saw) fate {
	d.Code, d.Reason = s.code(), s.Reason
	if s.Ref != "" {
		d.Ref = s.Ref
	}
	switch {
	case s.Result == partner.ResultDelivered:
		return fate{row: d.close(Delivered, s.now)}
	case s.Result == partner.ResultPending:
		return fate{row: p.pending(d, s)}
	case s.Result == partner.ResultDeclined:
		return fate{row: d.close(Cancelled, s.now), keeps: true}
	case s.Result != partner.ResultRefused && s.Result != partner.ResultLater:
		return fate{row: p.unknown(d, s), blocks: s.Scope == partner.ScopeRoute}
	case s.Scope == partner.ScopeRoute:
		return fate{row: d.uncounted(Ready, s.now), blocks: true}
	case s.Result == partner.ResultLater:
		return fate{row: p.again(d, s)}
	case s.Scope == partner.ScopeBatch && s.batch > 1:
		return fate{row: d.uncounted(Ready, s.now), halve: true}
	}
	return fate{row: d.close(Refused, s.now)}
}

// looked settles a row that was asked about.
func (p *policy) looked(d Delivery, s saw) fate {
	// An answer that decides takes the place of why we asked, even without words.
	decides := s.Result == partner.ResultDelivered || s.Result == partner.ResultPending
	if decides || s.Reason != "" || s.Code != "" {
		d.Code, d.Reason = s.code(), s.Reason
	}
	if s.Ref != "" {
		d.Ref = s.Ref
	}
	switch {
	case s.Result == partner.ResultDelivered:
		return fate{row: d.close(Delivered, s.now)}
	case s.Result == partner.ResultPending:
		d.Absent = 0
		return fate{row: p.pending(d, s)}
	case s.Result == partner.ResultNotThere:
		return fate{row: p.absent(d, s)}
	case s.Scope == partner.ScopeRoute:
		d.Due = s.now
		return fate{row: d, blocks: true}
	case s.Result == partner.ResultRefused:
		return fate{row: d.close(Refused, s.now)}
	}
	return fate{row: p.untold(d, s)}
}

func (d Delivery) close(s State, now time.Time) Delivery {
	d.State, d.Due, d.Settled = s, time.Time{}, now
	return d
}

// uncounted takes the attempt back: it was not about this delivery.
func (d Delivery) uncounted(s State, due time.Time) Delivery {
	d.State, d.Due, d.Attempt = s, due, max(d.Attempt-1, 0)
	return d
}

func (p *policy) pending(d Delivery, s saw) Delivery {
	if !p.look {
		d.Reason = "accepted for later, and the partner can not be asked: " + s.Reason
		return d.close(Parked, s.now)
	}
	d.State = AwaitingPartner
	d.Due = s.now.Add(max(s.After, time.Second))
	return d
}

// again plans the next attempt, or ends a delivery that had enough of them.
func (p *policy) again(d Delivery, s saw) Delivery {
	if !s.counted {
		d = d.uncounted(Retrying, time.Time{})
		d.Due = s.now.Add(max(jitter(p.nominal(d.Attempt+1)), s.After))
		return d
	}
	pause, state := p.next(d.Attempt)
	if state != Retrying {
		return d.close(state, s.now)
	}
	d.State, d.Due = Retrying, s.now.Add(max(pause, s.After))
	return d
}

func (p *policy) unknown(d Delivery, s saw) Delivery {
	if d.Code == "" {
		d.Code = "unknown"
	}
	switch {
	case p.repeat == partner.RepeatSafe:
		return p.again(d, s)
	case p.repeat == partner.AskFirst && p.look:
		d.State, d.Due, d.Looks, d.Absent = Asking, s.now.Add(p.settle), 0, 0
		return d
	}
	return d.close(Parked, s.now)
}

// absent counts "not there". Only the second one, after another settling time,
// is believed: what left may arrive late.
func (p *policy) absent(d Delivery, s saw) Delivery {
	d.Absent++
	if d.Absent < 2 {
		d.State, d.Due = Asking, s.now.Add(p.settle)
		return d
	}
	if p.repeat == partner.RepeatNever {
		d.Reason = "the partner does not have it, and it is not sent again by itself"
		return d.close(Parked, s.now)
	}
	d.Looks, d.Absent = 0, 0
	s.counted = true // this answer is about the delivery
	return p.again(d, s)
}

// untold asks again later, and in the end a person.
func (p *policy) untold(d Delivery, s saw) Delivery {
	if s.counted {
		d.Looks++
	}
	if p.spent(d.Looks) > p.giveUp {
		d.Reason = "nobody can tell whether the partner has it: " + d.Reason
		return d.close(Parked, s.now)
	}
	d.Due = s.now.Add(max(p.settle, jitter(p.nominal(d.Looks+1)), s.After))
	return d
}
