package app

import (
	"context"
	"io"
	"net"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/sftp"
)

// PutFile is partner.Deps.Put: it uploads a file by SFTP to an address that a
// route's settings name, as long as the context's gate is open, and leaves
// evidence of it, without what the file holds.
func PutFile(ctx context.Context, to partner.SFTPTarget, folder, name string, write func(io.Writer) error) error {
	return putGuarded(nil)(ctx, to, folder, name, write)
}

// putGuarded is PutFile to addresses that control permits; nil: to any.
func putGuarded(control func(network, address string, c syscall.RawConn) error) func(context.Context, partner.SFTPTarget, string, string, func(io.Writer) error) error {
	return func(ctx context.Context, to partner.SFTPTarget, folder, name string, write func(io.Writer) error) error {
		return putFile(ctx, to, folder, name, write, control)
	}
}

func putFile(ctx context.Context, to partner.SFTPTarget, folder, name string, write func(io.Writer) error, control func(network, address string, c syscall.RawConn) error) error {
	began := time.Now()
	size, err := sftp.Put(ctx, to, folder, name, write, sftp.PutOptions{May: func() bool { return outbound.MayLeave(ctx) }, Control: control})
	x := outbound.Exchange{
		At: began, Duration: time.Since(began), Method: "PUT", URL: addressOf(to, folder, name), RequestSize: int(size),
	}
	if err != nil {
		x.Error = err.Error()
	}
	outbound.Record(ctx, x)
	return err
}

// addressOf is how evidence names an uploaded file.
func addressOf(to partner.SFTPTarget, folder, name string) string {
	host := to.Host
	if to.Port != 0 && to.Port != sftp.Port {
		host = net.JoinHostPort(to.Host, strconv.Itoa(to.Port))
	}
	u := url.URL{Scheme: "sftp", Host: host}
	return u.JoinPath(folder, name).String()
}
