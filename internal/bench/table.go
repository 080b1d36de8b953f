package bench

import (
	"fmt"
	"text/tabwriter"
)

// printPlaces prints what was measured at several places side by side, the
// medians where a measurement was repeated.
func (b *bench) printPlaces() {
	if b.JSON || len(b.places) < 2 {
		return
	}
	w := tabwriter.NewWriter(b.Out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "\nscenario\tsubject\tsqlite orders/s\tpostgres orders/s\tratio\tcpu s per 1,000: hub\thub, database\n")
	for _, key := range b.keys() {
		embedded, shared := b.median(key, "sqlite"), b.median(key, "postgres")
		if embedded == nil && shared == nil || shared != nil && shared.PerSecond == 0 {
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", key[0], key[1], cell(embedded, rate), cell(shared, rate),
			ratio(embedded, shared), cell(embedded, hubCPU), cell(shared, bothCPU))
	}
	w.Flush()
}

func rate(r *Result) string    { return fmt.Sprintf("%.0f", r.PerSecond) }
func hubCPU(r *Result) string  { return fmt.Sprintf("%.3f", r.CPU) }
func bothCPU(r *Result) string { return fmt.Sprintf("%.3f, %.3f", r.CPU, r.DatabaseCPU) }

func cell(r *Result, text func(*Result) string) string {
	if r == nil {
		return "-"
	}
	return text(r)
}

func ratio(of, r *Result) string {
	if of == nil || r == nil || of.PerSecond == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", r.PerSecond/of.PerSecond)
}

// keys returns scenario and subject of all results, in their sequence.
func (b *bench) keys() (out [][2]string) {
	seen := map[[2]string]bool{}
	for _, r := range b.results {
		key := [2]string{r.Scenario, r.Subject}
		if !seen[key] {
			out = append(out, key)
		}
		seen[key] = true
	}
	return out
}

// median returns the middle one of the results of a measurement at a place;
// nil: it was not measured there.
func (b *bench) median(key [2]string, store string) *Result {
	var rates []float64
	for _, r := range b.results {
		if r.Store == store && key == [2]string{r.Scenario, r.Subject} {
			rates = append(rates, r.PerSecond)
		}
	}
	middle := median(rates)
	for i, r := range b.results {
		if r.Store == store && key == [2]string{r.Scenario, r.Subject} && r.PerSecond == middle {
			return &b.results[i]
		}
	}
	return nil
}
