package trustpilot

import (
	"net/http"
	"strings"

	"github.com/ordermux/ordermux/internal/review"
)

// standardTemplates are templates of Trustpilot's own whose ids stand in public
// code (README.md, "Templates"). Clients have them configured; with us an
// invitation that names one is written by the template of its locale.
var standardTemplates = []wireTemplate{
	{ID: "529c0abfefb96008b894ad02", Name: "Standard service invitation", Locale: "en-US", Type: templateService},
	{ID: "5c17c7ebb565bb0001046fbd", Name: "Optimized for product reviews", Locale: "en-US", Type: templateProduct},
}

// The types of template; no page has their values.
const (
	templateService = "service"
	templateProduct = "product"
)

// handleTemplates is GET …/templates: all in one answer.
func (d *door) handleTemplates(w http.ResponseWriter, r *http.Request, unit string) error {
	l, err := d.enter(r, unit)
	if err != nil {
		return err
	}
	own, err := d.deps.Reviews.Templates(r.Context(), l.Shop)
	if err != nil {
		return err
	}
	list := wireTemplates{Templates: []wireTemplate{}}
	for i := range own {
		if t, ok := fromTemplate(&own[i]); ok {
			list.Templates = append(list.Templates, t)
		}
	}
	list.Templates = append(list.Templates, standardTemplates...)
	answerJSON(w, http.StatusOK, list)
	return nil
}

// fromTemplate maps a template of ours; false: it is none of an invitation's.
func fromTemplate(t *review.Template) (wireTemplate, bool) {
	w := wireTemplate{ID: t.ID, Name: t.Name, Default: t.Default, Locale: siteLocale(t.Locale)}
	switch t.Kind {
	case review.KindShop:
		w.Type = templateService
	case review.KindProducts:
		w.Type = templateProduct
	default:
		return w, false
	}
	return w, true
}

// siteLocale is a language as a locale: the first that Trustpilot has of it.
func siteLocale(locale string) string {
	for _, known := range knownLocales {
		if known == locale || strings.HasPrefix(known, locale+"-") {
			return known
		}
	}
	return locale
}
