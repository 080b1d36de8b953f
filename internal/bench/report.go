package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
)

// Result is one measurement.
type Result struct {
	Scenario  string  `json:"scenario"`
	Store     string  `json:"store"`   // "sqlite" or "postgres"
	Subject   string  `json:"subject"` // "hub", "floor", "store alone", or which of the two compared
	Orders    int64   `json:"orders"`  // accepted, or delivered where that is measured
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"orders_per_second"`

	Answer  *Latency `json:"answer,omitempty"`  // per request, from due to answered
	Arrival *Latency `json:"arrival,omitempty"` // per order, from sent to arrived at the receiver

	CPU          float64 `json:"cpu_s_per_1000"`           // of the hub or floor
	Bytes        float64 `json:"bytes_written_per_1000"`   // of the hub or floor
	RSS          int64   `json:"rss_bytes"`                // at the end
	Peak         int64   `json:"rss_peak_bytes,omitempty"` // so far
	GeneratorCPU float64 `json:"generator_cpu_s_per_1000"`
	// Of all processes of the database's server.
	DatabaseCPU   float64 `json:"database_cpu_s_per_1000,omitempty"`
	DatabaseBytes float64 `json:"database_bytes_written_per_1000,omitempty"`
	ReceiverCPU   float64 `json:"receiver_cpu_s_per_1000,omitempty"`

	Accepted  int64  `json:"accepted"`            // answered 2xx
	Ledger    int64  `json:"ledger,omitempty"`    // in the hub's ledger afterwards
	Delivered *int64 `json:"delivered,omitempty"` // distinct, counted by the receiver
	Repeats   int64  `json:"repeats,omitempty"`
	Failed    int64  `json:"failed_requests,omitempty"`
	Note      string `json:"note,omitempty"`

	// Of a hub with nothing to do, at its database.
	Transactions float64 `json:"transactions_per_second,omitempty"`
	Statements   float64 `json:"statements_per_second,omitempty"`
}

// complete reports orders that were accepted and are not where they belong.
func (r *Result) complete() error {
	var errs []error
	if r.Failed > 0 {
		errs = append(errs, fmt.Errorf("%d requests failed", r.Failed))
	}
	if r.Ledger > 0 && r.Ledger != r.Accepted {
		errs = append(errs, fmt.Errorf("%d orders accepted, %d in the ledger", r.Accepted, r.Ledger))
	}
	if r.Delivered != nil && *r.Delivered != r.Accepted {
		errs = append(errs, fmt.Errorf("%d orders accepted, %d delivered", r.Accepted, *r.Delivered))
	}
	return errors.Join(errs...)
}

// ofSent makes a result of what the generator saw and the process used.
func ofSent(scenario, subject string, s *sent, u usage) Result {
	answer := s.Latency.summary()
	r := Result{
		Scenario: scenario, Subject: subject, Orders: s.Orders, Accepted: s.Orders,
		Seconds: s.Elapsed.Seconds(), PerSecond: s.perSecond(),
		Answer: &answer, Failed: s.Failed,
		GeneratorCPU: per1000(s.CPU.Seconds(), s.Orders),
	}
	r.use(u)
	if s.First != nil {
		r.Note = s.First.Error()
	}
	return r
}

func (r *Result) use(u usage) {
	r.CPU = per1000(u.CPU.Seconds(), r.Orders)
	r.Bytes = per1000(float64(u.Written), r.Orders)
	r.DatabaseCPU = per1000(u.DatabaseCPU.Seconds(), r.Orders)
	r.DatabaseBytes = per1000(float64(u.DatabaseWritten), r.Orders)
	r.RSS, r.Peak = u.RSS, u.Peak
}

func per1000(v float64, orders int64) float64 {
	if orders == 0 {
		return 0
	}
	return v * 1000 / float64(orders)
}

// report keeps a result and prints it.
func (b *bench) report(r Result) {
	r.Store = b.place.name
	b.results = append(b.results, r)
	if b.JSON {
		text, err := json.Marshal(r)
		if err != nil {
			text = fmt.Appendf(nil, `{"error":%q}`, err)
		}
		fmt.Fprintf(b.Out, "%s\n", text)
		return
	}
	fmt.Fprint(b.Out, r.line())
}

// line is a result for people.
func (r *Result) line() string {
	var s strings.Builder
	subject := r.Subject
	if r.Store == "postgres" {
		subject += ", postgres"
	}
	fmt.Fprintf(&s, "%-14s %-22s %9.0f orders/s", r.Scenario, subject, r.PerSecond)
	if r.Answer != nil {
		fmt.Fprintf(&s, "  answer p50 %s p99 %s", ms(r.Answer.P50), ms(r.Answer.P99))
	}
	if r.Arrival != nil {
		fmt.Fprintf(&s, "  arrival p50 %s p99 %s", ms(r.Arrival.P50), ms(r.Arrival.P99))
	}
	fmt.Fprintf(&s, "\n%-37s per 1,000: cpu %.3f s", "", r.CPU)
	fmt.Fprintf(&s, ", generator %.3f s", r.GeneratorCPU)
	if r.ReceiverCPU > 0 {
		fmt.Fprintf(&s, ", receiver %.3f s", r.ReceiverCPU)
	}
	if r.DatabaseCPU > 0 {
		fmt.Fprintf(&s, ", database %.3f s", r.DatabaseCPU)
	}
	fmt.Fprintf(&s, ", written %s; rss %s", mega(r.Bytes+r.DatabaseBytes), mega(float64(r.RSS)))
	fmt.Fprintf(&s, "\n%-37s %d orders in %.1f s", "", r.Orders, r.Seconds)
	if r.Ledger > 0 {
		fmt.Fprintf(&s, ", ledger %d", r.Ledger)
	}
	if r.Delivered != nil {
		fmt.Fprintf(&s, ", accepted %d, delivered %d, repeated %d", r.Accepted, *r.Delivered, r.Repeats)
	}
	if r.Note != "" {
		fmt.Fprintf(&s, "\n%-37s %s", "", r.Note)
	}
	return s.String() + "\n"
}

func ms(v float64) string { return fmt.Sprintf("%.2f ms", v) }

func mega(bytes float64) string { return fmt.Sprintf("%.2f MB", bytes/1e6) }

// say prints a line that is no result; not among JSON.
func (b *bench) say(format string, args ...any) {
	if !b.JSON {
		fmt.Fprintf(b.Out, format+"\n", args...)
	}
}

func (b *bench) printMachine() {
	b.say("%s, %d cores, %s; a sync of 4 KB takes %s (p50) here", machine(), runtime.NumCPU(), runtime.Version(), syncTime(b.dir))
}

// compare prints what a compared measurement shows: the ratio of two medians.
func (b *bench) compare(what string, base, other float64) {
	b.say("%-14s %s: %.2f of %.2f = %.3f", "", what, other, base, other/base)
}
