package trustpilot_test

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/review"
)

// slowPeople has five orders and needs twenty seconds for each.
type slowPeople struct {
	now    *atomic.Int64
	erased []string
}

func (p *slowPeople) Find(_ context.Context, _, _ string, _ partner.Persons, after int64) ([]string, int64, error) {
	if after == 5 {
		return nil, 0, nil
	}
	p.now.Add(20)
	return []string{fmt.Sprintf("o-%d", after)}, after + 1, nil
}

func (p *slowPeople) Erase(_ context.Context, _ string, orders []string) error {
	p.erased = append(p.erased, orders...)
	return nil
}

// unchanged changes nothing.
func unchanged(*review.Link) {}
