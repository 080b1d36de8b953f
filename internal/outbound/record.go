package outbound

import "context"

// Record adds the evidence of a call that no Client made (a file written, a
// mail handed over) to the trace of ctx, if it has one. The caller bounds and
// masks it.
func Record(ctx context.Context, x Exchange) {
	if t := traceOf(ctx); t != nil {
		t.add(x)
	}
	if w := watchOf(ctx); w != nil {
		w.ended(len(x.RequestBody)+len(x.ResponseBody), func() Exchange { return x })
	}
}
