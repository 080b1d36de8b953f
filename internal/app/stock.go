package app

import (
	"context"

	"github.com/ordermux/ordermux/internal/catalog"
)

// stock implements partner.Stock.
type stock struct{ app *App }

// Available implements partner.Stock.
func (s *stock) Available(ctx context.Context, shop string, lines []catalog.Line, key string, _ bool) ([]catalog.Availability, error) {
	list, err := s.app.store.Catalog().Available(ctx, shop, lines, key)
	for i := range list {
		if list[i].Ask {
			list[i].Reason = catalog.Undecided
		}
	}
	return list, err
}
