package app

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

// metrics are the hub's figures for Prometheus. Labels name shops, routes and
// partners, never orders or people.
type metrics struct {
	registry *prometheus.Registry
	accepted *prometheus.CounterVec // shop, source, result
	refused  *prometheus.CounterVec // source, reason
	settled  *prometheus.CounterVec // shop, route, partner, state
	calls    *prometheus.HistogramVec
	requests *prometheus.HistogramVec
	nodes    *prometheus.CounterVec // event
	totals   totals
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		accepted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ordermux_events_total", Help: "Statements and happenings answered well, by what they were: new, updated, known.",
		}, []string{"shop", "partner", "result"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ordermux_calls_refused_total", Help: "Calls that stored nothing, by reason: invalid, conflict, busy, read_only, error.",
		}, []string{"partner", "reason"}),
		settled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ordermux_deliveries_total", Help: "Deliveries that came into a state.",
		}, []string{"shop", "route", "partner", "state"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ordermux_call_duration_seconds", Help: "Calls to partners, by kind: deliver, look, poll.",
			Buckets: []float64{.005, .02, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"shop", "route", "partner", "kind"}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ordermux_request_duration_seconds", Help: "Requests answered, by door and status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, 1, 5},
		}, []string{"door", "status"}),
	}
	m.nodes = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ordermux_node_events_total", Help: "What happened to this node among the others, such as lease_lost.",
	}, []string{"event"})
	m.registry.MustRegister(m.accepted, m.refused, m.settled, m.calls, m.requests, m.nodes,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// answered counts a request; status 0 is one that got no answer.
func (m *metrics) answered(door string, status int, took time.Duration) {
	label := statusLabel(status)
	m.requests.WithLabelValues(door, label).Observe(took.Seconds())
	m.totals.add(totalRequests, door, label, 1)
	m.totals.add(totalRequestTime, door, label, int64(took))
}

// refuse counts a call that stored nothing.
func (m *metrics) refuse(partner, reason string) {
	m.refused.WithLabelValues(partner, reason).Inc()
	m.totals.add(totalRefused, partner, reason, 1)
}

// called counts a call to a partner.
func (m *metrics) called(t *delivery.Attempt) {
	m.calls.WithLabelValues(t.Shop, t.Route, t.Partner, t.Kind).Observe(t.Duration.Seconds())
	m.totals.add(totalCalls, t.Partner, t.Kind, 1)
	m.totals.add(totalCallTime, t.Partner, t.Kind, int64(t.Duration))
}

// came counts a delivery that came into a state.
func (m *metrics) came(r *delivery.Route, to delivery.State) {
	m.settled.WithLabelValues(r.Shop, r.Name, r.Partner, string(to)).Inc()
	m.totals.add(totalDeliveries, r.Partner, string(to), 1)
}

// statusLabel keeps the statuses few.
func statusLabel(status int) string {
	switch {
	case status == 0:
		return "none"
	case status < 400:
		return strconv.Itoa(status/100) + "xx"
	}
	return strconv.Itoa(status)
}

// taken counts the receipts of a call by what they say.
func (m *metrics) taken(shop, partner string, receipts []order.Receipt) {
	var fresh, updated, known float64
	for i := range receipts {
		switch {
		case receipts[i].Known:
			known++
		case receipts[i].Kind == order.KindUpdated:
			updated++
		default:
			fresh++
		}
	}
	for result, n := range map[string]float64{"new": fresh, "updated": updated, "known": known} {
		if n > 0 {
			m.accepted.WithLabelValues(shop, partner, result).Add(n)
			m.totals.add(totalEvents, partner, result, int64(n))
		}
	}
}

// routeCollector reads how routes stand when it is asked.
type routeCollector struct {
	status func(context.Context) []delivery.RouteStatus
	open   *prometheus.Desc
	lag    *prometheus.Desc
	oldest *prometheus.Desc
	state  *prometheus.Desc
	now    func() time.Time
}

// collectRoutes adds the figures that are read from the engine.
func (m *metrics) collectRoutes(status func(context.Context) []delivery.RouteStatus, now func() time.Time) {
	labels := []string{"shop", "route", "partner"}
	m.registry.MustRegister(&routeCollector{
		status: status, now: now,
		open: prometheus.NewDesc("ordermux_deliveries", "Deliveries by state, now: waiting are ready, held and pending.",
			append(labels, "state"), nil),
		lag:    prometheus.NewDesc("ordermux_route_lag_seconds", "Age of the oldest event that the route has not considered.", labels, nil),
		oldest: prometheus.NewDesc("ordermux_route_oldest_open_seconds", "Age of the oldest open delivery.", labels, nil),
		state:  prometheus.NewDesc("ordermux_route_state", "1 for the state that the route is in.", append(labels, "state"), nil),
	})
}

var _ prometheus.Collector = (*routeCollector)(nil)

// Describe implements prometheus.Collector.
func (c *routeCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.open
	out <- c.lag
	out <- c.oldest
	out <- c.state
}

// Collect implements prometheus.Collector.
func (c *routeCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, s := range c.status(ctx) {
		for state, n := range s.Counts {
			gauge(c.open, float64(n), s.Shop, s.Route, s.Partner, string(state))
		}
		gauge(c.lag, s.Lag.Seconds(), s.Shop, s.Route, s.Partner)
		gauge(c.state, 1, s.Shop, s.Route, s.Partner, s.State)
		if !s.Oldest.IsZero() {
			gauge(c.oldest, c.now().Sub(s.Oldest).Seconds(), s.Shop, s.Route, s.Partner)
		}
	}
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
