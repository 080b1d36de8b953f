package app

import (
	"context"
	"os"
	"runtime/debug"
	figures "runtime/metrics"
	"time"
)

// The live heap of most hubs is small (tens of MB) and its garbage short lived:
// it may grow to four times as much between collections. Measured, that is a
// third less processor time under load for some 50 MB more. A hub with
// thousands of routes holds more, and shall not take four times that: what may
// gather is bounded.
const (
	mostGarbage    = 128 << 20 // bytes
	mostPercent    = 300       // of the live heap
	leastPercent   = 50
	collectorTuned = 15 * time.Second
)

// tuneCollector sets how far the heap grows, now and from time to time, unless
// GOGC says how far.
func tuneCollector(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	live := []figures.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(collectorTuned)
	defer tick.Stop()
	for {
		figures.Read(live)
		debug.SetGCPercent(garbagePercent(live[0].Value.Uint64()))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// manyRoutes is from when on the reading of a configuration takes so much that
// it is worth giving back at once.
const manyRoutes = 1000

// giveBack returns to the system what reading a large configuration took.
func giveBack(g *generation) {
	if len(g.delivered) >= manyRoutes {
		debug.FreeOSMemory()
	}
}

func garbagePercent(live uint64) int {
	if live == 0 {
		return mostPercent
	}
	return int(min(max(mostGarbage*100/live, leastPercent), mostPercent))
}
