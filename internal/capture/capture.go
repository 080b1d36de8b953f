// Package capture listens to the calls of a door or a route for a set time:
// who called what, how long it took, what was asked and answered. Secrets are
// masked, personal data is scrubbed unless somebody asked to keep it. Listening
// never delays a call and never fails one: what the recorder can not take in
// time is dropped, and counted.
package capture

import (
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
)

// The bounds of a capture.
const (
	MaxTime   = 24 * time.Hour     // it listens at most so long
	Kept      = 7 * 24 * time.Hour // how long it stays after its end
	KeepBody  = 256 << 10          // bytes kept of each body
	MostCalls = 200_000            // calls that one node records for a capture
	MostBytes = 256 << 20          // bytes that one node keeps for a capture
	MostOpen  = 20                 // captures of a shop that listen at a time
)

// Hub is the reserved shop whose captures hear the calls that belong to no
// shop, because nobody logged in.
const Hub = "_hub"

// Spec says what to listen to: one door or one route.
type Spec struct {
	Door         string `json:"door,omitzero"`  // a partner's name
	Route        string `json:"route,omitzero"` // a route's
	Seconds      int64  `json:"seconds,omitzero"`
	Account      string `json:"account,omitzero"` // only with the credential, or the account, of this name
	Gate         string `json:"gate,omitzero"`    // only paths that begin so; without a leading slash: a gate, or gate/method, of the partner's API
	KeepPersonal bool   `json:"keep_personal,omitzero"`
}

// Capture is one listening.
type Capture struct {
	ID           string    `json:"id"`
	Shop         string    `json:"shop"`
	Door         string    `json:"door,omitzero"`
	Route        string    `json:"route,omitzero"`
	Account      string    `json:"account,omitzero"`
	Gate         string    `json:"gate,omitzero"`
	KeepPersonal bool      `json:"keep_personal"`
	Started      time.Time `json:"started"`
	Until        time.Time `json:"until"` // when it ends, or ended
	By           string    `json:"by"`    // the name of the token it was started with
	Listening    bool      `json:"listening"`
}

// subject is what is listened to, for people.
func (c *Capture) subject() string {
	if c.Door != "" {
		return "door " + c.Door
	}
	return "route " + c.Route
}

// removed is when it is no longer kept.
func (c *Capture) removed() time.Time { return c.Until.Add(Kept) }

// at reports whether it listens to calls of a path that were noted as n.
func (c *Capture) at(path string, n outbound.Note) bool {
	switch {
	case c.Gate == "" || c.Gate[0] == '/':
		return strings.HasPrefix(path, c.Gate)
	case n.Gate == "":
		return false
	}
	return strings.EqualFold(c.Gate, n.Gate) || strings.EqualFold(c.Gate, n.Gate+"/"+n.Method)
}

// check refuses what can not be listened to.
func (s *Spec) check(shop string) error {
	switch {
	case (s.Door == "") == (s.Route == ""):
		return order.Refuse("door", order.Required, "name a door or a route, one of both")
	case shop == Hub && s.Route != "":
		return order.Refuse("route", order.Malformed, "the hub itself has no routes")
	case s.Account != "" && s.Route != "":
		return order.Refuse("account", order.Malformed, "is for doors: a route has one login")
	case s.Seconds < 1 || s.Seconds > int64(MaxTime/time.Second):
		return order.Refuse("seconds", order.Malformed, "must be 1 to 86400 (24 hours)")
	case len(s.Gate) > 500 || len(s.Account) > 200:
		return order.Refuse("", order.Malformed, "gate or account is too long")
	}
	return nil
}

// Call is one recorded call.
type Call struct {
	Start        time.Time `json:"start"`
	Nanos        int64     `json:"ns"`            // how long it took
	In           bool      `json:"in,omitzero"`   // somebody called us
	Gate         string    `json:"gate,omitzero"` // of the partner's API, with its method, where somebody noted it
	Called       string    `json:"called,omitzero"`
	Fault        string    `json:"fault,omitzero"` // the code of a fault in the body
	Method       string    `json:"method"`         // of HTTP
	URL          string    `json:"url"`            // of a door: path and query, below the door
	Credential   string    `json:"credential,omitzero"`
	Remote       string    `json:"remote,omitzero"` // address of who called us
	Status       int       `json:"status,omitzero"` // 0: no answer, or it broke off
	RequestHead  string    `json:"request_head,omitzero"`
	Request      []byte    `json:"request,omitzero"`
	RequestSize  int64     `json:"request_size,omitzero"`
	ResponseHead string    `json:"response_head,omitzero"`
	Response     []byte    `json:"response,omitzero"`
	ResponseSize int64     `json:"response_size,omitzero"`
	Error        string    `json:"error,omitzero"`
	Erased       bool      `json:"erased,omitzero"` // it spoke of an order that was erased since
}

// took is how long it took.
func (c *Call) took() time.Duration { return time.Duration(c.Nanos) }

// fault reports whether the call went wrong.
func (c *Call) fault() bool { return c.Status == 0 || c.Status >= 400 || c.Fault != "" }

// names are gate and method as the partner's API has them, where somebody noted
// them; else kind of path and method of HTTP.
func (c *Call) names() (gate, method string) {
	if c.Gate != "" {
		return c.Gate, c.Called
	}
	return c.pathKind(), c.Method
}

// noted is the call with what was noted of it, as far as that is fit to be
// shown: a partner may have written it.
func (c Call) noted(n outbound.Note) Call {
	word := func(s string) string { return readable(strings.ToValidUTF8(s[:min(len(s), 100)], "")) }
	c.Gate, c.Called, c.Fault = word(n.Gate), word(n.Method), word(n.Fault)
	return c
}

// path is the URL's, without its query.
func (c *Call) path() string { return pathOf(c.URL) }

// pathOf returns the path of an address.
func pathOf(url string) string {
	url, _, _ = strings.Cut(url, "?")
	if _, rest, ok := strings.Cut(url, "://"); ok {
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			return rest[i:]
		}
		return "/"
	}
	return url
}

// pathKind is the path with what looks like an id, a number or a person's word
// taken out, so that calls of one kind fall together.
func (c *Call) pathKind() string {
	parts := strings.Split(c.path(), "/")
	for i, p := range parts {
		if isID(p) {
			parts[i] = "{id}"
		}
	}
	return strings.Join(parts, "/")
}

// isID reports whether a part of a path is no fixed word: it has a digit and
// is no version, or is long, or holds what words do not.
func isID(p string) bool {
	if len(p) > 40 || strings.ContainsAny(p, "@%[") {
		return true
	}
	if len(p) > 1 && (p[0] == 'v' || p[0] == 'V') && strings.Trim(p[1:], "0123456789.") == "" {
		return false
	}
	return strings.ContainsAny(p, "0123456789")
}

// headerOf returns a header's value from its lines.
func headerOf(head, name string) string {
	for line := range strings.Lines(head) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
