package idosell

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// SignatureHeader carries "sha256=" and the HMAC of a notice's body, for
// accounts with a notice_secret (our choice).
const SignatureHeader = "X-Ordermux-Signature"

const noticeTimeout = 10 * time.Second

// callback tells the shops that placed orders that they were shipped. What the
// vendor's own notice looks like is not published; that there is one, and that
// it carries the parcel's number, is.
type callback struct {
	deps partner.Deps
	zone *time.Location
}

func newCallback(deps partner.Deps) (partner.Side, error) {
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		return partner.Side{}, err
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	c := &callback{deps, zone}
	return partner.Side{
		Deliver: c.deliver, Mode: partner.Each, On: []order.Kind{order.KindShipped}, Repeat: partner.RepeatSafe,
		Timeout: noticeTimeout + time.Second, Plan: planNotice, Test: c.test,
		Forget: func(ctx context.Context, o *order.Order) error { return c.cabinet().forget(ctx, o.ID) },
	}, nil
}

func (c *callback) cabinet() cabinet {
	return cabinet{c.deps.At(c.deps.Shop), c.deps.Seal, c.deps.Shop}
}

// planNotice leaves orders alone that no account placed at the door.
func planNotice(o *order.Order, _, _ time.Time) partner.Plan {
	n, ok := strings.CutPrefix(o.ID, o.Account+"-")
	if _, err := strconv.ParseUint(n, 10, 63); o.Account == "" || !ok || err != nil {
		return partner.Plan{Skip: "no customer's account placed it", Code: "no_account"}
	}
	return partner.Plan{}
}

// shipped is the body of a shipped notice.
type shipped struct {
	Event      string   `json:"event"`
	Test       bool     `json:"test,omitzero"`
	ID         string   `json:"orderId"`
	Serial     int64    `json:"orderSerialNumber"`
	External   string   `json:"orderExternalId"`
	Status     string   `json:"orderStatus"`
	Dispatched string   `json:"orderDispatchDate"`
	CourierID  int      `json:"courierId,omitzero"`
	Courier    string   `json:"courierName"`
	Packages   []packed `json:"packages"`
}

// packed is a parcel of a notice.
type packed struct {
	Number   string `json:"deliveryPackageNumber"`
	Shipping string `json:"deliveryShippingNumber"`
	Tracking string `json:"trackingUrl,omitzero"` // of the courier's template, if there is one
}

func (c *callback) deliver(ctx context.Context, tasks []partner.Task) []partner.Outcome {
	out := make([]partner.Outcome, len(tasks))
	for i := range tasks {
		out[i] = c.tell(ctx, &tasks[i])
	}
	return out
}

// tell posts one notice.
func (c *callback) tell(ctx context.Context, t *partner.Task) partner.Outcome {
	if t.Order == nil {
		return partner.Declined("no_order", "nobody states the order any more")
	}
	account, ok, err := c.account(ctx, t.Order.Account)
	switch {
	case err != nil:
		return partner.Later(0, "no_accounts", "the accounts can not be read now")
	case !ok:
		return partner.Declined("no_account", "there is no such account any more")
	case account.Settings["notices"].Text != "true":
		return partner.Declined("notices_off", "the account wants no notices")
	}
	var was placedOrder
	if _, err := c.cabinet().open(ctx, orderKey(t.Order.ID), &was); err != nil {
		return partner.Later(0, "no_state", "what the door keeps of the order can not be read now")
	}
	return c.post(ctx, account, c.notice(t.Order, &t.Event, &was))
}

func (c *callback) account(ctx context.Context, login string) (partner.Grant, bool, error) {
	list, err := c.deps.Credentials.List(ctx, c.deps.Shop, ofAccount)
	for _, g := range list {
		if g.Account == login && login != "" {
			return g, true, err
		}
	}
	return partner.Grant{}, false, err
}

// notice says what there is to say of an order that was shipped: all its
// parcels, whichever is the new one.
func (c *callback) notice(o *order.Order, e *order.Event, was *placedOrder) *shipped {
	couriers := c.deps.Couriers(c.deps.Shop)
	at := dispatched(o)
	if h := e.Happening; h != nil && !h.At.IsZero() {
		at = h.At
	}
	if at.IsZero() {
		at = order.At(e.At)
	}
	n := &shipped{
		Event: "orderShipped", ID: o.ID, Serial: was.Serial, External: was.External, Status: "finished",
		Dispatched: localTime(at, c.zone), Packages: []packed{},
	}
	k, name := courierOf(couriers, o)
	if n.Courier = name; k != nil {
		n.CourierID = k.ID
	}
	for _, p := range parcels(couriers, o) {
		n.Packages = append(n.Packages, packed{Number: p.Number, Tracking: p.TrackingURL})
	}
	return n
}

// post sends a notice to an account's shop. Whatever is wrong is that shop's
// trouble alone.
func (c *callback) post(ctx context.Context, account partner.Grant, n *shipped) partner.Outcome {
	url := account.Settings["notice_url"].Text
	if url == "" {
		return partner.Refused("no_address", "the account has no notice_url").Of(partner.ScopeReceiver)
	}
	body, err := json.Marshal(n)
	if err != nil {
		return partner.Refused("not_sendable", err.Error()).Of(partner.ScopeReceiver)
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if key := account.Settings["notice_secret"].Secret; key.Set() {
		header.Set(SignatureHeader, Sign(key.Reveal(), body))
	}
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	reply, err := c.deps.HTTP.Do(ctx, outbound.Request{Method: http.MethodPost, URL: url, Header: header, Body: body})
	return partner.Told("the shop", reply, err)
}

// Sign is the value of SignatureHeader for a body.
func Sign(key string, body []byte) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write(body)
	return "sha256=" + hex.EncodeToString(h.Sum(nil))
}

// test posts a notice of an order that never was.
func (c *callback) test(ctx context.Context, login string) (string, error) {
	if login == "" {
		return "", order.Refuse("account", order.Required, "is needed: the login of the customer whose shop the message goes to")
	}
	account, ok, err := c.account(ctx, login)
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", order.ErrNotFound
	case account.Settings["notice_url"].Text == "":
		return "", order.Refuse("account", order.Required, "has no notice_url")
	}
	at := c.deps.Now().In(c.zone).Format(time.DateTime)
	out := c.post(ctx, account, &shipped{
		Event: "orderShipped", Test: true, ID: login + "-0", External: "TEST", Status: "finished", Dispatched: at, Courier: "Test",
		Packages: []packed{{Number: "TEST-0000"}},
	})
	if out.Result != partner.ResultDelivered {
		return "", fmt.Errorf("the notice was not taken: %s", out.Reason)
	}
	if account.Settings["notices"].Text != "true" {
		return "the shop took the test notice; notices of orders are switched off for the account", nil
	}
	return "the shop took the test notice", nil
}
