package trustpilot

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

const (
	// maxAge is how old an order may be to be asked about, unless the route says
	// otherwise (our choice).
	maxAge = 183 * 24 * time.Hour
	// longest is a delivery with all that may go before it: a token, the list of
	// templates, and the call again with a new token.
	longest = 2 * time.Minute
	// pollEvery is how soon an erasure is passed on.
	pollEvery = time.Minute
)

// route plays a shop that has its customers invited by Trustpilot.
type route struct {
	deps   partner.Deps
	log    *slog.Logger
	opts   options
	tokens *tokens
	refs   references
	public http.Header // of calls that need the API key alone
	mask   []string

	unitID    cached[string]
	templates cached[templateList]
}

func newRoute(deps partner.Deps, s partner.Settings) (partner.Side, error) {
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	opts, err := readOptions(s)
	if err != nil {
		return partner.Side{}, err
	}
	r := &route{
		deps: deps, log: deps.Log, opts: opts, tokens: newTokens(deps, &opts), refs: references{deps.State},
		public: http.Header{"Accept": {"application/json"}, "Apikey": {opts.key.Reveal()}},
		mask:   []string{opts.key.Reveal(), opts.secret.Reveal()},
	}
	side := partner.Side{
		Deliver: r.deliver, Plan: r.plan, Connect: r.connect, Render: r.render, Poll: r.poll, PollEvery: pollEvery,
		Mode: partner.Once, Batch: 1, Repeat: partner.RepeatNever,
		Needs:   []partner.Need{partner.NeedEmail, partner.NeedName},
		Invites: []string{partner.InviteShop, partner.InviteProducts},
		MaxAge:  maxAge, Timeout: longest, Rate: opts.rate,
	}
	if opts.resendUnknown {
		side.Repeat = partner.RepeatSafe
	}
	if opts.webhookToken.Set() {
		side.Handler = &receiver{route: r}
	}
	if opts.passErasure {
		side.Forget = r.forget
	}
	return side, nil
}

func (r *route) now() time.Time { return r.deps.Now() }

// at is the address of a call about a business unit at the invitations API.
func (r *route) at(unit, call string) string {
	return r.opts.invitations + "/v1/private/business-units/" + url.PathEscape(unit) + "/" + call
}

// deliver invites the customer of each order; the engine gives one at a time.
func (r *route) deliver(ctx context.Context, tasks []partner.Task) []partner.Outcome {
	outcomes := make([]partner.Outcome, len(tasks))
	for i := range tasks {
		outcomes[i] = hide(r.invite(ctx, &tasks[i]), tasks[i].Order)
	}
	return outcomes
}

// invite makes the call that one order asks for.
func (r *route) invite(ctx context.Context, t *partner.Task) partner.Outcome {
	if t.Order == nil {
		return partner.Refused("not_sendable", "nobody has stated this order")
	}
	reference, err := r.refs.keep(ctx, t.Order.ID)
	if err != nil {
		return partner.Later(0, "state", err.Error())
	}
	w, err := r.invitation(t, reference, r.now())
	if err != nil {
		return partner.Refused("not_sendable", err.Error())
	}
	unit, o := r.unit(ctx)
	if o != nil {
		return *o
	}
	remark, o := r.settleTemplates(ctx, unit, &w)
	if o != nil {
		return *o
	}
	body, err := json.Marshal(w)
	if err != nil {
		return partner.Refused("not_sendable", err.Error())
	}
	reply, o, err := r.private(ctx, http.MethodPost, r.at(unit, "email-invitations"), body)
	switch {
	case o != nil:
		return *o
	case err != nil:
		return unanswered(err)
	case reply.Status/100 != 2:
		return verdict(reply)
	}
	return taken(reply, reference, remark)
}

// taken is the outcome of a 2xx, whatever its body: the proof is the request
// as it stands in evidence, and the number Trustpilot gave to the call, if any.
func taken(reply outbound.Reply, reference, remark string) partner.Outcome {
	o := partner.Delivered(reference)
	o.Reason = "taken by Trustpilot, which mails it"
	if w := readWords(reply.Body); w.correlation != "" {
		o.Reason += " (correlationId " + w.correlation + ")"
	}
	if remark != "" {
		o.Code, o.Reason = "template_replaced", o.Reason+"; "+remark
	}
	return o
}

// hide takes the customer out of what an answer says.
func hide(o partner.Outcome, about *order.Order) partner.Outcome {
	if about == nil || about.Customer == nil {
		return o
	}
	c := about.Customer
	for _, word := range []string{c.Email, consumerName(about), c.FirstName, c.LastName, c.Name} {
		if len(word) > 1 {
			o.Reason = strings.ReplaceAll(o.Reason, word, "[masked]")
		}
	}
	return o
}

// private makes a call with the token, and once more with a new one if that was
// not taken. The outcome is set if the call could not be made.
func (r *route) private(ctx context.Context, method, at string, body []byte) (outbound.Reply, *partner.Outcome, error) {
	refused := ""
	for {
		token, o := r.tokens.get(ctx, refused)
		if o != nil {
			return outbound.Reply{}, o, nil
		}
		h := r.public.Clone()
		h["Authorization"] = []string{"Bearer " + token}
		if r.opts.user != "" {
			h["X-Business-User-Id"] = []string{r.opts.user}
		}
		if body != nil {
			h["Content-Type"] = []string{"application/json"}
		}
		reply, err := r.deps.HTTP.Do(ctx, outbound.Request{
			Method: method, URL: at, Header: h, Body: body, Mask: append(r.mask[:len(r.mask):len(r.mask)], token),
		})
		if err != nil || reply.Status != http.StatusUnauthorized || refused != "" {
			return reply, nil, err
		}
		refused = token
	}
}

// ask makes a call that has no effect; the outcome is set if it brought nothing.
func (r *route) ask(reply outbound.Reply, o *partner.Outcome, err error) ([]byte, *partner.Outcome) {
	switch {
	case o != nil:
	case err != nil:
		failed := unasked(err)
		o = &failed
	case reply.Status/100 != 2:
		failed := verdict(reply)
		o = &failed
	default:
		return reply.Body, nil
	}
	if o.Result == partner.ResultUnknown {
		o.Result = partner.ResultLater
	}
	return nil, o
}

// open makes a public call.
func (r *route) open(ctx context.Context, path string) (outbound.Reply, error) {
	return r.deps.HTTP.Do(ctx, outbound.Request{Method: http.MethodGet, URL: r.opts.base + path, Header: r.public, Mask: r.mask})
}
