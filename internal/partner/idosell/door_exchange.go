package idosell

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/soap"
)

// exchange is one request at the door and its answer.
type exchange struct {
	*door
	w    http.ResponseWriter
	r    *http.Request
	to   gateAddress
	op   *operation // nil: not known
	lang language
}

// bodies are read into memory that is used again: nothing that is decoded
// points into it.
var bodies = sync.Pool{New: func() any { return new(partner.Body) }}

// serve answers a call.
func (x *exchange) serve() {
	request, err := x.read()
	if err != nil {
		x.fail(err, soap.Value{}, nil)
		return
	}
	c := newCall(x.op, request, x.lang)
	c.zone = x.zone
	if !x.op.login {
		if err := x.enter(x.r.Context(), c); err != nil {
			x.fail(err, soap.Value{}, nil)
			return
		}
	}
	ignored := x.ignored(c)
	result, err := x.op.handle(x.r.Context(), x.door, c)
	if err != nil {
		x.fail(err, result, ignored)
		return
	}
	x.answer(http.StatusOK, codeOK, "", result, ignored)
}

// unreadable is a body that is no call at all, whatever it wants.
type unreadable struct{ path, reason string }

func (e *unreadable) Error() string { return e.in(english) }

// in is the error as a sentence.
func (e *unreadable) in(l language) string {
	if e.path == "" {
		return l.reason(e.reason)
	}
	return e.path + ": " + l.reason(e.reason)
}

// misread is the error of a reader of SOAP or JSON.
func misread(err error) *unreadable {
	if e, ok := errors.AsType[*soap.Error](err); ok {
		return &unreadable{e.Path, e.Reason}
	}
	return &unreadable{reason: err.Error()}
}

// read returns the request in canonical names. Errors: partner's of a body,
// *unreadable, *fault.
func (x *exchange) read() (soap.Value, error) {
	memory := bodies.Get().(*partner.Body)
	defer bodies.Put(memory)
	body, err := memory.Read(x.w, x.r)
	if err != nil {
		return soap.Value{}, err
	}
	decode := decodeSOAP
	if x.to.format == formatJSON {
		decode = decodeJSON
	} else if err := soap.CheckContentType(x.r.Header.Get("Content-Type")); err != nil {
		return soap.Value{}, misread(err)
	}
	request, err := decode(body, x.dialect.soap(x.op).Request)
	if err != nil {
		return soap.Value{}, err
	}
	return x.dialect.requestIn(x.op, request), nil
}

// decodeSOAP and decodeJSON read a request in the wire's names. Errors:
// *unreadable, *fault with the path of the wire.
func decodeSOAP(body []byte, t *soap.Type) (soap.Value, error) {
	m, err := soap.Parse(body)
	switch {
	case err != nil:
		return soap.Value{}, misread(err)
	case m.Fault != nil:
		return soap.Value{}, &unreadable{reason: "a fault is no call"}
	}
	v, err := m.Decode(t)
	return v, misfit(err, "Body/"+m.Method)
}

func decodeJSON(body []byte, t *soap.Type) (soap.Value, error) {
	v, err := soap.DecodeJSON(body, t)
	if err == nil {
		return v, nil
	}
	if e, ok := errors.AsType[*soap.Error](err); ok && e.Path == "" { // not an object, or too much of anything
		return v, misread(err)
	}
	var any json.Value
	if json.UnmarshalInput(body, &any) != nil {
		return v, misread(err)
	}
	return v, misfit(err, "")
}

// misfit is the fault of a field that is not what its type says.
func misfit(err error, before string) error {
	e, ok := errors.AsType[*soap.Error](err)
	if !ok {
		return err
	}
	path := strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(e.Path, before), "/"), "/", ".")
	return &fault{code: codeMalformed, path: path, text: e.Reason, wire: true}
}

// fail answers with an error: a fault, with what the handler has to say beside
// it, or a trouble of ours.
func (x *exchange) fail(err error, result soap.Value, ignored []string) {
	var unread *unreadable
	switch {
	case errors.As(err, &unread):
		x.refuse(http.StatusBadRequest, unread.in(x.lang))
	case errors.Is(err, partner.ErrBodyTooLarge):
		defer x.linger()()
		x.answer(http.StatusRequestEntityTooLarge, codeTooLarge, x.lang.of(codeTooLarge), soap.Value{}, nil)
	case errors.Is(err, partner.ErrBodyEncoding), errors.Is(err, partner.ErrBodyGzip), errors.Is(err, partner.ErrBodyBroken):
		x.refuse(http.StatusBadRequest, x.lang.reason(err.Error()))
	default:
		f := faultFor(err)
		if f == nil {
			x.trouble(err)
			return
		}
		if f.code == codeLogin || f.code == codeSession || f.code == codeDropshippingKey {
			x.deps.Refused(x.r.Context())
		}
		x.answer(http.StatusOK, f.code, x.sentence(x.op, f, x.lang), result, ignored)
	}
}

// sentence is a fault in the caller's language and the caller's names.
func (d *door) sentence(op *operation, f *fault, l language) string {
	named := *f
	if !f.wire && f.path != "" {
		named.path = d.dialect.spoken[op].request.wirePath(f.path)
	}
	return named.in(l)
}

// trouble answers for what is our own fault: it must never look final.
func (x *exchange) trouble(err error) {
	header := x.w.Header()
	switch {
	case errors.Is(err, order.ErrBusy):
		header.Set("Retry-After", "1")
	case errors.Is(err, order.ErrReadOnly):
		header.Set("Retry-After", "60")
	case !errors.Is(x.r.Context().Err(), context.Canceled):
		x.log.ErrorContext(x.r.Context(), "idosell door", "method", x.op.method, "error", err)
	}
	if x.to.format == formatJSON {
		x.answer(http.StatusInternalServerError, codeInternal, x.lang.of(codeInternal), soap.Value{}, nil)
		return
	}
	x.note(x.dialect.code(codeInternal))
	x.write(http.StatusInternalServerError, soap.ContentType, soap.EncodeFault(soap.Fault{Code: soap.Server, Reason: x.lang.of(codeInternal)}))
}

// answer writes what an operation answers: errors, the result's members and
// the names of fields that were ignored.
func (x *exchange) answer(status int, code faultCode, text string, result soap.Value, ignored []string) {
	members := append([]soap.Member{errorsValue(code, text)}, result.Members()...)
	if len(ignored) > 0 {
		members = append(members, member("ignored", textList(ignored)))
	}
	v := x.dialect.responseOut(x.op, soap.ObjectOf(members...))
	fault := ""
	if code != codeOK {
		fault = x.dialect.code(code)
	}
	if x.to.format == formatJSON {
		x.note(fault)
		x.write(status, jsonType, soap.AppendJSON(nil, v, x.dialect.soap(x.op).Response))
		return
	}
	body, err := soap.EncodeResponse(x.dialect.soap(x.op), v)
	if err != nil {
		x.trouble(err)
		return
	}
	x.note(fault)
	x.write(status, soap.ContentType, body)
}

// refuse answers what did not reach an operation: a SOAP fault, which always
// goes out with status 500, or errors in JSON with the status.
func (x *exchange) refuse(status int, reason string) {
	x.note(soap.Client)
	if x.to.format != formatJSON {
		if status != http.StatusMethodNotAllowed {
			status = http.StatusInternalServerError
		}
		x.write(status, soap.ContentType, soap.EncodeFault(soap.Fault{Code: soap.Client, Reason: reason}))
		return
	}
	x.write(status, jsonType, soap.AppendJSON(nil, soap.ObjectOf(errorsValue(codeMalformed, reason)), nil))
}

func (x *exchange) notAllowed(allow string) {
	x.w.Header().Set("Allow", allow)
	x.refuse(http.StatusMethodNotAllowed, x.lang.say(sayNotAllowed)+": "+allow)
}

// note tells whoever listens what the call was: as it was called, where the
// door knows no such operation.
func (x *exchange) note(fault string) {
	gate, method := shown(x.to.gate), shown(x.to.method)
	if x.op != nil {
		gate, method = x.dialect.names(x.op)
	}
	x.deps.Note(x.r.Context(), gate, method, fault)
}

// shown is a name that a stranger sent, if it is a plain word.
func shown(name string) string {
	if isWord(name) {
		return name
	}
	return "?"
}

const jsonType = "application/json"

func (x *exchange) write(status int, kind string, body []byte) {
	h := x.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.w.WriteHeader(status)
	_, _ = x.w.Write(body) // a client that left is not our trouble
}

func textList(list []string) soap.Value {
	items := make([]soap.Value, len(list))
	for i, s := range list {
		items[i] = soap.TextOf(s)
	}
	return soap.ListOf(items...)
}
