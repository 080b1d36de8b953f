package deliveryhero

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// exportCatalog is POST …/catalog/export. The file is made while it is fetched.
func (d *door) exportCatalog(a *asked) (answer, error) {
	return d.queued(a, d.newJob(a, partner.JobExport))
}

// showCatalogJob is GET …/catalog/jobs/{job_id}.
func (d *door) showCatalogJob(a *asked) (answer, error) {
	job, err := d.jobs(a.chain.Shop).find(a.Context(), strings.ToLower(a.PathValue("job_id")))
	if err != nil {
		return answer{}, err
	}
	if job == nil || job.Kind == partner.JobPromotion {
		return answer{}, notFound("job")
	}
	w := wireJob{
		ID: job.ID, Status: jobWord(job.State), Vendor: job.Store, Created: momentOf(job.Created), Updated: momentOf(job.Updated),
		Reason: job.Reason, Result: resultOf(job),
	}
	if job.State == partner.JobCompleted || job.State == partner.JobFailed {
		w.Download = d.base(a.Request) + downloadPath(d.deps.Access, a.chain, a.grant, job)
	}
	return answer{http.StatusOK, w}, nil
}

// resultOf is what came of a job's items, as far as they are kept.
func resultOf(job *partner.Job) wireJobResult {
	r := wireJobResult{Feedback: []wireFeedback{}, Duplicates: []string{}}
	for i := range job.Items {
		item := &job.Items[i]
		if repeated(item) {
			r.Duplicates = append(r.Duplicates, skuAt(job, item))
			continue
		}
		data, reason := rejected(item)
		r.Feedback = append(r.Feedback, wireFeedback{item.SKU, feedbackRejected, []wireRejection{{data, reason}}})
	}
	return r
}

// skuAt is how an item is named: with its outlet, where that is not the job's.
func skuAt(job *partner.Job, item *partner.JobItem) string {
	if item.Store == "" || item.Store == job.Store {
		return item.SKU
	}
	return item.Store + ":" + item.SKU
}

// rejected is the member that was wrong, if one was, and why; of a file with the
// line.
func rejected(item *partner.JobItem) (data, reason string) {
	data, reason, ok := strings.Cut(item.Reason, ": ")
	if !ok || strings.Contains(data, " ") {
		data, reason = "", item.Reason
	}
	if item.Line > 0 {
		reason = fmt.Sprintf("line %d: %s", item.Line, reason)
	}
	return data, reason
}

// repeated reports whether an item was no refusal.
func repeated(item *partner.JobItem) bool {
	return item.Reason == bodyRepeated || item.Reason == rowRepeated || item.Reason == soldAlready
}

// A link to a job's file is good for an hour without a token; source of such
// links: one client (seen 2026), of the hour: our choice.
const (
	useDownload  = "download"
	downloadLife = time.Hour
)

// downloadPath is where a job's file is fetched, below the door.
func downloadPath(access partner.Access, c *chain, g partner.Grant, job *partner.Job) string {
	token := access.Issue(g, useDownload, job.ID, downloadLife).Reveal()
	path := strings.NewReplacer("{chain_id}", url.PathEscape(c.ID), "{job_id}", url.PathEscape(job.ID)).Replace(catalogJobPath)
	return path + "/download?token=" + url.QueryEscape(token)
}

// base is the address of the door as its client reaches it: below the hub's
// public one, if it was asked there, or at the name it was asked by.
func (d *door) base(r *http.Request) string {
	below := strings.HasPrefix(r.RequestURI, "/"+name+"/")
	if below && d.deps.PublicURL != "" {
		return strings.TrimRight(d.deps.PublicURL, "/") + "/" + name
	}
	if below {
		return partner.Origin(r) + "/" + name
	}
	return partner.Origin(r)
}

// serveDownload is GET …/catalog/jobs/{job_id}/download.
func (d *door) serveDownload(w http.ResponseWriter, r *http.Request) {
	job, shop, err := d.downloaded(r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+cmp.Or(job.Kind, "job")+`.csv"`)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	if job.Kind == partner.JobExport {
		a := &asked{Request: r, w: w}
		if err := d.writeExport(a, shop, job.Store); err != nil {
			d.log.ErrorContext(r.Context(), "delivery hero export", "error", err)
			panic(http.ErrAbortHandler) // so that nobody takes a part for the whole
		}
		return
	}
	_ = writeFeedback(w, job) // a client that left is not our trouble
}

// downloaded finds the job that a link is for.
func (d *door) downloaded(r *http.Request) (*partner.Job, string, error) {
	g, id, err := d.deps.Access.Check(r.Context(), useDownload, r.URL.Query().Get("token"))
	if errors.Is(err, secret.ErrExpired) || errors.Is(err, secret.ErrToken) || err == nil && id != r.PathValue("job_id") {
		return nil, "", &wrong{Status: http.StatusForbidden, Code: "FORBIDDEN", Message: "The link is invalid or over"}
	}
	if err != nil {
		return nil, "", err
	}
	job, err := d.jobs(g.Shop).find(r.Context(), id)
	if err == nil && job == nil {
		err = notFound("job")
	}
	return job, g.Shop, err
}

// exportHeader is quoted, as two readers have it (seen 2026).
const exportHeader = `"sku","barcode","price","active","maximum_sales_quantity"` + "\n"

// writeExport writes what an outlet sells as CSV, some products at a time.
func (d *door) writeExport(a *asked, shop, store string) error {
	if _, err := io.WriteString(a.w, exportHeader); err != nil {
		return nil
	}
	out := csv.NewWriter(a.w)
	f := catalog.OfferFilter{Limit: catalog.MostListed}
	for {
		page, next, err := d.deps.Catalog.ListOffers(a.Context(), shop, store, f)
		if err != nil {
			return fmt.Errorf("list offers: %w", err)
		}
		a.goOn()
		for i := range page {
			if err := out.Write(exported(&page[i])); err != nil {
				return nil // the client left
			}
		}
		if f.Cursor = next; next == "" {
			out.Flush()
			return nil
		}
	}
}

// exported is a row of an export.
func exported(o *catalog.Offer) []string {
	row := []string{skuOf(&o.Product.Product), "", "", strconv.FormatBool(o.Active), ""}
	if codes := barcodesOf(o.Product); len(codes) > 0 {
		row[1] = codes[0]
	}
	if o.Price.IsSet() {
		row[2] = o.Price.String()
	}
	if o.Most > 0 {
		row[4] = strconv.FormatInt(o.Most, 10)
	}
	return row
}

// writeFeedback writes what was refused, or stood twice, as CSV; source of the
// columns: one client (seen 2026).
func writeFeedback(w io.Writer, job *partner.Job) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"sku", "state", "errors"}) // Error has it
	for i := range job.Items {
		item := &job.Items[i]
		state := feedbackRejected
		if repeated(item) {
			state = feedbackDuplicated
		}
		words := item.Reason
		if item.Line > 0 {
			words = fmt.Sprintf("line %d: %s", item.Line, words)
		}
		_ = out.Write([]string{skuAt(job, item), state, words})
	}
	out.Flush()
	return out.Error()
}
