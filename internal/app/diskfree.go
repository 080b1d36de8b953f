//go:build linux || darwin || freebsd

package app

import "syscall"

// diskFree returns how many bytes of the disk under dir this user may still
// write.
func diskFree(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
