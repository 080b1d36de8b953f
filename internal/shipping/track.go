package shipping

import (
	"net/url"
	"strconv"
	"strings"
)

// placeholder is where a parcel's number goes in a link.
const placeholder = "{parcel}"

// TrackingURL returns the link under which people follow a parcel; "": the
// courier has none, or the parcel no number.
func (c *Courier) TrackingURL(parcel string) string { return TrackingURL(c.Tracking, parcel) }

// TrackingURL puts a parcel's number into a template, escaped for any place in
// an address.
func TrackingURL(template, parcel string) string {
	if template == "" || parcel == "" {
		return ""
	}
	// A space is + in a query only, and + is a plain plus elsewhere.
	escaped := strings.ReplaceAll(url.QueryEscape(parcel), "+", "%20")
	return strings.ReplaceAll(template, placeholder, escaped)
}

// number is the courier's number as people write it.
func (c *Courier) number() string { return strconv.Itoa(c.ID) }
