package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// Hash is a link of a shop's chain.
type Hash [sha256.Size]byte

// The format of an event, version 1. What stands here stays readable for
// ever: a new version gets a new tag, new functions and a golden file.
//
// A link is SHA-256(eventTag1, hash before, length of header (8 bytes, big
// endian), header, body); the hash before the first event is
// SHA-256(genesisTag, shop), so that the logs of two shops can not be
// exchanged.
//
// The header is, in this sequence (uint: unsigned varint; text: uint length,
// then UTF-8): version byte 1, flags byte, uint seq, uint number of the
// subject, uint accepted_at in microseconds since 1970, text subject kind,
// text subject id, text event kind, text source name, rank byte, text origin
// and, if flagPersonal is set, uint seq of the personal part, its digest.
//
// The body is the canonical JSON of the public part of an order.Order, or of
// the public part of an order.Happening. A personal part is the canonical JSON
// of an order.Personal, its digest SHA-256(personalTag1, salt, bytes).
const (
	eventTag1    = "ordermux/event/1"
	personalTag1 = "ordermux/personal/1"
	genesisTag   = "ordermux/genesis/1"

	headerVersion1 = 1
)

// The flags of a header.
const (
	flagHistory = 1 << iota
	flagPersonal
	flagHappening
)

// header is what an event says beside its body.
type header struct {
	seq, number    int64
	at             int64 // microseconds since 1970
	subject        order.Subject
	kind           order.Kind
	source         order.Source
	origin         string
	history        bool
	happening      bool
	personal       int64 // seq of the personal part; 0: none
	personalDigest Hash
}

func (h *header) append1(b []byte) []byte {
	var flags byte
	if h.history {
		flags |= flagHistory
	}
	if h.personal != 0 {
		flags |= flagPersonal
	}
	if h.happening {
		flags |= flagHappening
	}
	b = append(b, headerVersion1, flags)
	b = binary.AppendUvarint(b, uint64(h.seq))
	b = binary.AppendUvarint(b, uint64(h.number))
	b = binary.AppendUvarint(b, uint64(h.at))
	b = appendText(b, h.subject.Kind)
	b = appendText(b, h.subject.ID)
	b = appendText(b, string(h.kind))
	b = appendText(b, h.source.Name)
	b = append(b, byte(h.source.Rank))
	b = appendText(b, h.origin)
	if h.personal != 0 {
		b = binary.AppendUvarint(b, uint64(h.personal))
		b = append(b, h.personalDigest[:]...)
	}
	return b
}

var errHeader = errors.New("unreadable header")

// readHeader reads a header of any version.
func readHeader(b []byte) (header, error) {
	if len(b) == 0 {
		return header{}, errHeader
	}
	switch b[0] {
	case headerVersion1:
		return readHeader1(b[1:])
	}
	return header{}, fmt.Errorf("event format %d is not known to this program", b[0])
}

func readHeader1(b []byte) (header, error) {
	d := decoder{b: b}
	flags := d.byte()
	h := header{
		history: flags&flagHistory != 0, happening: flags&flagHappening != 0,
		seq: d.int(), number: d.int(), at: d.int(),
	}
	h.subject.Kind, h.subject.ID = d.text(), d.text()
	h.kind = order.Kind(d.text())
	h.source.Name, h.source.Rank = d.text(), order.Rank(d.byte())
	h.origin = d.text()
	if flags&flagPersonal != 0 {
		h.personal = d.int()
		copy(h.personalDigest[:], d.bytes(len(h.personalDigest)))
		d.bad = d.bad || h.personal == 0
	}
	if d.bad || len(d.b) != 0 {
		return header{}, errHeader
	}
	return h, nil
}

// genesis is the hash before a shop's first event.
func genesis(shop string) Hash { return sha256.Sum256([]byte(genesisTag + shop)) }

// link1 returns the hash of an event; room is memory to use.
func link1(room []byte, before *Hash, header, body []byte) (Hash, []byte) {
	room = append(room[:0], eventTag1...)
	room = append(room, before[:]...)
	room = binary.BigEndian.AppendUint64(room, uint64(len(header)))
	room = append(room, header...)
	room = append(room, body...)
	return sha256.Sum256(room), room
}

// digest1 is the salted digest of a personal part; room is memory to use.
func digest1(room, salt, personal []byte) (Hash, []byte) {
	room = append(room[:0], personalTag1...)
	room = append(room, salt...)
	room = append(room, personal...)
	return sha256.Sum256(room), room
}

// event decodes a stored event.
func (s *Stored) event(shop string) (order.Event, error) {
	h, err := readHeader(s.Header)
	if err != nil {
		return order.Event{}, fmt.Errorf("event %d: %w", s.Seq, err)
	}
	e := order.Event{
		Shop: shop, Seq: h.seq, Order: h.number, At: time.UnixMicro(h.at).UTC(),
		Subject: h.subject, Kind: h.kind, Source: h.source, Origin: h.origin,
		History: h.history, Hash: s.Hash,
		Erased: h.personal != 0 && s.PersonalBody == nil,
	}
	if h.happening {
		e.Happening, err = s.Happening()
	} else {
		e.Statement, err = s.statement()
	}
	if err != nil {
		return order.Event{}, fmt.Errorf("event %d: %w", s.Seq, err)
	}
	return e, nil
}

func (s *Stored) statement() (*order.Order, error) {
	o := new(order.Order)
	if err := json.Unmarshal(s.Body, o); err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	if s.PersonalBody == nil {
		if s.Personal != 0 { // erased
			o.Join(nil)
		}
		return o, nil
	}
	p, err := s.personal()
	if err != nil {
		return nil, err
	}
	o.Join(p)
	return o, nil
}

func (s *Stored) personal() (*order.Personal, error) {
	p := new(order.Personal)
	if err := json.Unmarshal(s.PersonalBody, p); err != nil {
		// The decoder's words could show what it read.
		return nil, errors.New("unreadable personal part")
	}
	return p, nil
}

// Happening decodes the event, which is of no statement: its personal part
// joined, unless it was erased.
func (s *Stored) Happening() (*order.Happening, error) {
	h := new(order.Happening)
	if err := json.Unmarshal(s.Body, h); err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	if s.PersonalBody == nil {
		if s.Personal != 0 { // erased
			h.Join(nil)
		}
		return h, nil
	}
	p, err := s.personal()
	if err != nil {
		return nil, err
	}
	h.Join(p)
	return h, nil
}
