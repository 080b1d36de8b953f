package trustpilot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// unwanted are the characters that reference numbers must not have
// (https://support.trustpilot.com/hc/en-us/articles/201949187, seen 2026).
const unwanted = `#*+"%&`

// referenceOf is an order's id as Trustpilot takes it. What must be written
// otherwise gets a mark of its own, so that two orders never share a reference.
func referenceOf(id string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(unwanted, r) {
			return '-'
		}
		return r
	}, id)
	if clean == id {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return clean + "-" + hex.EncodeToString(sum[:4])
}

// references remembers which order a reference is of, where it is not the
// order's id, and which order a review is about.
type references struct{ state partner.State }

// keep makes sure that a review of the order finds it.
func (r references) keep(ctx context.Context, id string) (reference string, err error) {
	reference = referenceOf(id)
	if reference == id {
		return id, nil
	}
	if err := r.state.Put(ctx, "ref/"+reference, []byte(id), 0); err != nil {
		return "", fmt.Errorf("keep reference: %w", err)
	}
	return reference, nil
}

// order returns the id of the order that a reference is of: the order may not
// be known yet.
func (r references) order(ctx context.Context, reference string) (string, error) {
	id, ok, err := r.state.Get(ctx, "ref/"+reference)
	if err != nil {
		return "", fmt.Errorf("find reference: %w", err)
	}
	if !ok {
		return reference, nil
	}
	return string(id), nil
}

// keepReview remembers the order of a review: when it is deleted, nothing but
// its id may come.
func (r references) keepReview(ctx context.Context, review, order string) error {
	if err := r.state.Put(ctx, "review/"+review, []byte(order), 0); err != nil {
		return fmt.Errorf("keep review: %w", err)
	}
	return nil
}

// review returns the order that a review is of; "": unknown.
func (r references) review(ctx context.Context, review string) (string, error) {
	id, _, err := r.state.Get(ctx, "review/"+review)
	if err != nil {
		return "", fmt.Errorf("find review: %w", err)
	}
	return string(id), nil
}

// tagsOf are tags as Trustpilot takes them: letters, digits, _, - and ., a
// blank as _. What nothing is left of, or stands there already, is left out.
func tagsOf(lists ...[]string) []string {
	var tags []string
	seen := map[string]bool{}
	for _, list := range lists {
		for _, tag := range list {
			tag = strings.Map(inTag, strings.TrimSpace(tag))
			if tag != "" && !seen[tag] {
				seen[tag] = true
				tags = append(tags, tag)
			}
		}
	}
	return tags
}

func inTag(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_', r == '-', r == '.':
		return r
	case r == ' ', r == '\t':
		return '_'
	}
	return -1
}

// subject is what a review is about: the order, where one is named in a way
// that an order can be.
func subject(order_, review string) order.Subject {
	s := order.Subject{Kind: order.SubjectOrder, ID: order_}
	if order.ValidateSubject(s) != nil {
		return order.Subject{Kind: "review", ID: review}
	}
	return s
}
