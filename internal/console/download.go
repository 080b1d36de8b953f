package console

import (
	"io"
	"net/http"
	"net/url"
	"time"
)

// download sends a file that is written while it is read. What fails before its
// first byte is shown as a page; later it breaks the download off, so that
// nobody takes the half for the whole.
func (v *visit) download(name, contentType string, write func(io.Writer) error) error {
	h := v.w.Header()
	out := &begun{to: v.w, conn: http.NewResponseController(v.w), begin: func() {
		h.Set("Content-Type", contentType)
		h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
		h.Set("Cache-Control", "no-store")
	}}
	err := write(out)
	switch {
	case err == nil:
		_, err = out.Write(nil)
		return err
	case !out.any:
		return err
	}
	if v.Context().Err() == nil {
		v.c.Log.ErrorContext(v.Context(), "a download broke off", "path", v.Pattern, "error", err)
	}
	panic(http.ErrAbortHandler)
}

// pieceTime is how long a piece of a download may take: the whole may take longer
// than a page.
const pieceTime = 2 * time.Minute

// listFile is where a list of a shop is had as a file, with what was searched
// for.
func (v *visit) listFile(list string, search url.Values) string {
	return shopPath(v.PathValue("shop"), "download", list) + "?" + search.Encode()
}

// begun does something before the first byte is written.
type begun struct {
	to    io.Writer
	conn  *http.ResponseController
	begin func()
	any   bool
}

func (b *begun) Write(p []byte) (int, error) {
	if !b.any {
		b.any = true
		b.begin()
	}
	_ = b.conn.SetWriteDeadline(time.Now().Add(pieceTime))
	return b.to.Write(p)
}
