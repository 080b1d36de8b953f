package deliveryhero

import "github.com/ordermux/ordermux/internal/partner"

// verdict is what becomes of a file's rows, each as often as outlets are meant.
type verdict struct {
	taken, refused, repeated int64
	items                    []partner.JobItem
	cut                      bool // items leave something out
	notes                    []string
}

func (v *verdict) refuse(line int, store, code, reason string) {
	v.refused++
	v.item(line, store, code, reason)
}

// again notes that a product stood in the file before.
func (v *verdict) again(line int, store, code string) {
	v.repeated++
	v.item(line, store, code, rowRepeated)
}

const rowRepeated = "sku: stands in the file before; what this row says counts"

func (v *verdict) item(line int, store, code, reason string) {
	if len(v.items) >= mostItems {
		v.cut = true
		return
	}
	v.items = append(v.items, partner.JobItem{Line: line, Store: clipped(store), SKU: clipped(code), Reason: reason})
}

// note keeps a sentence about the file.
func (v *verdict) note(sentence string) { v.notes = append(v.notes, sentence) }
