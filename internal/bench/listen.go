package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// listen compares accepting orders while somebody listens to the door with
// accepting them unheard: singly and by hundreds, in turn at one hub.
func listen(ctx context.Context, b *bench) error {
	for _, how := range []struct {
		subject      string
		conns, batch int
	}{{"singly", 64, 1}, {"by hundreds", 8, 100}} {
		if err := b.listenBy(ctx, how.subject, how.conns, how.batch); err != nil {
			return fmt.Errorf("%s: %w", how.subject, err)
		}
	}
	return nil
}

func (b *bench) listenBy(ctx context.Context, subject string, conns, batch int) (err error) {
	f, err := b.startHub(ctx, fmt.Sprintf("listen-%d", batch), hubConfig{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Stop()) }()
	at := listening{fleet: f}
	l := b.bounded(load{conns: b.connections(conns), batch: batch})
	var rates [2][]float64
	for run := range b.Runs {
		for turn := range 2 {
			heard := (run+turn)%2 == 1 // now the one is first, now the other
			r, err := at.accept(ctx, l, heard)
			if err != nil {
				return err
			}
			r.Scenario, r.Subject = "listen", subject
			i := 0
			if heard {
				r.Subject, i = subject+", heard", 1
			}
			b.report(r)
			rates[i] = append(rates[i], r.PerSecond)
		}
	}
	b.compare("median heard of unheard "+subject+", orders/s", median(rates[0]), median(rates[1]))
	return nil
}

// listening is a hub that somebody listens to now and then.
type listening struct {
	*fleet
	acts int64 // recorded in the shop's ledger since the last order
}

// accept measures accepting with or without a capture of the door, and counts
// what that heard.
func (at *listening) accept(ctx context.Context, l load, heard bool) (r Result, err error) {
	capture := ""
	if heard {
		if capture, err = at.start(ctx); err != nil {
			return r, err
		}
	}
	if r, err = at.fleet.accept(ctx, l); err != nil {
		return r, err
	}
	r.Ledger -= at.acts
	at.acts = 0
	if heard {
		err = at.count(ctx, capture, r.Orders/int64(l.batch)+r.Failed, &r)
	}
	return r, err
}

const benchCaptures = "shops/bench000/captures"

func (at *listening) start(ctx context.Context) (id string, err error) {
	var capture struct {
		ID string `json:"id"`
	}
	at.acts++
	in := map[string]any{"door": "citrusad", "seconds": 24 * 3600}
	err = at.first().call(ctx, http.MethodPost, benchCaptures, in, &capture)
	return capture.ID, err
}

// count ends a capture, which must have heard every request.
func (at *listening) count(ctx context.Context, capture string, sent int64, r *Result) error {
	at.acts++
	if err := at.first().call(ctx, http.MethodPost, benchCaptures+"/"+capture+"/stop", nil, nil); err != nil {
		return err
	}
	var got struct {
		Recorded int64 `json:"recorded"`
		Dropped  int64 `json:"dropped"`
	}
	if err := at.first().call(ctx, http.MethodGet, benchCaptures+"/"+capture, nil, &got); err != nil {
		return err
	}
	r.Note = fmt.Sprintf("%d calls recorded, %d dropped", got.Recorded, got.Dropped)
	if got.Recorded+got.Dropped != sent {
		return fmt.Errorf("%d requests, but %s", sent, r.Note)
	}
	return nil
}
