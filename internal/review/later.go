package review

import (
	"context"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// Later is a mail about an invitation that went out before: the one reminder,
// or the one invitation after "I have not received my order".
type Later struct {
	Kind  string    `json:"kind"` // KindReminder, LaterAgain
	Order string    `json:"order"`
	Link  string    `json:"link"` // Link.ID
	Route string    `json:"route,omitzero"`
	Due   time.Time `json:"due"`
	Tries int       `json:"tries,omitzero"` // how often the mail server could not be reached

	key string
}

// LaterAgain is the kind of a mail to who had not received the order.
const LaterAgain = "again"

// laterKept is how long what is due waits for a route that can send it.
const laterKept = 30 * 24 * time.Hour

// AskAgain plans the one later invitation after a customer said that the order
// has not arrived: a mail route of the shop sends it so many days later. It
// returns when; zero if none is planned, because the shop wants none, or there
// was one before. Doing it twice changes nothing. Errors: order.ErrNotFound.
func (b *Book) AskAgain(ctx context.Context, shop, token string) (time.Time, error) {
	s, err := b.Settings(ctx, shop)
	if err != nil {
		return time.Time{}, err
	}
	standard := DefaultAgain
	days := *first(s.Again, &standard)
	l, ok, err := b.find(ctx, shop, token)
	switch {
	case err != nil:
		return time.Time{}, err
	case !ok:
		return time.Time{}, fmt.Errorf("link: %w", order.ErrNotFound)
	case days == 0 || l.Test || !l.Again.IsZero() || l.over():
		return l.Again, nil
	}
	due := b.opts.Now().UTC().AddDate(0, 0, days)
	// In this sequence: planned twice under one key is planned once.
	if err := b.plan(ctx, shop, Later{Kind: LaterAgain, Order: l.Order, Link: l.ID, Route: l.Route, Due: due}); err != nil {
		return time.Time{}, err
	}
	_, err = b.Change(ctx, shop, token, func(l *Link) { l.Again = due })
	return due, err
}

// Remind plans the one reminder of an invitation that has gone out.
func (b *Book) Remind(ctx context.Context, shop string, l Link, days int) error {
	due := b.opts.Now().UTC().AddDate(0, 0, days)
	return b.plan(ctx, shop, Later{Kind: KindReminder, Order: l.Order, Link: l.ID, Route: l.Route, Due: due})
}

// Stop keeps later mails about a route's invitation to an order from going out;
// the form stays open. False: none was to go.
func (b *Book) Stop(ctx context.Context, shop, route, name string) (bool, error) {
	l, ok, err := b.Find(ctx, shop, route, name)
	if err != nil || !ok {
		return false, err
	}
	s, err := b.Settings(ctx, shop)
	if err != nil || !l.waits(s) {
		return false, err
	}
	_, err = b.Mark(ctx, shop, l.ID, func(l *Link) { l.Stopped = b.opts.Now().UTC() })
	return err == nil, err
}

// waits reports whether a later mail may be on its way.
func (l *Link) waits(s Settings) bool {
	reminder := s.Reminder != nil && *s.Reminder > 0 && !l.Sent.IsZero() && l.Reminded.IsZero() && l.Missing.IsZero()
	again := !l.Again.IsZero() && l.Asked.IsZero()
	return !l.over() && (reminder || again)
}

// over reports whether nothing more may be asked by this link.
func (l *Link) over() bool {
	return !l.Answered.IsZero() || !l.OptedOut.IsZero() || !l.Ended.IsZero() || !l.Stopped.IsZero()
}

func laterPrefix(route string) string { return "later/" + route + "/" }

func (b *Book) plan(ctx context.Context, shop string, l Later) error {
	value, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("plan a later mail: %w", err)
	}
	// Keys sort by the day and second that they are due.
	key := fmt.Sprintf("%s%012d/%s/%s", laterPrefix(l.Route), l.Due.Unix(), l.Kind, l.Link)
	return b.opts.KV(shop).Put(ctx, key, value, l.Due.Sub(b.opts.Now())+laterKept)
}

// TakeLater takes the next later mail that is due on a route, or that no route
// is named for: it is gone when it is returned, so that it is sent at most
// once. False: none is due.
func (b *Book) TakeLater(ctx context.Context, shop, route string) (Later, bool, error) {
	lock := b.turns.of(shop)
	lock.Lock()
	defer lock.Unlock()
	for _, prefix := range []string{laterPrefix(route), laterPrefix("")} {
		l, ok, err := b.nextLater(ctx, shop, prefix)
		if err != nil || !ok {
			if err != nil {
				return l, false, err
			}
			continue
		}
		return l, true, b.opts.KV(shop).Delete(ctx, l.key)
	}
	return Later{}, false, nil
}

// maxTries bounds how often a later mail is put back; triesEvery is the pause.
const (
	maxTries   = 50
	triesEvery = 30 * time.Minute
)

// PutBack plans a later mail once more that certainly has not gone out.
// Too often is given up.
func (b *Book) PutBack(ctx context.Context, shop string, l Later) error {
	if l.Tries++; l.Tries > maxTries {
		return nil
	}
	l.Due = b.opts.Now().UTC().Add(triesEvery)
	return b.plan(ctx, shop, l)
}

// Mark changes a link that is known by its id. Errors: order.ErrNotFound.
func (b *Book) Mark(ctx context.Context, shop, id string, change func(*Link)) (Link, error) {
	return b.changeAt(ctx, shop, "link/"+id, change)
}

func (b *Book) nextLater(ctx context.Context, shop, prefix string) (l Later, due bool, err error) {
	keys, values, err := b.opts.KV(shop).List(ctx, prefix, "", 1)
	if err != nil || len(keys) == 0 {
		return l, false, err
	}
	if err := json.Unmarshal(values[0], &l); err != nil {
		return l, false, fmt.Errorf("read a later mail: %w", err)
	}
	l.key = keys[0]
	return l, !l.Due.After(b.opts.Now()), nil
}

// StillWanted says why a later mail is not to be sent any more, in a word or
// two for the log; "": it is. The order is the one that it is about, as it
// stands now; nil where it is unknown.
func (b *Book) StillWanted(ctx context.Context, shop string, l Later, o *order.Order) (Link, string, error) {
	link, ok, err := b.findID(ctx, shop, l.Link)
	switch {
	case err != nil:
		return link, "", err
	case !ok:
		return link, "the link is gone", nil
	case !link.Answered.IsZero():
		return link, "answered", nil
	case !link.OptedOut.IsZero():
		return link, "opted out", nil
	case !link.Ended.IsZero():
		return link, "the form is closed", nil
	case !link.Stopped.IsZero():
		return link, "cancelled by the shop", nil
	case l.Kind == KindReminder && (!link.Missing.IsZero() || !link.Reminded.IsZero()):
		return link, "reminded, or the order is missing", nil
	case l.Kind == LaterAgain && !link.Asked.IsZero():
		return link, "asked again already", nil
	case o == nil || o.Customer == nil || o.Customer.Email == "":
		return link, "the address is erased", nil
	case o.Unsold() || o.Status == order.StatusRefunded:
		return link, "the order is " + string(o.Status), nil
	}
	if out, err := b.OptedOut(ctx, shop, o.Customer.Email); err != nil || out {
		return link, "opted out", err
	}
	return link, "", nil
}

// findID returns a link by its id.
func (b *Book) findID(ctx context.Context, shop, id string) (l Link, ok bool, err error) {
	value, ok, err := b.opts.KV(shop).Get(ctx, "link/"+id)
	if err != nil || !ok {
		return l, false, err
	}
	if err := json.Unmarshal(value, &l); err != nil {
		return l, false, fmt.Errorf("read link: %w", err)
	}
	return l, true, nil
}
