package catalog

import (
	"strings"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/order"
)

// CodeType says whose code a line names its product by.
type CodeType string

// The types of code.
const (
	Any      CodeType = ""         // whichever has it first, in the sequence below
	Internal CodeType = "internal" // the shop's own code, or its SKU
	Producer CodeType = "producer" // EAN or another GTIN, or the producer's own code
	External CodeType = "external" // of another system
)

// Known reports whether there is such a type.
func (t CodeType) Known() bool {
	return t == Any || t == Internal || t == Producer || t == External
}

// Key is one thing that a product is found by.
type Key struct {
	Kind  string // "code", "sku", "gtin", "producer", "external"
	Value string
}

// The kinds of Key. Only codes and GTINs belong to one product alone: sizes
// may share the others, which then name none.
const (
	kindCode     = "code"
	kindSKU      = "sku"
	kindGTIN     = "gtin"
	kindProducer = "producer"
	kindExternal = "external"
)

// keysOf returns what a product is found by.
func keysOf(p *order.Product) []Key {
	keys := []Key{{kindCode, p.Code}}
	add := func(kind, value string) {
		k := Key{kind, value}
		for _, have := range keys {
			if value == "" || have == k {
				return
			}
		}
		keys = append(keys, k)
	}
	add(kindSKU, p.SKU)
	for _, number := range []string{p.GTIN, p.UPC, p.ISBN, p.JAN} {
		add(kindGTIN, normalGTIN(number))
	}
	add(kindProducer, p.Producer)
	add(kindProducer, p.MPN)
	add(kindExternal, p.External)
	return keys
}

// keysFor returns what to look for, the first that is found being meant; none
// for what can be no product's code.
func keysFor(t CodeType, code string) (keys []Key) {
	if code == "" || len(code) > mostCode || !utf8.ValidString(code) || strings.ContainsRune(code, 0) {
		return nil
	}
	if t == Internal || t == Any {
		keys = append(keys, Key{kindCode, code}, Key{kindSKU, code})
	}
	if t == Producer || t == Any {
		keys = append(keys, Key{kindGTIN, normalGTIN(code)}, Key{kindProducer, code})
	}
	if t == External || t == Any {
		keys = append(keys, Key{kindExternal, code})
	}
	return keys
}

// normalGTIN writes a GTIN of 8, 12, 13 or 14 digits in 14, as those of all
// lengths are compared: UPC 012345678905 is EAN 0012345678905. Blanks and
// hyphens, as ISBNs have them, do not count. Any other text stays as it is.
func normalGTIN(text string) string {
	plain := text
	if strings.ContainsAny(text, "- ") {
		plain = strings.Map(func(c rune) rune {
			if c == '-' || c == ' ' {
				return -1
			}
			return c
		}, text)
	}
	switch len(plain) {
	case 8, 12, 13, 14:
	default:
		return text
	}
	if strings.Trim(plain, "0123456789") != "" {
		return text
	}
	return "000000"[:14-len(plain)] + plain
}
