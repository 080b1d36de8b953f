package partnertest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// RunRoute runs every case below dir against the partner's route: what it
// sends, and what it makes of the answers. {{base}} in settings is the address
// of the partner that the case plays.
func RunRoute(t *testing.T, p partner.Partner, dir string) {
	t.Helper()
	cases(t, dir, func(t *testing.T, path string, c Case) {
		script := &script{t: t, path: path, vars: map[string]string{}}
		server := httptest.NewServer(script)
		defer server.Close()
		hub := NewHub(c.clock())
		runSide(t, path, c, NewRoute(t, p, hub, server.URL, c.Settings), script)
	})
}

// RunCallback runs every case below dir against what the partner's door sends
// by itself. {{base}} in the settings of credentials is the address of whom the
// case plays.
func RunCallback(t *testing.T, p partner.Partner, dir string) {
	t.Helper()
	cases(t, dir, func(t *testing.T, path string, c Case) {
		script := &script{t: t, path: path, vars: map[string]string{}}
		server := httptest.NewServer(script)
		defer server.Close()
		hub := NewHub(c.clock())
		for _, one := range c.Credentials {
			for name, v := range one.Settings {
				one.Settings[name] = json.Value(fill(string(v), map[string]string{"base": server.URL}))
			}
		}
		hub.addCredentials(t, p, c.Credentials)
		c.stock(t, hub)
		deps := hub.Deps(p)
		t.Cleanup(deps.HTTP.CloseIdle)
		side, err := p.Callback(deps)
		if err != nil {
			t.Fatal(err)
		}
		runSide(t, path, c, side, script)
	})
}

// runSide gives a side the orders of a case.
func runSide(t *testing.T, path string, c Case, side partner.Side, script *script) {
	t.Helper()
	tasks := Tasks(readList[order.Order](t, filepath.Join(path, "order.json"))...)
	for i := range tasks {
		if c.Happening != nil {
			tasks[i].Event.Kind, tasks[i].Event.Statement, tasks[i].Event.Happening = c.Happening.Kind, nil, c.Happening
		}
	}
	if c.Only != "look" {
		compareOutcomes(t, filepath.Join(path, "outcome.json"), side.Deliver(t.Context(), tasks), len(tasks), script.vars)
	}
	looks := filepath.Join(path, "look.json")
	if want := readList[outcome](t, looks); want != nil || c.Only == "look" {
		compareOutcomes(t, looks, side.Look(t.Context(), tasks), len(tasks), script.vars)
	}
	script.end()
}

// NewRoute builds the partner's route on a hub, {{base}} in the settings
// replaced.
func NewRoute(t testing.TB, p partner.Partner, hub *Hub, base string, values map[string]json.Value) partner.Side {
	t.Helper()
	filled := make(map[string]json.Value, len(values))
	for name, v := range values {
		filled[name] = json.Value(fill(string(v), map[string]string{"base": base}))
	}
	deps := hub.Deps(p)
	t.Cleanup(deps.HTTP.CloseIdle)
	side, err := p.Route(deps, Settings(t, p, false, filled))
	if err != nil {
		t.Fatal(err)
	}
	return side
}

// Tasks makes a task of each order.
func Tasks(orders ...order.Order) []partner.Task {
	tasks := make([]partner.Task, len(orders))
	for i := range orders {
		seq := int64(i + 1)
		tasks[i] = partner.Task{
			Key: "key-" + strconv.Itoa(i+1), Shop: Shop, Route: "out", Attempt: 1, Order: &orders[i],
			Event: order.Event{
				Shop: Shop, Seq: seq, Order: seq, Kind: order.KindPlaced, Statement: &orders[i],
				Subject: order.Subject{Kind: order.SubjectOrder, ID: orders[i].ID},
			},
		}
	}
	return tasks
}

// A script plays the partner: it compares each request with the case, and
// gives the reply of the case.
type script struct {
	t    *testing.T
	path string
	vars map[string]string

	mu sync.Mutex
	n  int
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	b, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("read request %d: %v", s.n, err)
	}
	got := message{first: r.Method + " " + r.URL.RequestURI() + " HTTP/1.1", header: r.Header, body: string(b)}
	path := filepath.Join(s.path, fmt.Sprintf("%d.request.http", s.n))
	if err := compareFile(s.t, path, got, s.vars); err != nil {
		if updating(path) {
			writeFile(s.t, path, got.text("Accept", "Authorization", "Content-Type"))
		} else {
			s.t.Errorf("%s: %v", path, err)
		}
	}
	reply, ok := readMessage(s.t, filepath.Join(s.path, fmt.Sprintf("%d.reply.http", s.n)))
	if !ok {
		s.t.Errorf("request %d has no reply in the case", s.n)
	}
	if reply.first == "CLOSE" || !ok {
		panic(http.ErrAbortHandler)
	}
	if err := reply.reply(w, s.vars); err != nil {
		s.t.Errorf("reply %d: %v", s.n, err)
	}
}

// end complains about requests of the case that were never made.
func (s *script) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := readMessage(s.t, filepath.Join(s.path, fmt.Sprintf("%d.reply.http", s.n+1))); ok {
		s.t.Errorf("only %d requests were made, the case has more", s.n)
	}
}

// outcome is an outcome as a case has it.
type outcome struct {
	Result string `json:"result"`
	Scope  string `json:"scope,omitzero"` // "batch", "route", "receiver"
	Ref    string `json:"ref,omitzero"`
	After  string `json:"after,omitzero"`
	Code   string `json:"code,omitzero"`
	Reason string `json:"reason,omitzero"`
}

var (
	results = map[partner.Result]string{
		partner.ResultUnknown: "unknown", partner.ResultDelivered: "delivered", partner.ResultPending: "pending",
		partner.ResultLater: "later", partner.ResultRefused: "refused", partner.ResultNotThere: "not_there", partner.ResultDeclined: "declined",
	}
	scopes = map[partner.Scope]string{partner.ScopeBatch: "batch", partner.ScopeRoute: "route", partner.ScopeReceiver: "receiver"}
)

func compareOutcomes(t *testing.T, path string, got []partner.Outcome, tasks int, vars map[string]string) {
	t.Helper()
	if len(got) != tasks {
		t.Fatalf("%d outcomes for %d tasks", len(got), tasks)
	}
	have := make([]outcome, len(got))
	for i, o := range got {
		have[i] = outcome{results[o.Result], scopes[o.Scope], o.Ref, after(o.After), o.Code, o.Reason}
	}
	want := readList[outcome](t, path)
	err := errors.New("another number of outcomes")
	if len(want) == len(have) {
		err = nil
		for i := range want {
			err = errors.Join(err, match(fmt.Sprintf("%+v", want[i]), fmt.Sprintf("%+v", have[i]), vars))
		}
	}
	if err != nil && updating(path) {
		writeList(t, path, have)
	} else if err != nil {
		t.Errorf("%s: %v\n got: %+v\nwant: %+v", path, err, have, want)
	}
}

func after(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}
