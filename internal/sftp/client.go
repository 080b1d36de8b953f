package sftp

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"syscall"
	"time"

	wire "github.com/pkg/sftp"

	"github.com/ordermux/ordermux/internal/partner"
)

// ErrNoLeave is the error of an upload that the hub's leave to send ended for:
// the server has no file of it.
var ErrNoLeave = errors.New("not uploaded: the hub's leave to send is over")

// PutOptions bound an upload; zero values are the defaults.
type PutOptions struct {
	Login time.Duration // connecting and logging in, each; 30 s
	Idle  time.Duration // without a byte; 2 min
	// May is asked before the login, and before the file gets its name; nil:
	// always. False ends the upload with ErrNoLeave.
	May func() bool
	// Control is net.Dialer.Control: it may refuse an address; nil: none.
	Control func(network, address string, c syscall.RawConn) error
}

const (
	// putBuffer is what is written at a time, as packets on their way together.
	putBuffer = 1 << 20
	// mostSuffix are the random bytes in the name that a file has until it is
	// whole.
	mostSuffix = 6
)

// Put uploads to a folder of a server what write produces, and returns how many
// bytes it was. The file has a hidden name (".NAME.….part") until it is whole,
// then it takes the place of whatever has its name: who looks sees all of it or
// nothing. What failed is removed, if the server can still be reached. The host
// key must be the target's. With write nil it only logs in and sees whether the
// folder is there. Errors have no secret in them.
func Put(ctx context.Context, to partner.SFTPTarget, folder, name string, write func(io.Writer) error, o PutOptions) (size int64, err error) {
	orElse(&o.Login, 30*time.Second)
	orElse(&o.Idle, 2*time.Minute)
	if o.May == nil {
		o.May = func() bool { return true }
	}
	if !o.May() {
		return 0, ErrNoLeave
	}
	conn, err := dial(ctx, to, o)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	// Calls of the protocol end with the connection only.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	client, err := wire.NewClient(conn, wire.UseConcurrentWrites(true))
	if err != nil {
		return 0, fmt.Errorf("begin sftp: %w", ended(ctx, err))
	}
	defer client.Close()
	if write == nil {
		return 0, ended(ctx, lookAt(client, folder))
	}
	u := &outgoing{client: client, folder: folder, name: name, may: o.May}
	size, err = u.put(write)
	return size, ended(ctx, err)
}

// ended prefers the end of the context to what the closed connection says.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// lookAt sees whether a folder is there.
func lookAt(client *wire.Client, folder string) error {
	info, err := client.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && !info.IsDir():
		return fmt.Errorf("the server has no folder %s", folder)
	case err != nil:
		return fmt.Errorf("look at the folder %s: %w", folder, err)
	}
	return nil
}

// outgoing is a file on its way.
type outgoing struct {
	client       *wire.Client
	folder, name string
	may          func() bool
}

// put writes the file under its hidden name and gives it the last one.
func (u *outgoing) put(write func(io.Writer) error) (int64, error) {
	hidden := path.Join(u.folder, hiddenName(u.name))
	size, err := u.write(hidden, write)
	if err == nil && !u.may() {
		err = ErrNoLeave
	}
	if err == nil {
		err = u.rename(hidden, path.Join(u.folder, u.name))
	}
	if err != nil {
		_ = u.client.Remove(hidden)
		return 0, err
	}
	return size, nil
}

func (u *outgoing) write(at string, write func(io.Writer) error) (int64, error) {
	f, err := u.client.Create(at)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("the server has no folder %s", u.folder)
	}
	if err != nil {
		return 0, fmt.Errorf("make a file in %s: %w", u.folder, err)
	}
	count := &counting{to: f}
	buffer := bufio.NewWriterSize(count, putBuffer)
	if err = write(buffer); err == nil {
		err = buffer.Flush()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return 0, fmt.Errorf("upload %s: %w", u.name, err)
	}
	return count.bytes, nil
}

// rename gives a whole file its name. A server without the extension that
// replaces keeps an older file of that name: it is removed first.
func (u *outgoing) rename(from, to string) error {
	rename := u.client.Rename
	if _, ok := u.client.HasExtension("posix-rename@openssh.com"); ok {
		rename = u.client.PosixRename
	}
	err := rename(from, to)
	if err != nil {
		if _, there := u.client.Stat(to); there == nil && u.client.Remove(to) == nil {
			err = u.client.Rename(from, to)
		}
	}
	if err != nil {
		return fmt.Errorf("give %s its name: %w", u.name, err)
	}
	return nil
}

// hiddenName is what a file is called until it is whole: nobody's else, so that
// what another connection left behind is not mixed with it.
func hiddenName(name string) string {
	var b [mostSuffix]byte
	_, _ = rand.Read(b[:]) // never fails
	return "." + name + "." + hex.EncodeToString(b[:]) + ".part"
}

// counting counts what is written.
type counting struct {
	to    io.Writer
	bytes int64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.bytes += int64(n)
	return n, err
}
