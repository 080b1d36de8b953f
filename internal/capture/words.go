package capture

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/outbound"
)

// What stands where something stood.
const (
	secretWord   = "[masked]"
	personalWord = "[personal]"
)

// Covered says what is taken out of a recording, for people.
const Covered = "Secrets: credentials in headers, parameters, members, elements and fields whose names say so, and the very values that callers presented. " +
	"Personal data in JSON, XML and form bodies: values under names of persons, mail, phone, address, company, birth, notes, sessions and customers' ids, " +
	"everything inside an address, addresses of mail and international phone numbers anywhere, long base64 texts. " +
	"Bodies of other kinds (files, CSV, pages) are left out whole."

// CoveredKept is what is said where personal data was to be kept.
const CoveredKept = "Secrets: credentials in headers, parameters, members, elements and fields whose names say so, and the very values that callers presented. " +
	"Personal data was kept, as whoever started the capture asked."

// verdict says what becomes of the value under a name.
type verdict int8

const (
	keep     verdict = iota
	person           // a single value is personal; what is inside an object is judged by itself
	personal         // all of it is
	secret
)

func (v verdict) word() string {
	if v == secret {
		return secretWord
	}
	return personalWord
}

// normal brings spellings of a name together: consumer_email, ConsumerEmail,
// ns:consumer-email.
func normal(name string) string {
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r == '_' || r == '-' || r == '.' || r == ' ' || r == '@':
			return -1
		}
		return r
	}, name)
}

// wholly are parts of names whose values are personal, with all inside.
var wholly = []string{"mail", "phone", "mobile", "telefon", "fax", "address", "adres", "street", "postal", "postcode", "zip", "birth", "iban", "note", "comment", "remark", "attachment"}

// exactly are names whose values are, where they are single.
var exactly = []string{
	"customer", "consumer", "recipient", "buyer", "client", "contact", "author", "reviewer", "user", "payer", "receiver", "tel", "gsm", "ip", "ipaddress",
	"session", "sessionid", "customerid", "consumerid", "userid", "clientid", "uid", "city", "town", "company", "nip", "pesel", "taxid", "taxnumber", "vatid", "vatnumber",
	"lat", "lng", "latitude", "longitude", "apartment", "flat", "house", "housenumber", "building", "text", "message", "extra", "login", "nick",
	"region", "province", "county", "reference1", "surname", "firstname", "lastname",
}

// things are what has a name that is nobody's.
var things = []string{
	"product", "item", "items", "line", "lines", "orderlines", "orderitems", "lineitems", "offer", "variant", "category", "brand", "courier", "carrier", "store", "location",
	"branch", "vendor", "shop", "warehouse", "unit", "template", "tag", "tags", "method", "currency", "file", "event", "country", "business", "promotion", "field", "type", "status",
}

var namedThing = regexp.MustCompile(`^(?:product|item|order|line|offer|variant|category|brand|courier|carrier|store|location|branch|vendor|shop|warehouse|unit|template|tag|method|currency|file|event|country|business|promotion|field|type|status|host|param)s?name$`)

// isThing reports whether what stands under a name is a thing: its name is
// nobody's.
func isThing(n string) bool {
	return slices.Contains(things, n) || slices.Contains(things, strings.TrimSuffix(n, "s")) || strings.HasPrefix(n, "product")
}

// isPerson reports whether it is a person.
func isPerson(n string) bool {
	for _, w := range []string{"customer", "consumer", "recipient", "buyer", "client", "contact", "author", "reviewer", "payer", "receiver", "billing", "invoice", "person", "user", "delivery", "shipping"} {
		if strings.Contains(n, w) {
			return true
		}
	}
	return false
}

// policy is what one capture takes out.
type policy struct {
	keepPersonal bool
	form         bool // among parameters
	lexicon      *lexicon
}

// newPolicy is a policy with a lexicon of its own; names may be nil.
func newPolicy(keepPersonal bool, names Names) policy {
	return policy{keepPersonal: keepPersonal, lexicon: newLexicon(names)}
}

// Names are the meanings of fields that somebody gave names of his own:
// {"klucz": {"systemKey"}}.
type Names map[string][]string

// judge says what becomes of the value under a name, as normal makes it; thing:
// it stands inside one.
func (p policy) judge(n string, thing bool) verdict {
	if isSecret(n) {
		return secret
	}
	if p.keepPersonal || n == "" || isCountry(n) {
		return keep
	}
	for _, w := range wholly {
		if strings.Contains(n, w) {
			return personal
		}
	}
	switch {
	case slices.Contains(exactly, n), strings.HasSuffix(n, "city") && n != "capacity",
		strings.HasSuffix(n, "sessionid"), strings.HasSuffix(n, "customerid"), strings.HasSuffix(n, "surname"):
		return person
	case strings.HasSuffix(n, "name") && !thing && !namedThing.MatchString(n):
		return person
	}
	return keep
}

// isCountry reports whether a name is that of a country, which may stay inside
// an address too.
func isCountry(n string) bool {
	return strings.HasSuffix(n, "country") || strings.HasSuffix(n, "countrycode") || strings.HasSuffix(n, "countryid")
}

// isSecret reports whether a member, element or field holds a secret.
func isSecret(n string) bool {
	for _, w := range []string{"token", "secret", "password", "passwd", "signature", "authorization", "credential"} {
		if strings.Contains(n, w) {
			return true
		}
	}
	return strings.HasSuffix(n, "key") || n == "pass" || n == "pwd" || n == "sig" || n == "pin"
}

// labels are names of fields that callers write as values: {"name": "email",
// "value": …}. Only these: a person may be called Maillard.
var labels = []string{
	"email", "emailaddress", "mail", "phone", "phonenumber", "telephone", "mobile", "fax", "firstname", "lastname", "fullname", "surname", "givenname", "familyname",
	"address", "address1", "address2", "addressline1", "addressline2", "street", "city", "town", "zip", "zipcode", "postcode", "postalcode", "birthdate", "dateofbirth",
	"company", "companyname", "nip", "vatnumber", "iban", "note", "notes", "comment", "ip", "session", "sessionid", "customerid", "username", "login",
	"token", "accesstoken", "password", "secret", "apikey", "systemkey", "sessionkey", "dropshippingkey", "clientsecret",
}

const longestLabel = 40

// label is what a value says of the value beside it.
func (p policy) label(value string) verdict {
	if len(value) > longestLabel || strings.ContainsAny(value, "0123456789") && !strings.Contains(value, "ddress") {
		return keep // most values under such names are ids
	}
	n := normal(value)
	for _, who := range []string{"customer", "consumer", "recipient", "buyer", "client", "billing", "shipping", "delivery", "invoice", "contact", "user"} {
		n = strings.TrimPrefix(n, who)
	}
	switch {
	case n != "" && n != normal(value) && n == "name":
	case !slices.Contains(labels, n):
		return keep
	}
	if isSecret(n) {
		return secret
	}
	if p.keepPersonal {
		return keep
	}
	return personal
}

var (
	mailAddress = regexp.MustCompile(`[\p{L}\p{N}._%+'\-]+(?:@|%40)[\p{L}\p{N}\-]+(?:\.[\p{L}\p{N}\-]+)*`)
	phoneNumber = regexp.MustCompile(`(?:\+|%2[bB])[0-9](?:[ ()./\-]{0,2}[0-9]){7,14}`)
)

// plain takes addresses of mail and phone numbers out of a text, and secrets in
// links.
func (p policy) plain(s string) string {
	if strings.Contains(s, "=") && strings.ContainsAny(s, "?&") {
		s = string(outbound.MaskLinks([]byte(s)))
	}
	if p.keepPersonal {
		return s
	}
	if strings.Contains(s, "@") || strings.Contains(s, "%40") {
		s = mailAddress.ReplaceAllString(s, personalWord)
	}
	if mayBePhone(s) {
		s = phoneNumber.ReplaceAllString(s, personalWord)
	}
	return s
}

// mayBePhone reports whether there is a + with digits enough behind it: the
// times of day with an offset have not.
func mayBePhone(s string) bool {
	i := strings.IndexAny(s, "+%")
	if i < 0 {
		return false
	}
	digits := 0
	for ; i < len(s); i++ {
		if c := s[i]; c >= '0' && c <= '9' {
			digits++
		}
	}
	return digits >= 8
}

// leastBase64 is the shortest text that is taken for base64.
const leastBase64 = 120

// isBase64 reports whether a text is long and may be base64.
func isBase64(s string) bool {
	if len(s) < leastBase64 {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("+/-_= \t\r\n", c) >= 0:
		default:
			return false
		}
	}
	return strings.Count(s, " ") < len(s)/60 // words have more
}
