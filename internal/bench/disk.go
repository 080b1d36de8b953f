package bench

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"
)

// syncTime returns the middle time of writing 4 KB to a file and bringing them
// to the disk, for the reader to judge the other figures by.
func syncTime(dir string) time.Duration {
	path := filepath.Join(dir, "sync")
	f, err := os.Create(path)
	if err != nil {
		return 0
	}
	defer os.Remove(path)
	defer f.Close()
	block := make([]byte, 4096)
	l := &latencies{}
	for i := range 100 {
		at := time.Now()
		if _, err := f.WriteAt(block, int64(i%8)*4096); err != nil {
			return 0
		}
		if err := dataSync(f); err != nil {
			return 0
		}
		l.observe(time.Since(at))
	}
	return l.quantile(0.5)
}

// quiet makes this process take as little of the machine as it can, for
// generator and receivers share it with the hub, until the returned function
// is called.
func quiet() (restore func()) {
	procs, gc := runtime.GOMAXPROCS(1), debug.SetGCPercent(400)
	return func() {
		runtime.GOMAXPROCS(procs)
		debug.SetGCPercent(gc)
	}
}
