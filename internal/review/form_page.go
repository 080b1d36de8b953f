package review

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/order"
)

// The bounds of what a form takes, in characters.
const (
	longestTitle = 150
	longestText  = 2000
)

// page is what a page shows.
type page struct {
	T            *texts
	Title        string
	Test         bool
	Text, Button string // of one without a form

	Subjects                  []*subject
	Choices                   []choice
	Public, OptOut            string
	Missing                   bool // told already
	MissingNext               string
	LongestTitle, LongestText int
	Faults                    []formFault
}

// formFault is what is wrong with what was sent, and where that is; see at.
type formFault struct{ For, Text string }

// choice is one of the five ratings.
type choice struct {
	N             int
	Picture, Text string
}

// subject is one thing that a form asks about, with what was sent about it.
type subject struct {
	Key     string // in the names of its fields
	About   string // order.AboutShop, order.AboutProduct
	Product string // its ref
	Name    string // for people
	Legend  string

	Stars       int
	Title, Text string

	NoStars             string
	LongTitle, LongText bool
}

// subjects are what the link asks about: the shop first. A link that names
// nothing that can be asked about asks about the shop.
func (v *visit) subjects() []*subject {
	asks := func(kinds ...string) bool {
		return slices.ContainsFunc(v.link.Kinds, func(k string) bool { return slices.Contains(kinds, k) })
	}
	var list []*subject
	if asks(order.AboutShop) {
		list = append(list, v.aboutShop())
	}
	if asks(order.AboutProduct, KindProducts) {
		for i, p := range v.link.Products {
			if !isKey(p.Ref) {
				continue // nothing that a review could name
			}
			name := oneLine(first(p.Name, p.Ref))
			list = append(list, &subject{
				Key: "p" + strconv.Itoa(i), About: order.AboutProduct, Product: p.Ref, Name: name, Legend: filled(v.t.Goods, "name", name),
			})
		}
	}
	if list == nil {
		list = append(list, v.aboutShop())
	}
	return list
}

func (v *visit) aboutShop() *subject {
	return &subject{Key: "shop", About: order.AboutShop, Name: v.name, Legend: v.words(v.t.Shop)}
}

// isKey reports whether a text can be a product, location, locale or tag of a
// review; see order.ValidateHappening.
func isKey(s string) bool {
	return s != "" && len(s) <= order.MaxID && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// show answers a GET of the form.
func (v *visit) show() {
	over, err := v.over()
	switch {
	case err != nil:
		v.failed(err)
	case over:
		v.ended()
	case !v.link.Answered.IsZero():
		v.opened(v.r.Context())
		v.say(http.StatusOK, v.words(v.t.Title), v.t.Already)
	default:
		v.opened(v.r.Context())
		v.form(http.StatusOK, v.subjects(), nil)
	}
}

// form shows the form as it was filled in so far.
func (v *visit) form(status int, subjects []*subject, faults []formFault) {
	p := page{
		T: v.t, Title: v.words(v.t.Title), Subjects: subjects, Faults: faults, Choices: make([]choice, 5),
		Public: v.words(v.t.Public), OptOut: v.here(belowUnsubscribe),
		Missing: !v.link.Missing.IsZero(), MissingNext: v.words(v.t.MissingNext),
		LongestTitle: longestTitle, LongestText: longestText,
	}
	for i := range p.Choices {
		p.Choices[i] = choice{i + 1, strings.Repeat("★", i+1) + strings.Repeat("☆", 4-i), v.t.Stars[i]}
	}
	slices.Reverse(p.Choices) // the best first
	v.page(status, formPage, p)
}

// failed answers a trouble of ours.
func (v *visit) failed(err error) {
	v.b.opts.Log.ErrorContext(v.r.Context(), "a review form failed", "shop", v.shop, "link", v.link.ID, "error", err)
	trouble(v.w)
}

// askOptOut is the page of the line at a mail's end. Only its button opts out:
// whatever opens the links of mails to look at them must not.
func (v *visit) askOptOut() {
	if v.gone() {
		v.ended()
		return
	}
	if !v.link.OptedOut.IsZero() {
		v.say(http.StatusOK, v.t.OptedOut, v.words(v.t.OptedOutText))
		return
	}
	v.page(http.StatusOK, saidPage, page{T: v.t, Title: v.t.OptOut, Text: v.words(v.t.OptOutText), Button: v.t.OptOutSend})
}

// gone says that nobody knows any more whom the link was sent to, for the order
// is erased: to say that this address gets no more mails would be untrue.
func (v *visit) gone() bool {
	return !v.link.Ended.IsZero() && v.link.OptedOut.IsZero() && !v.link.Test
}

// optOut takes the button's, and the mail program's, POST (RFC 8058); what
// they send along says nothing more.
func (v *visit) optOut() {
	if v.gone() {
		v.ended()
		return
	}
	if _, err := v.b.Unsubscribe(v.r.Context(), v.shop, v.token); err != nil {
		v.failed(err)
		return
	}
	v.say(http.StatusOK, v.t.OptedOut, v.words(v.t.OptedOutText))
}
