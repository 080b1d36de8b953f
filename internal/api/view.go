package api

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
)

// Receipts is the answer to events handed in, in the call's sequence.
type Receipts struct {
	Receipts []order.Receipt `json:"receipts"`
}

// Shop is a configured shop.
type Shop struct {
	ID       string      `json:"id"`
	Name     string      `json:"name"`
	Currency string      `json:"currency"`
	Timezone string      `json:"timezone"`
	Doors    []string    `json:"doors"` // partners
	Routes   []ShopRoute `json:"routes"`
}

// ShopRoute is a configured route.
type ShopRoute struct {
	Name    string `json:"name"`
	Partner string `json:"partner"`
}

// Shops is the list of shops.
type Shops struct {
	Shops []Shop `json:"shops"`
}

// Alert is a trouble that has not ended.
type Alert struct {
	Shop  string    `json:"shop,omitzero"` // empty: of the hub
	Route string    `json:"route,omitzero"`
	Kind  string    `json:"kind"` // "route_paused", "route_blocked", "route_lagging", "order_waiting", "disk_full" …
	Text  string    `json:"text"`
	Since time.Time `json:"since"`
}

// Alerts is the list of troubles.
type Alerts struct {
	Alerts []Alert `json:"alerts"`
}

// Node is one of the equal processes that a hub consists of.
type Node struct {
	ID      string    `json:"id"` // of this run
	Name    string    `json:"name"`
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	Beat    time.Time `json:"beat"` // when it was heard of last
	// State: "living", "leaving" (it hands its shops over), "ended" (declared
	// dead).
	State string `json:"state"`
	Shops int    `json:"shops"` // that it delivers for
	// Configuration is a digest of the node's configuration file, without the
	// addresses that it listens on.
	Configuration string `json:"configuration"`
	Answers       bool   `json:"answers"` // it is the one that answers this
}

// Nodes is the list of nodes.
type Nodes struct {
	Nodes []Node `json:"nodes"`
}

// NodeReload is what became of a reload on one node.
type NodeReload struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Done  bool   `json:"done"`
	Error string `json:"error,omitzero"` // what is wrong with its file; it goes on as it was
}

// Reloaded is the answer to a reload.
type Reloaded struct {
	Done  bool         `json:"done"`
	Nodes []NodeReload `json:"nodes,omitzero"` // of a hub of several
}

// BackupReport says what a backup wrote.
type BackupReport struct {
	Dir   string `json:"dir"`
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
}

// OrderSummary is an order in a list.
type OrderSummary struct {
	ID       string       `json:"id"`
	Number   int64        `json:"number"` // seq of its first event
	Seq      int64        `json:"seq"`    // of its newest event: its version
	Accepted time.Time    `json:"accepted_at"`
	Status   order.Status `json:"status,omitzero"`
	PlacedAt order.Time   `json:"placed_at,omitzero"`
	Channel  string       `json:"channel,omitzero"`
	Currency string       `json:"currency,omitzero"`
	Total    order.Money  `json:"total,omitzero"`
	Lines    int          `json:"lines"`
	Sources  []string     `json:"sources"`
	Stated   bool         `json:"stated"` // false: only happenings so far
	History  bool         `json:"history,omitzero"`
	Public   bool         `json:"public,omitzero"`
	Erased   bool         `json:"erased,omitzero"`
}

// Orders is a page of orders, newest first.
type Orders struct {
	Orders []OrderSummary `json:"orders"`
	Next   string         `json:"next,omitzero"` // cursor of the next page
	// Behind is how many of the newest events a search by more than ids, times and
	// states does not know yet.
	Behind int64 `json:"behind,omitzero"`
}

func summaryOf(number int64, accepted time.Time, s *ledger.State) OrderSummary {
	out := OrderSummary{
		ID: s.Row.Subject.ID, Number: number, Seq: s.Row.Newest, Accepted: accepted,
		Sources: []string{}, Stated: s.Row.Stated, History: s.Row.History, Public: s.Row.Public, Erased: s.Row.Erased,
	}
	for _, l := range s.Row.Layers {
		out.Sources = append(out.Sources, l.Source.Name)
	}
	if o := s.Merged.Order; o != nil {
		out.Status, out.PlacedAt, out.Channel, out.Currency, out.Lines = o.Status, o.PlacedAt, o.Channel, o.Currency, len(o.Lines)
		if o.Totals != nil {
			out.Total = o.Totals.Total
		}
	}
	return out
}

// OrderState is all that is known of one order.
type OrderState struct {
	OrderSummary
	Order      *order.Order             `json:"order,omitzero"`  // merged; absent if no source stated it
	From       map[order.Group]string   `json:"from,omitzero"`   // which source each group comes from
	Differ     map[order.Group][]string `json:"differ,omitzero"` // which sources say otherwise
	Events     []Event                  `json:"events"`
	Deliveries []Delivery               `json:"deliveries"`
	Skipped    []Verdict                `json:"skipped"` // routes that send nothing of it, with the reason
}

// Event is an event of an order.
type Event struct {
	Seq       int64            `json:"seq"`
	At        time.Time        `json:"accepted_at"`
	Kind      order.Kind       `json:"kind"`
	Source    string           `json:"source"`
	Origin    string           `json:"origin,omitzero"` // the route it came from
	History   bool             `json:"history,omitzero"`
	Erased    bool             `json:"erased,omitzero"`
	Hash      string           `json:"hash"`
	Order     *order.Order     `json:"order,omitzero"` // what the source stated
	Happening *order.Happening `json:"happening,omitzero"`
}

// Delivery is the fate of an order on one route.
type Delivery struct {
	Route   string         `json:"route"`
	Order   string         `json:"order"`
	Number  int64          `json:"number"`
	Seq     int64          `json:"seq"` // the event it delivers
	Run     int            `json:"run"`
	State   delivery.State `json:"state"`
	Attempt int            `json:"attempt"`
	Planned time.Time      `json:"planned"`
	Due     time.Time      `json:"due,omitzero"`
	Settled time.Time      `json:"settled,omitzero"`
	Ref     string         `json:"ref,omitzero"`    // the partner's number
	Code    string         `json:"code,omitzero"`   // the last outcome in one word
	Reason  string         `json:"reason,omitzero"` // the partner's words, or what is missing
	Place   int            `json:"place"`           // in its call's batch
	Lines   []int          `json:"lines,omitzero"`  // of one order's deliveries: places of the lines that the route carries, from 0; absent: all
	Calls   []Call         `json:"calls,omitzero"`
}

// Deliveries is a page of deliveries.
type Deliveries struct {
	Deliveries []Delivery `json:"deliveries"`
	Next       string     `json:"next,omitzero"`
}

func deliveryOf(d delivery.Delivery) Delivery {
	return Delivery{
		Route: d.Route, Order: d.OrderID, Number: d.Order, Seq: d.Seq, Run: d.Run, State: d.State, Attempt: d.Attempt,
		Planned: d.Planned, Due: d.Due, Settled: d.Settled, Ref: d.Ref, Code: d.Code, Reason: d.Reason, Place: d.Place,
		Lines: d.Lines,
	}
}

// Call is the evidence of one call.
type Call struct {
	ID        int64      `json:"id"`
	Tasks     int        `json:"tasks"`
	Exchanges []Exchange `json:"exchanges"`
}

// Exchange is one request with its answer; secrets are masked, bodies cut.
type Exchange struct {
	At           time.Time `json:"at"`
	Milliseconds int64     `json:"ms"`
	Method       string    `json:"method"`
	URL          string    `json:"url"`
	RequestHead  string    `json:"request_head,omitzero"`
	RequestBody  string    `json:"request_body,omitzero"`
	RequestSize  int       `json:"request_size"`
	Status       int       `json:"status,omitzero"` // absent: no answer
	ResponseHead string    `json:"response_head,omitzero"`
	ResponseBody string    `json:"response_body,omitzero"`
	ResponseSize int       `json:"response_size"`
	Error        string    `json:"error,omitzero"`
}

func callOf(c delivery.Call) Call {
	out := Call{ID: c.ID, Tasks: c.Tasks, Exchanges: []Exchange{}}
	for _, x := range c.Exchanges {
		out.Exchanges = append(out.Exchanges, exchangeOf(x))
	}
	return out
}

func exchangeOf(x outbound.Exchange) Exchange {
	return Exchange{
		At: x.At, Milliseconds: x.Duration.Milliseconds(), Method: x.Method, URL: x.URL,
		RequestHead: x.RequestHead, RequestBody: text(x.RequestBody), RequestSize: x.RequestSize,
		Status: x.Status, ResponseHead: x.ResponseHead, ResponseBody: text(x.ResponseBody), ResponseSize: x.ResponseSize,
		Error: x.Error,
	}
}

// text shows a body, cut in the middle of a character or not.
func text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\ufffd")
}

// Route is the state of a route.
type Route struct {
	Name       string                   `json:"name"`
	Partner    string                   `json:"partner"`
	State      string                   `json:"state"` // flowing, lagging, paused, blocked, breaker_open, failing, gone
	Reason     string                   `json:"reason,omitzero"`
	Position   int64                    `json:"position"` // the last event it considered
	Head       int64                    `json:"head"`     // of the shop
	Start      int64                    `json:"start"`    // the head when the route was added
	LagSeconds float64                  `json:"lag_seconds"`
	Oldest     time.Time                `json:"oldest_open,omitzero"` // when the oldest open delivery's event was accepted
	Counts     map[delivery.State]int64 `json:"counts"`
}

// Routes is the list of a shop's routes.
type Routes struct {
	Routes []Route `json:"routes"`
}

func routeOf(s delivery.RouteStatus) Route {
	counts := s.Counts
	if counts == nil {
		counts = map[delivery.State]int64{}
	}
	return Route{
		Name: s.Route, Partner: s.Partner, State: s.State, Reason: s.Reason, Position: s.Position, Head: s.Head,
		Start: s.Start, LagSeconds: s.Lag.Seconds(), Oldest: s.Oldest, Counts: counts,
	}
}

// RouteFile is a file that a route's partner fetches.
type RouteFile struct {
	Name    string    `json:"name"`
	Bytes   int64     `json:"bytes"`
	Written time.Time `json:"written_at,omitzero"`
	// Withdrawn: the file spoke of an erased order and is being written anew;
	// it has no size and no time until then.
	Withdrawn bool    `json:"withdrawn,omitzero"`
	Fetches   []Fetch `json:"fetches"` // the newest first, at most 20
}

// Fetch is one fetch of a file.
type Fetch struct {
	At    time.Time `json:"at"` // when it began
	Bytes int64     `json:"bytes"`
	Whole bool      `json:"whole"` // to the end
}

// RouteFiles is the list of a route's files.
type RouteFiles struct {
	Files []RouteFile `json:"files"`
}

// Acted is the answer to an act on many.
type Acted struct {
	Count    int64     `json:"count"`
	DryRun   bool      `json:"dry_run"`
	Verdicts []Verdict `json:"verdicts"` // dry runs: the first 100
}

// Verdict is what would happen, or happened, to one order.
type Verdict struct {
	Route  string `json:"route,omitzero"`
	Order  string `json:"order"`
	Seq    int64  `json:"seq"`
	Action string `json:"action"`
	Code   string `json:"code,omitzero"`
	Reason string `json:"reason,omitzero"`
	Body   string `json:"body,omitzero"` // what exactly would go out
}

func verdictOf(v delivery.Verdict) Verdict {
	return Verdict{Route: v.Route, Order: v.OrderID, Seq: v.Seq, Action: v.Action, Code: v.Code, Reason: v.Reason, Body: text(v.Body)}
}

func verdictsOf(list []delivery.Verdict) []Verdict {
	out := make([]Verdict, len(list))
	for i, v := range list {
		out[i] = verdictOf(v)
	}
	return out
}

// Missing is a page of orders that a route lacks.
type Missing struct {
	Missing []Verdict `json:"missing"`
	Next    string    `json:"next,omitzero"`
}

// Verified is what walking the chain of a shop found.
type Verified struct {
	Shop   string   `json:"shop"`
	Start  int64    `json:"start,omitzero"` // the events up to this one were removed
	Events int64    `json:"events"`         // that were walked
	Head   int64    `json:"head"`
	Hash   string   `json:"hash"`
	Whole  bool     `json:"whole"`
	Faults []string `json:"faults"`
}

// TokenList is the list of a shop's tokens.
type TokenList struct {
	Tokens []TokenInfo `json:"tokens"`
}

// NewToken is a token as it is shown once.
type NewToken struct {
	Shop  string `json:"shop"`
	Name  string `json:"name"`
	Scope Scope  `json:"scope,omitzero"`
	Token string `json:"token"`
}

// Done is the answer to an act without a result.
type Done struct {
	Done bool `json:"done"`
}
