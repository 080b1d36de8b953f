package partnertest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// RunDoor runs every case below dir against the partner's door: the answers,
// and the orders that were accepted.
func RunDoor(t *testing.T, p partner.Partner, dir string) {
	t.Helper()
	cases(t, dir, func(t *testing.T, path string, c Case) {
		hub := NewHub(c.clock())
		hub.AddDoor(t, p, c.Settings)
		hub.addCredentials(t, p, c.Credentials)
		c.stock(t, hub)
		c.place(t, hub)
		hub.Fail(intakeErrors(t, c.Intake))
		door := NewDoor(t, p, hub)
		vars := map[string]string{}
		for n := 1; ; n++ {
			request, ok := readMessage(t, filepath.Join(path, fmt.Sprintf("%d.request.http", n)))
			if !ok {
				break
			}
			response := filepath.Join(path, fmt.Sprintf("%d.response.http", n))
			if !updating(response) {
				rehearse(t, p, hub, request, response, vars)
			}
			documented(t, p, doorStep(t, door, request, response, vars), request)
		}
		doorOrders(t, hub, c, filepath.Join(path, "order.json"), vars)
	})
}

// place has the orders of a case at the hub.
func (c Case) place(t *testing.T, hub *Hub) {
	t.Helper()
	for i := range c.Orders {
		_, err := hub.Append(t.Context(), Shop, []order.Entry{{
			Subject: order.Subject{Kind: order.SubjectOrder, ID: c.Orders[i].ID}, Source: order.Source{Name: "api:shop", Rank: order.RankShop},
			Statement: &order.Statement{Order: c.Orders[i]},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// NewDoor builds the partner's door on a hub.
func NewDoor(t testing.TB, p partner.Partner, hub *Hub) http.Handler {
	t.Helper()
	side, err := p.Door(hub.Deps(p))
	if err != nil {
		t.Fatal(err)
	}
	return side.Handler
}

func intakeErrors(t *testing.T, name string) error {
	switch name {
	case "":
		return nil
	case "busy":
		return order.ErrBusy
	case "read_only":
		return order.ErrReadOnly
	case "broken":
		return errors.New("the ledger is broken")
	}
	t.Fatalf("case.json: unknown intake %q", name)
	return nil
}

func doorStep(t *testing.T, door http.Handler, request message, path string, vars map[string]string) message {
	t.Helper()
	r, err := request.request(vars)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	got := message{
		first:  fmt.Sprintf("HTTP/1.1 %d %s", w.Code, http.StatusText(w.Code)),
		header: w.Header(),
		body:   w.Body.String(),
	}
	if updating(path) {
		if compareFile(t, path, got, vars) != nil {
			writeFile(t, path, got.text("Content-Type", "Retry-After", "Access-Control-Allow-Origin"))
		}
		return got
	}
	if err := compareFile(t, path, got, vars); err != nil {
		t.Errorf("%s: %v", path, err)
	}
	return got
}

func compareFile(t *testing.T, path string, got message, vars map[string]string) error {
	t.Helper()
	want, ok := readMessage(t, path)
	if !ok {
		return errors.New("is missing; run with -update")
	}
	return want.compare(got, vars)
}

// doorOrders compares the statements that were accepted with order.json.
func doorOrders(t *testing.T, hub *Hub, c Case, path string, vars map[string]string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil && vendor(path) {
		return
	}
	var got []json.Value
	for _, e := range hub.Entries()[len(c.Orders):] {
		if c.Source != "" && e.Source.Name != c.Source {
			t.Errorf("accepted from source %q, want %q", e.Source.Name, c.Source)
		}
		var said any = e.Happening
		if e.Statement != nil {
			said = e.Statement.Order
		}
		b, err := json.Marshal(said)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b)
	}
	want := readList[json.Value](t, path)
	err := compareLists(want, got, vars)
	if err != nil && updating(path) {
		writeList(t, path, got)
	} else if err != nil {
		t.Errorf("%s: %v", path, err)
	}
}

func compareLists(want, got []json.Value, vars map[string]string) error {
	if len(want) != len(got) {
		return fmt.Errorf("%d were accepted, want %d:\n%s", len(got), len(want), got)
	}
	for i := range want {
		if err := match(compact(string(want[i])), compact(string(got[i])), vars); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return nil
}
