package partnertest

import (
	"context"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

// reviews are those of Hub.Reviews, as a store answers.
type reviews struct{ h *Hub }

var _ review.Store = reviews{}

// Record keeps nothing: tests set Hub.Reviews.
func (r reviews) Record(string, review.Review) order.Effect { return noEffect{} }

type noEffect struct{}

func (noEffect) Apply(context.Context, any) error { return nil }

// List answers all that are about what the filter says, on one page.
func (r reviews) List(_ context.Context, _ string, f review.Filter) (page []review.Review, next string, err error) {
	for _, one := range r.h.Reviews {
		if f.About == "" || f.About == one.About {
			page = append(page, one)
		}
	}
	return page, "", nil
}

// Totals answers one sum for each value of ByAbout.
func (r reviews) Totals(_ context.Context, _ string, d review.Dimension, value, _, _ string) (list []review.Total, err error) {
	if d != review.ByAbout {
		return nil, nil
	}
	for _, about := range []string{order.AboutProduct, order.AboutShop} {
		t := review.Total{Value: about, Month: "2030-01"}
		for _, one := range r.h.Reviews {
			if one.About == about && one.Stars > 0 && !one.Deleted {
				t.Count++
				t.Stars += int64(one.Stars)
			}
		}
		if t.Count > 0 && (value == "" || value == about) {
			list = append(list, t)
		}
	}
	return list, nil
}
