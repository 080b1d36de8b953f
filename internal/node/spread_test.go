package node

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestSpreadEndsEven: nodes that do their part one after the other, in any
// sequence, end with counts within one of each other, move no more than needed,
// and then rest.
func TestSpreadEndsEven(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var members []Member
		for i := range rapid.IntRange(1, 7).Draw(t, "nodes") {
			m := Member{ID: fmt.Sprintf("n%d", i), Set: "s"}
			if rapid.IntRange(0, 5).Draw(t, "ended") == 0 && i > 0 {
				m.Ended = time.Unix(1, 0)
			}
			if rapid.IntRange(0, 5).Draw(t, "leaving") == 0 && i > 0 {
				m.Leaving = true
			}
			members = append(members, m)
		}
		table := map[string]Owner{}
		for i := range rapid.IntRange(0, 60).Draw(t, "shops") {
			o := Owner{Shop: fmt.Sprintf("shop%d", i), Epoch: 1}
			if k := rapid.IntRange(-2, len(members)-1).Draw(t, "owner"); k >= 0 {
				o.Node = members[k].ID
			} else if k == -2 {
				o.Node = "gone"
			}
			table[o.Shop] = o
		}
		sequence := rapid.Permutation(members).Draw(t, "sequence")
		moves := 0
		for round := 0; ; round++ {
			if round > 3 {
				t.Fatalf("it does not come to rest: %v", table)
			}
			was := moves
			for _, m := range sequence {
				if m.Ended.IsZero() {
					moves += part(m, members, table)
				}
			}
			if moves == was {
				break
			}
		}
		evenly(t, members, table)
		if moves > len(table) {
			t.Fatalf("%d moves for %d shops", moves, len(table))
		}
	})
}

// part does what a plan says.
func part(me Member, members []Member, table map[string]Owner) (moves int) {
	p := spread(situation{me: me, members: members, table: table, known: func(string) bool { return true }})
	for _, o := range p.take {
		table[o.Shop] = Owner{Shop: o.Shop, Node: me.ID, Epoch: o.Epoch + 1}
		moves++
	}
	for to, k := range p.give {
		for shop, o := range table {
			if k > 0 && o.Node == me.ID {
				table[shop] = Owner{Shop: shop, Node: to, Epoch: o.Epoch + 1}
				k--
				moves++
			}
		}
	}
	return moves
}

func evenly(t *rapid.T, members []Member, table map[string]Owner) {
	counts := map[string]int{}
	for _, o := range table {
		counts[o.Node]++
	}
	low, high, sum := len(table), 0, 0
	for _, m := range members {
		k := counts[m.ID]
		if m.Ended.IsZero() && !m.Leaving {
			low, high, sum = min(low, k), max(high, k), sum+k
		} else if k > 0 {
			t.Fatalf("%+v owns %d", m, k)
		}
	}
	if high-low > 1 || sum != len(table) {
		t.Fatalf("not even: %v", counts)
	}
}

// TestSpreadAmongDifferentConfigurations gives nothing to who does not know it,
// and leaves nothing lying that somebody knows.
func TestSpreadAmongDifferentConfigurations(t *testing.T) {
	t.Parallel()
	members := []Member{{ID: "a", Set: "old"}, {ID: "b", Set: "new"}, {ID: "c", Set: "new"}}
	table := map[string]Owner{}
	for i := range 12 {
		o := Owner{Shop: fmt.Sprintf("shop%02d", i)}
		if i < 6 {
			o.Node = "a"
		}
		table[o.Shop] = o
	}
	known := func(old bool) func(string) bool {
		return func(shop string) bool { return old == (shop < "shop06") || !old && shop != "shop00" }
	}
	p := spread(situation{me: members[0], members: members, table: table, known: known(true)})
	if len(p.give)+len(p.take)+len(p.drop) != 0 {
		t.Errorf("the old one: %+v", p)
	}
	p = spread(situation{me: members[1], members: members, table: table, known: known(false)})
	if len(p.take) != 3 || len(p.give) != 0 {
		t.Errorf("a new one: %+v", p)
	}
	members[0].Set = "new"
	p = spread(situation{me: members[0], members: members, table: table, known: known(false)})
	if len(p.drop) != 1 || p.drop[0] != "shop00" {
		t.Errorf("the old one afterwards: %+v", p)
	}
	members[0].Leaving, members[0].Set = true, "old"
	if p = spread(situation{me: members[0], members: members, table: table, known: known(true)}); !p.alone || p.give != nil {
		t.Errorf("the old one that leaves: %+v", p)
	}
}
