package review

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/order"
)

// formSource is who says what customers say in our form.
var formSource = order.Source{Name: "review:form", Rank: order.RankRoute}

// largestForm bounds what a form sends: fifty products with long texts in a
// script of three bytes a letter, each byte written as three.
const largestForm = 2 << 20

// take answers a POST of the form.
func (v *visit) take() {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, largestForm)
	if err := v.r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			plain(v.w, http.StatusRequestEntityTooLarge, "This is too much for one form.")
			return
		}
		plain(v.w, http.StatusBadRequest, "This can not be read as a form.")
		return
	}
	over, err := v.over()
	switch {
	case err != nil:
		v.failed(err)
	case over:
		v.ended()
	case v.r.PostForm.Get("do") == "missing":
		v.missing()
	case !v.link.Answered.IsZero(): // sent twice: the first one stands
		v.thank()
	default:
		v.send()
	}
}

// send keeps what the form says, or shows it again with what is wrong.
func (v *visit) send() {
	subjects := v.subjects()
	faults := v.read(subjects)
	if len(faults) > 0 {
		v.form(http.StatusUnprocessableEntity, subjects, faults)
		return
	}
	if v.link.Test {
		v.thank()
		return
	}
	ctx := v.r.Context()
	_, err := v.b.opts.Append(ctx, v.shop, v.entries(subjects))
	if err == nil {
		// Not the caller's context: the reviews are kept, and so must be that
		// they are, even if nobody waits any more.
		_, err = v.b.Change(context.WithoutCancel(ctx), v.shop, v.token, func(l *Link) {
			if l.Answered.IsZero() {
				l.Answered = v.b.opts.Now().UTC()
			}
		})
	}
	if err != nil {
		v.b.opts.Log.ErrorContext(ctx, "a review can not be kept", "shop", v.shop, "link", v.link.ID, "error", err)
		v.w.Header().Set("Retry-After", "30")
		v.form(http.StatusServiceUnavailable, subjects, []formFault{{Text: v.t.Busy}})
		return
	}
	v.thank()
}

// thank leads on: to where the invitation says, or to our own page.
func (v *visit) thank() {
	target := safeRedirect(v.link.Redirect)
	if target == "" {
		target = v.here(belowThanks)
	}
	v.lead(target)
}

func (v *visit) lead(target string) {
	guard(v.w, v.link.Redirect)
	v.w.Header().Set("Location", target)
	v.w.WriteHeader(http.StatusSeeOther)
}

// read fills in what was sent and says what is wrong with it.
func (v *visit) read(subjects []*subject) (faults []formFault) {
	rated := 0
	for _, s := range subjects {
		s.Stars = stars(v.r.PostForm.Get("stars." + s.Key))
		s.Title = oneLine(clean(v.r.PostForm.Get("title." + s.Key)))
		s.Text = strings.TrimSpace(clean(v.r.PostForm.Get("text." + s.Key)))
		faults = append(faults, v.check(s)...)
		if s.Stars > 0 {
			rated++
		}
	}
	if rated == 0 && len(faults) == 0 {
		if len(subjects) == 1 {
			subjects[0].NoStars = v.t.FaultNone
		}
		faults = append(faults, formFault{at(subjects[0]), v.t.FaultNone})
	}
	return faults
}

// at is where a fault leads: to the part of the form around the field, not to
// the field itself, for there the key that opened the link could end as one
// that sends the form.
func at(s *subject) string { return "at-" + s.Key }

func (v *visit) check(s *subject) (faults []formFault) {
	if s.Stars == 0 && s.Title+s.Text != "" {
		s.NoStars = filled(v.t.FaultStars, "name", s.Name)
		faults = append(faults, formFault{at(s), s.NoStars})
	}
	if utf8.RuneCountInString(s.Title) > longestTitle {
		s.LongTitle = true
		faults = append(faults, formFault{at(s), filled(filled(v.t.FaultHeading, "n", strconv.Itoa(longestTitle)), "name", s.Name)})
	}
	if utf8.RuneCountInString(s.Text) > longestText {
		s.LongText = true
		faults = append(faults, formFault{at(s), filled(filled(v.t.FaultWords, "n", strconv.Itoa(longestText)), "name", s.Name)})
	}
	return faults
}

// stars reads a rating; 0: none.
func stars(s string) int {
	if len(s) == 1 && s[0] >= '1' && s[0] <= '5' {
		return int(s[0] - '0')
	}
	return 0
}

// clean makes a text what the ledger takes: line ends as one character, and no
// other control characters.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r < ' ' && r != '\n' && r != '\t', r >= 0x7f && r <= 0x9f:
			return -1
		}
		return r
	}, s)
}

// ref names what our form says of the order, without naming the order. It is
// the same by every link to it: whatever is sent a second time, or by a second
// link, is known, and changes nothing.
func (v *visit) ref(about, product string) string {
	mac := v.b.opts.Key.Derive("review id").Mac([]byte(v.shop + "\x00" + v.link.Order + "\x00" + about + "\x00" + product))
	return hex.EncodeToString(mac[:16])
}

// entries are the happenings of what was rated.
func (v *visit) entries(subjects []*subject) []order.Entry {
	var list []order.Entry
	now := v.b.opts.Now()
	for _, s := range subjects {
		if s.Stars == 0 {
			continue
		}
		r := v.reviewed(s)
		list = append(list, v.entry(now, order.Happening{Kind: order.KindReviewed, Ref: r.ID, Review: r, Title: s.Title, Note: s.Text}))
	}
	return list
}

func (v *visit) entry(now time.Time, h order.Happening) order.Entry {
	h.At = order.At(now)
	return order.Entry{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: v.link.Order}, Source: formSource, Origin: v.link.Route, Happening: &h,
	}
}

func (v *visit) reviewed(s *subject) *order.Reviewed {
	r := &order.Reviewed{
		ID: v.ref(s.About, s.Product), About: s.About, Product: s.Product, Stars: s.Stars, Locale: v.t.Lang, Verified: true,
	}
	if isKey(v.link.Locale) {
		r.Locale = v.link.Locale
	}
	if isKey(v.link.Location) {
		r.Location = v.link.Location
	}
	for _, tag := range v.link.Tags {
		if isKey(tag) && len(r.Tags) < order.MaxTags && !slices.Contains(r.Tags, tag) {
			r.Tags = append(r.Tags, tag)
		}
	}
	return r
}
