// Package outbound is the only HTTP client of routes and callbacks: time
// limits, bounded reading, evidence with secrets masked, an address guard and
// the answer to "can anything have left?".
//
// It speaks HTTP/1.1 only, over connections of its own instead of
// http.Transport: one call at a time has a connection to itself and writes to
// it directly, so it knows how many bytes have left, nothing is ever repeated
// behind its back, and a call costs half the processor time (no goroutines
// between caller and connection). Answers are read by net/http.
//
// It follows no redirect and uses no proxy, for either would talk to an address
// that nobody configured.
package outbound

import (
	"context"
	"net/http"
	"time"
)

// HopHeader names the hubs an event came through, so that two hubs that feed
// each other can stop (see Options.Hop and WithHop).
const HopHeader = "Ordermux-Hop"

// Request is one call to a partner.
type Request struct {
	Method string // default: GET without a body, POST with one
	URL    string // absolute; a user and password in it become Basic authorization
	Header http.Header
	// Body is kept by evidence: it must never be changed after Do, not even
	// when Do has returned.
	Body []byte
	// Mask lists secret values that may stand in URL, header or bodies and
	// must not reach evidence, as they are, URL-encoded, JSON-escaped or in
	// base64. Authorization, cookies and the query names key, apikey, token,
	// code, password and secret are masked always.
	Mask []string
	// Brings returns the secrets that an answer's body brings, such as a token
	// that was asked for: they reach no evidence either. Nil: none.
	Brings func(answer []byte) []string
	// Untrusted marks an address taken from a request or token: the guard then
	// denies private, loopback and link-local ranges, but for Options.Allow.
	Untrusted bool
}

// Reply is a complete answer, already read; nothing is left to close.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
	// RetryAfter is the partner's wish, zero without one.
	RetryAfter time.Duration
}

// The values of Error.Op, in the sequence of a call.
const (
	OpRequest = "request" // the request itself can not be sent: a malformed URL or header
	OpGuard   = "guard"   // the address is one that an untrusted request must not reach
	OpGate    = "gate"    // the caller's leave to send ended before the first byte (WithGate)
	OpName    = "name"    // the address' name is not known
	OpDial    = "dial"    // no connection (address, refused, time limit)
	OpTLS     = "tls"     // no secure connection (certificate, protocol)
	OpWrite   = "write"   // the connection broke before the request was written whole
	OpRead    = "read"    // no answer, or one that is cut off or malformed
	OpTooBig  = "body too large"
)

// Error is a call without a complete answer.
type Error struct {
	Op string // one of the Op constants
	// Left reports whether anything of the request can have reached the
	// partner: false only if no connection was made or no byte was written.
	Left bool
	// Status is that of an answer whose body could not be read; 0: none came.
	Status int
	Err    error // texts carry no URL and no secret
}

func (e *Error) Error() string { return e.Op + ": " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether the call ended by its time limit.
func (e *Error) Timeout() bool {
	t, ok := e.Err.(interface{ Timeout() bool })
	return ok && t.Timeout()
}

type (
	traceparentKey struct{}
	hopKey         struct{}
)

// WithTraceparent returns a context whose calls carry this traceparent header
// (W3C Trace Context). Empty: none.
func WithTraceparent(ctx context.Context, traceparent string) context.Context {
	if traceparent == "" {
		return ctx
	}
	return context.WithValue(ctx, traceparentKey{}, traceparent)
}

// Traceparent returns what WithTraceparent put in, or "".
func Traceparent(ctx context.Context) string {
	v, _ := ctx.Value(traceparentKey{}).(string)
	return v
}

// WithHop returns a context whose calls name, before this hub, the hubs that
// the event came through: the value of the HopHeader it came with.
func WithHop(ctx context.Context, hop string) context.Context {
	if hop == "" {
		return ctx
	}
	return context.WithValue(ctx, hopKey{}, hop)
}
