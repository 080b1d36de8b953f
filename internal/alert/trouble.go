// Package alert tells people once when something is wrong, and once when it
// is over: by mail and by a signed webhook. What is open is kept, so that a
// restart repeats nothing.
package alert

import (
	"fmt"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
)

// Kind is what is wrong.
type Kind string

// The kinds.
const (
	RoutePaused  Kind = "route_paused"
	RouteBlocked Kind = "route_blocked" // by the partner's word: a wrong key, a missing right
	BreakerOpen  Kind = "breaker_open"  // the whole partner is in trouble
	RouteFailing Kind = "route_failing" // our own store or log fails it
	RouteLagging Kind = "route_lagging"
	OrderWaiting Kind = "order_waiting"
	DiskFull     Kind = "disk_full"
	NodesDiffer  Kind = "nodes_differ"
	FilesWaiting Kind = "files_waiting" // uploaded ones that we can not import
	// PromotionsFailing: their jobs can not be run, or they can not be started and
	// ended.
	PromotionsFailing Kind = "promotions_failing"
	// RouteTroubles are what the route's side itself says a person should mend,
	// although the route goes on.
	RouteTroubles Kind = "route_troubles"
	// RouteIdle: people connected it while the hub runs, and it can not run.
	RouteIdle Kind = "route_idle"
	// RetentionWaits: what is old is not removed, as the clock jumped.
	RetentionWaits Kind = "retention_waits"
)

// Trouble is something wrong. Its identity is Kind, Shop and Route, and the text
// may change while it lasts; of RouteTroubles, of which a route may have many,
// the text belongs to the identity.
type Trouble struct {
	Kind  Kind   `json:"kind"`
	Shop  string `json:"shop,omitzero"`
	Route string `json:"route,omitzero"`
	Text  string `json:"text"` // one sentence, no personal data
}

func (t Trouble) key() string {
	key := string(t.Kind) + "/" + t.Shop + "/" + t.Route
	if t.Kind == RouteTroubles {
		key += "/" + t.Text
	}
	return key
}

// Limits say from when on something is a trouble.
type Limits struct {
	Lag      time.Duration // a route lags; 0: never
	Waiting  time.Duration // an order waits; 0: never
	DiskFree int64         // bytes; 0: never
}

// OfRoute returns the troubles of a route.
func OfRoute(s delivery.RouteStatus, limits Limits, now time.Time) []Trouble {
	var out []Trouble
	add := func(kind Kind, format string, args ...any) {
		out = append(out, Trouble{Kind: kind, Shop: s.Shop, Route: s.Route, Text: fmt.Sprintf(format, args...)})
	}
	switch s.State {
	case "gone":
		return nil
	case "paused":
		add(RoutePaused, "Route %s of shop %s is paused%s. Its orders wait.", s.Route, s.Shop, because(s.Reason))
	case "blocked":
		add(RouteBlocked, "Route %s of shop %s is blocked by %s%s. Its orders wait; none is refused.", s.Route, s.Shop, s.Partner, because(s.Reason))
	case "breaker_open":
		add(BreakerOpen, "Route %s of shop %s stands still: %s is in trouble%s. One delivery at a time probes it.", s.Route, s.Shop, s.Partner, because(s.Reason))
	case "failing":
		add(RouteFailing, "Route %s of shop %s can not go on%s. Its orders wait; it tries again by itself.", s.Route, s.Shop, because(s.Reason))
	default:
		// A route that is stopped lags as a matter of course: one alert is enough.
		if limits.Lag > 0 && s.Lag >= limits.Lag {
			add(RouteLagging, "Route %s of shop %s lags: it has not considered events older than %s.", s.Route, s.Shop, limits.Lag)
		}
	}
	if limits.Waiting > 0 && !s.Oldest.IsZero() && now.Sub(s.Oldest) >= limits.Waiting {
		add(OrderWaiting, "An order on route %s of shop %s has been waiting for more than %s.", s.Route, s.Shop, limits.Waiting)
	}
	return out
}

// mostSaid bounds a sentence of a side, in bytes, and mostSentences how many of
// them are told of a route at a time.
const (
	mostSaid      = 1000
	mostSentences = 50
)

// OfSide returns the troubles that a route's side tells of, one per sentence:
// each begins and ends by itself.
func OfSide(shop, route string, sentences []string) (out []Trouble) {
	for _, said := range sentences[:min(len(sentences), mostSentences)] {
		out = append(out, Trouble{Kind: RouteTroubles, Shop: shop, Route: route, Text: fmt.Sprintf(
			"Route %s of shop %s goes on, but needs a person: %s", route, shop, cut(said))})
	}
	return out
}

func cut(said string) string {
	if len(said) <= mostSaid {
		return said
	}
	return strings.ToValidUTF8(said[:mostSaid], "") + "…"
}

// OfRetention returns the trouble of a shop whose old data is not removed until
// the clock was looked at, or until then.
func OfRetention(shop string, until time.Time) Trouble {
	return Trouble{Kind: RetentionWaits, Shop: shop, Text: fmt.Sprintf(
		"The clock jumped, or the hub was off for days: old data of shop %s is not removed by itself until %s. If the clock is wrong, set it right before.", shop, until.UTC().Format(time.RFC3339))}
}

// OfIdle returns the trouble of a connected route that is not in force.
func OfIdle(shop, route, reason string) Trouble {
	return Trouble{Kind: RouteIdle, Shop: shop, Route: route, Text: fmt.Sprintf(
		"Route %s of shop %s is connected, but not in force: %s. No order goes there until that is mended.", route, shop, cut(reason))}
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

// OfDisk returns the trouble of a data folder with so many free bytes, if it
// is one.
func OfDisk(free int64, limits Limits) []Trouble {
	if limits.DiskFree <= 0 || free >= limits.DiskFree {
		return nil
	}
	return []Trouble{{Kind: DiskFull, Text: fmt.Sprintf(
		"The disk of the data folder is nearly full: less than %d MiB are free. New orders are answered with 503 until there is space; accepted ones go on.",
		limits.DiskFree>>20)}}
}

// OfNodes returns the trouble of nodes that run with different configurations;
// names say which, in groups of the same.
func OfNodes(groups []string) []Trouble {
	if len(groups) < 2 {
		return nil
	}
	return []Trouble{{Kind: NodesDiffer, Text: fmt.Sprintf(
		"The nodes run with different configurations: %s. Give all of them the same file and reload.", strings.Join(groups, " against "))}}
}

// OfFiles returns the trouble of a shop whose uploaded files can not be
// imported; reason is a machine's word.
func OfFiles(shop, reason string) Trouble {
	return Trouble{Kind: FilesWaiting, Shop: shop, Text: fmt.Sprintf(
		"Files that shop %s uploaded can not be imported (%s). They wait, none is lost; it is tried again by itself.", shop, reason)}
}

// OfPromotions returns the trouble of a shop whose promotions can not go on.
func OfPromotions(shop string) Trouble {
	return Trouble{Kind: PromotionsFailing, Shop: shop, Text: fmt.Sprintf(
		"The promotions of shop %s can not go on: the log says why. Their jobs wait, none is lost; it is tried again by itself.", shop)}
}
