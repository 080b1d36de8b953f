package console

import (
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/promotion"
)

// promotionPlan is the picture of which promotions run when: a bar for each.
// Places are in units of its view box.
type promotionPlan struct {
	Width, Height, Bottom int
	Bars                  []planBar
	Days                  []gridLine
	Now                   string // "": outside
}

type planBar struct {
	Title, X, Wide string
	TextY, Y       int
	State          promotion.State
	From, To       string // with the offset
}

// The plan shows at most so much around now, and so many bars.
const (
	planBefore = 14 * 24 * time.Hour
	planAfter  = 60 * 24 * time.Hour
	planBars   = 12
	planRow    = 36
	planWidth  = 900
)

// planOf draws those of the list that are not over since long; nil: there are
// none.
func planOf(list []promotionRow, now time.Time, zone *time.Location) *promotionPlan {
	first, last := now.Add(-planBefore), now.Add(planAfter)
	var shown []promotionRow
	for _, p := range list {
		if p.End.Time().After(first) && p.Start.Time().Before(last) && len(shown) < planBars {
			shown = append(shown, p)
		}
	}
	if len(shown) == 0 {
		return nil
	}
	slices.SortStableFunc(shown, func(a, b promotionRow) int { return a.Start.Time().Compare(b.Start.Time()) })
	from, to := now, now
	for _, p := range shown {
		from, to = earlier(from, p.Start.Time()), later(to, p.End.Time())
	}
	from, to = later(from, first), earlier(to, last)
	x := func(t time.Time) float64 {
		return planWidth * min(max(float64(t.Sub(from))/float64(max(to.Sub(from), time.Minute)), 0), 1)
	}
	d := &promotionPlan{Width: planWidth, Bottom: len(shown) * planRow, Height: len(shown)*planRow + 24, Now: spot(x(now))}
	for i, p := range shown {
		start := x(p.Start.Time())
		d.Bars = append(d.Bars, planBar{
			Title: p.Title, X: spot(start), Wide: spot(max(x(p.End.Time())-start, 2)), TextY: i*planRow + 14, Y: i*planRow + 19, State: p.State,
			From: moment(p.Start.Time(), zone), To: moment(p.End.Time(), zone),
		})
	}
	const parts = 5
	for i := range parts {
		at := from.Add(to.Sub(from) * time.Duration(2*i+1) / (2 * parts))
		d.Days = append(d.Days, gridLine{spot(x(at)), at.In(zone).Format("01-02")})
	}
	return d
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
