package bench

import (
	"math/bits"
	"time"
)

// latencies counts durations in buckets about 1.6 % wide, from 1 microsecond
// to about an hour. Not safe for concurrent use; see add.
type latencies struct {
	buckets [32 << subBits]uint32
	count   int64
	max     time.Duration
}

const subBits = 6

func bucketOf(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0))
	if us < 1<<subBits {
		return int(us)
	}
	exp := bits.Len64(us) - subBits - 1
	return min((exp+1)<<subBits+int(us>>exp)-1<<subBits, 32<<subBits-1)
}

// upper is the greatest duration of a bucket.
func upper(bucket int) time.Duration {
	if bucket < 1<<subBits {
		return time.Duration(bucket) * time.Microsecond
	}
	exp := bucket>>subBits - 1
	return time.Duration((bucket&(1<<subBits-1)+1<<subBits+1)<<exp-1) * time.Microsecond
}

func (l *latencies) observe(d time.Duration) {
	l.buckets[bucketOf(d)]++
	l.count++
	l.max = max(l.max, d)
}

func (l *latencies) add(other *latencies) {
	for i, n := range other.buckets {
		l.buckets[i] += n
	}
	l.count += other.count
	l.max = max(l.max, other.max)
}

// quantile returns the duration that the share q of the observations does not
// exceed; 0 without any.
func (l *latencies) quantile(q float64) time.Duration {
	want := int64(q*float64(l.count) + 0.5)
	var seen int64
	for i, n := range l.buckets {
		seen += int64(n)
		if seen >= want && n > 0 {
			return min(upper(i), l.max)
		}
	}
	return l.max
}

// Latency is a distribution in milliseconds.
type Latency struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

func (l *latencies) summary() Latency {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return Latency{Count: l.count, P50: ms(l.quantile(0.5)), P95: ms(l.quantile(0.95)), P99: ms(l.quantile(0.99)), Max: ms(l.max)}
}
