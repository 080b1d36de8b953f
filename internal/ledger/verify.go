package ledger

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
)

// Report is what Verify found.
type Report struct {
	Shop   string
	Start  int64 // the events up to this one were removed: the chain was walked from there on
	Events int64 // up to which it was walked
	Head   int64
	Hash   string   // hex, of the head
	Faults []string // empty: the chain is whole
}

// Verify walks the chain of one shop up to the head it has now, and checks
// each event's hash, sequence and personal part. It stops at the first event
// at which the chain breaks: nothing after it can be vouched for.
func (l *Ledger) Verify(ctx context.Context, shop string) (Report, error) {
	return l.VerifyAfter(ctx, Report{Shop: shop})
}

// VerifyAfter walks what was appended since an earlier report that found no
// fault; what it walked then is not looked at again. The zero report of a shop
// is that of an empty log. Where the beginning of the log was removed, the chain
// is walked from the checkpoint that was left.
func (l *Ledger) VerifyAfter(ctx context.Context, earlier Report) (Report, error) {
	shop := earlier.Shop
	v, err := continued(earlier)
	if err != nil {
		return earlier, fmt.Errorf("verify: %w", err)
	}
	err = l.store.Read(ctx, shop, func(r Reader) (err error) {
		if v.head, err = r.Head(); err == nil {
			err = v.begin(r)
		}
		return err
	})
	for err == nil && v.report.Events < v.head.Seq && v.report.Faults == nil {
		if err = ctx.Err(); err == nil {
			err = l.verifyPage(ctx, shop, &v)
		}
	}
	if err != nil {
		return v.report, fmt.Errorf("verify: %w", err)
	}
	v.end()
	return v.report, nil
}

func (l *Ledger) verifyPage(ctx context.Context, shop string, v *verifier) error {
	var events []*Stored
	erased := map[int64]bool{}
	err := l.store.Read(ctx, shop, func(r Reader) (err error) {
		if err := v.begin(r); err != nil || v.report.Events >= v.head.Seq {
			return err
		}
		limit := min(mostRead/2, int(v.head.Seq-v.report.Events))
		if events, err = r.After(v.report.Events, limit); err != nil {
			return err
		}
		return readErased(r, events, erased, v.from)
	})
	if err != nil {
		return err
	}
	if len(events) == 0 && v.report.Events < v.head.Seq {
		v.fault("event %d is missing, and all after it up to %d", v.report.Events+1, v.head.Seq)
	}
	for _, e := range events {
		if v.event(e, erased); v.report.Faults != nil {
			break
		}
	}
	return nil
}

// readErased finds the events that lack a personal part, and which of their
// orders were erased, or removed with the beginning of the log. Unreadable headers
// are left to the verifier.
func readErased(r Reader, events []*Stored, erased map[int64]bool, from int64) error {
	var numbers []int64
	for _, e := range events {
		h, err := readHeader(e.Header)
		if err == nil && h.personal != 0 && e.PersonalBody == nil {
			numbers = append(numbers, h.number)
		}
	}
	rows, err := r.RowsByNumber(numbers)
	if err != nil {
		return err
	}
	for i, row := range rows {
		erased[numbers[i]] = row != nil && row.Flags&FlagErased != 0 || row == nil && numbers[i] <= from
	}
	return nil
}

// verifier follows one chain.
type verifier struct {
	report Report
	head   Head
	from   int64 // the log begins behind this event
	before Hash
	at     int64
	room   []byte
}

// continued is a verifier that stands where an earlier one came to.
func continued(r Report) (v verifier, err error) {
	v = verifier{report: Report{Shop: r.Shop, Start: r.Start, Events: r.Events}, before: genesis(r.Shop)}
	if r.Events == 0 {
		return v, nil
	}
	hash, err := hex.DecodeString(r.Hash)
	if copy(v.before[:], hash) != len(v.before) || err != nil {
		return v, errors.New("the earlier report has no hash")
	}
	return v, nil
}

// begin goes on from the checkpoint of the log if it lies ahead: also when the
// log is cut while it is walked.
func (v *verifier) begin(r Reader) error {
	c, err := r.Checkpoint()
	if err != nil {
		return err
	}
	v.from = c.Seq
	if c.Seq > v.report.Events {
		v.report.Start, v.report.Events, v.before, v.at = c.Seq, c.Seq, c.Hash, c.At
	}
	return nil
}

func (v *verifier) fault(format string, args ...any) {
	v.report.Faults = append(v.report.Faults, fmt.Sprintf(format, args...))
}

func (v *verifier) event(e *Stored, erased map[int64]bool) {
	want := v.report.Events + 1
	if e.Seq != want {
		v.fault("event %d is missing: after %d comes %d", want, want-1, e.Seq)
		return
	}
	h, err := readHeader(e.Header)
	if err != nil {
		v.fault("event %d: %v", e.Seq, err)
		return
	}
	var link Hash
	link, v.room = link1(v.room, &v.before, e.Header, e.Body)
	switch {
	case h.seq != e.Seq:
		v.fault("event %d: it stands in the place of another, its header says %d", e.Seq, h.seq)
	case link != e.Hash:
		v.fault("event %d: its hash is not that of its header and body after the event before it", e.Seq)
	case h.at != e.At || h.personal != e.Personal:
		v.fault("event %d: its columns are not those of its header", e.Seq)
	case h.at < v.at:
		v.fault("event %d: its time is before that of the event before it", e.Seq)
	}
	v.personal(e, &h, erased[h.number])
	v.report.Events, v.before, v.at = e.Seq, link, h.at
}

func (v *verifier) personal(e *Stored, h *header, erased bool) {
	switch {
	case h.personal == 0 || v.report.Faults != nil:
	case e.PersonalBody == nil && !erased:
		v.fault("event %d: its personal part is missing, and the order was not erased", e.Seq)
	case e.PersonalBody != nil:
		var digest Hash
		digest, v.room = digest1(v.room, e.Salt, e.PersonalBody)
		if !bytes.Equal(digest[:], h.personalDigest[:]) {
			v.fault("event %d: its personal part is not the one it was accepted with", e.Seq)
		}
	}
}

// end compares the end of the chain with the head.
func (v *verifier) end() {
	v.report.Head = v.head.Seq
	v.report.Hash = fmt.Sprintf("%x", v.before)
	if v.report.Faults == nil && v.head.Seq > 0 && v.before != v.head.Hash {
		v.fault("the head of the log is not the hash of event %d", v.head.Seq)
	}
}
