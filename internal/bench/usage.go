package bench

import "time"

// usage is what a process has used so far, and the database that it works with.
type usage struct {
	CPU     time.Duration
	Written int64 // bytes sent to the disk; pages written to twice count twice
	RSS     int64 // bytes now
	Peak    int64 // greatest RSS, bytes

	DatabaseCPU     time.Duration // of all processes of the server
	DatabaseWritten int64
}

func (u usage) since(before usage) usage {
	return usage{
		CPU: u.CPU - before.CPU, Written: u.Written - before.Written, RSS: u.RSS, Peak: u.Peak,
		DatabaseCPU: u.DatabaseCPU - before.DatabaseCPU, DatabaseWritten: u.DatabaseWritten - before.DatabaseWritten,
	}
}

// plus adds up what several processes used.
func (u usage) plus(o usage) usage {
	return usage{
		CPU: u.CPU + o.CPU, Written: u.Written + o.Written, RSS: u.RSS + o.RSS, Peak: u.Peak + o.Peak,
		DatabaseCPU: u.DatabaseCPU + o.DatabaseCPU, DatabaseWritten: u.DatabaseWritten + o.DatabaseWritten,
	}
}
