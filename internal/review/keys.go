package review

import (
	"cmp"
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Key is one of the values that a review is listed by.
type Key struct{ Kind, Value string }

// The kinds of keys beside the dimensions, which are kinds too.
const (
	keyOrder    = "order"
	keyLocale   = "locale"
	keyPlatform = "platform"
	keyStars    = "stars"
)

// Keys are all that a review is listed by, sorted, each once.
func (r *Review) Keys() []Key {
	list := []Key{
		{string(ByAll), ""}, {keyOrder, r.Order}, {string(ByAbout), r.About},
		{keyPlatform, platformOf(r)}, {keyStars, strconv.Itoa(r.Stars)},
	}
	for _, k := range []Key{{string(ByProduct), r.Product}, {string(ByLocation), r.Location}, {keyLocale, r.Locale}} {
		if k.Value != "" {
			list = append(list, k)
		}
	}
	for _, tag := range r.Tags {
		list = append(list, Key{string(ByTag), tag})
	}
	slices.SortFunc(list, func(a, b Key) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Value, b.Value))
	})
	return slices.Compact(list)
}

func platformOf(r *Review) string { return cmp.Or(r.Platform, OwnPlatform) }

// Added is what a total grows by; negative where it shrinks.
type Added struct {
	Dimension Dimension
	Total
}

// Totals is what a review adds to the totals: nothing without stars, nor when
// it was taken back.
func (r *Review) Totals() []Added {
	if r == nil || r.Deleted || r.Stars == 0 {
		return nil
	}
	var list []Added
	month := r.At.UTC().Format(monthForm)
	for _, k := range r.Keys() {
		if d := Dimension(k.Kind); d.Known() {
			list = append(list, Added{d, Total{Value: k.Value, Month: month, Count: 1, Stars: int64(r.Stars)}})
		}
	}
	return list
}

const monthForm = "2006-01"

// Replace is what a store does when now takes the place of old, which is nil
// where there was none: the keys to be removed and added, the totals to be
// moved. When a review was written first stays as it is kept.
func Replace(old, now *Review) (gone, added []Key, totals []Added) {
	added = now.Keys()
	totals = now.Totals()
	if old == nil {
		return nil, added, totals
	}
	before := old.Keys()
	gone = without(before, added)
	added = without(added, before)
	for _, t := range old.Totals() {
		t.Count, t.Stars = -t.Count, -t.Stars
		totals = append(totals, t)
	}
	return gone, added, summed(totals)
}

func without(list, other []Key) []Key {
	return slices.DeleteFunc(slices.Clone(list), func(k Key) bool { return slices.Contains(other, k) })
}

// summed adds up what concerns the same total, and leaves out what is nothing
// then. The result is sorted, so that two writers touch totals in one sequence.
func summed(list []Added) []Added {
	slices.SortFunc(list, func(a, b Added) int {
		return cmp.Or(cmp.Compare(a.Dimension, b.Dimension), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Month, b.Month))
	})
	var out []Added
	for _, t := range list {
		if n := len(out); n > 0 && out[n-1].Dimension == t.Dimension && out[n-1].Value == t.Value && out[n-1].Month == t.Month {
			out[n-1].Count += t.Count
			out[n-1].Stars += t.Stars
			continue
		}
		out = append(out, t)
	}
	return slices.DeleteFunc(out, func(t Added) bool { return t.Count == 0 && t.Stars == 0 })
}

// Key is the one that a store walks to find what the filter selects.
func (f *Filter) Key() Key {
	for _, k := range []Key{
		{keyOrder, f.Order}, {string(ByProduct), f.Product}, {string(ByTag), f.Tag}, {string(ByLocation), f.Location},
		{keyLocale, f.Locale}, {keyPlatform, f.Platform}, {string(ByAbout), f.About},
	} {
		if k.Value != "" {
			return k
		}
	}
	if f.Stars > 0 {
		return Key{keyStars, strconv.Itoa(f.Stars)}
	}
	return Key{Kind: string(ByAll)}
}

// Selects reports whether the filter selects a review, cursor and limit apart.
func (f *Filter) Selects(r *Review) bool {
	equal := func(want, is string) bool { return want == "" || want == is }
	return equal(f.Order, r.Order) && equal(f.About, r.About) && equal(f.Product, r.Product) &&
		equal(f.Location, r.Location) && equal(f.Locale, r.Locale) && equal(f.Platform, platformOf(r)) &&
		(f.Tag == "" || slices.Contains(r.Tags, f.Tag)) && (f.Stars == 0 || f.Stars == r.Stars) &&
		(f.From.IsZero() || !r.At.Before(f.From)) && (f.To.IsZero() || r.At.Before(f.To))
}

// Most is how many reviews a page has at most.
func (f *Filter) Most() int {
	if f.Limit <= 0 {
		return 50
	}
	return min(f.Limit, MostListed)
}

// Place is where a review stands among those of a key: newest first.
type Place struct {
	At int64 // microseconds since 1970
	ID string
}

// String is the place as a cursor.
func (p Place) String() string {
	return base64.RawURLEncoding.EncodeToString(strconv.AppendInt(nil, p.At, 10)) + "." + base64.RawURLEncoding.EncodeToString([]byte(p.ID))
}

// Start is the place before which the page begins: the end of the list, To, or
// the cursor's. Errors: *order.Invalid.
func (f *Filter) Start() (Place, error) {
	if f.Cursor == "" {
		if f.To.IsZero() {
			return Place{At: math.MaxInt64}, nil
		}
		return Place{At: f.To.UnixMicro()}, nil
	}
	bad := &order.Invalid{Faults: []order.Fault{{Path: "cursor", Code: order.Malformed, Reason: "is none that a page gave"}}}
	at, id, ok := strings.Cut(f.Cursor, ".")
	if !ok || len(f.Cursor) > 4*order.MaxID {
		return Place{}, bad
	}
	number, err := base64.RawURLEncoding.DecodeString(at)
	name, err2 := base64.RawURLEncoding.DecodeString(id)
	if err != nil || err2 != nil {
		return Place{}, bad
	}
	p := Place{ID: string(name)}
	if p.At, err = strconv.ParseInt(string(number), 10, 64); err != nil || strings.ToValidUTF8(p.ID, "") != p.ID || strings.Contains(p.ID, "\x00") {
		return Place{}, bad
	}
	return p, nil
}

// First is the earliest time that the filter selects, in microseconds.
func (f *Filter) First() int64 {
	if f.From.IsZero() {
		return math.MinInt64
	}
	return f.From.UnixMicro()
}

// Paged walks a list for a page: read returns reviews before a place, at most
// so many, newest first, and whether these are all; it is called until the
// page is full, there are no more, or MostLooked were looked at.
func (f *Filter) Paged(read func(before Place, limit int) (list []Review, err error)) (page []Review, next string, err error) {
	at, err := f.Start()
	if err != nil {
		return nil, "", err
	}
	const step = MostListed + 1
	for looked := 0; looked < MostLooked; {
		list, err := read(at, step)
		if err != nil {
			return nil, "", err
		}
		for i := range list {
			if len(page) == f.Most() {
				return page, at.String(), nil
			}
			at = Place{list[i].At.UnixMicro(), list[i].ID}
			if f.Selects(&list[i]) {
				page = append(page, list[i])
			}
		}
		if len(list) < step {
			return page, "", nil
		}
		looked += len(list)
	}
	return page, at.String(), nil
}

// Told returns the review that a happening tells of, for Store.Record; false:
// it tells of none.
func Told(orderID, source string, h *order.Happening) (Review, bool) {
	if h == nil || h.Review == nil {
		return Review{}, false
	}
	r := Review{Reviewed: *h.Review, Order: orderID, Source: source}
	if at := h.At.Time(); !at.IsZero() {
		r.At = at.UTC().Truncate(time.Microsecond)
	}
	return r, true
}

// Speak puts the words of its happening into a review.
func (r *Review) Speak(h *order.Happening) { r.Title, r.Text = h.Title, h.Note }
