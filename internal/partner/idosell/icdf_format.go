package idosell

import (
	"bytes"
	"io"
	"iter"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// formats are the files that `import` reads: a basket becomes an order without
// a recipient.
func formats() []partner.Format {
	return []partner.Format{
		{Name: "icdf-xml", Description: "IdoSell's basket exchange (ICDF) as XML: one order of products, with attachments and sets",
			Sniff: sniffICDFXML, Read: readICDFFile},
		{Name: "icdf-csv", Description: "IdoSell's basket exchange (ICDF) as CSV: SKU;quantity;comments",
			Sniff: sniffICDFCSV, Read: readICDFFile, Separator: func([]byte) byte { return ';' }},
	}
}

// sniffICDFXML knows a basket by its products, each with its code in an
// attribute.
func sniffICDFXML(head []byte) bool {
	head = bytes.TrimSpace(bytes.TrimPrefix(head, bom))
	return bytes.HasPrefix(head, []byte("<")) && bytes.Contains(head, []byte("<products")) && bytes.Contains(head, []byte("codeType="))
}

// sniffICDFCSV knows a basket by its row of column names.
func sniffICDFCSV(head []byte) bool {
	row, _, _ := strings.Cut(string(bytes.TrimPrefix(head, bom)), "\n")
	return isICDFHeader(strings.Split(strings.TrimSpace(row), ";"))
}

// readICDFFile yields the one order of a file.
func readICDFFile(r io.Reader, opts partner.ReadOptions) iter.Seq2[partner.Row, error] {
	return func(yield func(partner.Row, error) bool) {
		doc, err := json.ReadAll(r, partner.MaxBody)
		if err != nil {
			yield(partner.Row{}, err)
			return
		}
		row := partner.Row{Line: 1, LastLine: 1 + bytes.Count(bytes.TrimRight(doc, "\r\n"), []byte("\n")), Bytes: len(doc)}
		b, err := readBasket(doc)
		var o *order.Order
		if err == nil {
			o, err = b.order(opts.Currency)
		}
		if e, ok := err.(*icdfError); ok {
			err = order.Refuse(e.path, e.code, e.reason)
		}
		if err == nil {
			row.Line, row.Count = b.lines[0], len(b.items)
			row.Entries = []order.Entry{{
				Subject: order.Subject{Kind: order.SubjectOrder, ID: o.ID}, Statement: &order.Statement{Order: *o},
			}}
		}
		yield(row, err)
	}
}
