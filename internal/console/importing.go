package console

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// MaxUpload is the longest form that a page takes, in bytes: a file, and what
// stands around it.
const MaxUpload = api.MaxImport + maxForm

// uploadTime is how long a form with a file may take.
const uploadTime = 15 * time.Minute

func (c *Console) importPlaces() []place {
	return []place{
		{at: "GET /shops/{shop}/import", do: c.imports},
		{at: "POST /shops/{shop}/import", do: c.uploadFile, takes: MaxUpload, calls: []string{"POST /shops/{shop}/imports"}},
		{at: "GET /shops/{shop}/import/{id}", do: c.importFile},
		{at: "POST /shops/{shop}/import/{id}", do: c.actOnImport, calls: []string{
			"PUT /shops/{shop}/imports/{id}/settings", "POST /shops/{shop}/imports/{id}/start", "POST /shops/{shop}/imports/{id}/cancel",
		}},
		{at: "GET /shops/{shop}/import/{id}/report", do: c.importReport, file: true},
		{at: "GET /shops/{shop}/download/{list...}", do: c.downloadList, file: true},
	}
}

// importsPage is where files are handed in, and lists had.
type importsPage struct {
	Imports      []api.Import
	More         string
	Lists        []link // that can be had as files
	Error        string // a key
	Field        string // where; "": the file
	Since, Until string // days, as they were typed
}

// importsShown is how many a page lists.
const importsShown = 20

func (c *Console) imports(v *visit) error { return v.showImports(http.StatusOK, importsPage{}) }

func (v *visit) showImports(status int, p importsPage) error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	list, err := v.hub.Imports(v.Context(), shop.ID, api.ListOptions{Limit: importsShown, Cursor: v.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	p.Imports, p.Lists = list.Imports, listsShown
	if list.Next != "" {
		p.More = v.URL.Path + "?cursor=" + url.QueryEscape(list.Next)
	}
	return v.show(status, "imports", "nav.import", p)
}

// uploadFile hands a file on while it comes.
func (c *Console) uploadFile(v *visit) error {
	deadline := time.Now().Add(uploadTime)
	_ = http.NewResponseController(v.w).SetReadDeadline(deadline) // for slow lines; the bound of bytes stands
	_ = http.NewResponseController(v.w).SetWriteDeadline(deadline.Add(time.Minute))
	file, err := v.filePart()
	if err != nil {
		return v.showImports(http.StatusUnprocessableEntity, importsPage{Error: "import.nofile"})
	}
	made, err := v.hub.UploadImport(v.Context(), v.PathValue("shop"), file.FileName(), file)
	var large *http.MaxBytesError
	var problem *api.Problem
	switch {
	case errors.As(err, &large), errors.As(err, &problem) && problem.Status == http.StatusRequestEntityTooLarge:
		return v.showImports(http.StatusRequestEntityTooLarge, importsPage{Error: "import.toolarge"})
	case errors.As(err, &problem) && problem.Status == http.StatusBadRequest:
		return v.showImports(http.StatusUnprocessableEntity, importsPage{Error: "import.nofile"})
	case err != nil:
		return err
	}
	return v.to(shopPath(v.PathValue("shop"), "import", made.ID))
}

// filePart is the part of the form that holds the file.
func (v *visit) filePart() (*multipart.Part, error) {
	form, err := v.MultipartReader()
	if err != nil {
		return nil, err
	}
	for {
		part, err := form.NextPart()
		if err != nil {
			return nil, err
		}
		if part.FormName() == "file" && part.FileName() != "" {
			return part, nil
		}
		if _, err := io.Copy(io.Discard, part); err != nil {
			return nil, err
		}
	}
}

// importPage is one file: as it would be read, or how far it is.
type importPage struct {
	api.Import
	Preview  *api.ImportPreview // of one that waits
	Orders   []previewedOrder   // its first ones
	Percent  int
	Results  []resultCount
	Settings api.ImportSettings // as they were typed
	Error    string             // what is wrong with them
	Field    string             // where
	Fields   []string           // that a mapping can name
}

// previewedOrder is an order of a file with what was read of it.
type previewedOrder struct {
	api.ImportedPreview
	Read []string // JSON
	Plan []judged // by each route
}

func previewedOrders(list []api.ImportedPreview) ([]previewedOrder, error) {
	out := make([]previewedOrder, len(list))
	for i, o := range list {
		out[i].ImportedPreview = o
		for _, e := range o.Entries {
			text, err := json.Marshal(e)
			if err == nil {
				text, err = json.Indent(text)
			}
			if err != nil {
				return nil, err
			}
			out[i].Read = append(out[i].Read, string(text))
		}
		out[i].Plan = judgedAll(o.Routes)
	}
	return out, nil
}

// withoutPeople leaves of a file what everybody may see: whom its orders are about
// is for operators.
func withoutPeople(p *api.ImportPreview) {
	p.Head = nil
	for i := range p.Orders {
		p.Orders[i].Entries = nil
		for k := range p.Orders[i].Routes {
			p.Orders[i].Routes[k].Body = ""
		}
	}
}

type resultCount struct {
	Result intake.Result
	N      int64
}

// resultsShown is their sequence.
var resultsShown = []intake.Result{intake.New, intake.Updated, intake.Known, intake.Skipped, intake.Refused}

func (c *Console) importFile(v *visit) error { return v.showImport(http.StatusOK, importPage{}) }

func (v *visit) showImport(status int, p importPage) error {
	shop, id := v.PathValue("shop"), v.PathValue("id")
	var err error
	if p.Import, err = v.hub.Import(v.Context(), shop, id); err != nil {
		return err
	}
	if p.Error == "" {
		p.Settings = p.ImportSettings
	}
	if p.State == "waiting" && v.live == nil {
		preview, err := v.hub.PreviewImport(v.Context(), shop, id)
		if err != nil {
			return err
		}
		if !v.mayOperate() {
			withoutPeople(&preview)
		}
		p.Preview, p.Fields = &preview, intake.Fields()
		if p.Orders, err = previewedOrders(preview.Orders); err != nil {
			return err
		}
	}
	if p.Bytes > 0 {
		p.Percent = int(100 * min(p.Progress.Bytes, p.Bytes) / p.Bytes)
	}
	for _, r := range resultsShown {
		if n := p.Progress.Results[r]; n > 0 {
			p.Results = append(p.Results, resultCount{r, int64(n)})
		}
	}
	return v.show(status, "import", "nav.import", p)
}

func (c *Console) actOnImport(v *visit) error {
	shop, id := v.PathValue("shop"), v.PathValue("id")
	var err error
	switch v.PostFormValue("act") {
	case "settings":
		return v.configureImport(shop, id)
	case "start":
		_, err = v.hub.StartImport(v.Context(), shop, id)
	case "cancel":
		_, err = v.hub.CancelImport(v.Context(), shop, id)
	default:
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	if err != nil && !errors.Is(err, order.ErrConflict) { // who was quicker is shown
		return err
	}
	return v.to(shopPath(shop, "import", id))
}

// configureImport keeps how a file is read; what can not be is shown with what
// was typed.
func (v *visit) configureImport(shop, id string) error {
	s := api.ImportSettings{Format: v.PostFormValue("format"), Mapping: v.PostFormValue("mapping"), History: v.PostFormValue("history") != ""}
	if s.Format == "mapping" {
		s.Format = ""
	} else {
		s.Mapping = ""
	}
	_, err := v.hub.ConfigureImport(v.Context(), shop, id, s)
	var bad *order.Invalid
	if errors.As(err, &bad) {
		return v.showImport(http.StatusUnprocessableEntity, importPage{Settings: s, Error: bad.Faults[0].Reason, Field: bad.Faults[0].Path})
	}
	if err != nil {
		return err
	}
	return v.to(shopPath(shop, "import", id))
}

func (c *Console) importReport(v *visit) error {
	shop, id, form := v.PathValue("shop"), v.PathValue("id"), sheetForm(v.URL.Query())
	return v.download("import-"+id+"."+form, formTypes[form], func(w io.Writer) error {
		return v.hub.ImportReport(v.Context(), shop, id, form, w)
	})
}
