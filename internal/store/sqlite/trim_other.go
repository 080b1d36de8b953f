//go:build !cgo || !linux

package sqlite

// trimMemory gives freed memory back to the system where the C library keeps
// it; here nothing does.
func trimMemory() {}
