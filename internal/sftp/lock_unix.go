//go:build unix

package sftp

import (
	"errors"
	"os"
	"syscall"
)

// lock takes a file for this process, without waiting; closing the file gives
// it back, and so does the end of the process, however it comes. On NFS the
// lock holds among the machines that mount it with locking, as is the default.
// Where the file system knows no locks it is granted: then two nodes may read
// the same file, which does no harm.
func lock(f *os.File) (bool, error) {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS):
			return true, nil
		default:
			return false, err
		}
	}
}
