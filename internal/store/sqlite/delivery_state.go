package sqlite

import (
	"database/sql"
	"fmt"

	"github.com/ordermux/ordermux/internal/delivery"
)

// states are the deliveries' states by the numbers they are stored as; see
// migrations/0002_delivery.sql. Only ever add to them.
var states = [...]delivery.State{
	1: delivery.Ready, 2: delivery.Held, 3: delivery.Sending, 4: delivery.AwaitingPartner, 5: delivery.Retrying,
	6: delivery.Asking, 7: delivery.Failed, 8: delivery.Parked, 9: delivery.Delivered, 10: delivery.Refused,
	11: delivery.Cancelled, 12: delivery.Superseded, 13: delivery.Dropped,
}

// stateCode is the number of a state; 0, which the table refuses, if it has
// none.
func stateCode(s delivery.State) int64 {
	for code, name := range states {
		if name == s && code > 0 {
			return int64(code)
		}
	}
	return 0
}

// stateOf scans a state.
type stateOf struct{ to *delivery.State }

var _ sql.Scanner = stateOf{}

// Scan implements sql.Scanner.
func (s stateOf) Scan(v any) error {
	code, ok := v.(int64)
	if !ok || code < 1 || code >= int64(len(states)) {
		return fmt.Errorf("a delivery in the unknown state %v", v)
	}
	*s.to = states[code]
	return nil
}
