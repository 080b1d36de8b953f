//go:build !unix

package folder

import (
	"fmt"
	"io/fs"
)

// version tells a file from the one that replaced it. Two of one size within
// one tick of the clock look the same: then a new file may be withdrawn with
// the old one, and is written once more.
func version(info fs.FileInfo) string {
	return fmt.Sprintf("%d-%d", info.ModTime().UnixNano(), info.Size())
}
