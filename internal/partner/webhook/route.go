package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// The bounds of the settings.
const (
	maxBatch       = 100
	defaultTimeout = 15 * time.Second
	repeatsAllowed = "allowed"
	repeatsNever   = "never"
	minTimeout     = time.Second
	maxTimeout     = 5 * time.Minute
)

// route posts events to one address.
type route struct {
	http    *outbound.Client
	now     func() time.Time
	url     string
	signer  *Signer
	batched bool
	once    bool // the receiver can not recognise a repeat
	timeout time.Duration
	header  http.Header // of every message; never changed
	size    atomic.Int64
}

func newRoute(deps partner.Deps, s partner.Settings) (partner.Side, error) {
	r := &route{http: deps.HTTP, now: deps.Now, url: s["url"].Text}
	if r.now == nil {
		r.now = time.Now
	}
	batch, err := r.read(s)
	if err != nil {
		return partner.Side{}, err
	}
	r.batched = batch > 1
	repeat := partner.RepeatSafe // receivers tell repeats by the id
	if r.once = s["repeats"].Text == repeatsNever; r.once {
		repeat = partner.RepeatNever
	}
	return partner.Side{
		Deliver: r.deliver,
		Mode:    partner.Each,
		Batch:   batch,
		Slots:   slots,
		Repeat:  repeat,
		Timeout: r.timeout + time.Second,
		Render:  r.render,
	}, nil
}

// slots is how many calls a receiver gets at a time unless the route's own
// slots say otherwise: one call per event needs many to keep up with a rush.
const slots = 32

// read reads the settings; every complaint at once.
func (r *route) read(s partner.Settings) (batch int, err error) {
	var faults []error
	if u, err := url.Parse(r.url); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		faults = append(faults, errors.New("url: must be an absolute http or https address"))
	}
	if r.signer, err = NewSigner(s["secret"].Secret); err != nil {
		faults = append(faults, fmt.Errorf("secret: %w", err))
	} else if r.signer, err = NewSigner(s["secret"].Secret, s["secret_previous"].Secret); err != nil {
		faults = append(faults, fmt.Errorf("secret_previous: %w", err))
	}
	batch, r.timeout = 1, defaultTimeout
	if t := s["batch"].Text; t != "" {
		if batch, err = strconv.Atoi(t); err != nil || batch < 1 || batch > maxBatch {
			faults = append(faults, fmt.Errorf("batch: must be a number from 1 to %d", maxBatch))
		}
	}
	if t := s["timeout"].Text; t != "" {
		if r.timeout, err = time.ParseDuration(t); err != nil || r.timeout < minTimeout || r.timeout > maxTimeout {
			faults = append(faults, fmt.Errorf("timeout: must be from %v to %v", minTimeout, maxTimeout))
		}
	}
	if r.header, err = headers(s); err != nil {
		faults = append(faults, err)
	}
	return batch, errors.Join(faults...)
}

// headers builds what every message carries.
func headers(s partner.Settings) (http.Header, error) {
	h := http.Header{"Content-Type": {"application/json"}}
	for _, line := range s["headers"].List {
		name, value, ok := strings.Cut(line, ":")
		name, value = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value)
		switch {
		case !ok || !isToken(name) || strings.ContainsFunc(value, isControl):
			return nil, errors.New(`headers: each must be written "Name: value"`)
		case reserved[name]:
			return nil, fmt.Errorf("headers: %s is set by us", name)
		}
		h.Add(name, value)
	}
	if a := s["authorization"].Secret; a.Set() {
		if strings.ContainsFunc(a.Reveal(), isControl) {
			return nil, errors.New("authorization: holds a character that no header can")
		}
		h["Authorization"] = []string{a.Reveal()}
	}
	return h, nil
}

// reserved are the headers that a configuration can not set.
var reserved = map[string]bool{HeaderID: true, HeaderTimestamp: true, HeaderSignature: true,
	"Host": true, "Content-Type": true, "Content-Length": true, "Transfer-Encoding": true, "Connection": true,
	"Authorization": true, outbound.HopHeader: true, "Traceparent": true, "Accept-Encoding": true}

func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// deliver posts the tasks in one message.
func (r *route) deliver(ctx context.Context, tasks []partner.Task) []partner.Outcome {
	outcomes := make([]partner.Outcome, len(tasks))
	o := r.post(ctx, tasks)
	for i := range outcomes {
		outcomes[i] = o
	}
	return outcomes
}

func (r *route) post(ctx context.Context, tasks []partner.Task) partner.Outcome {
	body, err := r.body(tasks)
	if err != nil {
		return refused("not_sendable", err.Error(), len(tasks))
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	header := make(http.Header, len(r.header)+3)
	for name, values := range r.header {
		header[name] = values
	}
	r.signer.SignHeader(header, r.id(tasks), r.now(), body)
	reply, err := r.http.Do(ctx, outbound.Request{Method: http.MethodPost, URL: r.url, Header: header, Body: body})
	if err != nil {
		return unanswered(err)
	}
	out := verdict(reply, len(tasks))
	if r.once && outbound.Verdict(reply.Status) == outbound.Unknown {
		return partner.Unknown(out.Code, out.Reason) // it may have taken the event all the same
	}
	return out
}

// body encodes the message; the memory is fresh, for evidence keeps it.
func (r *route) body(tasks []partner.Task) (b []byte, err error) {
	b = make([]byte, 0, r.size.Load()*int64(len(tasks))+64)
	if r.batched {
		b, err = appendBatch(b, tasks)
	} else {
		b, err = appendEvent(b, &tasks[0])
	}
	// Room for the next one: a quarter more than what this one took.
	r.size.Store(min(int64(len(b)/len(tasks)*5/4), 64<<10))
	return b, err
}

// id is the message's id: the task's own key, or in batches a digest of the
// keys, for a batch that is sent again may hold others.
func (r *route) id(tasks []partner.Task) string {
	if !r.batched {
		return tasks[0].Key
	}
	h := sha256.New()
	for i := range tasks {
		h.Write([]byte(tasks[i].Key))
		h.Write([]byte{'\n'})
	}
	return "batch-" + hex.EncodeToString(h.Sum(nil)[:16])
}

// render returns the event as it would be sent by itself.
func (r *route) render(t partner.Task) ([]byte, error) { return appendEvent(nil, &t) }

// verdict maps an answer. The table of outbound holds but for server errors:
// repeating is safe here, so they are simply tried again, as Standard Webhooks
// asks. 410 means that the receiver wants no more at all ("Operational
// considerations" of the specification, seen 2026).
func verdict(reply outbound.Reply, tasks int) partner.Outcome {
	code := "http_" + strconv.Itoa(reply.Status)
	reason := "the receiver answered " + strings.TrimSpace(strconv.Itoa(reply.Status)+" "+http.StatusText(reply.Status))
	switch outbound.Verdict(reply.Status) {
	case outbound.OK:
		return partner.Delivered("")
	case outbound.Login:
		return partner.Refused(code, reason+explain(reply.Status)).Of(partner.ScopeRoute)
	case outbound.Refused:
		return refused(code, reason, tasks)
	}
	return partner.Later(reply.RetryAfter, code, reason)
}

// explain says what to do about an answer that is about the route.
func explain(status int) string {
	switch {
	case status == http.StatusGone:
		return ": it wants no more events"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return ": see secret and authorization"
	case status/100 == 3:
		return ": redirects are not followed, configure the address it leads to"
	}
	return ": see url"
}

// refused is the outcome of a message that was not taken: of a batch nobody
// says which event is bad.
func refused(code, reason string, tasks int) partner.Outcome {
	o := partner.Refused(code, reason)
	if tasks > 1 {
		return o.Of(partner.ScopeBatch)
	}
	return o
}

// unanswered maps a call without a complete answer.
func unanswered(err error) partner.Outcome {
	var e *outbound.Error
	if !errors.As(err, &e) {
		return partner.Unknown("no_answer", err.Error())
	}
	code := "no_answer_" + strings.ReplaceAll(e.Op, " ", "_")
	if e.Timeout() {
		code = "timeout"
	}
	switch {
	case e.Op == outbound.OpTooBig && outbound.Verdict(e.Status) == outbound.OK:
		return partner.Delivered("") // what else it says does not matter
	case e.Op == outbound.OpRequest || e.Op == outbound.OpGuard:
		return partner.Refused(code, e.Error()).Of(partner.ScopeRoute)
	case e.Left:
		return partner.Unknown(code, e.Error())
	}
	return partner.Later(0, code, e.Error())
}
