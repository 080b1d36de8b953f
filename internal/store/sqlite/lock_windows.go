package sqlite

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

// lockFile takes the exclusive lock of an open file for this process, without
// waiting (LockFileEx).
func lockFile(f *os.File) error {
	const exclusive, immediately, violation = 2, 1, syscall.Errno(33)
	proc := syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")
	var place syscall.Overlapped
	ok, _, err := proc.Call(f.Fd(), exclusive|immediately, 0, 1, 0, uintptr(unsafe.Pointer(&place)))
	if ok != 0 {
		return nil
	}
	if errors.Is(err, violation) {
		return errLocked
	}
	return err
}
