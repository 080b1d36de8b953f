package citrusad

import (
	"strconv"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/order"
)

// appendAnswer appends {"orders":[…]} in the form of the seed's answers.
func appendAnswer(b []byte, orders []wireOrder, team string) []byte {
	b = append(b, `{"orders":[`...)
	for i := range orders {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendAnswerOrder(b, &orders[i], team)
	}
	return append(b, `]}`...)
}

// appendAnswerOrder appends one order with the key sequence of the seed's
// answers: what is missing is null, but for catalogId, whose key is missing
// too; an adId is never null. sessionId and the prices as null where the
// request had none are our choice.
func appendAnswerOrder(b []byte, o *wireOrder, team string) []byte {
	if team == "" {
		team = o.Team
	}
	b = append(b, `{"adIds":`...)
	b = appendTexts(b, o.AdIDs)
	b = appendTextOrNull(append(b, `,"teamId":`...), team)
	b = appendTextOrNull(append(b, `,"customerId":`...), o.Customer)
	if o.Catalog != "" {
		b = appendText(append(b, `,"catalogId":`...), o.Catalog)
	}
	b = appendTextOrNull(append(b, `,"sessionId":`...), o.Session)
	b = appendText(append(b, `,"id":`...), o.ID)
	b = append(b, `,"orderItems":[`...)
	for i := range o.Items {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendAnswerItem(b, &o.Items[i])
	}
	b = append(b, `],"orderDate":`...)
	return append(appendTextOrNull(b, o.Date.String()), '}')
}

func appendAnswerItem(b []byte, it *wireItem) []byte {
	b = appendPriceOrNull(append(b, `{"regularUnitPrice":`...), it.Unit)
	b = append(b, `,"citrusDiscountAmount":`...)
	if it.Discount.Sign() == 0 { // the newest sample sends 0.0 and gets null
		b = append(b, `null`...)
	} else {
		b = it.Discount.AppendFixed(b, 2)
	}
	b = appendText(append(b, `,"gtin":`...), it.GTIN)
	b = appendText(append(b, `,"adId":`...), it.AdID)
	b = appendQuantity(append(b, `,"quantity":`...), it.Quantity)
	b = append(b, `,"substitutedFor":`...)
	if it.Substituted.IsZero() {
		b = append(b, `null`...)
	} else {
		b = append(b, it.Substituted...)
	}
	b = appendPriceOrNull(append(b, `,"totalOrderItemPriceAfterDiscounts":`...), it.Total)
	if it.Seller != "" {
		b = appendText(append(b, `,"sellerId":`...), it.Seller)
	}
	if it.Catalog != "" {
		b = appendText(append(b, `,"catalogId":`...), it.Catalog)
	}
	return append(b, '}')
}

// appendRequestOrder appends one order as the seed's requests write it: prices
// are strings with a point and at least two decimals, what is missing is left
// out. teamId, adIds, adId and the like stand where other layers put them.
func appendRequestOrder(b []byte, o *wireOrder) []byte {
	b = append(b, '{')
	b = appendField(b, "customerId", o.Customer)
	b = appendField(b, "catalogId", o.Catalog)
	b = appendField(b, "teamId", o.Team)
	b = appendField(b, "sessionId", o.Session)
	b = appendField(b, "orderDate", o.Date.String())
	b = appendField(b, "id", o.ID)
	if len(o.AdIDs) > 0 {
		b = append(appendTexts(append(b, `"adIds":`...), o.AdIDs), ',')
	}
	b = append(b, `"orderItems":[`...)
	for i := range o.Items {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendRequestItem(b, &o.Items[i])
	}
	return append(b, `]}`...)
}

func appendRequestItem(b []byte, it *wireItem) []byte {
	b = append(b, '{')
	b = appendField(b, "gtin", it.GTIN)
	b = append(appendQuantity(append(b, `"quantity":`...), it.Quantity), ',')
	b = appendPriceField(b, "regularUnitPrice", it.Unit)
	b = appendPriceField(b, "totalOrderItemPriceAfterDiscounts", it.Total)
	if it.Discount.IsSet() {
		// A number in every layer that has it, unlike the prices.
		b = append(it.Discount.AppendFixed(append(b, `"citrusDiscountAmount":`...), 2), ',')
	}
	b = appendField(b, "sellerId", it.Seller)
	b = appendField(b, "catalogId", it.Catalog)
	b = appendField(b, "adId", it.AdID)
	if !it.Substituted.IsZero() {
		b = append(append(append(b, `"substitutedFor":`...), it.Substituted...), ',')
	}
	b[len(b)-1] = '}' // in place of the last comma: gtin and quantity are always there
	return b
}

// appendField appends `"name":"value",`, or nothing for "".
func appendField(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, '"'), name...), `":`...)
	return append(appendText(b, value), ',')
}

func appendPriceField(b []byte, name string, d order.Decimal) []byte {
	if !d.IsSet() {
		return b
	}
	b = append(append(append(b, '"'), name...), `":"`...)
	return append(d.AppendFixed(b, 2), `",`...)
}

func appendPriceOrNull(b []byte, d order.Decimal) []byte {
	if !d.IsSet() {
		return append(b, `null`...)
	}
	return d.AppendFixed(b, 2)
}

// appendQuantity appends a whole number without decimals: 3.0 is 3.
func appendQuantity(b []byte, d order.Decimal) []byte {
	n, ok := d.Int64()
	if !ok {
		return append(b, `null`...)
	}
	return strconv.AppendInt(b, n, 10)
}

func appendTextOrNull(b []byte, s string) []byte {
	if s == "" {
		return append(b, `null`...)
	}
	return appendText(b, s)
}

func appendTexts(b []byte, list []string) []byte {
	if len(list) == 0 {
		return append(b, `null`...)
	}
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, s)
	}
	return append(b, ']')
}

// appendText appends s as a JSON string, escaping only what JSON demands.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, `\u00`...)
			b = append(b, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		}
	}
	return append(append(b, s[start:]...), '"')
}

// appendName appends a field to a path, with a point between them. A name that
// would read as part of the path's own grammar is quoted.
func appendName(b []byte, name string) []byte {
	if len(b) > 0 {
		b = append(b, '.')
	}
	for i := range len(name) {
		c := name[i]
		if c <= ' ' || c == '.' || c == '[' || c == ']' || c == '"' || c >= utf8.RuneSelf {
			return appendText(b, name)
		}
	}
	return append(b, name...)
}

func appendIndex(b []byte, i int) []byte {
	return append(strconv.AppendInt(append(b, '['), int64(i), 10), ']')
}

// itemPath is the path of a line within its order.
func itemPath(i int) string { return string(appendIndex([]byte("orderItems"), i)) }
