package capture

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"
)

// Report is how fast the calls of a capture were.
type Report struct {
	Capture  Capture `json:"capture"`
	Recorded int64   `json:"recorded"`
	Dropped  int64   `json:"dropped"` // calls that came faster than they could be kept, or past the bounds
	Covered  string  `json:"covered"` // what was taken out, for people
	Rows     []Row   `json:"rows"`    // by gate and method
	Total    Row     `json:"total"`
	// Points are for a picture of the calls, as Draw picked them.
	Points []Point `json:"points,omitzero"`

	points []point
}

// Point is a call in a picture.
type Point struct {
	At    time.Time `json:"at"` // when it began
	MS    float64   `json:"ms"` // how long it took
	Fault bool      `json:"fault,omitzero"`
}

// MostPoints bounds the points of a report.
const MostPoints = mostPoints

// Draw fills in Points: all calls or, of more than most (at least 4), the
// slowest ones of each moment.
func (r *Report) Draw(most int) {
	if len(r.points) == 0 {
		return
	}
	from, to := r.points[0].start, r.points[0].start
	for _, p := range r.points {
		if p.start.Before(from) {
			from = p.start
		}
		if p.start.After(to) {
			to = p.start
		}
	}
	for _, p := range thin(r.points, from, max(to.Sub(from), time.Second), max(most, 4)) {
		r.Points = append(r.Points, Point{At: p.start, MS: ms(p.took), Fault: p.fault})
	}
}

// Count is what was counted of a capture so far, without reading its calls.
type Count struct {
	Capture  Capture `json:"capture"`
	Recorded int64   `json:"recorded"`
	Dropped  int64   `json:"dropped"`
}

// Count says how many calls a capture has by now; what this node recorded is
// counted at once, what others did within a second or two.
func (r *Recorder) Count(ctx context.Context, shop, id string) (out Count, err error) {
	if out.Capture, err = r.Find(ctx, shop, id); err != nil {
		return out, err
	}
	if err := r.Flush(ctx); err != nil {
		return out, err
	}
	sum, err := r.counted(ctx, out.Capture)
	out.Recorded, out.Dropped = sum.Recorded, sum.Dropped
	return out, err
}

// Row sums up the calls of one gate and method. Times are milliseconds, sizes
// mean bytes.
type Row struct {
	Gate          string  `json:"gate"` // of the partner's API, else the path, ids taken out; "" of the total
	Method        string  `json:"method"`
	Calls         int64   `json:"calls"`
	Faults        int64   `json:"faults"` // status of 400 and above, a fault in the body, or no answer
	MinMS         float64 `json:"min_ms"`
	MeanMS        float64 `json:"mean_ms"`
	P95MS         float64 `json:"p95_ms"`
	MaxMS         float64 `json:"max_ms"`
	TotalMS       float64 `json:"total_ms"`
	RequestBytes  float64 `json:"request_bytes"`
	ResponseBytes float64 `json:"response_bytes"`
}

// point is a call in the picture.
type point struct {
	start time.Time
	took  time.Duration
	fault bool
}

// mostRows bounds the report; further gates are summed up together.
const mostRows = 200

// others is the gate of those.
const others = "(others)"

// tally collects the calls of a row.
type tally struct {
	took              []time.Duration
	faults            int64
	request, response int64
}

func (t *tally) add(c *Call) {
	t.took = append(t.took, c.took())
	t.request, t.response = t.request+c.RequestSize, t.response+c.ResponseSize
	if c.fault() {
		t.faults++
	}
}

// row sums up. P95 is the smallest time that at least 95 of 100 calls did not
// exceed.
func (t *tally) row(gate, method string) Row {
	n := len(t.took)
	if n == 0 {
		return Row{Gate: gate, Method: method}
	}
	slices.Sort(t.took)
	var sum time.Duration
	for _, d := range t.took {
		sum += d
	}
	mean := func(all int64) float64 { return math.Round(float64(all)/float64(n)*10) / 10 }
	return Row{
		Gate: gate, Method: method, Calls: int64(n), Faults: t.faults,
		MinMS: ms(t.took[0]), MeanMS: ms(sum / time.Duration(n)), P95MS: ms(t.took[(n*95+99)/100-1]), MaxMS: ms(t.took[n-1]), TotalMS: ms(sum),
		RequestBytes: mean(t.request), ResponseBytes: mean(t.response),
	}
}

func ms(d time.Duration) float64 { return math.Round(d.Seconds()*1e6) / 1e3 }

// Report reads all calls of a capture and sums them up.
func (r *Recorder) Report(ctx context.Context, shop, id string) (*Report, error) {
	c, err := r.Find(ctx, shop, id)
	if err != nil {
		return nil, err
	}
	if err := r.Flush(ctx); err != nil {
		return nil, err
	}
	out := &Report{Capture: c, Covered: Covered, Rows: []Row{}}
	if c.KeepPersonal {
		out.Covered = CoveredKept
	}
	type key struct{ gate, method string }
	rows, total := map[key]*tally{}, &tally{}
	err = r.calls(ctx, c, func(call *Call) error {
		gate, method := call.names()
		k := key{gate, method}
		if rows[k] == nil && len(rows) >= mostRows {
			k = key{others, ""}
		}
		if rows[k] == nil {
			rows[k] = &tally{}
		}
		rows[k].add(call)
		total.add(call)
		out.points = append(out.points, point{call.Start, call.took(), call.fault()})
		return nil
	})
	if err != nil {
		return nil, err
	}
	for k, t := range rows {
		out.Rows = append(out.Rows, t.row(k.gate, k.method))
	}
	slices.SortFunc(out.Rows, func(a, b Row) int { return cmp.Or(cmp.Compare(a.Gate, b.Gate), cmp.Compare(a.Method, b.Method)) })
	out.Total = total.row("", "")
	sum, err := r.counted(ctx, c)
	out.Recorded, out.Dropped = out.Total.Calls, sum.Dropped
	return out, err
}
