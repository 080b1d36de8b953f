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
var wholly = []string{"mail", "phone", "mobile", "telefon", "fax", "address", "adres", "street", "postal", "postcode", "zip", "birth", "iban", "note", "comment", "remark"}

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
	form         bool // "code" and "key" are secrets among parameters only
}

// judge says what becomes of the value under a name; thing: it stands inside
// one.
func (p policy) judge(name string, thing bool) verdict {
	n := normal(name)
	if isSecret(n) || p.form && outbound.SecretName(name) {
		return secret
	}
	if p.keepPersonal || n == "" {
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

// label is what a value says of the value beside it.
func (p policy) label(value string) verdict {
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

// isCountry reports whether a name inside an address may stay.
func isCountry(name string) bool {
	n := normal(name)
	return n == "country" || n == "countrycode" || n == "countryid"
}

// inside is the verdict of a value whose surroundings have one.
func (p policy) inside(around verdict, name string, thing bool) verdict {
	if around == secret || around == personal && !isCountry(name) {
		return around
	}
	return p.judge(name, thing)
}

var (
	mailAddress = regexp.MustCompile(`[\p{L}\p{N}._%+'\-]+(?:@|%40)[\p{L}\p{N}\-]+(?:\.[\p{L}\p{N}\-]+)*`)
	phoneNumber = regexp.MustCompile(`(?:\+|%2[bB])[0-9](?:[ ()./\-]{0,2}[0-9]){7,14}`)
)

// plain takes addresses of mail and phone numbers out of a text.
func (p policy) plain(s string) string {
	if p.keepPersonal {
		return s
	}
	if strings.ContainsAny(s, "@%") {
		s = mailAddress.ReplaceAllString(s, personalWord)
	}
	if strings.ContainsAny(s, "+%") {
		s = phoneNumber.ReplaceAllString(s, personalWord)
	}
	return s
}

// isBase64 reports whether a text is long and may be base64.
func isBase64(s string) bool {
	if len(s) < 120 {
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
