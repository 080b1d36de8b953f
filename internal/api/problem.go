package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// Problem is the answer to a call that failed (RFC 9457).
type Problem struct {
	Type   string  `json:"type"`  // "about:blank": Title and Status say it all
	Title  string  `json:"title"` // of the status
	Status int     `json:"status"`
	Detail string  `json:"detail,omitzero"` // for people, without personal data
	Faults []Fault `json:"faults,omitzero"` // of refused input, each with its place
	// Twins are products that were refused because they would share an EAN.
	Twins []Twins `json:"twins,omitzero"`
	// Nodes says of a reload what each node did.
	Nodes []NodeReload `json:"nodes,omitzero"`

	retryAfter time.Duration
}

// Fault is one complaint about the input.
type Fault struct {
	Path   string          `json:"path"` // "[1].order.lines[0].total"
	Code   order.FaultCode `json:"code"`
	Reason string          `json:"reason"`
}

// Error returns what a person should read.
func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for _, f := range p.Faults {
		if f.Path != "" && f.Path+": "+f.Reason != text {
			text += "\n  " + f.Path + ": " + f.Reason
		}
	}
	return text
}

// Unwrap returns the error kind, so that callers of the client can ask for it.
func (p *Problem) Unwrap() error {
	switch p.Status {
	case http.StatusNotFound:
		return order.ErrNotFound
	case http.StatusConflict:
		return order.ErrConflict
	case http.StatusServiceUnavailable:
		return order.ErrBusy
	case http.StatusBadRequest:
		if len(p.Faults) > 0 {
			bad := &order.Invalid{}
			for _, f := range p.Faults {
				bad.Faults = append(bad.Faults, order.Fault{Path: f.Path, Code: f.Code, Reason: f.Reason})
			}
			return bad
		}
	}
	return nil
}

func problemf(status int, format string, args ...any) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}
}

// badInput is the problem of refused input.
func badInput(bad *order.Invalid) *Problem {
	status := http.StatusBadRequest
	p := problemf(status, "%s", bad.Error())
	for _, f := range bad.Faults {
		p.Faults = append(p.Faults, Fault{Path: f.Path, Code: f.Code, Reason: f.Reason})
		if f.Code == order.TooLarge && f.Path == "" {
			p.Status, p.Title = http.StatusRequestEntityTooLarge, http.StatusText(http.StatusRequestEntityTooLarge)
		}
	}
	return p
}

// NotFound is the detail of a problem about a thing that is not known: an
// order, a route, a token.
const NotFound = "there is no such thing in this shop"

// asProblem is the one table from error kinds to answers. Nil: a trouble of
// ours, whose text stays in the log.
func asProblem(err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	if bad, ok := errors.AsType[*order.Invalid](err); ok {
		return badInput(bad)
	}
	if bad, ok := json.Invalid(err); ok {
		return badInput(bad)
	}
	switch {
	case errors.Is(err, order.ErrNotFound):
		return problemf(http.StatusNotFound, "%s", NotFound)
	case errors.Is(err, order.ErrConflict):
		return problemf(http.StatusConflict, "%s", order.ErrConflict.Error())
	case errors.Is(err, order.ErrReadOnly):
		return unavailable(order.ErrReadOnly.Error(), 30*time.Second)
	case errors.Is(err, delivery.ErrElsewhere):
		return unavailable("the node that runs this shop does not answer, try again later", 2*time.Second)
	case errors.Is(err, order.ErrBusy):
		return unavailable(order.ErrBusy.Error(), time.Second)
	case errors.Is(err, context.DeadlineExceeded):
		return unavailable("it took too long, try again later", time.Second)
	}
	return nil
}

func unavailable(detail string, after time.Duration) *Problem {
	p := problemf(http.StatusServiceUnavailable, "%s", detail)
	p.retryAfter = after
	return p
}

// fail writes the problem document of an error.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := asProblem(err)
	if p == nil {
		if r.Context().Err() == nil {
			a.Log.ErrorContext(r.Context(), "api call failed", slog.String("method", r.Method), slog.String("pattern", r.Pattern), slog.Any("error", err))
		}
		p = problemf(http.StatusInternalServerError, "something went wrong here; the hub's log has the reason")
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="ordermux"`)
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(p.retryAfter.Seconds())))
	}
	w.WriteHeader(p.Status)
	_ = json.MarshalWrite(w, p)
}

// created is an answer with the status 201.
type created struct{ body any }

// answer writes an endpoint's result.
func (a *API) answer(w http.ResponseWriter, r *http.Request, out any) {
	status := http.StatusOK
	if c, ok := out.(created); ok {
		status, out = http.StatusCreated, c.body
	}
	if e, ok := out.(export); ok {
		a.send(w, r, e)
		return
	}
	if t, ok := out.(*tail); ok {
		t.run(w)
		return
	}
	b, ok := out.([]byte)
	if !ok {
		var err error
		if b, err = json.Marshal(out); err != nil {
			a.fail(w, r, fmt.Errorf("encode answer: %w", err))
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
