package partner

import (
	"context"
	"io"
	"time"

	"github.com/ordermux/ordermux/internal/secret"
)

// Uploads takes files of SFTP users into folders of the partner's own. A file
// that was taken is kept no longer: what became of it is a Job of the door's.
type Uploads struct {
	// Folders are what clients see; they are found in whatever letters.
	Folders []string
	// Take reads a file to its end. Its error is a trouble of ours: the file
	// waits, and is taken again from its beginning, with the same Key.
	Take func(context.Context, Upload) (Taken, error)
	// Gone hears that a user takes away a file that waits, before it is gone: it
	// may have been taken in part. It has no Body. May be nil.
	Gone func(context.Context, Upload) error
}

// Upload is a file that was uploaded whole.
type Upload struct {
	Grant  Grant  // without Settings where the user was revoked since
	Folder string // as in Uploads.Folders
	Name   string
	Key    string // of this upload: the same each time it is taken, of no other; [a-z0-9-]
	At     time.Time
	Size   int64
	Body   io.ReadSeeker
}

// Taken is what became of a file, in rows.
type Taken struct{ Taken, Refused, Repeated int }

// SFTPTarget is a server that files are uploaded to.
type SFTPTarget struct {
	Host     string // without port
	Port     int    // 0: 22
	User     string
	Password secret.Text
	HostKey  string // its fingerprint as clients show it, "SHA256:…"; it must be given
}
