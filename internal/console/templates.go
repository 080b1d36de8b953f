package console

import (
	"errors"
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
	id := v.URL.Query().Get("id")
	if id == "" {
		return v.showTemplate(templatePage{Form: api.NewTemplate{Kind: review.KindShop, Locale: v.lang}})
	}
	p, err := v.keptTemplate(id)
	if err != nil {
		return err
	}
	return v.showTemplate(p)
}

// keptTemplate is a template as it is kept, with what it makes.
func (v *visit) keptTemplate(id string) (p templatePage, err error) {
	list, err := v.hub.Templates(v.Context(), v.PathValue("shop"))
	if err != nil {
		return p, err
	}
	i := slices.IndexFunc(list.Templates, func(t review.Template) bool { return t.ID == id })
	if i < 0 {
		return p, &api.Problem{Status: http.StatusNotFound}
	}
	t := list.Templates[i]
	p.ID, p.Shipped = t.ID, t.Shipped
	p.Form = api.NewTemplate{Name: t.Name, Kind: t.Kind, Locale: t.Locale, Default: t.Default, Subject: t.Subject, Text: t.Text, HTML: t.HTML}
	letter, err := v.hub.PreviewTemplate(v.Context(), v.PathValue("shop"), id)
	p.Letter = &letter
	return p, err
}

func (v *visit) showTemplate(p templatePage) error {
	p.Kinds = []string{review.KindShop, review.KindProducts, review.KindBoth, review.KindReminder}
	return v.show(p.Refused.status(), "template", "invitations.template", p)
}

// changeTemplate does what a button of the editor says.
func (c *Console) changeTemplate(v *visit) error {
	shop, id := v.PathValue("shop"), v.PostFormValue("id")
	list := shopPath(shop, "invitations", "templates")
	p := templatePage{ID: id, Form: api.NewTemplate{
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
		return v.testTemplate(id)
	case "delete":
		if err := v.hub.DeleteTemplate(v.Context(), shop, id); err != nil {
			return err
		}
		return v.done(list, "invitations.deleted", 0)
	default:
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	if p.Refused = refusalOf(err); p.Refused == nil {
		return err
	}
	return v.showTemplate(p)
}

// testTemplate mails what a kept template makes. Where that fails, the mail
// server's words are shown.
func (v *visit) testTemplate(id string) error {
	shop, to := v.PathValue("shop"), v.typed("to")
	_, err := v.hub.TestTemplate(v.Context(), shop, id, to)
	if err == nil {
		return v.done(shopPath(shop, "invitations", "templates", "edit")+"?id="+queryEscape(id), "invitations.test", 0)
	}
	refused := refusalOf(err)
	var problem *api.Problem
	if errors.As(err, &problem) && problem.Status == http.StatusServiceUnavailable {
		refused = &refusal{Status: problem.Status, Detail: problem.Detail}
	}
	if refused == nil {
		return err
	}
	p, err := v.keptTemplate(id)
	if err != nil {
		return err
	}
	p.To, p.Refused = to, refused
	return v.showTemplate(p)
}
