package console

import (
	"strconv"
	"time"

	"github.com/ordermux/ordermux/internal/capture"
)

// drawing is the picture of a speed report: how long each call took, by the time
// of day. Places are in units of its view box.
type drawing struct {
	Width, Height            int
	Left, Right, Top, Bottom int // edges of the field
	Across, Up               []gridLine
	Dots                     []dot
	Calls, Faults            int64
	Slowest                  string
	From, To                 string // times of day, with the offset
}

// gridLine is a line of the grid with what stands beside it.
type gridLine struct {
	At   string
	Text string
}

type dot struct {
	X, Y  string
	Fault bool
}

// draw makes the picture of a report; nil: there is nothing to be seen.
func draw(r *capture.Report, zone *time.Location) *drawing {
	if len(r.Points) == 0 {
		return nil
	}
	d := &drawing{Width: 900, Height: 300, Left: 80, Right: 860, Top: 15, Bottom: 265, Calls: r.Total.Calls, Faults: r.Total.Faults}
	from, to, most := r.Points[0].At, r.Points[0].At, 0.001
	for _, p := range r.Points {
		if p.At.Before(from) {
			from = p.At
		}
		if p.At.After(to) {
			to = p.At
		}
		most = max(most, p.MS)
	}
	span := max(to.Sub(from), time.Second)
	width, height := float64(d.Right-d.Left), float64(d.Bottom-d.Top)
	for _, p := range r.Points {
		d.Dots = append(d.Dots, dot{
			X: spot(float64(d.Left) + width*float64(p.At.Sub(from))/float64(span)), Y: spot(float64(d.Bottom) - height*p.MS/most), Fault: p.Fault,
		})
	}
	const parts = 4
	for i := range parts + 1 {
		share := float64(i) / parts
		d.Across = append(d.Across, gridLine{spot(float64(d.Left) + width*share), from.Add(time.Duration(share * float64(span))).In(zone).Format("15:04:05")})
		d.Up = append(d.Up, gridLine{spot(float64(d.Bottom) - height*share), took(most * share)})
	}
	d.Slowest, d.From, d.To = took(most), moment(from, zone), moment(to, zone)
	return d
}

func spot(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

// took writes milliseconds for people: three digits are enough.
func took(ms float64) string {
	if ms >= 1000 {
		return strconv.FormatFloat(ms/1000, 'g', 3, 64) + " s"
	}
	return strconv.FormatFloat(ms, 'g', 3, 64) + " ms"
}
