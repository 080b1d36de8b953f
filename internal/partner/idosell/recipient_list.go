package idosell

import (
	"context"
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/soap"
)

// tally is how many recipients an account has, and how often one was
// forgotten: as long as none is, nobody's place in the list changes, for new
// ones come last.
type tally struct {
	Count     int   `json:"count"`
	Forgotten int64 `json:"forgotten,omitzero"`
}

func tallyKey(login string) string { return "tally/" + accountKey(login) }

// tally reads an account's, with what stands in State; nil: nothing does, and
// they were counted.
func (s cabinet) tally(ctx context.Context, login string) (t tally, raw []byte, err error) {
	raw, ok, err := s.Get(ctx, tallyKey(login))
	if err != nil {
		return t, nil, err
	}
	if ok {
		if err := json.Unmarshal(raw, &t); err != nil {
			return t, nil, fmt.Errorf("read how many recipients there are: %w", err)
		}
		return t, raw, nil
	}
	for after := ""; ; {
		keys, _, err := s.List(ctx, recipientsKey(login), after, statePage)
		if err != nil {
			return t, nil, err
		}
		if t.Count += len(keys); len(keys) < statePage {
			return t, nil, nil
		}
		after = keys[len(keys)-1]
	}
}

// counted is the edit with which an account has one recipient more, or one less.
func (s cabinet) counted(ctx context.Context, login string, more int) (partner.Edit, error) {
	t, raw, err := s.tally(ctx, login)
	if err != nil {
		return partner.Edit{}, err
	}
	if t.Count += more; more < 0 {
		t.Forgotten++
	}
	made, err := json.Marshal(t)
	if err != nil {
		return partner.Edit{}, fmt.Errorf("count recipients: %w", err)
	}
	return partner.Edit{Key: tallyKey(login), Old: raw, New: made}, nil
}

// place is how far somebody has read a list: so many, up to that key.
type place struct {
	forgotten int64 // of the tally that it holds for
	read      int
	key       string
}

const mostPlaces = 1000 // that are remembered at a time

// from returns where to begin so that skip recipients come before: behind what
// was read last, if it was, else from the beginning.
func (k *desk) from(list string, t tally, skip int) place {
	k.mu.Lock()
	defer k.mu.Unlock()
	if p := k.places[list]; p.forgotten == t.Forgotten && p.read <= skip {
		return p
	}
	return place{forgotten: t.Forgotten}
}

func (k *desk) remember(list string, p place) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.places == nil || len(k.places) >= mostPlaces {
		k.places = map[string]place{}
	}
	k.places[list] = p
}

// listed is a page of all recipients of an account, and how many there are. Who
// reads page after page goes on where the last one ended; what is read is no
// more than what lies between that and the end of the page.
func (d *door) listed(ctx context.Context, s cabinet, login string, p page) (results []soap.Value, count int, err error) {
	t, _, err := s.tally(ctx, login)
	if err != nil || p.skip() >= t.Count {
		return nil, t.Count, err
	}
	prefix := recipientsKey(login)
	at := d.desk.from(s.shop+"/"+prefix, t, p.skip())
	for end := p.skip() + p.limit; at.read < end; {
		most := min(statePage, end-at.read)
		keys, values, err := s.List(ctx, prefix, at.key, most)
		if err != nil {
			return nil, 0, err
		}
		for i, key := range keys {
			at.key, at.read = key, at.read+1
			if at.read <= p.skip() {
				continue
			}
			var r recipient
			if err := s.unseal(values[i], key, &r); err != nil {
				return nil, 0, err
			}
			results = append(results, addressValue(strings.TrimLeft(key[len(prefix):], "0"), &r.Party))
		}
		if len(keys) < most {
			break
		}
	}
	d.desk.remember(s.shop+"/"+prefix, at)
	return results, t.Count, nil
}
