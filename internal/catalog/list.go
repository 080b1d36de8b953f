package catalog

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/order"
)

// Page makes a page of List of the rows that read returns: those with codes
// behind after and not before from, by code.
func (f *Filter) Page(read func(after, from string, limit int) ([]Row, error)) (page []Product, next string, err error) {
	after, err := f.start()
	if err != nil {
		return nil, "", err
	}
	text := strings.ToLower(f.Text)
	const step = MostListed + 1
	for looked := 0; looked < MostLooked; looked += step {
		rows, err := read(after, f.Prefix, step)
		if err != nil {
			return nil, "", err
		}
		for i := range rows {
			r := &rows[i]
			if !strings.HasPrefix(r.Code, f.Prefix) {
				return page, "", nil
			}
			if len(page) == f.most() {
				return page, cursor(after), nil
			}
			after = r.Code
			if r.Deleted {
				continue
			}
			p, err := r.Product()
			if err != nil {
				return nil, "", err
			}
			if f.selects(p, text) {
				page = append(page, *p)
			}
		}
		if len(rows) < step {
			return page, "", nil
		}
	}
	return page, cursor(after), nil
}

func (f *Filter) most() int {
	if f.Limit <= 0 {
		return 100
	}
	return min(f.Limit, MostListed)
}

func (f *Filter) selects(p *Product, text string) bool {
	return (f.Store == "" || f.Store == p.Store) && (f.Parent == "" || f.Parent == p.Parent) &&
		(f.Brand == "" || f.Brand == p.Brand) && (f.Kind == nil || *f.Kind == p.Kind) &&
		(f.Active == nil || *f.Active == p.Active) && (text == "" || says(p, text))
}

// says reports whether a name or a code of the product holds a text, which is
// in lower case.
func says(p *Product, text string) bool {
	for _, s := range []string{p.Name, p.Code, p.SKU, p.GTIN, p.UPC, p.ISBN, p.JAN, p.MPN, p.Producer, p.External} {
		if strings.Contains(strings.ToLower(s), text) {
			return true
		}
	}
	for _, name := range p.Names {
		if strings.Contains(strings.ToLower(name), text) {
			return true
		}
	}
	return false
}

// start is the code behind which the page begins.
func (f *Filter) start() (string, error) {
	if !utf8.ValidString(f.Prefix) || strings.ContainsRune(f.Prefix, 0) {
		return "", order.Refuse("prefix", order.Malformed, string(order.ErrUTF8))
	}
	b, err := base64.RawURLEncoding.DecodeString(f.Cursor)
	if code := string(b); err == nil && len(b) <= mostCode && utf8.ValidString(code) && !strings.ContainsRune(code, 0) {
		return code, nil
	}
	return "", order.Refuse("cursor", order.Malformed, "not a cursor of ours")
}

func cursor(code string) string { return base64.RawURLEncoding.EncodeToString([]byte(code)) }
