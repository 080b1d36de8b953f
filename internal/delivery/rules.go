package delivery

import (
	"errors"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/rule"
)

// rules are a route's rules, compiled, with what its side declares. Never
// changed once made.
type rules struct {
	text     Rules
	name     string
	source   string // the name of the source that the route itself is
	door     string
	mode     partner.Mode
	start    int64
	when     *rule.Program
	lines    *rule.Program
	on       []order.Kind
	unless   []order.Kind
	confirms []order.Kind
	needs    []partner.Need
	invites  []string
	after    time.Duration
	at       time.Duration // since midnight; <0: any time
	zone     *time.Location
	maxAge   time.Duration // <=0: any
	public   bool
	personal bool // the route is of no use without the personal part
}

// compile checks the rules of a route.
func compile(route *Route) (*rules, error) {
	side, text := &route.Side, route.Rules
	r := &rules{
		text: text, name: route.Name, source: "route:" + route.Name, door: route.Door,
		mode: side.Mode, on: text.On, unless: text.Unless, confirms: side.Confirms,
		needs: side.Needs, invites: side.Invites,
		after: text.After, at: -1, zone: text.Location, maxAge: text.MaxAge,
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
	return r, errors.Join(r.compileTexts(), r.parseAt(), checkTrust(text.Trust))
}

func (r *rules) compileTexts() error {
	var err error
	if r.text.When != "" {
		if r.when, err = rule.Compile(rule.Order, r.text.When); err != nil {
			return fmt.Errorf("when: %w", err)
		}
	}
	if r.text.Lines != "" {
		if r.lines, err = rule.Compile(rule.Line, r.text.Lines); err != nil {
			return fmt.Errorf("lines: %w", err)
		}
	}
	return nil
}

func (r *rules) parseAt() error {
	if r.text.At == "" {
		return nil
	}
	t, err := time.Parse("15:04", r.text.At)
	if err != nil {
		return fmt.Errorf("at: %q is not an hour such as 09:00", r.text.At)
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

// invitesTo reports whether both invite to the same kind.
func (r *rules) invitesTo(kinds []string) bool {
	for _, a := range r.invites {
		for _, b := range kinds {
			if a == b {
				return true
			}
		}
	}
	return false
}
