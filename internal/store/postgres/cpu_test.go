package postgres_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cpu is the processor time that this process and the servers that it started
// have used.
type cpu struct{ here, servers time.Duration }

// reportCPU adds to a benchmark's figures what each order took of processors,
// here and at the server: on few cores that says more than orders per second.
func reportCPU(b *testing.B, perOp int, before cpu) {
	after := usedCPU(b)
	orders := float64(b.N * perOp)
	b.ReportMetric(orders/b.Elapsed().Seconds(), "orders/s")
	b.ReportMetric(float64((after.here-before.here).Microseconds())/orders, "cpu-µs/order")
	b.ReportMetric(float64((after.servers-before.servers).Microseconds())/orders, "server-µs/order")
}

func usedCPU(b *testing.B) (used cpu) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	used.here = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		b.Fatal(err)
	}
	parents, ticks := map[int]int{}, map[int]int{}
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it ended
		}
		// After the name in brackets: state, parent, …, and from the twelfth
		// on the ticks of itself and of children that ended.
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		parents[pid], _ = strconv.Atoi(fields[1])
		for _, f := range fields[11:15] {
			n, _ := strconv.Atoi(f)
			ticks[pid] += n
		}
	}
	for pid, parent := range parents {
		if parent == os.Getpid() || parents[parent] == os.Getpid() {
			used.servers += time.Duration(ticks[pid]) * time.Second / 100
		}
	}
	return used
}
