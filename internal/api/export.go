package api

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
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
	err := e.write(patient{w, http.NewResponseController(w)})
	if err == nil {
		return
	}
	if r.Context().Err() == nil {
		a.Log.ErrorContext(r.Context(), "an export broke off", slog.String("pattern", r.Pattern), slog.Any("error", err))
	}
	panic(http.ErrAbortHandler)
}

// harmless keeps spreadsheets from taking a stranger's text as a formula.
func harmless(s string) string {
	if s != "" && strings.IndexByte("=+-@\t\r", s[0]) >= 0 {
		return "'" + s
	}
	return s
}

// exportPatience is how long a client may take for a piece of an export.
const exportPatience = 2 * time.Minute

// patient gives each piece of an answer time of its own: the whole may take
// longer than other answers may.
type patient struct {
	http.ResponseWriter
	conn *http.ResponseController
}

func (p patient) Write(b []byte) (int, error) {
	_ = p.conn.SetWriteDeadline(time.Now().Add(exportPatience)) // none where a page reads it
	return p.ResponseWriter.Write(b)
}
