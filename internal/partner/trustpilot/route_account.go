package trustpilot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

const (
	// unitLife is how long a found business unit is believed: its id changes
	// only with its domain.
	unitLife = 24 * time.Hour
	// templatesLife is how often the templates are looked at.
	templatesLife = 24 * time.Hour
	// templatesAnew is how old a list may be that lacks a template: a new one may
	// have been made since.
	templatesAnew = time.Minute
)

// cached is a value of State in memory for a moment: other nodes write there
// too.
type cached[T any] struct {
	mu sync.Mutex
	v  T
	at time.Time
}

func (c *cached[T]) get(now time.Time) (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	age := now.Sub(c.at)
	return c.v, !c.at.IsZero() && age >= 0 && age < cacheFor
}

func (c *cached[T]) set(v T, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.v, c.at = v, now
}

// unit returns the id of the business unit.
func (r *route) unit(ctx context.Context) (string, *partner.Outcome) {
	if r.opts.unit != "" {
		return r.opts.unit, nil
	}
	if id, ok := r.unitID.get(r.now()); ok {
		return id, nil
	}
	kept, ok, err := r.deps.State.Get(ctx, r.unitKey())
	if err != nil {
		o := partner.Later(0, "state", "read business unit: "+err.Error())
		return "", &o
	}
	if ok {
		r.unitID.set(string(kept), r.now())
		return string(kept), nil
	}
	u, o := r.findUnit(ctx)
	if o != nil {
		return "", o
	}
	if err := r.deps.State.Put(ctx, r.unitKey(), []byte(u.ID), unitLife); err != nil {
		r.log.Warn("the business unit could not be kept", "error", err)
	}
	r.unitID.set(u.ID, r.now())
	return u.ID, nil
}

func (r *route) unitKey() string { return "unit/" + r.opts.domain }

// foundUnit is what of a business unit matters here.
type foundUnit struct {
	ID   string `json:"id"`
	Name string `json:"displayName"`
}

// findUnit asks for the business unit as it is configured.
func (r *route) findUnit(ctx context.Context) (foundUnit, *partner.Outcome) {
	path := "/v1/business-units/find?" + url.Values{"name": {r.opts.domain}}.Encode()
	if r.opts.unit != "" {
		path = "/v1/business-units/" + url.PathEscape(r.opts.unit)
	}
	reply, err := r.open(ctx, path)
	body, o := r.ask(reply, nil, err)
	if o != nil {
		if reply.Status == http.StatusNotFound {
			failed := partner.Refused("no_business_unit", "Trustpilot knows no such domain or business_unit_id").Of(partner.ScopeRoute)
			o = &failed
		}
		return foundUnit{}, o
	}
	var u foundUnit
	if json.UnmarshalInput(body, &u) != nil || u.ID == "" {
		failed := partner.Later(0, "answer_unreadable", "the answer about the business unit is not understood")
		return u, &failed
	}
	return u, nil
}

// templateList are the ids of a business unit's templates, as of At.
type templateList struct {
	At  time.Time `json:"at"`
	IDs []string  `json:"ids"`
}

func (l templateList) has(id string) bool { return slices.Contains(l.IDs, id) }

// known returns the templates of a business unit, not older than that if it
// can be helped.
func (r *route) known(ctx context.Context, unit string, age time.Duration) (templateList, *partner.Outcome) {
	now := r.now()
	l, ok := r.templates.get(now)
	if !ok {
		kept, found, err := r.deps.State.Get(ctx, "templates/"+unit)
		if err != nil {
			o := partner.Later(0, "state", "read templates: "+err.Error())
			return l, &o
		}
		l = templateList{}
		if found {
			_ = json.Unmarshal(kept, &l)
		}
		r.templates.set(l, now)
	}
	if !l.At.IsZero() && now.Sub(l.At) < age {
		return l, nil
	}
	anew, o := r.listTemplates(ctx, unit)
	if o != nil && o.Scope != partner.ScopeRoute && !l.At.IsZero() {
		return l, nil // the older list serves as long as there is no newer one
	}
	return anew, o
}

func (r *route) listTemplates(ctx context.Context, unit string) (templateList, *partner.Outcome) {
	body, o := r.ask(r.private(ctx, http.MethodGet, r.at(unit, "templates"), nil))
	if o != nil {
		return templateList{}, o
	}
	var answer struct {
		Templates []struct {
			ID string `json:"id"`
		} `json:"templates"`
	}
	if err := json.UnmarshalInput(body, &answer); err != nil {
		failed := partner.Later(0, "answer_unreadable", "the list of templates is not understood")
		return templateList{}, &failed
	}
	l := templateList{At: r.now()}
	for _, t := range answer.Templates {
		l.IDs = append(l.IDs, t.ID)
	}
	value, err := json.Marshal(l)
	if err == nil {
		err = r.deps.State.Put(ctx, "templates/"+unit, value, 0)
	}
	if err != nil {
		r.log.Warn("the list of templates could not be kept", "error", err)
	}
	r.templates.set(l, r.now())
	return l, nil
}

// settleTemplates sees to it that no invitation names a template that the
// account does not have: Trustpilot would answer it with success and never mail
// anything. A configured one that is wrong stops the route; an order's own is
// left out, and the remark says so.
func (r *route) settleTemplates(ctx context.Context, unit string, w *wireInvitation) (remark string, o *partner.Outcome) {
	ids := make([]*string, 2)
	if w.Service != nil {
		ids[0] = &w.Service.TemplateID
	}
	if w.Product != nil {
		ids[1] = &w.Product.TemplateID
	}
	for i, id := range ids {
		if id == nil || *id == "" {
			continue
		}
		l, o := r.known(ctx, unit, templatesLife)
		if o == nil && !l.has(*id) {
			l, o = r.known(ctx, unit, templatesAnew)
		}
		if o != nil {
			return "", o
		}
		if l.has(*id) {
			continue
		}
		ours := r.opts.templates[i].of(w.Locale)
		if ours != "" && !l.has(ours) {
			return "", wrongTemplate(ours)
		}
		*id, remark = ours, "the order's template is none of the account's and was left out"
	}
	return remark, nil
}

func wrongTemplate(id string) *partner.Outcome {
	o := partner.Refused("template_unknown",
		"template "+shorten(id)+" is none of the account's: Trustpilot would take invitations and mail none").Of(partner.ScopeRoute)
	return &o
}

// checkTemplates looks whether the configured templates exist.
func (r *route) checkTemplates(l templateList) error {
	var faults []error
	for i, name := range []string{"templates", "product_templates"} {
		for _, id := range r.opts.templates[i] {
			if !l.has(id) {
				faults = append(faults, fmt.Errorf("%s: %s is none of the account's templates: no invitation would be mailed", name, shorten(id)))
			}
		}
	}
	return errors.Join(faults...)
}

// connect logs in, finds the business unit and reads its templates.
func (r *route) connect(ctx context.Context) (string, error) {
	u, o := r.findUnit(ctx)
	if o != nil {
		return "", failure(o)
	}
	l, o := r.listTemplates(ctx, u.ID)
	if o != nil {
		return "", failure(o)
	}
	return fmt.Sprintf("business unit %s (%s), %d templates", u.Name, u.ID, len(l.IDs)), r.checkTemplates(l)
}

func failure(o *partner.Outcome) error { return fmt.Errorf("%s: %s", o.Code, o.Reason) }

// poll passes erasures on, and looks at the templates once a day: a configured
// one that is gone is an error here, and stops the route as soon as an
// invitation would name it.
func (r *route) poll(ctx context.Context) error {
	err := r.passErasures(ctx)
	if len(r.opts.templates[0])+len(r.opts.templates[1]) == 0 {
		return err
	}
	unit, o := r.unit(ctx)
	if o != nil {
		return errors.Join(err, failure(o))
	}
	l, o := r.known(ctx, unit, templatesLife)
	if o != nil {
		return errors.Join(err, failure(o))
	}
	return errors.Join(err, r.checkTemplates(l))
}
