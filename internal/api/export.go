package api

import (
	"encoding/csv"
	"io"
	"log/slog"
	"net/http"
	"strings"
)

// export is an answer that is written while it is read from the store.
type export struct {
	form  string // a key of mediaTypes
	name  string // of the file
	write func(w io.Writer) error
}

// send writes an export. What fails on the way cuts the answer off: its client
// must not take the half for the whole.
func (a *API) send(w http.ResponseWriter, r *http.Request, e export) {
	h := w.Header()
	h.Set("Content-Type", mediaTypes[e.form])
	if e.form != "zip" {
		h.Set("Content-Type", mediaTypes[e.form]+"; charset=utf-8")
	}
	h.Set("Content-Disposition", `attachment; filename="`+e.name+"."+e.form+`"`)
	err := e.write(w)
	if err == nil {
		return
	}
	if r.Context().Err() == nil {
		a.Log.ErrorContext(r.Context(), "an export broke off", slog.String("pattern", r.Pattern), slog.Any("error", err))
	}
	panic(http.ErrAbortHandler)
}

// invitationsCSV writes all invitations that a filter selects, from its cursor
// on.
func (a *API) invitationsCSV(r *request, f invitationFilter) (any, error) {
	f.limit = maxLimit
	page, next, err := a.invitations(r.Context(), r.shop, f)
	if err != nil {
		return nil, err
	}
	return export{form: "csv", name: "invitations", write: func(w io.Writer) error {
		out := csv.NewWriter(w)
		if err := out.Write(invitationColumns); err != nil {
			return err
		}
		for {
			for n := range page {
				shown := page[n].shown(r)
				cells := shown.cells()
				for k := range cells {
					cells[k] = harmless(cells[k])
				}
				if err := out.Write(cells); err != nil {
					return err
				}
			}
			out.Flush()
			if err := out.Error(); err != nil || next == "" {
				return err
			}
			f.cursor = next
			if page, next, err = a.invitations(r.Context(), r.shop, f); err != nil {
				return err
			}
		}
	}}, nil
}

// harmless keeps spreadsheets from taking a stranger's text as a formula.
func harmless(s string) string {
	if s != "" && strings.IndexByte("=+-@\t\r", s[0]) >= 0 {
		return "'" + s
	}
	return s
}
