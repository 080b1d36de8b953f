package ledger

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// The bounds of names, which come from the configuration and not from
// strangers: beyond them is a mistake of ours.
const (
	mostShop = 128
	mostName = 200
)

// check refuses what must not be stored. Paths begin with the entry's place
// ("[3].lines[0].total") if there are several.
func check(shop string, entries []order.Entry) error {
	if shop == "" || len(shop) > mostShop {
		return errors.New("append: not the id of a shop")
	}
	var faults []order.Fault
	for i := range entries {
		if err := checkEntry(&entries[i]); err != nil {
			return fmt.Errorf("append: entry %d: %w", i, err)
		}
		invalid := validate(&entries[i])
		if invalid == nil {
			continue
		}
		for _, f := range invalid.Faults {
			if len(entries) > 1 {
				f.Path = strings.TrimSuffix(fmt.Sprintf("[%d].%s", i, f.Path), ".")
			}
			faults = append(faults, f)
		}
	}
	if faults != nil {
		return &order.Invalid{Faults: faults}
	}
	return nil
}

// checkEntry finds the mistakes of our own code.
func checkEntry(e *order.Entry) error {
	switch {
	case (e.Statement == nil) == (e.Happening == nil):
		return errors.New("neither a statement nor a happening, or both")
	case e.Source.Name == "" || len(e.Source.Name) > mostName:
		return errors.New("no source")
	case e.Source.Rank < order.RankPublic || e.Source.Rank > order.RankOperator:
		return errors.New("a source without rank")
	case len(e.Origin) > mostName:
		return errors.New("the name of its origin is too long")
	case e.Statement != nil && e.Subject.Kind != order.SubjectOrder:
		return errors.New("a statement about something that is no order")
	case e.Statement != nil && e.Statement.Order.ID != e.Subject.ID:
		return errors.New("a statement of another order than its subject")
	case e.Happening != nil && e.Happening.Kind == order.KindErased:
		return errors.New("only Erase erases")
	}
	return nil
}

func validate(e *order.Entry) *order.Invalid {
	if invalid := order.ValidateSubject(e.Subject); invalid != nil {
		return invalid
	}
	if e.Statement != nil {
		return order.Validate(&e.Statement.Order)
	}
	return order.ValidateHappening(e.Happening)
}
