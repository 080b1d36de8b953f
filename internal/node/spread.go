package node

import (
	"cmp"
	"maps"
	"slices"
)

// situation is what a node knows when it thinks about the spread.
type situation struct {
	me      Member
	members []Member          // all rows
	table   map[string]Owner  // all shops
	known   func(string) bool // is it a shop of this node's configuration?
}

// plan is what a node does towards an even spread.
type plan struct {
	take []Owner        // nobody's, or an ended node's
	give map[string]int // how many shops to which node
	drop []string       // shops that are not configured here any more
	// givers is how many nodes give at the same time.
	givers int
	alone  bool // this node leaves, and no other one could have its shops
	more   bool // the next look sees more
}

// spread computes a node's part of an even spread: counts within one of each
// other. All nodes that know the same shops compute the same, from the same
// rows; rows that changed meanwhile make a statement miss, and one looks again.
// Nodes that know other shops (a new configuration goes round) are left alone.
func spread(s situation) plan {
	var p plan
	group, alive := s.group()
	counts, free, mine := map[string]int{}, []Owner{}, 0
	for _, o := range s.table {
		counts[o.Node]++
		switch {
		case o.Node == s.me.ID:
			mine++
			if !s.known(o.Shop) {
				p.drop = append(p.drop, o.Shop)
			}
		case !alive[o.Node] && s.known(o.Shop):
			free = append(free, o)
		}
	}
	if len(group) == 0 {
		p.alone = true
		return p
	}
	slices.SortFunc(free, func(a, b Owner) int { return cmp.Compare(a.Shop, b.Shop) })
	outgoing := 0
	if s.me.Leaving {
		outgoing = mine
	}
	lacking, surplus := lacks(group, counts, len(free)+outgoing)
	if s.me.Leaving {
		p.give, p.givers = lacking, 1
		return p
	}
	// Free shops fill what is lacking first, in the sequence of ids, then those
	// of nodes that have too many.
	rest := free
	for _, id := range group {
		k := min(lacking[id], len(rest))
		if id == s.me.ID {
			p.take = rest[:k]
		}
		rest, lacking[id] = rest[k:], lacking[id]-k
	}
	p.give, p.givers = pair(group, lacking, surplus, s.me.ID)
	return p
}

// group returns the ids among which shops are spread, sorted: the living ones
// that stay and know the same shops; and which nodes are not dead.
func (s *situation) group() (group []string, alive map[string]bool) {
	alive = map[string]bool{}
	for _, m := range s.members {
		if !m.Ended.IsZero() {
			continue
		}
		alive[m.ID] = true
		leaving, set := m.Leaving, m.Set
		if m.ID == s.me.ID {
			leaving, set = s.me.Leaving, s.me.Set // its row may lag
		}
		if !leaving && set == s.me.Set {
			group = append(group, m.ID)
		}
	}
	slices.Sort(group)
	return group, alive
}

// lacks returns how many shops each node of a group has too few and too many,
// when more come. Those that have most get the odd ones.
func lacks(group []string, counts map[string]int, more int) (lacking, surplus map[string]int) {
	total := more
	for _, id := range group {
		total += counts[id]
	}
	byCount := slices.Clone(group)
	slices.SortStableFunc(byCount, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	lacking, surplus = map[string]int{}, map[string]int{}
	for i, id := range byCount {
		want := total / len(group)
		if i < total%len(group) {
			want++
		}
		lacking[id], surplus[id] = max(0, want-counts[id]), max(0, counts[id]-want)
	}
	return lacking, surplus
}

// pair says what one node gives of its surplus to those that lack, pairing both
// in the sequence of ids, and how many others give as well.
func pair(group []string, lacking, surplus map[string]int, me string) (give map[string]int, givers int) {
	give, lacking = map[string]int{}, maps.Clone(lacking)
	for _, from := range group {
		left := surplus[from]
		if left > 0 {
			givers++
		}
		for _, to := range group {
			k := min(left, lacking[to])
			if k == 0 {
				continue
			}
			left, lacking[to] = left-k, lacking[to]-k
			if from == me {
				give[to] = k
			}
		}
	}
	return give, givers
}
