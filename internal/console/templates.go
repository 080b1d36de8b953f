package console

import (
	"net/http"
	"slices"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/review"
)

func (c *Console) templates(v *visit) error {
	list, err := v.hub.Templates(v.Context(), v.PathValue("shop"))
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "templates", "invitations.templates", list.Templates)
}

// templatePage edits a template, and shows what it makes.
type templatePage struct {
	ID      string // "": it is not kept
	Shipped bool
	Form    api.NewTemplate
	Kinds   []string
	Letter  *review.Letter // nil: it can not be shown
	To      string         // of a test mail
	Refused *refusal
}

func (c *Console) template(v *visit) error {
	p := templatePage{Form: api.NewTemplate{Kind: review.KindShop, Locale: v.lang}}
	id := v.URL.Query().Get("id")
	if id == "" {
		return v.showTemplate(p)
	}
	list, err := v.hub.Templates(v.Context(), v.PathValue("shop"))
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list.Templates, func(t review.Template) bool { return t.ID == id })
	if i < 0 {
		return &api.Problem{Status: http.StatusNotFound}
	}
	t := list.Templates[i]
	p.ID, p.Shipped = t.ID, t.Shipped
	p.Form = api.NewTemplate{Name: t.Name, Kind: t.Kind, Locale: t.Locale, Default: t.Default, Subject: t.Subject, Text: t.Text, HTML: t.HTML}
	letter, err := v.hub.PreviewTemplate(v.Context(), v.PathValue("shop"), id)
	if err != nil {
		return err
	}
	p.Letter = &letter
	return v.showTemplate(p)
}

func (v *visit) showTemplate(p templatePage) error {
	p.Kinds = []string{review.KindShop, review.KindProducts, review.KindBoth, review.KindReminder}
	return v.show(p.Refused.status(), "template", "invitations.template", p)
}

// changeTemplate does what a button of the editor says.
func (c *Console) changeTemplate(v *visit) error {
	shop, id := v.PathValue("shop"), v.PostFormValue("id")
	list := shopPath(shop, "invitations", "templates")
	p := templatePage{ID: id, To: v.typed("to"), Form: api.NewTemplate{
		Name: v.typed("name"), Kind: v.PostFormValue("kind"), Locale: v.typed("locale"), Default: v.ticked("default"),
		Subject: v.typed("subject"), Text: v.PostFormValue("text"), HTML: v.PostFormValue("html"),
	}}
	var err error
	switch v.PostFormValue("act") {
	case "preview":
		var letter review.Letter
		if letter, err = v.hub.PreviewOf(v.Context(), shop, p.Form); err == nil {
			p.Letter = &letter
			return v.showTemplate(p)
		}
	case "save":
		var kept review.Template
		if kept, err = v.hub.PutTemplate(v.Context(), shop, p.Form); err == nil {
			return v.done(list+"/edit?id="+queryEscape(kept.ID), "invitations.template", 0)
		}
	case "test":
		if _, err = v.hub.TestTemplate(v.Context(), shop, id, p.To); err == nil {
			return v.done(list+"/edit?id="+queryEscape(id), "invitations.test", 0)
		}
	case "delete":
		if err = v.hub.DeleteTemplate(v.Context(), shop, id); err == nil {
			return v.done(list, "invitations.deleted", 0)
		}
	default:
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	if p.Refused = refusalOf(err); p.Refused == nil {
		return err
	}
	return v.showTemplate(p)
}
