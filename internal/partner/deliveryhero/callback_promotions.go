package deliveryhero

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/promotion"
)

// How a chain is told of its promotions. The tries are those of orders' events;
// source: two readers of the vendor's pages, seen 2026.
const (
	promotionTries = 6
	promotionRetry = 10 * time.Second
	// promotionWaiting bounds what waits for another try: more is read once there
	// is room again.
	promotionWaiting = 500
	// promotionNews is how much is read at a time, promotionCalls how many
	// promotions are told of at a time, promotionVendors how many outlets an
	// event lists, and promotionAge how old what is told to a chain that was
	// never told of anything may be.
	promotionNews    = 100
	promotionCalls   = 8
	promotionVendors = 10_000
	promotionAge     = 24 * time.Hour
)

// promotionsKey is where the state of telling stands, with the shop's.
const promotionsKey = "promotions/told"

// toldPromotions is how far a chain was told of its promotions' changes.
type toldPromotions struct {
	Version int64           `json:"version"` // all up to it were told, given up, or wait
	Waiting []waitingChange `json:"waiting,omitzero"`
}

// waitingChange is a change that is to be told, or told again.
type waitingChange struct {
	Version int64     `json:"version"`
	Group   int64     `json:"group"` // what is told in sequence: a promotion, or (below 0) a job without one
	Tries   int       `json:"tries"`
	Next    time.Time `json:"next"`
	done    bool
}

// tellPromotions tells a chain that wants it of the ends of its jobs, and of
// promotions that are made, changed, start and end. What is not taken is told
// again on its own schedule, and is in nobody's way but the same promotion's.
func (c *callback) tellPromotions(ctx context.Context) error {
	if c.deps.Promotions == nil {
		return nil
	}
	chain, err := c.chains.of(ctx, c.deps.Shop)
	if err != nil {
		return err
	}
	state := c.deps.At(c.deps.Shop)
	was, known, err := state.Get(ctx, promotionsKey)
	if err != nil {
		return fmt.Errorf("promotions told: %w", err)
	}
	var told toldPromotions
	if known {
		if err := json.Unmarshal(was, &told); err != nil {
			return fmt.Errorf("promotions told: %w", err)
		}
	}
	if chain == nil || chain.Hook == nil || !chain.Hook.Promotions {
		err = c.skipPromotions(ctx, &told)
	} else {
		err = c.tellChanges(ctx, chain, &told, known)
	}
	now, encodeErr := json.Marshal(&told)
	if encodeErr != nil {
		return fmt.Errorf("promotions told: %w", encodeErr)
	}
	if err != nil || string(now) == string(was) || !known && told.Version == 0 {
		return err
	}
	// What was told stays told, even if the round was broken off. Where somebody
	// else wrote meanwhile, the next round begins with that.
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if _, err := state.Change(keep, partner.Edit{Key: promotionsKey, Old: was, New: now}); err != nil {
		return fmt.Errorf("promotions told: %w", err)
	}
	return nil
}

// skipPromotions lets pass what happens while nobody wants to be told.
func (c *callback) skipPromotions(ctx context.Context, told *toldPromotions) error {
	head, err := c.deps.Promotions.Head(ctx, c.deps.Shop)
	if err != nil {
		return err
	}
	*told = toldPromotions{Version: head}
	return nil
}

// tellChanges tells what is due.
func (c *callback) tellChanges(ctx context.Context, chain *chain, told *toldPromotions, known bool) error {
	if room := promotionWaiting - len(told.Waiting); room > 0 {
		list, err := c.deps.Promotions.Changes(ctx, c.deps.Shop, told.Version, min(room, promotionNews))
		if err != nil {
			return err
		}
		now := c.now()
		for i := range list {
			told.Version = list[i].Version
			if known || now.Sub(list[i].At) < promotionAge {
				told.Waiting = append(told.Waiting, waitingChange{Version: list[i].Version, Group: groupOf(&list[i]), Next: now})
			}
		}
	}
	c.round(ctx, chain, told.Waiting)
	told.Waiting = slices.DeleteFunc(told.Waiting, func(w waitingChange) bool { return w.done })
	return nil
}

func (c *callback) now() time.Time {
	if c.deps.Now == nil {
		return time.Now()
	}
	return c.deps.Now()
}

func groupOf(ch *promotion.Change) int64 {
	switch {
	case ch.Promotion != nil:
		return ch.Promotion.ID
	case ch.Job != nil:
		return -ch.Job.Number
	}
	return 0
}

// round tells what is due of each group, in sequence, some groups at a time.
func (c *callback) round(ctx context.Context, chain *chain, waiting []waitingChange) {
	groups := map[int64][]*waitingChange{}
	var order []int64
	for i := range waiting {
		w := &waiting[i]
		if groups[w.Group] == nil {
			order = append(order, w.Group)
		}
		groups[w.Group] = append(groups[w.Group], w)
	}
	slots := make(chan struct{}, promotionCalls)
	var all sync.WaitGroup
	for _, g := range order {
		if groups[g][0].Next.After(c.now()) {
			continue
		}
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			for _, w := range groups[g] {
				if ctx.Err() != nil || !c.tellChange(ctx, chain, w) {
					return
				}
			}
		})
	}
	all.Wait()
}

// tellChange tells one change, and reports whether that is over.
func (c *callback) tellChange(ctx context.Context, chain *chain, w *waitingChange) bool {
	reason := "what it is about can not be read now"
	body, url, err := c.changeBody(ctx, chain, w.Version)
	if err == nil && body == nil { // nobody knows it any more
		w.done = true
		return true
	}
	if err == nil {
		out := c.post(ctx, chain.Hook, url, body)
		if w.done = out.Result == partner.ResultDelivered; w.done {
			return true
		}
		reason = out.Reason
	}
	if ctx.Err() != nil {
		return false // broken off: it counts as no try
	}
	w.Tries++
	w.Next = c.now().Add(promotionRetry)
	if w.Tries < promotionTries {
		return false
	}
	w.done = true
	c.deps.Log.WarnContext(ctx, "an event of a promotion was not taken, and is not told again", "version", w.Version, "tries", w.Tries, "reason", reason)
	return true
}

// changeBody is what is posted for a change, and where; nil: nothing.
func (c *callback) changeBody(ctx context.Context, chain *chain, version int64) (body []byte, url string, err error) {
	list, err := c.deps.Promotions.Changes(ctx, c.deps.Shop, version-1, 1)
	if err != nil || len(list) == 0 || list[0].Version != version {
		return nil, "", err
	}
	ch := &list[0]
	var v any
	switch {
	case ch.Kind == promotion.JobOver && ch.Job != nil:
		w := promotionJobOf(chain, ch.Job)
		w.Status, w.ChainID = jobStatuses[ch.Job.State], chain.ID
		v, url = w, chain.Hook.JobURL
	case ch.Kind != promotion.JobOver && ch.Promotion != nil:
		v, url = promotionEvent(chain, ch), chain.Hook.JobURL
		if err := c.addVendors(ctx, chain, ch.Promotion, v.(*wirePromotionEvent)); err != nil {
			return nil, "", err
		}
	default:
		return nil, "", nil
	}
	body, err = json.Marshal(v)
	return body, url, err
}

// wirePromotionEvent is something that happened to a promotion. No page
// describes it; it has the words of the request (our choice).
type wirePromotionEvent struct {
	Event       string            `json:"event"`
	ChainID     string            `json:"chain_id"`
	PromotionID string            `json:"promotion_id"` // ours: the API knows none
	Revision    int64             `json:"revision"`     // greater ones are later
	At          moment            `json:"occurred_at"`
	Status      string            `json:"promotion_status"`
	Type        string            `json:"type"`
	Reason      string            `json:"reason"`
	DisplayName map[string]string `json:"display_name"`
	Conditions  wireConditions    `json:"conditions"`
	Vendors     []string          `json:"vendors,omitzero"` // left out where there are very many
	Count       int               `json:"vendors_count"`
}

// What happens to a promotion.
var promotionEvents = map[promotion.ChangeKind]string{
	promotion.WasCreated: "PROMOTION_CREATED", promotion.WasChanged: "PROMOTION_UPDATED", promotion.WasDeactivated: "PROMOTION_DEACTIVATED",
	promotion.HasStarted: "PROMOTION_STARTED", promotion.HasEnded: "PROMOTION_ENDED",
}

func promotionEvent(chain *chain, ch *promotion.Change) *wirePromotionEvent {
	p := ch.Promotion
	state := p.State
	switch ch.Kind {
	case promotion.HasStarted:
		state = promotion.Running
	case promotion.HasEnded:
		state = promotion.Ended
	case promotion.WasDeactivated:
		state = promotion.Deactivated
	}
	names := p.Names
	if len(names) == 0 {
		names = map[string]string{"": p.Name}
	}
	return &wirePromotionEvent{
		Event: promotionEvents[ch.Kind], ChainID: chain.ID, PromotionID: strconv.FormatInt(p.ID, 10), Revision: ch.Version, At: momentOf(ch.At),
		Status: promotionWord(state), Type: promotionWord(p.Type), Reason: promotionWord(p.Reason), DisplayName: names,
		Conditions: wireConditions{momentOf(p.Start.Time()), momentOf(p.End.Time()), p.Bundle.Purchased, p.Bundle.Discounted},
	}
}

// addVendors says where the promotion holds.
func (c *callback) addVendors(ctx context.Context, chain *chain, p *promotion.Promotion, e *wirePromotionEvent) error {
	if p.Every {
		e.Vendors, e.Count = []string{everyVendor}, len(chain.Vendors)
		return nil
	}
	stores, err := c.deps.Promotions.Stores(ctx, c.deps.Shop, p.ID)
	if err != nil {
		return err
	}
	e.Vendors = slices.DeleteFunc(stores, func(s string) bool { return chain.vendor(s) == nil })
	if e.Count = len(e.Vendors); e.Count > promotionVendors {
		e.Vendors = nil
	}
	return nil
}
