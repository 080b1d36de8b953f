package catalog

import (
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// column is a column of a CSV file.
type column struct {
	name  string // as the header has it
	path  string // as complaints of Validate name it
	stock bool   // a number for a warehouse
	of    string // that warehouse
	set   func(p *Product, text string) error
}

// columnNames are the names of columns, in any case, and what each fills.
// Beside them: "name:LANGUAGE", "stock" and "stock:WAREHOUSE".
func columnNames() map[string]column {
	text := func(path string, at func(*Product) *string) column {
		return column{path: path, set: func(p *Product, text string) error { *at(p) = text; return nil }}
	}
	number := func(path string, at func(*Product) *order.Decimal) column {
		return column{path: path, set: func(p *Product, text string) (err error) {
			*at(p), err = order.ParseDecimal(text)
			return err
		}}
	}
	gtin := text("gtin", func(p *Product) *string { return &p.GTIN })
	return map[string]column{
		"code":            text("code", func(p *Product) *string { return &p.Code }),
		"sku":             text("sku", func(p *Product) *string { return &p.SKU }),
		"gtin":            gtin,
		"ean":             gtin,
		"upc":             text("upc", func(p *Product) *string { return &p.UPC }),
		"isbn":            text("isbn", func(p *Product) *string { return &p.ISBN }),
		"jan":             text("jan", func(p *Product) *string { return &p.JAN }),
		"mpn":             text("mpn", func(p *Product) *string { return &p.MPN }),
		"producer":        text("producer", func(p *Product) *string { return &p.Producer }),
		"external":        text("external", func(p *Product) *string { return &p.External }),
		"name":            text("name", func(p *Product) *string { return &p.Name }),
		"brand":           text("brand", func(p *Product) *string { return &p.Brand }),
		"category":        text("category", func(p *Product) *string { return &p.Category }),
		"google_category": text("google_category", func(p *Product) *string { return &p.GoogleCategory }),
		"size":            text("size", func(p *Product) *string { return &p.Size }),
		"url":             text("url", func(p *Product) *string { return &p.URL }),
		"image_url":       text("image_url", func(p *Product) *string { return &p.ImageURL }),
		"parent":          text("parent", func(p *Product) *string { return &p.Parent }),
		"store":           text("store", func(p *Product) *string { return &p.Store }),
		"currency":        text("currency", func(p *Product) *string { return &p.Currency }),
		"price":           number("price", func(p *Product) *order.Decimal { return &p.Price }),
		"buffer":          number("buffer", func(p *Product) *order.Decimal { return &p.Buffer }),
		"weight":          number("weight", func(p *Product) *order.Decimal { return &p.Weight }),
		"active":          {path: "active", set: setActive},
		"kind":            {path: "kind", set: setKind},
	}
}

func setActive(p *Product, text string) error {
	switch strings.ToLower(text) {
	case "1", "y", "yes", "true":
		p.Active = true
	case "0", "n", "no", "false":
		p.Active = false
	default:
		return order.ValueError("is neither yes nor no (1, 0, y, n, true, false)")
	}
	return nil
}

func setKind(p *Product, text string) error {
	switch strings.ToLower(text) {
	case "ours":
		p.Kind = Ours
	case "fixed":
		p.Kind = Fixed
	case "live":
		p.Kind = Live
	default:
		return order.ValueError("is none of ours, fixed and live")
	}
	return nil
}

// readHeader makes the columns of a header, or says all that is wrong with it.
func readHeader(record []string, line int) ([]column, error) {
	known := columnNames()
	columns := make([]column, len(record))
	first := map[string]int{}
	var faults []CellFault
	for i, name := range record {
		c, ok := readColumn(known, strings.TrimSpace(name))
		columns[i] = c
		same := c.path + "\x00" + c.of
		j, twice := first[same]
		switch {
		case !ok:
			faults = append(faults, CellFault{Column: i + 1, Name: shown(name), Reason: "no column has this name"})
		case twice:
			faults = append(faults, CellFault{Column: i + 1, Name: shown(name), Reason: fmt.Sprintf("says the same as column %d", j+1)})
		default:
			first[same] = i
		}
		if len(faults) >= order.MaxFaults {
			break
		}
	}
	if _, ok := first["code\x00"]; !ok && len(faults) == 0 {
		faults = append(faults, CellFault{Name: "code", Reason: "the column is missing"})
	}
	if len(faults) > 0 {
		return nil, &RowError{Line: line, Cells: faults}
	}
	return columns, nil
}

func readColumn(known map[string]column, name string) (column, bool) {
	kind, of, special := strings.Cut(name, ":")
	of = strings.TrimSpace(of)
	switch kind = strings.ToLower(strings.TrimSpace(kind)); {
	case kind == "stock":
		return column{name: strings.Clone(name), path: "stock", stock: true, of: strings.Clone(of)}, !special || of != ""
	case kind == "name" && special:
		language := strings.Clone(of)
		return column{name: strings.Clone(name), path: "names", of: language, set: func(p *Product, text string) error {
			if p.Names == nil {
				p.Names = map[string]string{}
			}
			p.Names[language] = text
			return nil
		}}, of != ""
	}
	c, ok := known[strings.ToLower(name)]
	c.name = strings.Clone(name)
	return c, ok
}

// shown is the name of a column as complaints show it.
func shown(name string) string {
	if len(name) > 40 {
		name = name[:40] + "…"
	}
	return strings.ToValidUTF8(name, "?")
}
