//go:build unix

package folder

import (
	"fmt"
	"io/fs"
	"syscall"
)

// version tells a file from the one that replaced it, even within one tick of
// the clock: it has another inode.
func version(info fs.FileInfo) string {
	inode := uint64(0)
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = uint64(s.Ino)
	}
	return fmt.Sprintf("%d-%d-%d", inode, info.ModTime().UnixNano(), info.Size())
}
