package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// call is one attempt to send a request.
type call struct {
	client   *Client
	request  *Request
	ctx      context.Context // the caller's
	deadline time.Time

	conn    *conn
	written int  // bytes of the request that were handed to the network
	whole   bool // all of it was
	begun   bool // an answer has begun
	gzip    bool // asked for
}

// maxAlone is the longest body that is written before the answer is looked
// for. What is longer is written beside: a partner may answer, and refuse,
// before it has read all.
const maxAlone = 64 << 10

var heads = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// run sends the request and reads the answer.
func (a *call) run(t *target) (Reply, *Error) {
	room := heads.Get().(*[]byte)
	defer heads.Put(room)
	head, gzip, err := a.appendHead((*room)[:0], t)
	if err != nil {
		return Reply{}, &Error{Op: OpRequest, Err: err}
	}
	a.gzip = gzip
	if err := a.connect(t); err != nil {
		return Reply{}, a.fail(err)
	}
	release := a.guardTime()
	reply, reusable, err := a.exchange(head, room)
	if release() && err == nil && reusable {
		a.client.pool.put(a.conn)
	} else {
		a.conn.Close()
	}
	if err != nil {
		e := a.fail(err)
		e.Status = reply.Status
		return reply, e
	}
	return reply, nil
}

// connect finds a connection; its error is a *stageError.
func (a *call) connect(t *target) error {
	if a.ctx.Err() != nil {
		return &stageError{OpDial, context.Cause(a.ctx)}
	}
	if err := a.gate(); err != nil {
		return err
	}
	at := destination{addr: t.addr, untrusted: a.request.Untrusted || a.client.opts.Untrusted}
	if t.secure {
		at.host = t.name
	}
	if a.conn = a.client.pool.get(at); a.conn != nil {
		return nil
	}
	ctx, cancel := context.WithDeadlineCause(a.ctx, a.deadline, limitError{a.client.opts.Timeout})
	defer cancel()
	c, err := a.client.pool.dial(ctx, at)
	if stage := (*stageError)(nil); ctx.Err() != nil && errors.As(err, &stage) {
		err = &stageError{stage.op, context.Cause(ctx)}
	}
	a.conn = c
	return err
}

// guardTime ends the call at its deadline or with its context. The function it
// returns ends that, and reports whether the connection was left alone.
func (a *call) guardTime() func() bool {
	c := a.conn
	if c.SetDeadline(a.deadline) != nil {
		return func() bool { return false }
	}
	if a.ctx.Done() == nil {
		return func() bool { return true }
	}
	return context.AfterFunc(a.ctx, func() { c.SetDeadline(past) })
}

// exchange writes the request and reads the answer.
func (a *call) exchange(head []byte, room *[]byte) (reply Reply, reusable bool, err error) {
	body := a.request.Body
	if len(body) <= maxAlone && len(head)+len(body) <= 16<<10 { // one piece, one write
		head, body = append(head, body...), nil
		*room = head[:0]
	}
	if err := a.gate(); err != nil { // the last thing before the first byte
		return Reply{}, false, err
	}
	if len(body) > maxAlone {
		return a.exchangeBeside(head)
	}
	if err := a.write(head, body); err != nil && a.written == 0 {
		return Reply{}, false, err
	} else if err != nil {
		// The partner may have answered, and closed, before it had read all.
		reply, _, answered := a.answer()
		if answered != nil {
			return reply, false, err
		}
		return reply, false, nil
	}
	return a.answer()
}

// exchangeBeside does so while a long body is still being written.
func (a *call) exchangeBeside(head []byte) (reply Reply, reusable bool, err error) {
	wrote := make(chan error, 1)
	go func() { wrote <- a.write(head, a.request.Body) }()
	reply, reusable, err = a.answer()
	if !reusable {
		a.conn.SetWriteDeadline(past)
		<-wrote
		return reply, false, err
	}
	// The whole answer is here: so is, most likely, the end of the writing.
	stop := time.AfterFunc(graceToWrite, func() { a.conn.SetWriteDeadline(past) })
	failed := <-wrote
	return reply, stop.Stop() && failed == nil, nil
}

// graceToWrite is how long a body may still be written whose answer is there.
const graceToWrite = 50 * time.Millisecond

// write hands the request to the network and counts what it took.
func (a *call) write(head, body []byte) error {
	var err error
	switch {
	case a.conn.Conn != a.conn.tcp:
		err = a.writeSecure(head, body)
	case body == nil:
		a.written, err = a.conn.tcp.Write(head)
	default:
		var n int64
		pieces := net.Buffers{head, body}
		n, err = pieces.WriteTo(a.conn.tcp) // one system call
		a.written = int(n)
	}
	a.whole = err == nil
	return err
}

// writeSecure writes through TLS, which does not count the records of a write
// that failed: of that all bytes count as left.
func (a *call) writeSecure(pieces ...[]byte) error {
	for _, p := range pieces {
		a.written += len(p)
		if _, err := a.conn.Conn.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// maxInterim bounds the interim answers (1xx) before the real one.
const maxInterim = 8

func (a *call) answer() (reply Reply, reusable bool, err error) {
	c := a.conn
	c.header = maxHeader
	resp, err := a.head()
	c.header = -1
	if err != nil {
		return Reply{}, false, err
	}
	reply = Reply{Status: resp.StatusCode, Header: resp.Header}
	reply.RetryAfter = retryAfter(resp.Header, a.client.opts.Now)
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return reply, false, nil // what follows is nothing that we asked for
	}
	if reply.Body, err = readBody(resp, a.client.opts.MaxBody, a.gzip); err != nil {
		return reply, false, err
	}
	return reply, !resp.Close && c.answers.Buffered() == 0, nil
}

// head reads an answer up to its body, past the interim ones.
func (a *call) head() (*http.Response, error) {
	if _, err := a.conn.answers.Peek(1); err != nil {
		return nil, err
	}
	a.begun = true
	about := &http.Request{Method: a.request.Method}
	for range maxInterim {
		resp, err := http.ReadResponse(a.conn.answers, about)
		if err != nil || resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, err
		}
	}
	return nil, errors.New("too many interim answers")
}

// again reports whether the request may be sent once more at once: its
// connection was a kept one that turned out dead, and either not one byte was
// written or the request must have no effect anyway.
func (a *call) again(failed *Error) bool {
	if a.conn == nil || !a.conn.reused || a.ctx.Err() != nil || failed.Op == OpGate || !time.Now().Before(a.deadline) {
		return false
	}
	safe := a.request.Method == http.MethodGet || a.request.Method == http.MethodHead
	return a.written == 0 || safe && !a.begun
}

// fail turns a failure into an *Error.
func (a *call) fail(err error) *Error {
	e := &Error{Left: a.written > 0}
	stage := (*stageError)(nil)
	switch {
	case errors.As(err, &stage):
		e.Op, err = stage.op, stage.err
	case errors.Is(err, errTooBig):
		e.Op, e.Err = OpTooBig, fmt.Errorf("answer is longer than %d bytes", a.client.opts.MaxBody)
		return e
	case a.whole || a.begun:
		e.Op = OpRead
	default:
		e.Op = OpWrite
	}
	e.Err = a.clean(err)
	return e
}

// clean returns the error with a text that may be shown.
func (a *call) clean(err error) error {
	limit := limitError{a.client.opts.Timeout}
	switch {
	case a.ctx.Err() != nil:
		err = context.Cause(a.ctx)
	case errors.As(err, &limit), a.conn != nil && isTimeout(err):
		return limit
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF) && a.begun:
		err = errors.New("answer is cut off")
	case errors.Is(err, io.EOF):
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
