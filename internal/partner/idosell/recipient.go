package idosell

import (
	"context"
	"fmt"
	"strconv"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// recipient is somebody to whom an account had goods sent, as kept.
type recipient struct {
	Party  order.Party `json:"party"`
	Digest string      `json:"digest"` // of account and address: address/<digest> leads here
}

// known is a recipient as it was read, or is to be written.
type known struct {
	id  string
	key string
	raw []byte // as it stands in State; nil: nobody has the address yet
	recipient
}

func recipientsKey(login string) string { return "recipient/" + accountKey(login) + "/" }

// recipientKey is where a recipient stands; false: no recipient has such an id.
func recipientKey(login, id string) (string, bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != id {
		return "", false
	}
	return recipientsKey(login) + sortable(n), true
}

// goesToKey begins the keys of a recipient's orders that may still change.
func goesToKey(login, id string) string {
	n, _ := strconv.ParseInt(id, 10, 64)
	return "goes-to/" + accountKey(login) + "/" + sortable(n) + "/"
}

// sortable is a number whose text sorts as it does.
func sortable(n int64) string { return fmt.Sprintf("%012d", n) }

// recipientByID reads an account's recipient; nil: it has none of that id.
func (s cabinet) recipientByID(ctx context.Context, login, id string) (*known, error) {
	key, ok := recipientKey(login, id)
	if !ok {
		return nil, nil
	}
	k := &known{id: id, key: key}
	var err error
	if k.raw, err = s.open(ctx, key, &k.recipient); err != nil || k.raw == nil {
		return nil, err
	}
	return k, nil
}

// recipientAt returns the recipient who lives at an address, with a new number
// and without raw where nobody does.
func (d *door) recipientAt(ctx context.Context, s cabinet, login string, p order.Party) (*known, []partner.Edit, error) {
	digest, err := d.addressDigest(ctx, s, login, p)
	if err != nil {
		return nil, nil, err
	}
	id, ok, err := s.Get(ctx, "address/"+digest)
	if err != nil {
		return nil, nil, err
	}
	if ok {
		k, err := s.recipientByID(ctx, login, string(id))
		if err != nil || k != nil {
			return k, nil, err
		}
	}
	edit, n, err := s.next(ctx, "recipients")
	if err != nil {
		return nil, nil, err
	}
	one, err := s.counted(ctx, login, 1)
	if err != nil {
		return nil, nil, err
	}
	k := &known{id: strconv.FormatInt(n, 10), recipient: recipient{p, digest}}
	k.key, _ = recipientKey(login, k.id)
	return k, []partner.Edit{edit, one, {Key: "address/" + digest, Old: id, New: []byte(k.id)}}, nil
}

// addressDigest tells whether two addresses of an account are the same, but
// for letters and blanks.
func (d *door) addressDigest(ctx context.Context, s cabinet, login string, p order.Party) (string, error) {
	key, err := d.digestKey(ctx, s)
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("digest an address: %w", err)
	}
	return mac(key, login+"\x00"+plain(string(b))), nil
}

// keep is the edit that writes the recipient, changed or not: whoever changes
// the same recipient at the same time has to look again.
func (k *known) keep(s cabinet) (partner.Edit, error) {
	made, err := s.sealed(k.key, &k.recipient)
	return partner.Edit{Key: k.key, Old: k.raw, New: made}, err
}

// next returns the number after a counter's last one, and the edit that takes
// it.
func (s cabinet) next(ctx context.Context, counter string) (partner.Edit, int64, error) {
	old, ok, err := s.Get(ctx, counter)
	if err != nil {
		return partner.Edit{}, 0, err
	}
	n := int64(0)
	if ok {
		if n, err = strconv.ParseInt(string(old), 10, 64); err != nil {
			return partner.Edit{}, 0, fmt.Errorf("read the counter %s: %w", counter, err)
		}
	} else {
		old = nil
	}
	n++
	return partner.Edit{Key: counter, Old: old, New: strconv.AppendInt(nil, n, 10)}, n, nil
}
