package deliveryhero

import (
	"context"
	"errors"

	"github.com/ordermux/ordermux/internal/partner"
)

func uploadFields() []partner.Field { return nil }

func newUploads(deps partner.Deps) (partner.Uploads, error) {
	return partner.Uploads{Folders: []string{"Assortment", "Catalog", "Promotion"}, Take: func(context.Context, partner.Upload) (partner.Taken, error) {
		return partner.Taken{}, errors.New("not built yet")
	}}, nil
}
