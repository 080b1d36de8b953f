package idosell

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
)

// icdfColumns are those of the extended form; the simple one has the first
// three.
var icdfColumns = []string{"SKU", "quantity", "comments", "product_code", "external_code", "display_code", "size", "name"}

// readICDFCSV reads a basket without attachments and sets: SKU;quantity;comments
// and what else the extended form has. A first row of column names is stepped
// over; quotes are those of RFC 4180 (our choice).
func readICDFCSV(doc []byte) (*icdfBasket, error) {
	if !utf8.Valid(doc) {
		return nil, &icdfError{reason: "is not valid UTF-8", code: order.Malformed}
	}
	r := csv.NewReader(bytes.NewReader(doc))
	r.Comma, r.FieldsPerRecord = ';', -1
	b := &icdfBasket{}
	for first := true; ; first = false {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if bad := (*csv.ParseError)(nil); errors.As(err, &bad) {
			return nil, &icdfError{path: fmt.Sprintf("line %d", bad.Line), reason: "is no row of CSV", code: order.Malformed}
		}
		if err != nil {
			return nil, &icdfError{reason: "can not be read", code: order.Malformed}
		}
		line, _ := r.FieldPos(0)
		if first && isICDFHeader(cells) {
			continue
		}
		it, err := csvItem(cells, fmt.Sprintf("line %d", line))
		if err != nil {
			return nil, err
		}
		b.items, b.lines = append(b.items, it), append(b.lines, line)
	}
	if len(b.items) == 0 {
		return nil, &icdfError{reason: "holds no product", code: order.Required}
	}
	return b, nil
}

func isICDFHeader(cells []string) bool {
	if len(cells) < 2 || len(cells) > len(icdfColumns) {
		return false
	}
	for i, c := range cells {
		if !strings.EqualFold(strings.TrimSpace(c), icdfColumns[i]) {
			return false
		}
	}
	return true
}

// csvItem reads a row. The SKU names the product; where it is empty, one of
// the other codes does.
func csvItem(cells []string, path string) (it item, err error) {
	cell := func(i int) string {
		if i < len(cells) {
			return strings.TrimSpace(cells[i])
		}
		return ""
	}
	if len(cells) > len(icdfColumns) {
		return it, &icdfError{path: path, reason: fmt.Sprintf("has more than %d cells", len(icdfColumns)), code: order.Malformed}
	}
	switch {
	case cell(0) != "":
		it.Code, it.Type = cell(0), catalog.Internal
	case cell(3) != "":
		it.Code, it.Type = cell(3), catalog.Internal
	case cell(4) != "":
		it.Code, it.Type = cell(4), catalog.External
	}
	if err := checkCode(it.Code); err != nil {
		return it, &icdfError{path: path + ": SKU", reason: err.Error(), code: order.Malformed}
	}
	if it.Quantity, err = readQuantity(cell(1)); err != nil {
		return it, &icdfError{path: path + ": quantity", reason: err.Error(), code: order.Malformed}
	}
	it.Comment = cell(2)
	return it, nil
}
