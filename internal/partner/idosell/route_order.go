package idosell

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/soap"
)

// mostExternal is how long an orderExternalId may be, in characters.
const mostExternal = 64

// externalOf is the number under which the wholesaler keeps an order of ours:
// the order's own where that fits, else its beginning with a digest of the
// whole. Apart tells the parts of one order at one wholesaler apart: "", or the
// name of the route that came second.
func externalOf(id, apart string) string {
	whole := id
	if apart != "" {
		whole += "~" + apart
	}
	plain := !strings.ContainsFunc(whole, func(c rune) bool { return c < ' ' || c == 0x7f || c == utf8.RuneError })
	if plain && utf8.RuneCountInString(whole) <= mostExternal {
		return whole
	}
	sum := sha256.Sum256([]byte(whole))
	digest := "~" + hex.EncodeToString(sum[:12])
	head := []rune(clean(id))
	return string(head[:min(len(head), mostExternal-len(digest))]) + digest
}

// wanted is a product of an order as the wholesaler is asked for it. One code
// stands for one product: lines with the same one are summed.
type wanted struct {
	codeType, code string
	quantity       order.Decimal
	value          []soap.Member // what goes beside code, type and quantity
}

func (w *wanted) named() string { return w.code }

// key tells products apart.
func (w *wanted) key() string { return w.codeType + "\x00" + w.code }

// member is the product of a request.
func (w *wanted) member() soap.Value {
	return soap.ObjectOf(append([]soap.Member{
		member("code", soap.TextOf(w.code)), member("codeType", soap.TextOf(w.codeType)),
		member("quantity", soap.NumberOf(w.quantity.String())),
	}, w.value...)...)
}

// productsOf are the products of a request's list.
func productsOf(list []wanted) soap.Value {
	items := make([]soap.Value, len(list))
	for i := range list {
		items[i] = list[i].member()
	}
	return soap.ListOf(items...)
}

// wants makes the list of what is to be ordered. The error tells a person what
// is in the way.
func wants(o *order.Order, codeType string) ([]wanted, error) {
	var list []wanted
	at := map[string]int{}
	for i := range o.Lines {
		l := &o.Lines[i]
		if !wantedLine(l) {
			continue
		}
		w := wanted{codeType: codeType, code: codeOf(&l.Product, codeType), quantity: l.Quantity}
		switch {
		case w.code == "":
			return nil, fmt.Errorf("line %d has no code of the type %s", i+1, codeType)
		case l.Quantity.Sign() <= 0:
			return nil, fmt.Errorf("line %d has no quantity above 0", i+1)
		}
		w.value = beside(o, i, codeType)
		if j, ok := at[w.key()]; ok {
			list[j].quantity = list[j].quantity.Add(w.quantity)
			list[j].value = joined(list[j].value, w.value)
			continue
		}
		at[w.key()] = len(list)
		list = append(list, w)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no line is a product that is still wanted")
	}
	return list, nil
}

// wantedLine reports whether the wholesaler is asked for the line.
func wantedLine(l *order.Line) bool {
	return l.Kind == order.LineProduct && l.Status != order.LineNotFound && l.Status != order.LineReplaced
}

// codeOf is the product's code of a type; "": it has none.
func codeOf(p *order.Product, codeType string) string {
	switch codeType {
	case codeProducerWord:
		return cmp.Or(p.GTIN, p.Producer, p.UPC, p.JAN, p.ISBN, p.MPN)
	case codeExternalWord:
		return cmp.Or(p.External, p.Code, p.SKU)
	}
	return cmp.Or(p.Code, p.SKU)
}

// beside is what a line says beside code and quantity: the customer's remark,
// files, the parts of a set.
func beside(o *order.Order, line int, codeType string) []soap.Member {
	var out []soap.Member
	l := &o.Lines[line]
	if text := remarks(o, fmt.Sprintf("lines[%d]", line)); text != "" {
		out = append(out, member("comment", soap.TextOf(text)))
	}
	var files []soap.Value
	for _, a := range l.Attachments {
		files = append(files, soap.ObjectOf(member("name", soap.TextOf(a.Name)),
			member("file", soap.TextOf(base64.StdEncoding.EncodeToString(a.Data)))))
	}
	if files != nil {
		out = append(out, member("attachments", soap.ListOf(files...)))
	}
	var parts []soap.Value
	for i := range l.Components {
		if code := codeOf(&l.Components[i], codeType); code != "" {
			parts = append(parts, soap.ObjectOf(member("code", soap.TextOf(code)), member("codeType", soap.TextOf(codeType))))
		}
	}
	if parts != nil {
		out = append(out, member("products", soap.ListOf(parts...)))
	}
	return out
}

// joined puts together what two lines of one product say; the parts of a set
// are the same for both.
func joined(a, b []soap.Member) []soap.Member {
	for _, m := range b {
		i := 0
		for i < len(a) && a[i].Name != m.Name {
			i++
		}
		switch {
		case i == len(a):
			a = append(a, m)
		case m.Name == "comment":
			a[i].Value = soap.TextOf(a[i].Value.Text() + "\n" + m.Value.Text())
		case m.Name == "attachments":
			a[i].Value = soap.ListOf(append(append([]soap.Value{}, a[i].Value.Items()...), m.Value.Items()...)...)
		}
	}
	return a
}

// remarks are what the customer wrote about a part of the order; what the shop
// wrote for itself stays with the shop.
func remarks(o *order.Order, about string) string {
	var texts []string
	for _, n := range o.Notes {
		if n.About == about && n.From == "customer" {
			texts = append(texts, n.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// recipientOf is the address that the goods go to.
func recipientOf(o *order.Order) (soap.Value, error) {
	p := o.Recipient
	if p == nil {
		return soap.Value{}, fmt.Errorf("the order has no recipient")
	}
	country, ok := countryID(p.Country)
	if !ok {
		return soap.Value{}, fmt.Errorf("the recipient's country is no code of two letters")
	}
	first, last := nameOf(o)
	phone := p.Phone
	if phone == "" && o.Customer != nil {
		phone = o.Customer.Phone // couriers call somebody
	}
	return texts("clientDeliveryAddress",
		"FirstName", first, "LastName", last, "Firm", p.Company, "Additional", p.Additional,
		"Street", street(p), "ZipCode", p.PostalCode, "City", p.City, "ProvinceId", p.Region,
		"CountryId", country, "Phone1", phone, "Email", p.Email), nil
}

// nameOf is the recipient's name in two parts; the customer's where the
// recipient has none.
func nameOf(o *order.Order) (first, last string) {
	p := o.Recipient
	first, last = p.FirstName, p.LastName
	name := p.Name
	if first+last+name == "" && o.Customer != nil {
		first, last, name = o.Customer.FirstName, o.Customer.LastName, o.Customer.Name
	}
	if first+last != "" {
		return first, last
	}
	name = strings.TrimSpace(name)
	if i := strings.LastIndexByte(name, ' '); i > 0 {
		return strings.TrimSpace(name[:i]), name[i+1:]
	}
	return "", name
}

// street is street and number in one field.
func street(p *order.Party) string {
	return strings.TrimSpace(cmp.Or(p.Street, p.Formatted) + " " + p.Number)
}

// countryID is the country as the API wants it; false: it is a name that
// nobody here knows.
func countryID(country string) (string, bool) {
	country = strings.TrimSpace(country)
	letters := !strings.ContainsFunc(country, func(c rune) bool { return (c|0x20) < 'a' || (c|0x20) > 'z' })
	if len(country) == 2 && letters {
		return strings.ToUpper(country), true
	}
	id, ok := countryNames[strings.ToLower(country)]
	return id, ok
}

// countryNames are the countries that Polish wholesalers send most to, by the
// names under which orders come.
var countryNames = map[string]string{
	"polska": "PL", "poland": "PL", "niemcy": "DE", "germany": "DE", "deutschland": "DE",
	"czechy": "CZ", "czechia": "CZ", "czech republic": "CZ", "česko": "CZ", "słowacja": "SK", "slovakia": "SK", "slovensko": "SK",
	"litwa": "LT", "lithuania": "LT", "lietuva": "LT", "łotwa": "LV", "latvia": "LV", "estonia": "EE",
	"węgry": "HU", "hungary": "HU", "rumunia": "RO", "romania": "RO", "austria": "AT", "österreich": "AT",
	"francja": "FR", "france": "FR", "holandia": "NL", "netherlands": "NL", "belgia": "BE", "belgium": "BE",
	"szwecja": "SE", "sweden": "SE", "sverige": "SE", "dania": "DK", "denmark": "DK", "włochy": "IT", "italy": "IT",
	"hiszpania": "ES", "spain": "ES", "wielka brytania": "GB", "united kingdom": "GB",
}

// payerOf is who pays the wholesaler: the shop. Nil: the data of its account.
func (o *options) payerOf() soap.Value {
	b := &o.billing
	if b.Company+b.TaxID+b.Street+b.PostalCode+b.City+b.Phone == "" {
		return soap.Value{}
	}
	return texts("payerAddress", "Firm", b.Company, "Nip", b.TaxID, "Street", b.Street, "ZipCode", b.PostalCode,
		"City", b.City, "CountryId", b.Country, "Phone", b.Phone)
}

// texts makes an object of pairs of name and text, those without a text left
// out.
func texts(prefix string, pairs ...string) soap.Value {
	var members []soap.Member
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			members = append(members, member(prefix+pairs[i], soap.TextOf(pairs[i+1])))
		}
	}
	return soap.ObjectOf(members...)
}

// placeParamsOf are the parameters of placeOrder, but for the courier.
func (o *options) placeParamsOf(ord *order.Order, external string, address soap.Value) []soap.Member {
	members := []soap.Member{member("clientDeliveryAddress", address)}
	if ord.Shipping != nil && ord.Shipping.PickupPoint != "" {
		members = append(members, member("pickupPointId", soap.TextOf(ord.Shipping.PickupPoint)))
	}
	if payer := o.payerOf(); !payer.IsNil() {
		members = append(members, member("payerAddress", payer))
	}
	if o.payment != "" {
		members = append(members, member("orderPaymentType", soap.TextOf(o.payment)))
	}
	return append(members, member("orderExternalId", soap.TextOf(external)),
		member("clientNoteToOrder", soap.TextOf(noteOf(ord))))
}

// noteOf is the remark under which a person at the wholesaler finds the order:
// our number of it, and what the customer wrote.
func noteOf(o *order.Order) string {
	if text := remarks(o, ""); text != "" {
		return o.ID + "\n" + text
	}
	return o.ID
}
