package capture

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// State is a small key-value store of one scope of a shop; partner.State is
// one.
type State interface {
	Get(ctx context.Context, key string) ([]byte, bool, error)
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix, after string, limit int) (keys []string, values [][]byte, err error)
	// Replace puts a value where old stands (nil: nothing does); false: something
	// else does.
	Replace(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error)
}

// Sealer seals what was recorded: it may hold what no rule knew for personal.
type Sealer interface {
	Seal(plain []byte, context string) []byte
	Open(sealed []byte, context string) ([]byte, error)
}

// The captures of all shops stand in one list of the hub, so that every node
// sees with one look what to listen to: "SHOP/ID". Their calls stand with their
// shop: "ID/calls/NODE/NUMBER" holds some calls, sealed; "ID/count/NODE" what
// the node counted; "ID/forget" the words of erased orders, sealed.

func listKey(shop, id string) string { return shop + "/" + id }

func callsPrefix(id string) string { return id + "/calls/" }
func countPrefix(id string) string { return id + "/count/" }

// sealed is the context that a batch of calls is bound to.
func sealed(shop, key string) string { return "capture/" + shop + "/" + key }

// counts are what a node counted of a capture.
type counts struct {
	Recorded int64 `json:"recorded"`
	Dropped  int64 `json:"dropped"`
	Bytes    int64 `json:"bytes"`
}

// page is how many values are listed at a time.
const page = 200

// all returns the captures that are kept, of all shops, also such as are to be
// removed.
func (r *Recorder) all(ctx context.Context, prefix string) ([]Capture, error) {
	var out []Capture
	for after := ""; ; {
		keys, values, err := r.opts.List.List(ctx, prefix, after, page)
		if err != nil {
			return nil, fmt.Errorf("list captures: %w", err)
		}
		for _, v := range values {
			var c Capture
			if err := json.Unmarshal(v, &c); err != nil {
				return nil, fmt.Errorf("read capture: %w", err)
			}
			out = append(out, c)
		}
		if len(keys) < page {
			return out, nil
		}
		after = keys[len(keys)-1]
	}
}

func (r *Recorder) put(ctx context.Context, c Capture) error {
	c.Listening = false // it is for the time of reading
	b, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode capture: %w", err)
	}
	if err := r.opts.List.Put(ctx, listKey(c.Shop, c.ID), b, 0); err != nil {
		return fmt.Errorf("keep capture: %w", err)
	}
	return nil
}

// Find returns a capture of a shop; order.ErrNotFound where it has none of the
// id, or no more.
func (r *Recorder) Find(ctx context.Context, shop, id string) (Capture, error) {
	var c Capture
	b, ok, err := r.opts.List.Get(ctx, listKey(shop, id))
	if err != nil {
		return c, fmt.Errorf("read capture: %w", err)
	}
	if !ok {
		return c, order.ErrNotFound
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return c, fmt.Errorf("read capture: %w", err)
	}
	if now := r.opts.Now(); !now.Before(c.removed()) {
		return c, order.ErrNotFound
	} else {
		c.Listening = now.Before(c.Until)
	}
	return c, nil
}

// List returns the captures of a shop, newest first.
func (r *Recorder) List(ctx context.Context, shop string) ([]Capture, error) {
	list, err := r.all(ctx, shop+"/")
	if err != nil {
		return nil, err
	}
	now := r.opts.Now()
	list = slices.DeleteFunc(list, func(c Capture) bool { return !now.Before(c.removed()) })
	for i := range list {
		list[i].Listening = now.Before(list[i].Until)
	}
	slices.SortStableFunc(list, func(a, b Capture) int { return b.Started.Compare(a.Started) })
	return list, nil
}

// counted adds up what the nodes counted.
func (r *Recorder) counted(ctx context.Context, c Capture) (sum counts, err error) {
	_, values, err := r.opts.State(c.Shop).List(ctx, countPrefix(c.ID), "", 1000)
	if err != nil {
		return sum, fmt.Errorf("read counts: %w", err)
	}
	for _, v := range values {
		var n counts
		if err := json.Unmarshal(v, &n); err != nil {
			return sum, fmt.Errorf("read counts: %w", err)
		}
		sum.Recorded, sum.Dropped, sum.Bytes = sum.Recorded+n.Recorded, sum.Dropped+n.Dropped, sum.Bytes+n.Bytes
	}
	return sum, nil
}

// batches is how many batches of calls are read at a time: each may have
// nearly a megabyte.
const batches = 8

// calls hands every recorded call over, node by node, in the sequence in which
// they ended.
func (r *Recorder) calls(ctx context.Context, c Capture, take func(*Call) error) error {
	state := r.opts.State(c.Shop)
	for after := ""; ; {
		keys, values, err := state.List(ctx, callsPrefix(c.ID), after, batches)
		if err != nil {
			return fmt.Errorf("read calls: %w", err)
		}
		for i, v := range values {
			list, err := r.open(c.Shop, keys[i], v)
			if err != nil {
				return err
			}
			for i := range list {
				if err := take(&list[i]); err != nil {
					return err
				}
			}
		}
		if len(keys) < batches {
			return nil
		}
		after = keys[len(keys)-1]
	}
}

// open reads a batch of calls.
func (r *Recorder) open(shop, key string, value []byte) (list []Call, err error) {
	plain, err := r.opts.Seal.Open(value, sealed(shop, key))
	if err != nil {
		return nil, fmt.Errorf("open calls: %w", err)
	}
	return readBatch(plain)
}

// ttl is how long what belongs to a capture is to be kept from now on.
func (r *Recorder) ttl(c Capture) time.Duration {
	return max(c.removed().Sub(r.opts.Now()), time.Minute)
}

// Sweep removes what has been kept long enough.
func (r *Recorder) Sweep(ctx context.Context) error {
	list, err := r.all(ctx, "")
	if err != nil {
		return err
	}
	now := r.opts.Now()
	for _, c := range list {
		if now.Before(c.removed()) {
			continue
		}
		if err := r.remove(ctx, c); err != nil {
			return fmt.Errorf("remove capture: %w", err)
		}
	}
	return nil
}

func (r *Recorder) remove(ctx context.Context, c Capture) error {
	state := r.opts.State(c.Shop)
	for {
		keys, _, err := state.List(ctx, c.ID+"/", "", batches)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if err := state.Delete(ctx, k); err != nil {
				return err
			}
		}
		if len(keys) < batches {
			break
		}
	}
	// What has expired by the store's clock is listed no more: writing what
	// expires sweeps it.
	if err := state.Put(ctx, "swept", nil, time.Hour); err != nil {
		return err
	}
	return r.opts.List.Delete(ctx, listKey(c.Shop, c.ID))
}

// fileWord makes a text fit for a file's name.
func fileWord(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-':
			return r
		}
		return '_'
	}, strings.Trim(s, "/"))
	return s[:min(len(s), 60)]
}
