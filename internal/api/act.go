package api

import (
	"context"
	"log/slog"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// SubjectAct is the kind of subject that operators' acts have in the ledger.
const SubjectAct = "act"

// record writes down who did what: a log line and a note in the shop's
// ledger. An act that is done stays done when its record can not be written
// (a full disk must not keep anybody from pausing a route); the log then says
// so.
func (a *API) record(r *request, act, target, detail string) {
	shop := r.shop
	if shop == "" {
		shop = Hub
	}
	at := a.Now()
	attrs := []any{
		slog.String("shop", shop), slog.String("act", act), slog.String("target", target),
		slog.String("detail", detail), slog.String("by", r.grant.Name),
	}
	a.Log.InfoContext(r.Context(), "operator's act", attrs...)
	id := at.UTC().Format("20060102T150405.000000000Z") + "-" + strings.ReplaceAll(act, " ", "-")
	reason := strings.TrimSuffix(act+" "+target+": "+detail, ": ")
	// The caller may be gone by now; the record is written all the same.
	ctx := context.WithoutCancel(r.Context())
	effects, err := a.mark(ctx, shop)
	if err == nil {
		_, err = a.Ledger.Append(ctx, shop, []order.Entry{{
			Subject:   order.Subject{Kind: SubjectAct, ID: id},
			Source:    r.operator(),
			Happening: &order.Happening{Kind: order.KindNote, At: order.At(at), Reason: reason},
			Effects:   effects,
		}})
	}
	if err != nil {
		a.Log.ErrorContext(r.Context(), "operator's act could not be recorded in the ledger", append(attrs, slog.Any("error", err))...)
	}
}

// mark is what is written with an act so that it is found again.
func (a *API) mark(ctx context.Context, shop string) ([]order.Effect, error) {
	if a.Acts == nil {
		return nil, nil
	}
	e, err := a.Acts.Mark(ctx, shop)
	return []order.Effect{e}, err
}
