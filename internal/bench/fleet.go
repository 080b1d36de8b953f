package bench

import (
	"context"
	"errors"
	"time"
)

// fleet is a hub that is measured: its nodes, of which there are several only
// over a database, and where it keeps everything.
type fleet struct {
	nodes []*hub
	place *place // nil: of a sandbox
	shops int
	began usage
}

// first is the node that is asked; they are equal.
func (f *fleet) first() *hub { return f.nodes[0] }

func (f *fleet) addrs() []string {
	out := make([]string, len(f.nodes))
	for i, h := range f.nodes {
		out[i] = h.Addr
	}
	return out
}

// Stop stops all nodes, one after the other.
func (f *fleet) Stop() error {
	var errs []error
	for _, h := range f.nodes {
		errs = append(errs, h.Stop())
	}
	return errors.Join(errs...)
}

// Tail returns the ends of the nodes' logs.
func (f *fleet) Tail() string {
	var out string
	for _, h := range f.nodes {
		out += h.Tail()
	}
	return out
}

// usage sums up what the nodes and their database have used so far.
func (f *fleet) usage() (usage, error) {
	sum, err := f.place.used()
	for _, h := range f.nodes {
		u, failed := usageOf(h.Pid)
		sum, err = sum.plus(u), errors.Join(err, failed)
	}
	return sum, err
}

func (f *fleet) mark() (err error) {
	f.began, err = f.usage()
	return err
}

// used returns what was used since mark.
func (f *fleet) used() (usage, error) {
	u, err := f.usage()
	return u.since(f.began), err
}

// measure runs a load against the CitrusAd doors of the first shop, unless the
// load names keys of others.
func (f *fleet) measure(ctx context.Context, l load) (*sent, usage, error) {
	l.addrs = f.addrs()
	if l.keys == nil {
		l.keys = keys(1)
	}
	if d := l.dialect; d != nil && d.login != nil {
		token, err := d.login(ctx, f.first().Addr)
		if err != nil {
			return nil, usage{}, err
		}
		l.keys = []string{token}
	}
	if err := f.mark(); err != nil {
		return nil, usage{}, err
	}
	s, err := l.run(ctx)
	if err != nil {
		return nil, usage{}, err
	}
	u, err := f.used()
	return s, u, err
}

// heads sums up how many events the ledgers of all shops hold.
func (f *fleet) heads(ctx context.Context) (int64, error) {
	var sum int64
	for i := range f.shops {
		n, err := f.first().head(ctx, shopID(i))
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// arrived counts what came to a sandbox, by its metrics.
func (f *fleet) arrived(ctx context.Context) (int64, error) {
	return f.first().fresh(ctx, sandboxShop)
}

func (f *fleet) pace() time.Duration { return 50 * time.Millisecond }
