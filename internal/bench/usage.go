package bench

import "time"

// usage is what a process has used so far.
type usage struct {
	CPU     time.Duration
	Written int64 // bytes sent to the disk; pages written to twice count twice
	RSS     int64 // bytes now
	Peak    int64 // greatest RSS, bytes
}

func (u usage) since(before usage) usage {
	return usage{CPU: u.CPU - before.CPU, Written: u.Written - before.Written, RSS: u.RSS, Peak: u.Peak}
}
