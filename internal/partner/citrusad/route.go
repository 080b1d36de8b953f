package citrusad

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// How a route's orders go out.
const (
	outputAPI  = "api"
	outputFile = "file"
	outputBoth = "both"
)

// route plays a shop that sends its orders to CitrusAd.
type route struct {
	deps   partner.Deps
	log    *slog.Logger
	orders string // the address of /v1/orders
	header http.Header
	mask   []string
	send   outgoing

	readBack      uint64 // of readBackOf orders, how many are read back
	readBackAfter time.Duration
	file          *file // nil: no order file
}

// readBackOf is the whole of which readBack is a share: hundredths of a
// percent.
const readBackOf = 10_000

func newRoute(deps partner.Deps, s partner.Settings) (partner.Side, error) {
	r := &route{deps: deps, log: deps.Log, send: sending(s)}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	side := partner.Side{
		Mode:   partner.Latest,
		Batch:  maxBatch,
		Repeat: partner.AskFirst,
		Needs:  []partner.Need{partner.NeedPlacedAt, partner.NeedProducts, partner.NeedPrices},
		Render: r.render,
	}
	output := s.TextOr("output", outputAPI)
	err := errors.Join(r.readBackSettings(s), batchSize(s, &side.Batch), callTimeout(s, &side.Timeout))
	if output != outputFile {
		err = errors.Join(err, r.connect(s))
		side.Deliver, side.Look = r.deliver, r.look
	}
	if output != outputAPI {
		f, ferr := newFile(deps, s, &r.send)
		err = errors.Join(err, ferr)
		r.file = f
		side.Poll, side.PollEvery, side.Rewrite = f.poll, filePoll, f.rewrite
	}
	switch output {
	case outputAPI:
	case outputFile:
		side.Deliver, side.Look, side.Repeat = r.file.deliver, r.file.look, partner.RepeatSafe
	case outputBoth:
		side.Deliver = r.deliverBoth
	default:
		err = errors.Join(err, errors.New("output: must be api, file or both"))
	}
	return side, err
}

func sending(s partner.Settings) outgoing {
	return outgoing{
		Team:         s["team_id"].Text,
		Catalog:      s["catalog_id"].Text,
		CatalogLevel: s.TextOr("catalog_level", levelOrder),
		Seller:       on(s, "send_seller_id"),
		Customer:     s.TextOr("send_customer_id", "true") == "true",
		Code:         s.TextOr("product_code", codeAuto),
	}
}

func batchSize(s partner.Settings, batch *int) error {
	n, err := strconv.Atoi(s.TextOr("batch_size", strconv.Itoa(maxBatch)))
	if err != nil || n < 1 || n > maxBatch {
		return errors.New("batch_size: must be a number from 1 to 100")
	}
	*batch = n
	return nil
}

func callTimeout(s partner.Settings, timeout *time.Duration) error {
	d, err := time.ParseDuration(s.TextOr("timeout", "30s"))
	if err != nil || d < time.Second || d > 5*time.Minute {
		return errors.New("timeout: must be from 1s to 5m")
	}
	*timeout = d
	return nil
}

func (r *route) readBackSettings(s partner.Settings) error {
	share, err := strconv.ParseFloat(s.TextOr("read_back", "1"), 64)
	if err != nil || !(share >= 0 && share <= 100) {
		return errors.New("read_back: must be a share from 0 to 100 percent")
	}
	r.readBack = uint64(share * readBackOf / 100)
	r.readBackAfter, err = time.ParseDuration(s.TextOr("read_back_after", "10s"))
	if err != nil || r.readBackAfter < 0 {
		return errors.New("read_back_after: must be a duration such as 10s")
	}
	return nil
}

// connect makes the address and the header of every call.
func (r *route) connect(s partner.Settings) error {
	base, err := baseURL(s["base_url"].Text)
	key := s[secretKey].Secret.Reveal()
	if key == "" {
		err = errors.Join(err, errors.New("api_key: is required"))
	}
	r.orders = base + "/v1/orders"
	r.mask = []string{key}
	r.header = http.Header{
		"Accept":        {"application/json"},
		"Content-Type":  {"application/json"},
		"Authorization": {"Basic " + key}, // the raw key, not base64: every sample of every layer
	}
	return err
}

// baseURL is the configured address without /v1 and without a slash at its
// end: people write both with and without.
func baseURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", errors.New("base_url: must be an absolute http or https address")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("base_url: must have no query and no fragment")
	}
	base := strings.TrimRight(text, "/")
	for strings.HasSuffix(base, "/v1") {
		base = strings.TrimRight(strings.TrimSuffix(base, "/v1"), "/")
	}
	return base, nil
}

// render returns the exact JSON of an order as it goes out.
func (r *route) render(t partner.Task) ([]byte, error) {
	w, err := r.send.toWire(t.Order)
	if err != nil {
		return nil, err
	}
	return appendRequestOrder(nil, &w), nil
}

// sent is a task as it goes out.
type sent struct {
	task  int // its index among the tasks
	order wireOrder
}

// deliver sends the tasks in one request.
func (r *route) deliver(ctx context.Context, tasks []partner.Task) []partner.Outcome {
	outcomes := make([]partner.Outcome, len(tasks))
	batch := make([]sent, 0, len(tasks))
	body := append(make([]byte, 0, 512*len(tasks)), `{"orders":[`...)
	for i := range tasks {
		w, err := r.send.toWire(tasks[i].Order)
		if err != nil {
			outcomes[i] = partner.Refused("not_sendable", err.Error())
			continue
		}
		if len(batch) > 0 {
			body = append(body, ',')
		}
		body = appendRequestOrder(body, &w)
		batch = append(batch, sent{i, w})
	}
	if len(batch) > 0 {
		r.post(ctx, append(body, `]}`...), batch, outcomes)
	}
	return outcomes
}

// post sends a batch and judges what came back.
func (r *route) post(ctx context.Context, body []byte, batch []sent, outcomes []partner.Outcome) {
	reply, err := r.deps.HTTP.Do(ctx, outbound.Request{
		Method: http.MethodPost, URL: r.orders, Header: r.header, Body: body, Mask: r.mask,
	})
	if err == nil && outbound.Verdict(reply.Status) == outbound.OK {
		r.prove(reply.Body, batch, outcomes)
		return
	}
	var o partner.Outcome
	if err != nil {
		o = unanswered(err)
	} else {
		o = verdict(reply, len(batch))
	}
	for _, s := range batch {
		outcomes[s.task] = o
	}
}

// prove compares the answer with what was sent, order by order: matched by
// position and id, for the answer keeps the sequence of the request.
func (r *route) prove(answer []byte, batch []sent, outcomes []partner.Outcome) {
	b := memories.Get().(*memory)
	defer b.release()
	err := b.decoder.readAnswer(answer)
	for i, s := range batch {
		switch {
		case err != nil:
			outcomes[s.task] = partner.Unknown("answer_unreadable", "the answer is no JSON: "+err.Error())
		case len(b.decoder.orders) != len(batch) || b.decoder.orders[i].ID != s.order.ID:
			outcomes[s.task] = partner.Unknown("answer_other_order", fmt.Sprintf(
				"the answer has %d orders for %d, and not this one in its place", len(b.decoder.orders), len(batch)))
		default:
			outcomes[s.task] = r.judge(&s.order, &b.decoder.orders[i])
		}
	}
}

// judge is the outcome of an order that the partner answered with its content.
func (r *route) judge(ours, theirs *wireOrder) partner.Outcome {
	if path := differs(ours, theirs); path != "" {
		return partner.Unknown("answer_differs", "the answer has another "+path)
	}
	o := partner.Delivered(theirs.ID)
	if r.sampled(ours.ID) {
		o = partner.Pending(theirs.ID, r.readBackAfter)
		o.Code, o.Reason = "read_back", "taken, to be read back"
	}
	return flagged(o, ours)
}

// flagged marks what was taken but will not count as a sale of an ad.
func flagged(o partner.Outcome, w *wireOrder) partner.Outcome {
	if w.Session == "" && o.Result == partner.ResultDelivered {
		o.Code, o.Reason = "no_session", "sent without a session: the sale can not be attributed to an ad"
	}
	return o
}

// sampled picks the orders that are read back: always the same ones, so that a
// repeat makes no difference.
func (r *route) sampled(id string) bool {
	if r.readBack == 0 {
		return false
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // never fails
	return h.Sum64()%readBackOf < r.readBack
}

// look asks for each order by its id.
func (r *route) look(ctx context.Context, tasks []partner.Task) []partner.Outcome {
	outcomes := make([]partner.Outcome, len(tasks))
	for i := range tasks {
		if i > 0 && outcomes[i-1].Scope == partner.ScopeRoute {
			outcomes[i] = outcomes[i-1] // one wrong key is enough
			continue
		}
		outcomes[i] = r.lookOne(ctx, &tasks[i])
	}
	return outcomes
}

func (r *route) lookOne(ctx context.Context, t *partner.Task) partner.Outcome {
	w, err := r.send.toWire(t.Order)
	if err != nil {
		return partner.Unknown("not_sendable", err.Error())
	}
	reply, err := r.deps.HTTP.Do(ctx, outbound.Request{
		Method: http.MethodGet, URL: r.orders + "/" + url.PathEscape(w.ID), Header: r.header, Mask: r.mask,
	})
	switch {
	case err != nil:
		return partner.Later(0, callCode(err), err.Error()) // asking has no effect
	case reply.Status == http.StatusNotFound:
		return partner.NotThere()
	case outbound.Verdict(reply.Status) != outbound.OK:
		return lookVerdict(reply)
	}
	b := memories.Get().(*memory)
	defer b.release()
	if err := b.decoder.readAnswer(reply.Body); err != nil {
		return partner.Unknown("answer_unreadable", "the answer is no JSON: "+err.Error())
	}
	theirs := &b.decoder.orders[0]
	if theirs.ID != w.ID {
		return partner.Unknown("answer_other_order", "the answer is about another order")
	}
	if path := differs(&w, theirs); path != "" {
		o := partner.NotThere() // an older version of it is
		o.Code, o.Reason = "answer_differs", "the partner has another "+path
		return o
	}
	return flagged(partner.Delivered(w.ID), &w)
}

// differs returns the path of the first thing that the partner has otherwise
// than we sent it; "" if there is none. Prices compare as numbers and times as
// instants; what the partner leaves out of its answer proves nothing.
func differs(ours, theirs *wireOrder) string {
	// Whether fractions of a second survive at the partner is not documented.
	if !theirs.Date.IsZero() && theirs.Date.Time().Sub(ours.Date.Time()).Abs() >= time.Second {
		return "orderDate"
	}
	if len(theirs.Items) != len(ours.Items) {
		return "number of orderItems"
	}
	for i := range ours.Items {
		if field := itemDiffers(&ours.Items[i], &theirs.Items[i]); field != "" {
			return itemPath(i) + "." + field
		}
	}
	return ""
}

func itemDiffers(ours, theirs *wireItem) string {
	switch {
	case ours.GTIN != theirs.GTIN:
		return "gtin"
	case ours.Quantity.Cmp(theirs.Quantity) != 0:
		return "quantity"
	case otherPrice(ours.Total, theirs.Total):
		return "totalOrderItemPriceAfterDiscounts"
	case otherPrice(ours.Unit, theirs.Unit):
		return "regularUnitPrice"
	}
	return ""
}

func otherPrice(ours, theirs order.Money) bool {
	return ours.IsSet() && theirs.IsSet() && ours.Cmp(theirs) != 0
}
