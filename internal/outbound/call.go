package outbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// call is one attempt to send a request over one connection (over several
// only for a GET or HEAD, see Client.Do).
type call struct {
	client  *Client
	request *Request
	reused  bool // the connection had carried calls before

	wrote atomic.Bool // the request was written whole
	mu    sync.Mutex
	conns []given
}

// given is a connection that net/http gave to the call, and what it had
// written before.
type given struct {
	conn   *conn
	before int64
}

// run sends the request and reads the answer.
func (a *call) run(ctx context.Context, u *parsedURL, header http.Header) (Reply, *Error) {
	hooks := &httptrace.ClientTrace{GotConn: a.gotConn, WroteRequest: a.wroteRequest}
	resp, err := a.transport().RoundTrip(a.build(httptrace.WithClientTrace(ctx, hooks), u, header))
	if err != nil {
		return Reply{}, a.fail(ctx, err)
	}
	defer resp.Body.Close()
	reply := Reply{Status: resp.StatusCode, Header: resp.Header}
	reply.RetryAfter = retryAfter(resp.Header, a.client.opts.Now)
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return reply, nil // its "body" is a connection we did not ask for
	}
	reply.Body, err = readBody(resp, a.client.opts.MaxBody)
	if err != nil {
		return reply, a.cut(ctx, err)
	}
	return reply, nil
}

func (a *call) transport() *http.Transport {
	if a.request.Untrusted {
		return a.client.guarded
	}
	return a.client.plain
}

// build makes the request. It sets no GetBody: so net/http never repeats a
// request with a body, and we repeat it ourselves where we know that nothing
// was written.
func (a *call) build(ctx context.Context, u *parsedURL, header http.Header) *http.Request {
	req := &http.Request{
		Method: a.request.Method, URL: u.url, Host: u.url.Host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if len(a.request.Body) > 0 {
		// A reader that net/http knows to be in memory: header and body then
		// leave in one write.
		req.Body = io.NopCloser(bytes.NewReader(a.request.Body))
		req.ContentLength = int64(len(a.request.Body))
	}
	return req.WithContext(ctx)
}

func (a *call) gotConn(info httptrace.GotConnInfo) {
	c := connOf(info.Conn)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reused = info.Reused
	a.conns = append(a.conns, given{c, c.written.Load()})
}

func (a *call) wroteRequest(info httptrace.WroteRequestInfo) {
	if info.Err == nil {
		a.wrote.Store(true)
	}
}

// left reports whether a byte of the request can have left. It closes the
// connections first: what was not written by then never is.
func (a *call) left() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	left := false
	for _, g := range a.conns {
		g.conn.Close()
		left = left || g.conn.written.Load() > g.before
	}
	return left
}

// fail turns an error before the answer into an *Error.
func (a *call) fail(ctx context.Context, err error) *Error {
	e := &Error{Left: a.left()}
	switch stage := (*stageError)(nil); {
	case errors.As(err, &stage):
		e.Op, err = stage.op, stage.err
	case len(a.conns) == 0 && ctx.Err() != nil:
		e.Op = OpDial
	case len(a.conns) == 0:
		e.Op = OpRequest // refused by net/http before it looked for a connection
	case a.wrote.Load():
		e.Op = OpRead
	default:
		e.Op = OpWrite
	}
	e.Err = a.clean(ctx, err)
	return e
}

// cut turns an error inside the answer's body into an *Error.
func (a *call) cut(ctx context.Context, err error) *Error {
	if errors.Is(err, errTooBig) {
		return &Error{Op: OpTooBig, Left: true, Err: fmt.Errorf("answer is longer than %d bytes", a.client.opts.MaxBody)}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = errors.New("answer is cut off")
	}
	return &Error{Op: OpRead, Left: true, Err: a.clean(ctx, err)}
}

// clean returns the error with a text that may be shown.
func (a *call) clean(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		if errors.As(err, new(limitError)) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("connection closed without an answer")
	}
	text := a.client.masker(a.request).text(err.Error())
	if len(text) > maxErrorText {
		text = text[:maxErrorText] + "…"
	}
	return &shownError{text: text, cause: err}
}

const maxErrorText = 300

// shownError shows a text without secrets. Its cause can be compared but not
// reached.
type shownError struct {
	text  string
	cause error
}

func (e *shownError) Error() string              { return e.text }
func (e *shownError) Is(target error) bool       { return errors.Is(e.cause, target) }
func (e *shownError) Timeout() bool              { return isTimeout(e.cause) }
func (e *shownError) Format(f fmt.State, _ rune) { io.WriteString(f, e.text) }

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// limitError says that a call's own time limit ended it.
type limitError struct{ limit time.Duration }

func (e limitError) Error() string        { return "time limit of " + e.limit.String() + " reached" }
func (e limitError) Is(target error) bool { return target == context.DeadlineExceeded }
func (e limitError) Timeout() bool        { return true }
