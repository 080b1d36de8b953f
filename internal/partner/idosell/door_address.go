package idosell

import (
	"cmp"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/soap"
)

// payments are the ways in which a customer settles with the wholesaler.
var payments = []string{"prepaid", "cash_on_delivery", "tradecredit"}

const mostAddress = 250 // characters of one field

// part is one field of an address.
type part struct {
	name   string
	needed bool
	of     func(*order.Party) *string
}

// recipientParts are the fields of clientDeliveryAddress, but for id and
// country.
var recipientParts = []part{
	{"clientDeliveryAddressFirstName", true, func(p *order.Party) *string { return &p.FirstName }},
	{"clientDeliveryAddressLastName", true, func(p *order.Party) *string { return &p.LastName }},
	{"clientDeliveryAddressFirm", false, func(p *order.Party) *string { return &p.Company }},
	{"clientDeliveryAddressAdditional", false, func(p *order.Party) *string { return &p.Additional }},
	{"clientDeliveryAddressStreet", true, func(p *order.Party) *string { return &p.Street }},
	{addressZip, true, func(p *order.Party) *string { return &p.PostalCode }},
	{"clientDeliveryAddressCity", true, func(p *order.Party) *string { return &p.City }},
	{"clientDeliveryAddressProvinceId", false, func(p *order.Party) *string { return &p.Region }},
	{"clientDeliveryAddressPhone1", false, func(p *order.Party) *string { return &p.Phone }},
	{"clientDeliveryAddressEmail", false, func(p *order.Party) *string { return &p.Email }},
}

// The fields of addresses that are more than a text.
const (
	addressID        = "clientDeliveryAddressId"
	addressZip       = "clientDeliveryAddressZipCode"
	addressCountryID = "clientDeliveryAddressCountryId"
	addressCountry   = "clientDeliveryAddressCountry"
)

// payerParts are the fields of payerAddress, but for the country.
var payerParts = []part{
	{"payerAddressFirstName", false, func(p *order.Party) *string { return &p.FirstName }},
	{"payerAddressLastName", false, func(p *order.Party) *string { return &p.LastName }},
	{"payerAddressFirm", false, func(p *order.Party) *string { return &p.Company }},
	{"payerAddressNip", false, func(p *order.Party) *string { return &p.TaxID }},
	{"payerAddressStreet", false, func(p *order.Party) *string { return &p.Street }},
	{"payerAddressZipCode", false, func(p *order.Party) *string { return &p.PostalCode }},
	{"payerAddressCity", false, func(p *order.Party) *string { return &p.City }},
	{"payerAddressPhone", false, func(p *order.Party) *string { return &p.Phone }},
}

// part returns an object's member as an object of its own.
func (f *fields) part(name string) *fields {
	return &fields{v: f.v.At(name), path: f.path + "." + name}
}

// recipient reads a whole address.
func (f *fields) recipient() (p order.Party) {
	f.change(&p)
	f.complete(&p)
	return p
}

// change writes the fields that are there over those of an address: an empty
// one empties it, a missing one leaves it.
func (f *fields) change(p *order.Party) {
	for _, part := range recipientParts {
		if f.has(part.name) {
			*part.of(p) = f.short(part.name, mostAddress)
		}
	}
	if f.has(addressCountryID) || f.has(addressCountry) {
		p.Country = f.country(addressCountryID, addressCountry)
	}
	f.valid(p)
}

// agrees complains about fields that say something else than an address, but
// for letters and blanks: whoever sends them would think that the goods go there.
func (f *fields) agrees(with *order.Party) error {
	said := order.Party{Country: f.country(addressCountryID, addressCountry)}
	for _, part := range recipientParts {
		*part.of(&said) = f.text(part.name)
	}
	const other = "is not what this recipient has; leave it out, or change it by updateRecipients"
	for _, part := range recipientParts {
		if s := *part.of(&said); s != "" && plain(s) != plain(*part.of(with)) {
			f.refuse(codeMalformed, part.name, other)
		}
	}
	if said.Country != "" && said.Country != with.Country {
		f.refuse(codeMalformed, addressCountryID, other)
	}
	return f.err()
}

// plain is a text without what does not make two addresses different.
func plain(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }

// complete complains about what an address lacks.
func (f *fields) complete(p *order.Party) {
	for _, part := range recipientParts {
		if part.needed && *part.of(p) == "" {
			f.refuse(codeAddress, part.name, "")
		}
	}
	if p.Country == "" {
		f.refuse(codeAddress, addressCountryID, "")
	}
}

// valid complains about what no order may hold.
func (f *fields) valid(p *order.Party) {
	if bad := order.Validate(&order.Order{ID: "0", Recipient: p}); bad != nil {
		f.refuse(codeMalformed, "", bad.Faults[0].Reason)
	}
}

// country reads a country's code, or its name from another field.
func (f *fields) country(id, name string) string {
	at, text := id, f.text(id)
	if text == "" {
		at, text = name, f.text(name)
	}
	if text == "" {
		return ""
	}
	code, ok := countryID(text)
	if !ok {
		f.refuse(codeAddress, at, "is no country that is known here; please send its code of two letters")
	}
	return code
}

// payer reads who pays; nil: the call does not say.
func (f *fields) payer() *order.Party {
	var p order.Party
	for _, part := range payerParts {
		*part.of(&p) = f.short(part.name, mostAddress)
	}
	p.Country = f.country("payerAddressCountryId", "payerAddressCountry")
	if p == (order.Party{}) {
		return nil
	}
	f.valid(&p)
	return &p
}

// billing is who pays where an order does not say: the account's own data; nil
// where the account has none.
func billing(account partner.Grant) *order.Party {
	s := account.Settings
	p := order.Party{
		Company: s["billing_company"].Text, TaxID: s["billing_tax_id"].Text, Street: s["billing_street"].Text,
		PostalCode: s["billing_zip"].Text, City: s["billing_city"].Text, Country: strings.ToUpper(s["billing_country"].Text),
		Phone: s["billing_phone"].Text,
	}
	if p == (order.Party{}) {
		return nil
	}
	return &p
}

// customer is the account as the one who ordered.
func customer(account partner.Grant, payer *order.Party) *order.Customer {
	if payer == nil {
		return &order.Customer{ID: account.Account}
	}
	return &order.Customer{
		ID: account.Account, FirstName: payer.FirstName, LastName: payer.LastName, Phone: payer.Phone, Country: payer.Country,
		Company: cmp.Or(payer.Company, account.Settings["billing_company"].Text),
	}
}

// addressValue is a recipient in an answer.
func addressValue(id string, p *order.Party) soap.Value {
	members := []soap.Member{member(addressID, soap.TextOf(id))}
	for _, part := range recipientParts {
		members = append(members, member(part.name, soap.TextOf(*part.of(p))))
	}
	return soap.ObjectOf(append(members, member(addressCountryID, soap.TextOf(p.Country)))...)
}
