package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner/all"
)

// inviter is a route that invites.
type inviter struct {
	name, when string
	on         []string
	kinds      []string
}

// first says which of two routes invites, the first of which stands before the
// other. The sequence decides only between routes that one event brings an
// order to: one that waits for a later event finds the customer invited.
func (i inviter) first(other inviter) string {
	if !slices.Equal(i.on, other.on) {
		return "they begin with different events (on), and the one whose event comes first invites"
	}
	return "of an order that passes both, " + i.name + " invites"
}

// invitedTwice returns a sentence for each two routes of a shop that may both
// want to invite an order's customer to the same. Only one of them does, so it
// is no mistake of the file, but it may not be the one that was meant.
func invitedTwice(cfg *config.Config) []string {
	var notes []string
	for _, id := range cfg.ShopOrder {
		var before []inviter
		for _, r := range cfg.Shops[id].Routes {
			p, _ := all.Find(r.Partner)
			side, err := buildSide(cfg, id, p, r)
			if err != nil || len(side.Invites) == 0 || r.Disabled {
				continue
			}
			now := inviter{r.Name, r.When, r.On, side.Invites}
			for _, earlier := range before {
				if same := shared(earlier, now); len(same) > 0 && !apart(earlier.when, now.when) {
					notes = append(notes, fmt.Sprintf("shops.%s.routes.%s: may invite to the same (%s) as %s, which stands before it: %s",
						id, r.Name, strings.Join(same, ", "), earlier.name, earlier.first(now)))
				}
			}
			before = append(before, now)
		}
	}
	return notes
}

// shared returns the kinds that both invite to.
func shared(a, b inviter) []string {
	return slices.DeleteFunc(slices.Clone(a.kinds), func(kind string) bool { return !slices.Contains(b.kinds, kind) })
}

// compared is a rule that compares one field with one text, and nothing else.
var compared = regexp.MustCompile(`^\s*([a-z_.]+)\s*(==|!=|startsWith)\s*"([^"\\]*)"\s*$`)

// apart reports whether no order can pass both rules, as far as that is plain
// to see: both compare one field with texts that exclude each other.
func apart(a, b string) bool {
	for _, x := range conditions(a) {
		for _, y := range conditions(b) {
			if x[1] == y[1] && (exclude(x, y) || exclude(y, x)) {
				return true
			}
		}
	}
	return false
}

// conditions returns the comparisons that all have to be true for a rule to be:
// each as what compared finds. In brackets another function may mean more.
func conditions(when string) (out [][]string) {
	parts := []string{when}
	if !strings.ContainsAny(strings.ReplaceAll(when, "has(", ""), "(|?") {
		parts = strings.Split(when, "&&")
	}
	for _, p := range parts {
		if c := compared.FindStringSubmatch(p); c != nil {
			out = append(out, c)
		}
	}
	return out
}

// exclude reports whether x being true makes y false.
func exclude(x, y []string) bool {
	is, value, other := x[2] == "==", x[3], y[3]
	switch y[2] {
	case "==":
		return is && value != other
	case "!=":
		return is && value == other
	case "startsWith":
		return is && !strings.HasPrefix(value, other) ||
			x[2] == "startsWith" && !strings.HasPrefix(value, other) && !strings.HasPrefix(other, value)
	}
	return false
}
