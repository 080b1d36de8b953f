package trustpilot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/review"
)

// madeID makes the 24 hexadecimal digits of something that the hub names
// itself: the same on every node, and as long as its parts stay.
func madeID(parts ...string) string {
	sum := sha256.Sum256([]byte("trustpilot\x00" + strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:12])
}

func sameID(a, b string) bool { return strings.EqualFold(a, b) }

// domainsOf are the domains of an application, the identifying one first.
func domainsOf(g partner.Grant) []string {
	list := slices.Clone(g.Settings["domains"].List)
	for i := range list {
		list[i] = strings.ToLower(strings.TrimSpace(list[i]))
	}
	return list
}

// unitID is the id of an application's business unit: kept as long as its first
// domain stays.
func unitID(g partner.Grant) string {
	if id := g.Settings["business_unit_id"].Text; id != "" {
		return id
	}
	domain := ""
	if list := g.Settings["domains"].List; len(list) > 0 {
		domain = strings.ToLower(strings.TrimSpace(list[0]))
	}
	return madeID("unit", g.Shop, domain)
}

// unitByID finds the application of a business unit of the shop; nil: there is
// none.
func (d *door) unitByID(ctx context.Context, shop, id string) (*partner.Grant, error) {
	return d.unitWhere(ctx, shop, func(g partner.Grant) bool { return sameID(unitID(g), id) })
}

func (d *door) unitWhere(ctx context.Context, shop string, is func(partner.Grant) bool) (*partner.Grant, error) {
	list, err := d.deps.Credentials.List(ctx, shop, "")
	if err != nil {
		return nil, err
	}
	for i := range list {
		if is(list[i]) {
			return &list[i], nil
		}
	}
	return nil, nil
}

// handleUnit is GET /v1/business-units/find?name= and /v1/business-units/{id}.
func (d *door) handleUnit(w http.ResponseWriter, r *http.Request, what string) error {
	g, err := d.application(r)
	if err != nil {
		return err
	}
	is := func(of partner.Grant) bool { return sameID(unitID(of), what) }
	if what == "find" {
		name := strings.ToLower(strings.TrimSpace(r.URL.Query().Get("name")))
		if name == "" {
			return malformed(sentence("name", isEmpty))
		}
		is = func(of partner.Grant) bool { return slices.Contains(domainsOf(of), name) }
	}
	found, err := d.unitWhere(r.Context(), g.Shop, is)
	if err != nil {
		return err
	}
	if found == nil {
		return notFound()
	}
	unit, err := d.unit(r.Context(), *found)
	if err != nil {
		return err
	}
	answerJSON(w, http.StatusOK, unit)
	return nil
}

func (d *door) unit(ctx context.Context, g partner.Grant) (wireUnit, error) {
	stars, err := d.stars(ctx, g.Shop)
	if err != nil {
		return wireUnit{}, err
	}
	domains := domainsOf(g)
	u := wireUnit{
		Links: []wireHref{}, ID: unitID(g), Status: "active",
		Name:        wireUnitName{Referring: domains},
		DisplayName: displayName(g), WebsiteURL: g.Settings["website"].Text,
		Country: strings.ToUpper(g.Settings["country"].Text),
		Reviews: stars.count(), Score: stars.score(),
	}
	if len(domains) > 0 {
		u.Name.Identifying = domains[0]
	}
	if u.WebsiteURL == "" {
		u.WebsiteURL = "https://" + u.Name.Identifying
	}
	return u, nil
}

// displayName is the name of an application's business unit.
func displayName(g partner.Grant) string {
	if name := g.Settings["display_name"].Text; name != "" {
		return name
	}
	if domains := domainsOf(g); len(domains) > 0 {
		return domains[0]
	}
	return ""
}

// starCount is how many reviews gave one star, two, and so on.
type starCount [5]int64

func (s starCount) count() wireReviewCount {
	total := s[0] + s[1] + s[2] + s[3] + s[4]
	return wireReviewCount{total, total, s[0], s[1], s[2], s[3], s[4]}
}

// score is the plain mean, Trustpilot's own rule being its secret: to one
// decimal, and in halves of a star.
func (s starCount) score() wireScore {
	total, sum := int64(0), int64(0)
	for i, n := range s {
		total += n
		sum += n * int64(i+1)
	}
	if total == 0 {
		return wireScore{}
	}
	mean := float64(sum) / float64(total)
	return wireScore{TrustScore: math.Round(mean*10) / 10, Stars: math.Round(mean*2) / 2}
}

// mostCounted is how many reviews are looked at for how many gave which stars.
const mostCounted = 2000

// stars are what the hub knows of reviews of the shop. Of more than mostCounted
// the newest tell how all are spread: an estimate, but for their sum.
func (d *door) stars(ctx context.Context, shop string) (s starCount, err error) {
	totals, err := d.deps.Reviews.Totals(ctx, shop, review.ByAbout, order.AboutShop, "", "")
	if err != nil {
		return s, err
	}
	total := review.Sum(totals).Count
	if total == 0 {
		return s, nil
	}
	counted := int64(0)
	for r, err := range d.deps.Reviews.EachReview(ctx, shop, review.Filter{About: order.AboutShop}) {
		if err != nil {
			return s, err
		}
		if r.Stars < 1 || r.Stars > len(s) || r.Deleted {
			continue
		}
		s[r.Stars-1]++
		if counted++; counted == mostCounted {
			break
		}
	}
	return s.of(total, counted), nil
}

// of scales what was counted to a total.
func (s starCount) of(total, counted int64) starCount {
	if counted == 0 || counted >= total {
		return s
	}
	left := total
	for i := range s[:4] {
		s[i] = s[i] * total / counted
		left -= s[i]
	}
	s[4] = left
	return s
}

type wireLocales struct {
	Locales []wireLocale `json:"locales"`
}

type wireLocale struct {
	Locale   string `json:"locale"`
	Language string `json:"language"`
	Country  string `json:"country"`
}

// handleLocales is GET /v1/resources/metadata/locales, which needs no key. The
// body was seen nowhere: it is our choice.
func handleLocales(w http.ResponseWriter) error {
	list := wireLocales{}
	for _, l := range slices.Sorted(slices.Values(knownLocales)) {
		list.Locales = append(list.Locales, wireLocale{l, l[:2], l[3:]})
	}
	answerJSON(w, http.StatusOK, list)
	return nil
}
