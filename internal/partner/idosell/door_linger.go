package idosell

import (
	"io"
	"net/http"
	"time"
)

// How long, and how much, is read of a request after its answer.
const (
	lingerTime = 10 * time.Second
	lingerSize = 64 << 20
)

// linger prepares for an answer that goes out before the request was read
// whole, and returns what is to be called after it: the rest is read and let
// fall. A client that writes first and reads afterwards, as PHP's does, would
// otherwise find a closed connection in place of the answer.
func (x *exchange) linger() func() {
	control := http.NewResponseController(x.w)
	if x.r.ProtoMajor != 1 || x.r.Header.Get("Expect") != "" || control.EnableFullDuplex() != nil {
		return func() {} // the client waits for the answer, or hears it while it writes
	}
	return func() {
		if control.Flush() != nil || control.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
			return
		}
		_, _ = io.CopyN(io.Discard, x.r.Body, lingerSize) // whatever stops it, the answer is out
	}
}
