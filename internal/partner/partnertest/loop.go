package partnertest

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// RunLoop sends the orders by the partner's route to the partner's door and
// demands that what comes out is what went in; that asking the door afterwards
// says so too; and that sending all of it again changes nothing. The settings
// are those of testdata/door/settings.json and testdata/route/settings.json,
// more credentials of the door those of testdata/door/case.json.
// The orders must hold only what the dialect can carry, in the currency of the
// hub's shop.
func RunLoop(t *testing.T, p partner.Partner, orders ...order.Order) {
	t.Helper()
	doorSettings, routeSettings := map[string]json.Value{}, map[string]json.Value{}
	readJSON(t, filepath.Join("testdata", "door", "settings.json"), &doorSettings)
	readJSON(t, filepath.Join("testdata", "route", "settings.json"), &routeSettings)
	var shared Case
	readJSON(t, filepath.Join("testdata", "door", "case.json"), &shared)

	hub := NewHub(nil)
	hub.AddDoor(t, p, doorSettings)
	hub.addCredentials(t, p, shared.Credentials)
	shared.stock(t, hub)
	mux := http.NewServeMux()
	mux.Handle("/"+p.Name+"/", http.StripPrefix("/"+p.Name, NewDoor(t, p, hub)))
	server := httptest.NewServer(mux)
	defer server.Close()
	side := NewRoute(t, p, hub, server.URL+"/"+p.Name, routeSettings)

	tasks := Tasks(orders...)
	loopDeliver(t, side, tasks)
	loopCompare(t, hub, orders)
	accepted := len(hub.Entries())
	loopDeliver(t, side, tasks)
	if again := len(hub.Entries()); again != accepted {
		t.Errorf("sending again made %d new events", again-accepted)
	}
}

// loopDeliver sends the tasks in the side's batch size, and asks for those
// that need it.
func loopDeliver(t *testing.T, side partner.Side, tasks []partner.Task) {
	t.Helper()
	batch := max(side.Batch, 1)
	for len(tasks) > 0 {
		n := min(batch, len(tasks))
		outcomes := side.Deliver(t.Context(), tasks[:n])
		if side.Look != nil {
			for i, o := range side.Look(t.Context(), tasks[:n]) {
				loopDelivered(t, "look", tasks[i], o)
			}
		}
		for i, o := range outcomes {
			if o.Result != partner.ResultPending {
				loopDelivered(t, "deliver", tasks[i], o)
			}
		}
		tasks = tasks[n:]
	}
}

func loopDelivered(t *testing.T, what string, task partner.Task, o partner.Outcome) {
	t.Helper()
	if o.Result != partner.ResultDelivered {
		t.Errorf("%s %s: %s %s: %s", what, task.Order.ID, results[o.Result], o.Code, o.Reason)
	}
}

func loopCompare(t *testing.T, hub *Hub, orders []order.Order) {
	t.Helper()
	for i := range orders {
		got, err := hub.Merged(t.Context(), Shop, []string{orders[i].ID})
		switch {
		case err != nil:
			t.Fatal(err)
		case got[0] == nil:
			t.Errorf("order %s did not arrive", orders[i].ID)
		default:
			if d := order.Diff(&orders[i], got[0]); len(d) > 0 {
				t.Errorf("order %s came out otherwise: %v", orders[i].ID, d)
			}
		}
	}
}
