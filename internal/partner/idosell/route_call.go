package idosell

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/soap"
)

const (
	// mostRequest is how long a request may be (13.2 of the sheet), in bytes.
	mostRequest = 10_000_000
	// mostListed is how many elements a list of a request has at most.
	mostListed = 100
)

// failure is why a call brought no answer that can be used.
type failure struct {
	kind  failureKind
	code  faultCode     // of failedFault
	label string        // a machine word: "timeout", "http_503", "fault_120"
	words string        // for people; the wholesaler's own are made printable
	after time.Duration // the wholesaler's wish
}

// failureKind says what a failure means for what was called.
type failureKind uint8

const (
	failedFault   failureKind = iota // the gate answered, and said no in the body
	failedLater                      // certainly no effect; may be called again
	failedRefused                    // certainly no effect, and as it is it never will have
	failedRoute                      // the address, the login or the dialect: about the route
	failedUnclear                    // may have had its effect
)

// send makes one call. Authenticate is the block of that name, params the
// canonical parameters; the answer is whole and canonical, without a fault.
// Secrets are kept out of the evidence.
func (r *route) send(ctx context.Context, method string, authenticate, params soap.Value, secrets ...string) (soap.Value, *failure) {
	op := r.opts.dialect.op(method)
	body, f := r.encode(op, authenticate, params)
	if f != nil {
		return soap.Value{}, f
	}
	gate, called := r.opts.dialect.names(op)
	request := outbound.Request{
		Method: http.MethodPost, URL: r.address(op), Header: r.header, Body: body,
		Mask: append(secrets, r.opts.inner.Reveal(), r.opts.dropshippingKey.Reveal()),
	}
	if op.login {
		request.Brings = func(body []byte) []string {
			v, _ := r.read(op, body)
			return []string{v.At("sessionKey").Text()}
		}
	}
	reply, err := r.deps.HTTP.Do(ctx, request)
	answer, f := soap.Value{}, (*failure)(nil)
	if err != nil {
		f = unanswered(err)
	} else {
		answer, f = r.decode(op, reply)
	}
	if r.deps.Note != nil {
		r.deps.Note(ctx, gate, called, f.faultText())
	}
	return answer, f
}

// encode writes a request in the words of the dialect.
func (r *route) encode(op *operation, authenticate, params soap.Value) ([]byte, *failure) {
	members := []soap.Member{member("authenticate", authenticate)}
	if !params.IsNil() {
		members = append(members, member("params", params))
	}
	wire := r.opts.dialect.requestOut(op, soap.ObjectOf(members...))
	spec := r.opts.dialect.soap(op)
	var body []byte
	if r.opts.format == formatJSON {
		body = soap.AppendJSON(nil, wire, spec.Request)
	} else {
		var err error
		if body, err = soap.EncodeRequest(spec, wire); err != nil {
			return nil, &failure{kind: failedRefused, label: "not_sendable", words: err.Error()}
		}
	}
	if len(body) > mostRequest {
		return nil, &failure{kind: failedRefused, label: "too_large", words: "the request would have more than 10,000,000 bytes"}
	}
	return body, nil
}

// decode reads an answer. What can not be read may have been a success.
func (r *route) decode(op *operation, reply outbound.Reply) (soap.Value, *failure) {
	v, err := r.read(op, reply.Body)
	var fault *soap.Fault
	isFault := errors.As(err, &fault)
	switch {
	case reply.Status/100 != 2 || isFault:
		return soap.Value{}, refusedCall(reply, fault, v)
	case err != nil:
		return soap.Value{}, &failure{kind: failedUnclear, label: "unreadable", words: "the answer can not be read: " + partner.Words(err.Error())}
	}
	code, words := faultOf(v.At("errors"))
	if code == codeOK {
		return v, nil
	}
	return v, &failure{kind: failedFault, code: code, label: "fault_" + strconv.Itoa(int(code)), words: words}
}

// read reads a body into the canonical answer. The error is a *soap.Fault where
// the body is one.
func (r *route) read(op *operation, body []byte) (soap.Value, error) {
	spec := r.opts.dialect.soap(op)
	var v soap.Value
	if r.opts.format == formatJSON {
		var err error
		if v, err = soap.DecodeJSON(body, spec.Response); err != nil {
			return soap.Value{}, err
		}
	} else {
		m, err := soap.Parse(body)
		if err != nil {
			return soap.Value{}, err
		}
		if m.Fault != nil {
			return soap.Value{}, m.Fault
		}
		if v, err = m.Decode(spec.Response); err != nil {
			return soap.Value{}, err
		}
	}
	if v.Kind() != soap.Object {
		return soap.Value{}, errors.New("the answer is no object")
	}
	return r.opts.dialect.responseIn(op, v), nil
}

// unknownCode is a code that is no number.
const unknownCode faultCode = -1

// faultOf reads faultCode and faultString beside each other; a block that is
// not there says that nothing is wrong.
func faultOf(v soap.Value) (faultCode, string) {
	text := strings.TrimSpace(v.At("faultCode").Text())
	words := partner.Words(clean(v.At("faultString").Text()))
	if text == "" {
		return codeOK, words
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return unknownCode, words
	}
	return faultCode(n), words
}

// refusedCall is the failure of an answer that is none of a gate: another
// status than 2xx, or a SOAP fault.
func refusedCall(reply outbound.Reply, fault *soap.Fault, v soap.Value) *failure {
	f := &failure{kind: failedUnclear, label: "http_" + strconv.Itoa(reply.Status), after: reply.RetryAfter}
	_, f.words = faultOf(v.At("errors"))
	if fault != nil {
		f.label += "_soap_fault"
		f.words = partner.Words(clean(fault.Reason))
	}
	if f.words == "" {
		f.words = "no explanation given"
	}
	switch class := outbound.Verdict(reply.Status); {
	case fault != nil && fault.Code == soap.Client, class == outbound.Refused:
		f.kind = failedRefused
	case class == outbound.Login:
		f.kind = failedRoute
		f.words = "the address or the login is not taken: " + f.words
	case class == outbound.Later:
		f.kind = failedLater
	}
	return f
}

// unanswered is the failure of a call without a complete answer.
func unanswered(err error) *failure {
	f := &failure{kind: failedUnclear, label: "no_answer", words: err.Error()}
	var e *outbound.Error
	if !errors.As(err, &e) {
		return f
	}
	f.label = "no_answer_" + strings.ReplaceAll(e.Op, " ", "_")
	if e.Timeout() {
		f.label = "timeout"
	}
	switch {
	case e.Op == outbound.OpRequest:
		f.kind = failedRoute
	case !e.Left:
		f.kind = failedLater
	}
	return f
}

// faultText is the code for whoever listens.
func (f *failure) faultText() string {
	switch {
	case f == nil:
		return ""
	case f.kind == failedFault:
		return strconv.Itoa(int(f.code))
	}
	return f.label
}

// unasked is the outcome of a call that has no effect at the wholesaler.
func (f *failure) unasked() partner.Outcome {
	switch f.kind {
	case failedFault:
		return f.saidNo()
	case failedRefused:
		return partner.Refused(f.label, f.words)
	case failedRoute:
		return partner.Refused(f.label, f.words).Of(partner.ScopeRoute)
	}
	return partner.Later(f.after, f.label, f.words)
}

// unplaced is the outcome of placeOrder.
func (f *failure) unplaced() partner.Outcome {
	if f.unclear() {
		return partner.Unknown(f.label, f.words)
	}
	return f.unasked()
}

// unclear reports whether what was called may have happened. A fault in the
// body says that it did not, unless it is the wholesaler's own trouble.
func (f *failure) unclear() bool {
	return f.kind == failedUnclear || f.kind == failedFault && f.code == codeInternal
}

// saidNo is the outcome of a fault in the body. Codes that the dialect does not
// know are about the order: a person sees them.
func (f *failure) saidNo() partner.Outcome {
	switch f.code {
	case codeSession, codeExpired:
		return partner.Later(f.after, f.label, f.words)
	case codeInternal, codeBasket:
		return laterAlone(f.after, f.label, f.words)
	case codeLogin, codeDropshippingKey, codeSwitchedOff:
		return partner.Refused(f.label, f.words).Of(partner.ScopeRoute)
	}
	return partner.Refused(f.label, f.words)
}

// laterAlone is the outcome of an order that has to wait by itself: the
// wholesaler answered well, so the others go on.
func laterAlone(after time.Duration, code, reason string) partner.Outcome {
	return partner.Later(after, code, reason).Of(partner.ScopeReceiver)
}

// stale reports whether a fault may be that of a session that is over: nobody
// knows all codes.
func (r *route) stale(f *failure, s session) bool {
	if f == nil || f.kind != failedFault || f.code == codeEmpty {
		return false
	}
	if f.code == codeSession || f.code == codeExpired || s.age(r.now()) >= oldSession {
		return true
	}
	words := strings.ToLower(f.words)
	for _, about := range []string{"session", "sesj", "klucz"} {
		if strings.Contains(words, about) {
			return true
		}
	}
	return false
}

// keys is the block authenticate of every call but the login.
func (r *route) keys(s session) soap.Value {
	return soap.ObjectOf(
		member("sessionKey", soap.TextOf(s.Key)),
		member("dropshippingKey", soap.TextOf(r.opts.dropshippingKey.Reveal())),
	)
}

// with makes a call in a session.
func (r *route) with(ctx context.Context, s session, method string, params soap.Value) (soap.Value, *failure) {
	return r.send(ctx, method, r.keys(s), params, s.Key)
}

// ask makes a call that has no effect, in whatever session is good, and logs in
// anew once where the session seems to be over.
func (r *route) ask(ctx context.Context, method string, params soap.Value, try eager) (soap.Value, *failure, *partner.Outcome) {
	not := ""
	for {
		s, o := r.sessions.get(ctx, not, try)
		if o != nil {
			return soap.Value{}, nil, o
		}
		v, f := r.with(ctx, s, method, params)
		if f == nil {
			return v, nil, nil
		}
		if not != "" || !r.stale(f, s) {
			out := f.unasked()
			return v, f, &out
		}
		not = s.Key
	}
}

// address is that of a call.
func (r *route) address(op *operation) string {
	gate, method := r.opts.dialect.names(op)
	return strings.NewReplacer("{base}", r.opts.base, "{function}", gate, "{method}", method,
		"{version}", strconv.Itoa(r.opts.dialect.version(op)), "{format}", r.opts.format).Replace(r.opts.endpoint)
}

// clean is a stranger's text without the control characters that the ledger
// does not take.
func clean(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' && c != '\t' && c != '\n' || c == 0x7f {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(text, "?"))
}
