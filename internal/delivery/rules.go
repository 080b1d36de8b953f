package delivery

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/rule"
)

// rules are what judges the events of a route: the rules as configured, and
// the head when the route was added. Never changed once made.
type rules struct {
	*ruling
	start int64
}

// ruling is a route's rules, compiled, with what its side declares. Never
// changed once made; a hub may have very many, so what stands in the route is
// not kept twice.
type ruling struct {
	route    *Route
	mode     partner.Mode
	when     *rule.Program
	lines    *rule.Program
	unless   []order.Kind
	invites  []string
	at       time.Duration // since midnight; <0: any time
	zone     *time.Location
	maxAge   time.Duration // <=0: any
	public   bool
	personal bool // the route is of no use without the personal part
}

// programs are compiled expressions: equal texts share one.
type programs map[programKey]*rule.Program

type programKey struct {
	kind rule.Kind
	text string
}

// compile returns nil for an empty text.
func (p programs) compile(kind rule.Kind, text string) (*rule.Program, error) {
	if text == "" {
		return nil, nil
	}
	key := programKey{kind, text}
	if made := p[key]; made != nil {
		return made, nil
	}
	made, err := rule.Compile(kind, text)
	if err == nil {
		p[key] = made
	}
	return made, err
}

// compile checks the rules of a route.
func compile(route *Route, shared programs) (*ruling, error) {
	side, text := &route.Side, &route.Rules
	r := &ruling{
		route: route, mode: side.Mode, unless: text.Unless, invites: side.Invites,
		at: -1, zone: text.Location, maxAge: text.MaxAge,
		public: side.SkipTrust || text.Trust == "public", personal: needsPersonal(side),
	}
	if r.mode == "" {
		r.mode = partner.Each
	}
	if r.unless == nil && r.mode == partner.Once {
		r.unless = []order.Kind{order.KindCancelled, order.KindRefunded}
	}
	if r.maxAge == 0 {
		r.maxAge = side.MaxAge
	}
	if r.zone == nil {
		r.zone = time.UTC
	}
	if text.Unclaimed {
		r.invites = nil
	}
	return r, errors.Join(r.compileTexts(shared), r.parseAt(), checkTrust(text.Trust))
}

func (r *ruling) compileTexts(shared programs) error {
	var err error
	if r.when, err = shared.compile(rule.Order, r.route.Rules.When); err != nil {
		return fmt.Errorf("when: %w", err)
	}
	if r.lines, err = shared.compile(rule.Line, r.route.Rules.Lines); err != nil {
		return fmt.Errorf("lines: %w", err)
	}
	return nil
}

func (r *ruling) parseAt() error {
	at := r.route.Rules.At
	if at == "" {
		return nil
	}
	t, err := time.Parse("15:04", at)
	if err != nil {
		return fmt.Errorf("at: %q is not an hour such as 09:00", at)
	}
	r.at = time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	return nil
}

func checkTrust(s string) error {
	if s != "" && s != "public" {
		return fmt.Errorf("trust: %q is not public", s)
	}
	return nil
}

// invitesTo reports whether the route may invite to one of the kinds.
func (r *ruling) invitesTo(kinds []string) bool { return overlap(r.invites, kinds) }

// overlap reports whether both lists name the same kind of invitation.
func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(kind string) bool { return slices.Contains(b, kind) })
}
