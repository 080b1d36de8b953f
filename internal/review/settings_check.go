package review

import (
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/order"
)

// The bounds of settings.
const (
	maxText  = 200  // characters of a name, an address, a tag
	maxList  = 50   // senders, tags, addresses, templates
	MaxDays  = 3650 // of a delay
	maxRoute = 2000 // characters of a redirect
)

var (
	hours   = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
	domains = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$`)
	locales = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$`)
	ids     = regexp.MustCompile(`^[0-9a-f]{24}$`)
	tags    = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)
)

// Check returns what is wrong with the settings, by their names in JSON.
func (s Settings) Check() []order.Fault {
	c := &settingsCheck{}
	c.line("sender_name", s.SenderName)
	c.address("sender_email", s.SenderEmail)
	c.address("reply_to", s.ReplyTo)
	c.each("senders", s.Senders, func(v string) string {
		return unless(domains.MatchString(v), "must be a domain in lower case such as shop.example")
	})
	c.each("ask", s.Ask, func(v string) string {
		return unless(v == KindShop || v == KindProducts, "must be shop or products")
	})
	c.templates(s.Templates)
	c.days("delay", s.Delay, 0)
	c.days("delay_products", s.DelayProducts, 0)
	c.match("hour", s.Hour, hours, `must be a time of day such as "09:00"`)
	c.add("redirect", redirectFault(s.Redirect))
	c.each("tags", s.Tags, func(v string) string {
		return unless(tags.MatchString(v), "must be 1 to 100 of the characters a-z, A-Z, 0-9, _, - and .")
	})
	c.line("location", s.Location)
	c.days("frequency", s.Frequency, 0)
	c.days("reminder", s.Reminder, 0)
	c.days("again", s.Again, 0)
	c.match("language", s.Language, locales, "must be a language such as sv or sv-SE")
	c.each("notify", s.Notify, addressFault)
	return c.faults
}

type settingsCheck struct{ faults []order.Fault }

func (c *settingsCheck) add(key, reason string) {
	if reason != "" {
		c.faults = append(c.faults, fault(key, reason))
	}
}

func (c *settingsCheck) line(key, v string) { c.add(key, lineFault(v)) }

func (c *settingsCheck) address(key, v string) {
	if v != "" {
		c.add(key, addressFault(v))
	}
}

func (c *settingsCheck) match(key, v string, like *regexp.Regexp, reason string) {
	if v != "" && !like.MatchString(v) {
		c.add(key, reason)
	}
}

func (c *settingsCheck) each(key string, list []string, reason func(string) string) {
	if len(list) > maxList {
		c.add(key, "must not have more than "+strconv.Itoa(maxList)+" elements")
	}
	for i, v := range list {
		c.add(fmt.Sprintf("%s[%d]", key, i), reason(v))
	}
}

func (c *settingsCheck) days(key string, n *int, least int) {
	if n != nil && (*n < least || *n > MaxDays) {
		c.add(key, fmt.Sprintf("must be a number of days from %d to %d", least, MaxDays))
	}
}

func (c *settingsCheck) templates(all map[string]string) {
	if len(all) > maxList {
		c.add("templates", "must not have more than "+strconv.Itoa(maxList)+" elements")
	}
	for _, key := range sortedKeys(all) {
		kind, locale, named := strings.Cut(key, "/")
		switch {
		case !slices.Contains(kinds, kind) || named && !locales.MatchString(locale):
			c.add("templates."+key, "must be named "+strings.Join(kinds, ", ")+", or one of these with a language behind it, such as shop/sv")
		case !ids.MatchString(all[key]):
			c.add("templates."+key, "must be the id of a template: 24 hexadecimal digits in lower case")
		}
	}
}

func unless(good bool, reason string) string {
	if good {
		return ""
	}
	return reason
}

// lineFault says what is wrong with a text that stands in a mail's header.
func lineFault(v string) string {
	switch {
	case strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }):
		return "must not hold line breaks or other control characters"
	case utf8.RuneCountInString(v) > maxText:
		return "must not be longer than " + strconv.Itoa(maxText) + " characters"
	}
	return ""
}

// addressFault says what is wrong with a bare mail address.
func addressFault(v string) string {
	if f := lineFault(v); f != "" {
		return f
	}
	a, err := mail.ParseAddress(v)
	return unless(err == nil && a.Address == v, "must be a mail address such as hello@shop.example, without a name")
}

// redirectFault says why a browser must not be sent to an address.
func redirectFault(v string) string {
	if v == "" {
		return ""
	}
	u, err := url.Parse(v)
	good := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil
	if strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r == 0x7f }) || len(v) > maxRoute {
		good = false
	}
	return unless(good, "must be a whole address that begins with http:// or https://")
}

func fault(path, reason string) order.Fault {
	return order.Fault{Path: path, Code: order.Malformed, Reason: reason}
}

func invalid(faults []order.Fault) error { return &order.Invalid{Faults: faults} }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
