package console

import (
	"time"

	"github.com/ordermux/ordermux/internal/api"
)

// picture is how a shop's orders flowed, as bars: what was accepted upwards,
// what was delivered downwards from the same line.
type picture struct {
	Accepted, Delivered int64 // in all
	Most                int64 // of a minute: what the greatest bar stands for
	Bars                []bar
	From, To            string // hours and minutes
}

// bar is one minute. Places and lengths are in the picture's own units: each half
// is half high.
type bar struct {
	X, Up, Y, Down  int
	Accepted, Given int64
}

// The measures of the picture, which pages/overview.html knows too.
const (
	half    = 40
	barStep = 10
)

// pictureOf draws a flow; nil: there is nothing to draw.
func pictureOf(f api.Flow, zone *time.Location) *picture {
	n := len(f.Minutes)
	if n == 0 {
		return nil
	}
	p := &picture{From: f.Minutes[0].At.In(zone).Format("15:04"), To: f.Minutes[n-1].At.In(zone).Format("15:04 -07:00")}
	for _, m := range f.Minutes {
		p.Accepted += m.Accepted
		p.Delivered += m.Delivered
		p.Most = max(p.Most, m.Accepted, m.Delivered)
	}
	for i, m := range f.Minutes {
		up, down := long(m.Accepted, p.Most), long(m.Delivered, p.Most)
		p.Bars = append(p.Bars, bar{X: i*barStep + 1, Up: up, Y: half - up, Down: down, Accepted: m.Accepted, Given: m.Delivered})
	}
	return p
}

// long is how long a bar is; what is not nothing is seen.
func long(n, most int64) int {
	if n <= 0 {
		return 0
	}
	return max(int(float64(n)/float64(most)*half), 2)
}
