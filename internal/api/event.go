package api

import (
	"errors"
	"net/http"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// appendEvents takes one entry, an array or NDJSON: all or nothing.
func (a *API) appendEvents(r *request) (any, error) {
	kind, err := contentType(r.Request)
	if err != nil {
		return nil, err
	}
	if h := r.Header.Get(sourceHeader); h != "" && h != "import" {
		return nil, problemf(http.StatusBadRequest, "the header %s may be import, or absent", sourceHeader)
	}
	body, err := readBody(r.Request)
	if err != nil {
		return nil, err
	}
	entries, err := decodeEntries(body, kind == typeNDJSON, r.source())
	if err != nil {
		return nil, err
	}
	receipts, err := a.Ledger.Append(r.Context(), r.shop, entries)
	if err != nil {
		return nil, err
	}
	return Receipts{Receipts: receipts}, nil
}

// correctOrder states groups of an order anew, in the operator's name.
func (a *API) correctOrder(r *request) (any, error) {
	id := r.PathValue("id")
	var in struct {
		Order json.Value `json:"order"`
		Seq   int64      `json:"seq,omitzero"` // the order's version that was looked at; 0: whatever it is
	}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	if len(in.Order) == 0 {
		return nil, order.Refuse("order", order.Required, string(order.ErrRequired))
	}
	st := &order.Statement{}
	if err := json.UnmarshalStrict(in.Order, &st.Order); err != nil {
		return nil, json.Within(err, "order")
	}
	if st.Order.ID != "" && st.Order.ID != id {
		return nil, order.Refuse("order.id", order.Malformed, "is not the id in the path; an order's id can not be corrected")
	}
	st.Order.ID = id
	if _, err := a.state(r, id); err != nil {
		return nil, err
	}
	receipts, err := a.Ledger.Append(r.Context(), r.shop, []order.Entry{{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Source: r.operator(), Statement: st, After: in.Seq,
	}})
	if errors.Is(err, order.ErrChanged) {
		return nil, problemf(http.StatusConflict, "the order has changed since it was looked at; look again, then correct it")
	}
	if err != nil {
		return nil, err
	}
	a.record(r, "correct", "order "+id, "")
	return Receipts{Receipts: receipts}, nil
}

// eraseOrder removes the person from an order.
func (a *API) eraseOrder(r *request) (any, error) {
	if a.Operator.Erase == nil {
		return nil, problemf(http.StatusNotFound, "this hub can not erase")
	}
	id := r.PathValue("id")
	if err := a.Operator.Erase(r.Context(), r.shop, id); err != nil {
		return nil, err
	}
	a.record(r, "erase", "order "+id, "")
	return Done{Done: true}, nil
}
