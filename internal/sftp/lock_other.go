//go:build !unix

package sftp

import "os"

// lock grants every file: only systems of the Unix family are asked for locks.
func lock(*os.File) (bool, error) { return true, nil }
