package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
)

// moment is one point of an order's timeline: what was said to us, a call to a
// partner, what became of a delivery, what is to come.
type moment struct {
	at    time.Time
	who   string   // the route; "": it is an event of the order
	text  string   // one line
	below []string // the lines under it
	mark  string   // beside the line of time
}

// The marks beside the line of time.
const (
	markEvent = "●"
	markCall  = "├─"
	markEnd   = "├▶"
	markNext  = "┊"
)

// timeline draws everything that happened to the order, as it happened, and
// what is to come. Times are UTC.
func (v *orderView) timeline() {
	fmt.Fprintln(v.w, "\n"+v.bold("TIMELINE (UTC)"))
	now, next := v.past(), v.toCome()
	wide := 0
	for _, m := range append(slices.Clone(now), next...) {
		wide = max(wide, len([]rune(m.who)))
	}
	day := ""
	for _, m := range now {
		v.draw(m, &day, wide)
	}
	for _, m := range next {
		v.draw(m, &day, wide)
	}
}

// draw writes a moment; the day only where it is another than above.
func (v *orderView) draw(m moment, day *string, wide int) {
	when := at(m.at)
	d, clock, _ := strings.Cut(when, " ")
	if d == *day {
		d = strings.Repeat(" ", len(d))
	} else {
		*day = d
	}
	text := m.text
	if m.who != "" {
		text = m.who + strings.Repeat(" ", wide-len([]rune(m.who))) + "  " + text
	}
	fmt.Fprintf(v.w, "  %s %s %s\n", v.dim(d+" "+clock), pad(m.mark, 2), text)
	line := "│"
	if m.mark == markNext {
		line = markNext
	}
	for _, s := range m.below {
		fmt.Fprintf(v.w, "  %19s %s     %s\n", "", line, s)
	}
}

func pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-len([]rune(s)))) }

// past are the moments so far, as they came.
func (v *orderView) past() []moment {
	var all []moment
	for _, e := range v.o.Events {
		text := fmt.Sprintf("#%d %s by %s", e.Seq, e.Kind, cell(e.Source))
		if n := note(e); n != "" {
			text += ": " + n
		}
		all = append(all, moment{at: e.At, text: text, mark: markEvent})
	}
	type called struct {
		route string
		call  int64
	}
	told := map[called]bool{}
	for _, d := range v.o.Deliveries {
		for _, c := range d.Calls {
			if k := (called{d.Route, c.ID}); told[k] {
				continue // of a batch with several of this order
			} else {
				told[k] = true
			}
			for _, x := range c.Exchanges {
				all = append(all, v.attempt(d.Route, c, x))
			}
		}
		if !d.Settled.IsZero() {
			all = append(all, moment{at: d.Settled, who: cell(d.Route), text: v.outcome(d), mark: markEnd})
		}
	}
	// Of the same moment an event comes first, and a call before what came of it.
	slices.SortStableFunc(all, func(a, b moment) int { return a.at.Compare(b.at) })
	return all
}

// attempt is one call to a partner, and his words.
func (v *orderView) attempt(route string, c api.Call, x api.Exchange) moment {
	answer := fmt.Sprint(x.Status)
	if x.Status == 0 {
		answer = "no answer"
	}
	if x.Error != "" {
		answer += " (" + cell(x.Error) + ")"
	}
	if paints(v.w) {
		answer = paint(colourOfAnswer(x.Status), answer)
	}
	m := moment{at: x.At, who: cell(route), mark: markCall}
	m.text = fmt.Sprintf("%s %s → %s in %d ms", x.Method, cell(x.URL), answer, x.Milliseconds)
	if c.Tasks > 1 {
		m.text += fmt.Sprintf(", with %d deliveries", c.Tasks)
	}
	m.text += fmt.Sprintf(", call %d", c.ID)
	switch {
	case v.bodies:
		m.below = []string{"> " + cell(x.RequestBody), "< " + cell(x.ResponseBody)}
	case x.ResponseBody != "":
		m.below = []string{"they said: " + short(essence(x.ResponseBody), 200)}
	}
	return m
}

func colourOfAnswer(status int) string {
	switch {
	case status >= 200 && status < 300:
		return green
	case status == 0 || status >= 500:
		return yellow
	}
	return red
}

// outcome is what became of a delivery.
func (v *orderView) outcome(d api.Delivery) string {
	text := fmt.Sprintf("%s event #%d", tinted(v.w, string(d.State)), d.Seq)
	if d.Run > 0 {
		text += fmt.Sprintf(", run %d", d.Run)
	}
	if d.Ref != "" {
		text += ", partner's number " + cell(d.Ref)
	}
	if said := why(d); said != "" {
		text += ": " + short(said, 200)
	}
	return text
}

// toCome is what is still open, the nearest first.
func (v *orderView) toCome() []moment {
	var all []moment
	for _, d := range v.o.Deliveries {
		if d.Settled.IsZero() && !d.Due.IsZero() {
			all = append(all, moment{at: d.Due, who: cell(d.Route), text: v.outcome(d) + ", goes on then", mark: markNext})
		}
	}
	slices.SortStableFunc(all, func(a, b moment) int { return a.at.Compare(b.at) })
	return all
}

func (v *orderView) bold(s string) string { return v.paint(bold, s) }

func (v *orderView) dim(s string) string { return v.paint(dim, s) }

func (v *orderView) paint(colour, s string) string {
	if !paints(v.w) {
		return s
	}
	return paint(colour, s)
}
