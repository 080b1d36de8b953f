package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
)

// refusal is why a form was not taken, for the page that shows it again with
// what was typed. Pages show it by the template "refused"; a nil one says
// nothing.
type refusal struct {
	Status int
	Detail string
	Faults []api.Fault // each with its place; none: Detail says it
}

// refusalOf returns what whoever sent a form can mend; nil: the error is of
// another kind, or none.
func refusalOf(err error) *refusal {
	var problem *api.Problem
	var bad *order.Invalid
	switch {
	case errors.As(err, &problem):
		switch problem.Status {
		case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
			return &refusal{Status: problem.Status, Detail: problem.Detail, Faults: problem.Faults}
		}
	case errors.As(err, &bad):
		return &refusal{Status: http.StatusUnprocessableEntity, Detail: bad.Error(), Faults: api.FaultsOf(bad)}
	}
	return nil
}

// status is that of the page that shows it.
func (r *refusal) status() int {
	if r == nil {
		return http.StatusOK
	}
	return r.Status
}

// typed is what a form's field holds, without blanks around it.
func (v *visit) typed(name string) string { return strings.TrimSpace(v.PostFormValue(name)) }

// ticked reports whether a form's box is ticked.
func (v *visit) ticked(name string) bool { return v.PostFormValue(name) != "" }
