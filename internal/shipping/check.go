package shipping

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// Fault is what is wrong with a courier's setting.
type Fault struct {
	Field string // as in JSON: "cut_off", "prices[2].country"
	Text  string // a sentence that says what it must be
}

// The bounds of a courier.
const (
	MaxID   = 999_999_999
	maxName = 100 // characters
)

var (
	countryCode = regexp.MustCompile(`^[A-Z]{2}$`)
	paymentKind = regexp.MustCompile(`^[a-z0-9_]{1,40}$`)
	clock       = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
)

// Check returns what is wrong with a courier.
func Check(c *Courier) []Fault {
	var out []Fault
	refuse := func(field, format string, args ...any) {
		out = append(out, Fault{field, fmt.Sprintf(format, args...)})
	}
	if c.ID < 1 || c.ID > MaxID {
		refuse("id", "must be a whole number from 1 to %d", MaxID)
	}
	if c.Name == "" || len([]rune(c.Name)) > maxName || strings.ContainsFunc(c.Name, unicode.IsControl) {
		refuse("name", "must be 1 to %d characters on one line", maxName)
	}
	for i, country := range c.Countries {
		checkCountry(fmt.Sprintf("countries[%d]", i), country, refuse)
	}
	for i, kind := range c.Payments {
		if !paymentKind.MatchString(kind) {
			refuse(fmt.Sprintf("payments[%d]", i), "must be a word such as prepaid or cash_on_delivery")
		}
	}
	c.checkLimits(refuse)
	c.checkPrices(refuse)
	if c.CutOff != "" && !clock.MatchString(c.CutOff) {
		refuse("cut_off", `must be a time of day such as "14:00"`)
	}
	if c.Tracking != "" && !isTemplate(c.Tracking) {
		refuse("tracking", "must be a whole address with %s in it, such as https://track.example/%s", placeholder, placeholder)
	}
	return out
}

type refusing func(field, format string, args ...any)

// IsCountry reports whether a word has the form of an ISO 3166-1 code of two
// letters, of any case.
func IsCountry(word string) bool { return countryCode.MatchString(strings.ToUpper(word)) }

func checkCountry(field, country string, refuse refusing) {
	if !countryCode.MatchString(country) {
		refuse(field, "must be an ISO 3166-1 code of two capital letters such as SE")
	}
}

func (c *Courier) checkLimits(refuse refusing) {
	for _, limit := range []struct {
		field string
		sign  int
	}{{"min_weight", c.MinWeight.Sign()}, {"max_weight", c.MaxWeight.Sign()}, {"max_value", c.MaxValue.Sign()}} {
		if limit.sign < 0 {
			refuse(limit.field, "must not be below 0")
		}
	}
	if over(c.MinWeight, c.MaxWeight) {
		refuse("min_weight", "is above max_weight; make it the smaller one")
	}
}

func (c *Courier) checkPrices(refuse refusing) {
	for i, p := range c.Prices {
		field := fmt.Sprintf("prices[%d].", i)
		if p.Country != "" {
			checkCountry(field+"country", p.Country, refuse)
		}
		if p.UpTo.Sign() < 0 {
			refuse(field+"up_to", "must not be below 0")
		}
		if !p.Price.IsSet() || p.Price.Sign() < 0 {
			refuse(field+"price", "must be an amount, 0 or above, such as 12.50")
		}
	}
}

// isTemplate reports whether a text is an address of the web with a place for
// the parcel.
func isTemplate(s string) bool {
	u, err := url.Parse(strings.ReplaceAll(s, placeholder, "1"))
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil &&
		strings.Contains(s, placeholder) && !strings.ContainsFunc(s, unicode.IsSpace)
}
