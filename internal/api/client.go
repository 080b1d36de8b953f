package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/secret"
)

// maxAnswer bounds what the client reads of an answer.
const maxAnswer = 256 << 20

// Client calls the API of a running hub. Its errors are *Problem where the
// hub said what is wrong. Safe for concurrent use.
type Client struct {
	base  string
	token secret.Text
	http  *http.Client
}

// NewClient makes a client of the hub at base ("http://127.0.0.1:8080").
// Nil transport: the standard one.
func NewClient(base string, token secret.Text, transport http.RoundTripper) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, errors.New("the hub's address must be whole, such as http://127.0.0.1:8080")
	}
	return &Client{base: strings.TrimRight(base, "/"), token: token, http: &http.Client{Transport: transport}}, nil
}

// path puts a path together; the parts after the first are escaped.
func path(shop string, parts ...string) string {
	var b strings.Builder
	b.WriteString("/api/v1/shops/" + url.PathEscape(shop))
	for _, p := range parts {
		b.WriteString("/" + url.PathEscape(p))
	}
	return b.String()
}

// call sends in (nil: no body) and decodes the answer into out.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
	}
	return c.send(ctx, method, path, http.Header{"Content-Type": {"application/json"}}, body, out)
}

// do makes a request; the caller closes the answer's body.
func (c *Client) do(ctx context.Context, method, path string, header http.Header, body []byte) (*http.Response, error) {
	return c.stream(ctx, method, path, header, bytes.NewReader(body))
}

// stream is do with a body of any length.
func (c *Client) stream(ctx context.Context, method, path string, header http.Header, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	req.Header = header
	if c.token.Set() {
		req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("call the hub: %w", err)
	}
	return res, nil
}

func (c *Client) send(ctx context.Context, method, path string, header http.Header, body []byte, out any) error {
	if len(body) == 0 {
		header = http.Header{}
	}
	res, err := c.do(ctx, method, path, header, body)
	if err != nil {
		return err
	}
	return decoded(res, out)
}

// decoded reads an answer into out, and closes it.
func decoded(res *http.Response, out any) error {
	defer res.Body.Close()
	b, err := json.ReadAll(res.Body, maxAnswer)
	if err != nil {
		return fmt.Errorf("read the hub's answer: %w", err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return problemOf(res, b)
	}
	if raw, ok := out.(*[]byte); ok {
		*raw = b
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("the hub's answer: %w", err)
	}
	return nil
}

// problemOf reads a problem document, or makes one of what somebody between
// us and the hub answered.
func problemOf(res *http.Response, body []byte) *Problem {
	p := &Problem{}
	if err := json.Unmarshal(body, p); err != nil || p.Status == 0 {
		p = problemf(res.StatusCode, "the hub's address answered %s", res.Status)
	}
	if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && s > 0 {
		p.retryAfter = time.Duration(s) * time.Second
	}
	return p
}

// RetryAfter is how long the hub asked to wait; zero: it did not.
func (p *Problem) RetryAfter() time.Duration { return p.retryAfter }

// Append hands entries in as one call, all or nothing; imported makes the
// shop's import their source instead of the token.
func (c *Client) Append(ctx context.Context, shop string, entries []order.Entry, imported bool) ([]order.Receipt, error) {
	var body bytes.Buffer
	for _, e := range entries {
		wire, err := EncodeEntry(e)
		if err != nil {
			return nil, err
		}
		if err := json.MarshalWrite(&body, wire); err != nil {
			return nil, fmt.Errorf("encode entry: %w", err)
		}
		body.WriteByte('\n')
	}
	header := http.Header{"Content-Type": {"application/x-ndjson"}}
	if imported {
		header.Set(sourceHeader, "import")
	}
	var out Receipts
	err := c.send(ctx, http.MethodPost, path(shop, "events"), header, body.Bytes(), &out)
	return out.Receipts, err
}

// Post hands in a body as it is.
func (c *Client) Post(ctx context.Context, shop, contentType string, body io.Reader) ([]order.Receipt, error) {
	b, err := json.ReadAll(body, MaxBody)
	if err != nil {
		return nil, err
	}
	var out Receipts
	err = c.send(ctx, http.MethodPost, path(shop, "events"), http.Header{"Content-Type": {contentType}}, b, &out)
	return out.Receipts, err
}

// ListOptions narrow lists; zero values do not.
type ListOptions struct {
	Cursor         string
	Limit          int
	Since, Until   time.Time // orders
	Channel        string    // orders
	Account        string    // orders
	Route          string    // deliveries, reconcile, orders
	States         []string  // deliveries, orders
	Code           string    // deliveries
	Orders         []string  // deliveries
	From, To       time.Time // reconcile
	FromSeq, ToSeq int64     // reconcile
	Find           Find      // orders
}

// Find is what orders are found by; what is empty does not narrow.
type Find struct {
	Text                            string // the id, or any of the rest
	ID, Ref, Email, Product, Parcel string
}

// query writes the parameters that are set.
func (o ListOptions) query() string {
	q := o.Values()
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// Values are the parameters that are set.
func (o ListOptions) Values() url.Values {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	at := func(name string, t time.Time) {
		if !t.IsZero() {
			q.Set(name, t.Format(time.RFC3339Nano))
		}
	}
	number := func(name string, n int64) {
		if n > 0 {
			q.Set(name, strconv.FormatInt(n, 10))
		}
	}
	set("cursor", o.Cursor)
	number("limit", int64(o.Limit))
	at("since", o.Since)
	at("until", o.Until)
	set("channel", o.Channel)
	set("account", o.Account)
	set("route", o.Route)
	set("state", strings.Join(o.States, ","))
	set("code", o.Code)
	set("order", strings.Join(o.Orders, ","))
	at("from", o.From)
	at("to", o.To)
	number("from_seq", o.FromSeq)
	number("to_seq", o.ToSeq)
	o.Find.set(set)
	return q
}

func (f Find) set(set func(name, value string)) {
	set("q", f.Text)
	set("id", f.ID)
	set("ref", f.Ref)
	set("email", f.Email)
	set("sku", f.Product)
	set("parcel", f.Parcel)
}

// Orders returns a page of orders, newest first.
func (c *Client) Orders(ctx context.Context, shop string, o ListOptions) (out Orders, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "orders")+o.query(), nil, &out)
}

// Order returns all that is known of one order.
func (c *Client) Order(ctx context.Context, shop, id string) (out OrderState, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "orders", id), nil, &out)
}

// Correct states groups of an order anew; order is canonical JSON.
func (c *Client) Correct(ctx context.Context, shop, id string, order []byte) ([]order.Receipt, error) {
	return c.CorrectSeen(ctx, shop, id, order, 0)
}

// CorrectSeen is Correct of the version of the order that was looked at, its
// Seq: order.ErrConflict if there is a newer one.
func (c *Client) CorrectSeen(ctx context.Context, shop, id string, order []byte, seq int64) ([]order.Receipt, error) {
	var out Receipts
	in := struct {
		Order json.Value `json:"order"`
		Seq   int64      `json:"seq,omitzero"`
	}{order, seq}
	err := c.call(ctx, http.MethodPost, path(shop, "orders", id, "correct"), in, &out)
	return out.Receipts, err
}

// Erase removes the person from an order.
func (c *Client) Erase(ctx context.Context, shop, id string) error {
	return c.call(ctx, http.MethodPost, path(shop, "orders", id, "erase"), nil, &Done{})
}

// Deliveries returns a page of deliveries.
func (c *Client) Deliveries(ctx context.Context, shop string, o ListOptions) (out Deliveries, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "deliveries")+o.query(), nil, &out)
}

// Retry sends failed, parked or refused deliveries again.
func (c *Client) Retry(ctx context.Context, shop string, s Selection) (out Acted, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "deliveries", "retry"), s, &out)
}

// Drop closes open or listed deliveries.
func (c *Client) Drop(ctx context.Context, shop string, s Selection) (out Acted, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "deliveries", "drop"), s, &out)
}

// Send sends one order on one route now.
func (c *Client) Send(ctx context.Context, shop, route, id string, dry bool) (out Verdict, err error) {
	in := map[string]any{"route": route, "order": id, "dry_run": dry}
	return out, c.call(ctx, http.MethodPost, path(shop, "deliveries", "send"), in, &out)
}

// Routes returns the state of every route.
func (c *Client) Routes(ctx context.Context, shop string) (out Routes, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "routes"), nil, &out)
}

// Files returns the files that a route's partner fetches, and their fetches.
func (c *Client) Files(ctx context.Context, shop, route string) (out RouteFiles, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "routes", route, "files"), nil, &out)
}

// Reconcile returns a page of the orders that a route lacks.
func (c *Client) Reconcile(ctx context.Context, shop string, o ListOptions) (out Missing, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "reconcile")+o.query(), nil, &out)
}

// Pause pauses a route.
func (c *Client) Pause(ctx context.Context, shop, route, reason string) error {
	in := map[string]string{}
	if reason != "" {
		in["reason"] = reason
	}
	return c.call(ctx, http.MethodPost, path(shop, "routes", route, "pause"), in, &Done{})
}

// Resume lets a route go on where it stood.
func (c *Client) Resume(ctx context.Context, shop, route string) error {
	return c.call(ctx, http.MethodPost, path(shop, "routes", route, "resume"), nil, &Done{})
}

// Replay sends again what was sent.
func (c *Client) Replay(ctx context.Context, shop, route string, s Selection) (out Acted, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "routes", route, "replay"), s, &out)
}

// Backfill plans a range that the route never considered.
func (c *Client) Backfill(ctx context.Context, shop, route string, s Selection) (out Acted, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "routes", route, "backfill"), s, &out)
}

// Test tells what a route would do with an order.
func (c *Client) Test(ctx context.Context, shop, route, id string) (out Verdict, err error) {
	in := map[string]string{"order": id}
	return out, c.call(ctx, http.MethodPost, path(shop, "routes", route, "test"), in, &out)
}

// Verify walks the chain of a shop.
func (c *Client) Verify(ctx context.Context, shop string) (out Verified, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "verify"), nil, &out)
}

// Tokens lists the tokens of a shop, or of Hub.
func (c *Client) Tokens(ctx context.Context, shop string) (out TokenList, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "tokens"), nil, &out)
}

// CreateToken makes a token.
func (c *Client) CreateToken(ctx context.Context, shop, name string, scope Scope) (out NewToken, err error) {
	in := map[string]string{"name": name, "scope": string(scope)}
	return out, c.call(ctx, http.MethodPost, path(shop, "tokens"), in, &out)
}

// RotateToken makes a new token of the same name; the old one works for keep.
func (c *Client) RotateToken(ctx context.Context, shop, name string, keep time.Duration) (out NewToken, err error) {
	in := map[string]int64{"keep_seconds": int64(keep.Seconds())}
	return out, c.call(ctx, http.MethodPost, path(shop, "tokens", name, "rotate"), in, &out)
}

// RevokeToken ends a token.
func (c *Client) RevokeToken(ctx context.Context, shop, name string) error {
	return c.call(ctx, http.MethodDelete, path(shop, "tokens", name), nil, &Done{})
}

// path is that of a credential, or of one thing to be done with it.
func (c CredentialRef) path(act ...string) string {
	p := path(c.Shop, append([]string{"credentials", c.Partner, c.Name}, act...)...)
	if c.Kind != "" {
		p += "?kind=" + url.QueryEscape(c.Kind)
	}
	return p
}

// Credentials lists a shop's credentials at a partner's door, of one kind or
// ("") of all.
func (c *Client) Credentials(ctx context.Context, shop, partner, kind string) (out CredentialList, err error) {
	p := path(shop, "credentials", partner)
	if kind != "" {
		p += "?kind=" + url.QueryEscape(kind)
	}
	return out, c.call(ctx, http.MethodGet, p, nil, &out)
}

// Credential returns one of them.
func (c *Client) Credential(ctx context.Context, ref CredentialRef) (out Credential, err error) {
	return out, c.call(ctx, http.MethodGet, ref.path(), nil, &out)
}

// CreateCredential makes a credential; what is made for it is shown once.
func (c *Client) CreateCredential(ctx context.Context, ref CredentialRef, values map[string]FieldValue) (out NewCredential, err error) {
	in := map[string]any{"name": ref.Name}
	if ref.Kind != "" {
		in["kind"] = ref.Kind
	}
	if len(values) > 0 {
		in["values"] = values
	}
	return out, c.call(ctx, http.MethodPost, path(ref.Shop, "credentials", ref.Partner), in, &out)
}

// ChangeCredential gives fields other values.
func (c *Client) ChangeCredential(ctx context.Context, ref CredentialRef, values map[string]FieldValue) (out Credential, err error) {
	return out, c.call(ctx, http.MethodPatch, ref.path(), map[string]any{"values": values}, &out)
}

// RotateCredential makes its secrets anew; the old ones work for keep.
func (c *Client) RotateCredential(ctx context.Context, ref CredentialRef, values map[string]FieldValue, keep time.Duration) (out NewCredential, err error) {
	in := map[string]any{"keep_seconds": int64(keep.Seconds())}
	if len(values) > 0 {
		in["values"] = values
	}
	return out, c.call(ctx, http.MethodPost, ref.path("rotate"), in, &out)
}

// RevokeCredential ends a credential and its access tokens.
func (c *Client) RevokeCredential(ctx context.Context, ref CredentialRef) error {
	return c.call(ctx, http.MethodDelete, ref.path(), nil, &Done{})
}

// RevokeTokensOf ends the access tokens of a credential.
func (c *Client) RevokeTokensOf(ctx context.Context, ref CredentialRef) error {
	return c.call(ctx, http.MethodPost, ref.path("revoke-tokens"), nil, &Done{})
}

// Shops lists the shops that the token may see.
func (c *Client) Shops(ctx context.Context) (out Shops, err error) {
	return out, c.call(ctx, http.MethodGet, "/api/v1/shops", nil, &out)
}

// Alerts lists the troubles that have not ended.
func (c *Client) Alerts(ctx context.Context) (out Alerts, err error) {
	return out, c.call(ctx, http.MethodGet, "/api/v1/alerts", nil, &out)
}

// Nodes lists the nodes of the hub.
func (c *Client) Nodes(ctx context.Context) (out Nodes, err error) {
	return out, c.call(ctx, http.MethodGet, "/api/v1/nodes", nil, &out)
}

// Reload makes the hub read its configuration again. If some of several nodes
// could not, the error is a *Problem with Nodes.
func (c *Client) Reload(ctx context.Context) (out Reloaded, err error) {
	return out, c.call(ctx, http.MethodPost, "/api/v1/reload", nil, &out)
}

// Backup copies the store into a new folder on the hub's machine.
func (c *Client) Backup(ctx context.Context, dir string) (out BackupReport, err error) {
	return out, c.call(ctx, http.MethodPost, "/api/v1/backup", map[string]string{"dir": dir}, &out)
}

// Faults returns the faults of a sandbox's door, as JSON.
func (c *Client) Faults(ctx context.Context, partner string) (out []byte, err error) {
	return out, c.call(ctx, http.MethodGet, "/api/v1/faults/"+url.PathEscape(partner), nil, &out)
}

// SetFaults sets them.
func (c *Client) SetFaults(ctx context.Context, partner string, faults []byte) (out []byte, err error) {
	header := http.Header{"Content-Type": {"application/json"}}
	return out, c.send(ctx, http.MethodPut, "/api/v1/faults/"+url.PathEscape(partner), header, faults, &out)
}
