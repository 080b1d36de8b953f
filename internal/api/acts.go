package api

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// ActIndex finds operators' acts among the events of a log.
type ActIndex interface {
	// Mark returns what is written together with the event of an act, so that
	// Newest finds it.
	Mark(ctx context.Context, shop string) (order.Effect, error)
	// Newest returns the places of acts in the shop's log below a place (0: its
	// end), the newest first, at most limit; and since, the place up to which acts
	// are older than the index: they have to be looked for in the log.
	Newest(ctx context.Context, shop string, below int64, limit int) (seqs []int64, since int64, err error)
}

// Act is what somebody did by hand, as it stands in the ledger.
type Act struct {
	Shop string    `json:"shop"`
	Seq  int64     `json:"seq"`
	At   time.Time `json:"at"`
	By   string    `json:"by"`   // the user, or the token
	Text string    `json:"text"` // "pause route ads: stock-taking"
	Hash string    `json:"hash"` // of the event, in the shop's chain
}

// Acts is a page of acts, newest first.
type Acts struct {
	Acts []Act  `json:"acts"`
	Next string `json:"next,omitzero"`
}

// Of acts that are older than the index, one call looks at no more events than
// these.
const (
	actWindow  = 500
	actWindows = 4
)

// listActs pages through the acts of a shop, or of the hub.
func (a *API) listActs(r *request) (any, error) {
	q := newQuery(r, "cursor", "limit")
	limit, below := q.limit(), q.before("cursor")
	if err := q.err(); err != nil {
		return nil, err
	}
	seqs, since, err := a.marked(r, below, limit)
	if err != nil {
		return nil, err
	}
	events, err := a.Ledger.At(r.Context(), r.shop, seqs)
	if err != nil {
		return nil, err
	}
	out := Acts{Acts: []Act{}}
	for i := range events {
		out.Acts = append(out.Acts, actOf(&events[i]))
	}
	if len(seqs) == limit {
		out.Next = cursor(seqs[limit-1])
		return out, nil
	}
	high := since
	if below > 0 {
		high = min(high, below-1)
	}
	for range actWindows {
		if high <= 0 || len(out.Acts) >= limit {
			break
		}
		if high, err = a.olderActs(r, &out, high, limit); err != nil {
			return nil, err
		}
	}
	if high > 0 {
		out.Next = cursor(high + 1)
	}
	return out, nil
}

// marked asks the index; without one, everything is older than it.
func (a *API) marked(r *request, below int64, limit int) ([]int64, int64, error) {
	if a.Acts != nil {
		return a.Acts.Newest(r.Context(), r.shop, below, limit)
	}
	head, err := a.Ledger.Head(r.Context(), r.shop)
	return nil, head, err
}

// olderActs adds acts of the window that ends with an event, and returns where
// the next one ends.
func (a *API) olderActs(r *request, out *Acts, high int64, limit int) (int64, error) {
	from := max(0, high-actWindow)
	var items []ledger.Item
	for after := from; after < high; {
		page, err := a.Ledger.Read(r.Context(), r.shop, after, int(high-after))
		if err != nil {
			return 0, err
		}
		if len(page) == 0 {
			break
		}
		items = append(items, page...)
		after = page[len(page)-1].Event.Seq
	}
	for i := len(items) - 1; i >= 0; i-- {
		e := &items[i].Event
		if e.Subject.Kind != SubjectAct || e.Seq > high {
			continue
		}
		out.Acts = append(out.Acts, actOf(e))
		if len(out.Acts) == limit {
			return e.Seq - 1, nil
		}
	}
	return from, nil
}

func actOf(e *order.Event) Act {
	act := Act{
		Shop: e.Shop, Seq: e.Seq, At: e.At, By: strings.TrimPrefix(e.Source.Name, operatorPrefix), Hash: hex.EncodeToString(e.Hash[:]),
	}
	if e.Happening != nil {
		act.Text = e.Happening.Reason
	}
	return act
}
