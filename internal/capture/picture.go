package capture

import (
	"fmt"
	"html"
	"strings"
	"time"
)

// The picture's measures.
const (
	pictureWidth, pictureHeight = 900, 320
	left, right, above, below   = 70, 15, 30, 40
	mostPoints                  = 4000
)

// Picture draws time against time of day, a dot for each call, as SVG. Of very
// many calls it shows, per spot, the slowest ones.
func (r *Report) Picture() string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n",
		pictureWidth, pictureHeight, pictureWidth, pictureHeight)
	fmt.Fprintf(&b, `<title>%s</title><rect width="100%%" height="100%%" fill="#fff"/>`+"\n", html.EscapeString("Time of the calls of "+r.Capture.subject()))
	from, to := r.Capture.Started, r.Capture.Until
	most := time.Millisecond
	for _, p := range r.points {
		most = max(most, p.took)
		if p.start.After(to) {
			to = p.start
		}
		if p.start.Before(from) {
			from = p.start
		}
	}
	if r.Capture.Listening && len(r.points) > 0 { // the time to come is empty
		to = from
		for _, p := range r.points {
			if p.start.After(to) {
				to = p.start
			}
		}
	}
	span := max(to.Sub(from), time.Second)
	r.axes(&b, from, span, most)
	x := func(t time.Time) float64 {
		return left + float64(t.Sub(from))/float64(span)*(pictureWidth-left-right)
	}
	y := func(d time.Duration) float64 {
		return pictureHeight - below - float64(d)/float64(most)*(pictureHeight-above-below)
	}
	for _, p := range thin(r.points, from, span, mostPoints) {
		colour := "#2563eb"
		if p.fault {
			colour = "#dc2626"
		}
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="2" fill="%s" fill-opacity="0.6"/>`+"\n", x(p.start), y(p.took), colour)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// axes draws five lines each way.
func (r *Report) axes(b *strings.Builder, from time.Time, span, most time.Duration) {
	const parts = 4
	for i := range parts + 1 {
		px := left + float64(i)/parts*(pictureWidth-left-right)
		py := pictureHeight - below - float64(i)/parts*(pictureHeight-above-below)
		at := from.Add(span * time.Duration(i) / parts).UTC().Format("15:04:05")
		fmt.Fprintf(b, `<path d="M%.1f %d V%d M%d %.1f H%d" stroke="#ddd"/>`, px, above, pictureHeight-below, left, py, pictureWidth-right)
		fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`, px, pictureHeight-below+18, at)
		fmt.Fprintf(b, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", left-6, py+4, short(most*time.Duration(i)/parts))
	}
	fmt.Fprintf(b, `<text x="%d" y="18">time of each call; red: faults; hours in UTC, from %s</text>`+"\n", left, from.UTC().Format("2006-01-02"))
}

func short(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.3g ms", ms(d))
}

// thin keeps of too many points the slowest of each moment, faults apart.
func thin(points []point, from time.Time, span time.Duration, most int) []point {
	if len(points) <= most {
		return points
	}
	type spot struct {
		at    int64
		fault bool
	}
	slowest := map[spot]int{}
	var out []point
	for _, p := range points {
		k := spot{int64(float64(p.start.Sub(from)) / float64(span) * float64(most/2-1)), p.fault}
		if i, ok := slowest[k]; !ok {
			slowest[k] = len(out)
			out = append(out, p)
		} else if p.took > out[i].took {
			out[i] = p
		}
	}
	return out
}
