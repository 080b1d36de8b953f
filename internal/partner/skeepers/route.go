package skeepers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/review"
)

// route plays a shop that hands its orders to Skeepers.
type route struct {
	http   *outbound.Client
	now    func() time.Time
	book   *review.Book // who wants no invitations; nil: nobody is known
	tokens *tokens
	insert string // the address of the synchronous call
	send   outgoing
}

// maxAge is the age of a purchase after which it is not sent by default: 6
// months, after which a client reports that nobody is asked (seen 2026).
const maxAge = 183 * 24 * time.Hour

// oldAge is the age after which the vendor's help centre advises against
// sending: 3 months (seen 2026).
const oldAge = 92 * 24 * time.Hour

// slots is how many calls are in flight at a time: the rate is the narrower
// bound, and the vendor documents none.
const slots = 2

func newRoute(deps partner.Deps, s partner.Settings) (partner.Side, error) {
	r := &route{http: deps.HTTP, now: deps.Now, book: deps.Reviews}
	if r.now == nil {
		r.now = time.Now
	}
	side := partner.Side{
		Mode: partner.Once, Repeat: partner.RepeatSafe, Slots: slots, MaxAge: maxAge,
		Needs:   []partner.Need{partner.NeedEmail, partner.NeedName, partner.NeedPlacedAt},
		Invites: []string{partner.InviteShop, partner.InviteProducts},
		Deliver: r.deliver, Plan: r.plan, Render: r.render, Connect: r.connect,
	}
	err := errors.Join(r.address(s), r.sending(s), limits(s, &side))
	return side, err
}

// address reads where the calls go, and as whom.
func (r *route) address(s partner.Settings) error {
	base, errBase := absolute(s, "base_url")
	token, errToken := absolute(s, "token_url")
	website := s[websiteID].Text
	var errWebsite error
	if !isUUID(website) {
		errWebsite = errors.New("website_id: must be a bare UUID such as 7d1f0c52-3b1e-4a39-9d0a-52c1f0a6e9b4, no address")
	}
	r.send.Website = website
	r.insert = base + "/websites/" + url.PathEscape(website) + "/purchase_events/" + opSync
	r.tokens = newTokens(r.http, r.now, token, s[clientID].Text, s[clientSecret].Secret.Reveal())
	return errors.Join(errBase, errToken, errWebsite)
}

// absolute reads an address, without a slash at its end.
func absolute(s partner.Settings, name string) (string, error) {
	text := s[name].Text
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New(name + ": must be an absolute http or https address")
	}
	return strings.TrimRight(text, "/"), nil
}

// isUUID reports whether the text is one, bare.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range []byte(text) {
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)):
			return false
		}
	}
	return true
}

// sending reads what is sent.
func (r *route) sending(s partner.Settings) error {
	o := &r.send
	o.Shop, o.Here = s["shop_id"].Text, s.TextOr("wait", waitThere) == waitHere
	o.Ask, o.Code = s.TextOr("ask", askBoth), s.TextOr("reference", codeAuto)
	var errs [3]error
	o.Delay, errs[0] = daysOf(s, "delay")
	o.DelayProducts, errs[1] = daysOf(s, "delay_product")
	if o.Language = language(s["language"].Text); o.Language == "" && s["language"].Text != "" {
		errs[2] = errors.New("language: must be a language of two letters such as fr")
	}
	return errors.Join(errs[:]...)
}

func daysOf(s partner.Settings, name string) (*int, error) {
	text := s[name].Text
	if text == "" {
		return nil, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxDelay {
		return nil, fmt.Errorf("%s: must be a number of days, 0 to %d", name, maxDelay)
	}
	return &n, nil
}

// limits reads the bounds of the calls.
func limits(s partner.Settings, side *partner.Side) error {
	var errs [3]error
	var err error
	if side.Batch, err = strconv.Atoi(s.TextOr("batch_size", strconv.Itoa(maxBatch))); err != nil || side.Batch < 1 || side.Batch > maxBatch {
		errs[0] = errors.New("batch_size: must be a number from 1 to 50")
	}
	calls, err := strconv.Atoi(s.TextOr("calls_per_minute", "95"))
	if err != nil || calls < 1 || calls > 300 {
		errs[1] = errors.New("calls_per_minute: must be a number from 1 to 300")
	}
	side.Rate = float64(calls) / 60
	if side.Timeout, err = time.ParseDuration(s.TextOr("timeout", "30s")); err != nil || side.Timeout < time.Second || side.Timeout > 5*time.Minute {
		errs[2] = errors.New("timeout: must be from 1s to 5m")
	}
	return errors.Join(errs[:]...)
}

// plan says what an order's delivery asks about, and when it goes at the
// earliest.
func (r *route) plan(o *order.Order, _, received time.Time) partner.Plan {
	var p partner.Plan
	if o.Review != nil && o.Review.ByLink {
		p.Skip, p.Code = "a link was asked for, which the shop delivers itself", "by_link"
		return p
	}
	brand, products := r.send.asks(o)
	if brand {
		p.Invites = append(p.Invites, partner.InviteShop)
	}
	if products {
		p.Invites = append(p.Invites, partner.InviteProducts)
	}
	if len(p.Invites) == 0 {
		p.Skip, p.Code = "no product to ask about, and the brand is not asked about", "nothing_to_ask"
		return p
	}
	if r.send.Here {
		p.At = r.send.first(o, brand, products, received)
	}
	return p
}

// connect gets a token: nothing else can be asked without leaving something
// there.
func (r *route) connect(ctx context.Context) (string, error) {
	if _, err := r.tokens.renew(ctx, ""); err != nil {
		return "", err
	}
	return "a token was given to the client; whether the website id is right shows with the first order", nil
}

// render returns the exact JSON of an order as it would go out now.
func (r *route) render(t partner.Task) ([]byte, error) {
	e, err := r.send.toWire(t.Order, t.Planned, r.now())
	if err != nil {
		return nil, err
	}
	return appendEvent(nil, &e), nil
}

// sent is a task as it goes out.
type sent struct {
	task  int // its index among the tasks
	event wireEvent
}

// deliver sends the tasks in one synchronous call: the one that says which
// events were refused.
func (r *route) deliver(ctx context.Context, tasks []partner.Task) []partner.Outcome {
	outcomes := make([]partner.Outcome, len(tasks))
	batch := make([]sent, 0, len(tasks))
	body := append(make([]byte, 0, 768*len(tasks)), '[')
	now := r.now()
	for i := range tasks {
		e, err := r.send.toWire(tasks[i].Order, tasks[i].Planned, now)
		if err != nil {
			outcomes[i] = partner.Refused("not_sendable", err.Error())
			continue
		}
		if o, out := r.optedOut(ctx, tasks[i].Shop, e.Email); out {
			outcomes[i] = o
			continue
		}
		if len(batch) > 0 {
			body = append(body, ',')
		}
		body = appendEvent(body, &e)
		batch = append(batch, sent{i, e})
	}
	if len(batch) > 0 {
		r.post(ctx, append(body, ']'), batch, outcomes)
	}
	return outcomes
}

// optedOut reports whether the customer wants no invitations of the shop: who
// left one kind of mail is not asked by another.
func (r *route) optedOut(ctx context.Context, shop, email string) (partner.Outcome, bool) {
	if r.book == nil {
		return partner.Outcome{}, false
	}
	out, err := r.book.OptedOut(ctx, shop, email)
	switch {
	case err != nil:
		return partner.Later(0, "opt_outs", "opt-outs can not be read: "+err.Error()), true
	case out:
		return partner.Declined("opted_out", "the customer wants no invitations"), true
	}
	return partner.Outcome{}, false
}

// post sends a batch, once more with a new token if the old one is refused.
func (r *route) post(ctx context.Context, body []byte, batch []sent, outcomes []partner.Outcome) {
	token, err := r.tokens.get(ctx)
	var reply outbound.Reply
	if err == nil {
		reply, err = r.call(ctx, token, body)
		if err == nil && reply.Status == http.StatusUnauthorized {
			if token, err = r.tokens.renew(ctx, token); err == nil {
				reply, err = r.call(ctx, token, body)
			}
		}
	}
	now := r.now()
	if err == nil && outbound.Verdict(reply.Status) == outbound.OK {
		prove(reply, batch, outcomes)
		for _, s := range batch {
			outcomes[s.task] = remarked(outcomes[s.task], &s.event, now)
		}
		return
	}
	if err == nil && reply.Status == http.StatusBadRequest {
		refuse(reply, batch, outcomes)
		return
	}
	o := unanswered(err)
	if err == nil {
		o = verdict(reply, len(batch))
	}
	for _, s := range batch {
		outcomes[s.task] = o
	}
}

func (r *route) call(ctx context.Context, token string, body []byte) (outbound.Reply, error) {
	return r.http.Do(ctx, outbound.Request{
		Method: http.MethodPost, URL: r.insert, Body: body, Mask: []string{token, r.tokens.secret},
		Header: http.Header{
			"Accept":        {"application/json"},
			"Content-Type":  {"application/json"},
			"Authorization": {"Bearer " + token},
		},
	})
}

// remarked marks a purchase that was taken although it is old.
func remarked(o partner.Outcome, e *wireEvent, now time.Time) partner.Outcome {
	if o.Result == partner.ResultDelivered && o.Code == "" && now.Sub(e.Date.Time()) > oldAge {
		o.Code, o.Reason = "old_purchase", "taken, but the purchase is older than 3 months: Skeepers advises against asking"
	}
	return o
}
