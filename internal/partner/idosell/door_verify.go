package idosell

import (
	"context"

	"github.com/ordermux/ordermux/internal/soap"
)

// handleVerify says whether all goods are there now. It reserves nothing.
func handleVerify(ctx context.Context, d *door, c *call) (soap.Value, error) {
	items, err := readItems(paramsOf(c))
	if err != nil {
		return soap.Value{}, err
	}
	if len(items) == 0 {
		return soap.Value{}, &fault{code: codeMalformed, path: "params.products", text: "is missing"}
	}
	items = summed(items)
	list, err := d.available(ctx, c, items, false)
	if err != nil {
		return soap.Value{}, err
	}
	return soap.ObjectOf(member("result", resultOf(list)), member("products", rows(c, items, list, nil))), nil
}
