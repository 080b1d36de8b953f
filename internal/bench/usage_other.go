//go:build !linux

package bench

import (
	"os"
	"runtime"
	"time"
)

// Without /proc the figures of processes are left out; rates and latencies
// are measured all the same.
func ownCPU() time.Duration      { return 0 }
func usageOf(int) (usage, error) { return usage{}, nil }

func usageOfServer(int) (usage, error) { return usage{}, nil }
func dataSync(f *os.File) error        { return f.Sync() }
func machine() string                  { return runtime.GOOS + "/" + runtime.GOARCH }
