package idosell

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// A basket belongs to a session. Its content may be as long as a request, so
// it stands in pieces, which are written first; what counts is the head, which
// names them and is only ever changed by who has seen the one before.

const (
	basketFor   = 16 * time.Minute // a session's life and a little
	pieceSize   = 900 << 10        // a value of State has at most 1 MB
	basketSize  = partner.MaxBody  // of all pieces
	basketTries = 8
)

// basketHead is what stands under basket/<session>.
type basketHead struct {
	Content string `json:"content"` // names the pieces
	Pieces  int    `json:"pieces"`
}

// basket is a session's basket as it was read.
type basket struct {
	key   string
	head  []byte // as it stands in State; nil: there is none
	said  basketHead
	items []item
}

func basketKey(session string) string { return "basket/" + session }

func (b *basket) piece(i int) string { return fmt.Sprintf("%s/%s/%02d", b.key, b.said.Content, i) }

// basket reads the basket of a session; an empty one where there is none, or
// where a head is left whose pieces are gone: the next one takes its place.
func (s cabinet) basket(ctx context.Context, session string) (*basket, error) {
	left := &basket{key: basketKey(session)}
	for range basketTries {
		b := &basket{key: basketKey(session)}
		head, ok, err := s.Get(ctx, b.key)
		if err != nil || !ok {
			return b, err
		}
		if err := json.Unmarshal(head, &b.said); err != nil {
			return nil, fmt.Errorf("read a basket: %w", err)
		}
		b.head = head
		content, err := s.pieces(ctx, b)
		if err != nil {
			return nil, err
		}
		if content == nil {
			left.head = head
			continue // it was changed, or is over
		}
		if err := json.Unmarshal(content, &b.items); err != nil {
			return nil, fmt.Errorf("read a basket: %w", err)
		}
		return b, nil
	}
	return left, nil
}

// pieces reads the content; nil: a piece is not there any more.
func (s cabinet) pieces(ctx context.Context, b *basket) ([]byte, error) {
	var content []byte
	for i := range b.said.Pieces {
		key := b.piece(i)
		raw, ok, err := s.Get(ctx, key)
		if err != nil || !ok {
			return nil, err
		}
		plain, err := s.seal.Open(raw, s.context(key))
		if err != nil {
			return nil, fmt.Errorf("read a basket: %w", err)
		}
		content = append(content, plain...)
	}
	return content, nil
}

// replace writes another content in the place of a basket. False: somebody
// else was faster.
func (s cabinet) replace(ctx context.Context, old *basket, items []item) (bool, error) {
	content, err := json.Marshal(items)
	if err != nil {
		return false, fmt.Errorf("keep a basket: %w", err)
	}
	if len(content) > basketSize {
		return false, &fault{code: codeTooLarge}
	}
	id := make([]byte, 8)
	rand.Read(id)
	next := &basket{key: old.key, said: basketHead{Content: hex.EncodeToString(id)}}
	for ; len(content) > 0; next.said.Pieces++ {
		n := min(len(content), pieceSize)
		key := next.piece(next.said.Pieces)
		if err := s.Put(ctx, key, s.seal.Seal(content[:n], s.context(key)), basketFor); err != nil {
			return false, err
		}
		content = content[n:]
	}
	head, err := json.Marshal(next.said)
	if err != nil {
		return false, fmt.Errorf("keep a basket: %w", err)
	}
	done, err := s.Change(ctx, partner.Edit{Key: old.key, Old: old.head, New: head, TTL: basketFor})
	if err != nil {
		return false, err
	}
	gone := old
	if !done {
		gone = next
	}
	return done, s.drop(ctx, gone)
}

// drop removes the pieces of a basket that does not count any more.
func (s cabinet) drop(ctx context.Context, b *basket) error {
	for i := range b.said.Pieces {
		if err := s.Delete(ctx, b.piece(i)); err != nil {
			return err
		}
	}
	return nil
}

// emptied is what takes the basket away in the transaction that appends an
// order; none where it was empty.
func (b *basket) emptied() []partner.Edit {
	if b.head == nil {
		return nil
	}
	return []partner.Edit{{Key: b.key, Old: bytes.Clone(b.head)}}
}
