package trustpilot

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
)

const (
	maxEmails = 1000 // in one call; our choice
	// deleteFor is how long a call deletes. What takes longer goes on where the
	// same call comes again, which it is told to do.
	deleteFor = 25 * time.Second
)

// handleDelete is POST …/invitation-data/delete: by address or by age, never
// both. It erases the person from the orders that came in by this door, for
// good, wherever the hub keeps them; routes pass it on.
func (d *door) handleDelete(w http.ResponseWriter, r *http.Request, unit string) error {
	l, err := d.enterAs(r, unit)
	if err != nil {
		return err
	}
	var body wireDelete
	wire, err := readJSON(w, r, &body)
	if err != nil {
		return err
	}
	whose, err := body.persons()
	if err != nil {
		return err
	}
	if d.deps.People == nil {
		return apiProblem(http.StatusNotImplemented, "Not implemented")
	}
	if err := d.erase(r.Context(), l.Shop, whose, wire); err != nil {
		return err
	}
	answerJSON(w, http.StatusOK, struct{}{})
	return nil
}

// persons says whose data is to go.
func (b *wireDelete) persons() (p partner.Persons, err error) {
	var c checker
	switch {
	case len(b.CustomerEmails) > 0 && b.DeleteOlderThan != "":
		c.say("deleteOlderThan", "must be empty if 'Customer Emails' is given.")
	case len(b.CustomerEmails) > maxEmails:
		c.say("customerEmails", "must not hold more than 1000 addresses.")
	case len(b.CustomerEmails) > 0:
		p.Emails = b.CustomerEmails
		for i, email := range p.Emails {
			c.email("customerEmails["+strconv.Itoa(i)+"]", email, true)
		}
	case b.DeleteOlderThan != "":
		before, ok := readSendTime(b.DeleteOlderThan)
		if !ok {
			c.say("deleteOlderThan", wrongFormat)
		}
		p.Before = before.Time()
	default:
		c.say("customerEmails", "must not be empty, unless 'Delete Older Than' is given.")
	}
	return p, c.verdict()
}

// erase erases page by page. How far it came is kept under a digest, so that
// the same call goes on there.
func (d *door) erase(ctx context.Context, shop string, whose partner.Persons, wire []byte) error {
	key := "erase/" + d.deps.Reviews.Token(shop, "", "trustpilot erase\x00"+string(wire))
	after, err := d.reached(ctx, key)
	if err != nil {
		return err
	}
	for end := d.now().Add(deleteFor); ; {
		orders, next, err := d.deps.People.Find(ctx, shop, Partner.Name+":", whose, after)
		if err != nil {
			return err
		}
		if err := d.deps.People.Erase(ctx, shop, orders); err != nil {
			return err
		}
		if after = next; after == 0 {
			return d.deps.State.Delete(ctx, key)
		}
		if d.now().After(end) {
			if err := d.deps.State.Put(ctx, key, strconv.AppendInt(nil, after, 10), 24*time.Hour); err != nil {
				return err
			}
			return unfinished()
		}
	}
}

func (d *door) reached(ctx context.Context, key string) (int64, error) {
	b, ok, err := d.deps.State.Get(ctx, key)
	if err != nil || !ok {
		return 0, err
	}
	return strconv.ParseInt(string(b), 10, 64)
}

// unfinished is 503: what was found so far is erased, and there is more.
func unfinished() *problem {
	p := apiProblem(http.StatusServiceUnavailable, "Deleting takes longer; send the same request again")
	p.retryAfter = 1
	return p
}
