package review

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// Template is how a mail reads. Subject and Text are Go templates
// (text/template), HTML one of html/template; see Fields for what they show.
type Template struct {
	ID      string    `json:"id"`   // 24 hexadecimal digits, made of the name
	Name    string    `json:"name"` // unique in the shop
	Kind    string    `json:"kind"` // KindShop, KindProducts, KindBoth, KindReminder
	Locale  string    `json:"locale"`
	Default bool      `json:"default"` // used where nobody names another, for its kind and locale
	Shipped bool      `json:"shipped"` // ours: can not be changed or deleted
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	HTML    string    `json:"html,omitzero"` // "": text alone
	Changed time.Time `json:"changed,omitzero"`
}

// The bounds of a shop's own templates.
const (
	maxOwn     = 100
	maxSubject = 500
	maxSource  = 100_000
)

// TemplateID is the id of a shop's own template of that name.
func TemplateID(shop, name string) string { return templateID(shop + "\x00" + name) }

func templateID(name string) string {
	sum := sha256.Sum256([]byte("ordermux template\x00" + name))
	return hex.EncodeToString(sum[:12])
}

func templateKey(id string) string { return "template/" + id }

// Templates returns the shop's own templates by name, then those shipped. Of
// each kind and locale exactly one is Default.
func (b *Book) Templates(ctx context.Context, shop string) ([]Template, error) {
	k, err := b.known(ctx, shop)
	if err != nil {
		return nil, err
	}
	return allTemplates(k.templates), nil
}

// Template returns a template by its id.
func (b *Book) Template(ctx context.Context, shop, id string) (Template, bool, error) {
	all, err := b.Templates(ctx, shop)
	if err != nil {
		return Template{}, false, err
	}
	i := slices.IndexFunc(all, func(t Template) bool { return t.ID == id })
	if i < 0 {
		return Template{}, false, nil
	}
	return all[i], true, nil
}

// PutTemplate keeps a template of the shop's own; one of the same name is
// replaced. It returns it with its id. Errors: *order.Invalid, which names the
// line of a fault.
func (b *Book) PutTemplate(ctx context.Context, shop string, t Template) (Template, error) {
	t.ID, t.Shipped, t.Changed = TemplateID(shop, t.Name), false, b.opts.Now().UTC()
	t.Locale = strings.ReplaceAll(t.Locale, "_", "-")
	if faults := t.check(); len(faults) > 0 {
		return t, invalid(faults)
	}
	own, err := b.ownTemplates(ctx, shop)
	if err != nil {
		return t, err
	}
	known := slices.ContainsFunc(own, func(o Template) bool { return o.ID == t.ID })
	if !known && len(own) >= maxOwn {
		return t, order.Refuse("name", order.TooLarge, fmt.Sprintf("a shop has at most %d templates", maxOwn))
	}
	defer b.forget(shop)
	for _, o := range own { // of a kind and locale there is one default
		if t.Default && o.Default && o.ID != t.ID && o.Kind == t.Kind && strings.EqualFold(o.Locale, t.Locale) {
			o.Default = false
			if err := b.keepTemplate(ctx, shop, o); err != nil {
				return t, err
			}
		}
	}
	return t, b.keepTemplate(ctx, shop, t)
}

func (b *Book) keepTemplate(ctx context.Context, shop string, t Template) error {
	value, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("keep template: %w", err)
	}
	return b.opts.KV(shop).Put(ctx, templateKey(t.ID), value, 0)
}

// DeleteTemplate removes a template of the shop's own. Errors:
// order.ErrNotFound, *order.Invalid for one that is shipped.
func (b *Book) DeleteTemplate(ctx context.Context, shop, id string) error {
	if slices.ContainsFunc(shipped(), func(t Template) bool { return t.ID == id }) {
		return order.Refuse("id", order.Malformed, "a shipped template can not be deleted")
	}
	_, ok, err := b.opts.KV(shop).Get(ctx, templateKey(id))
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("template: %w", order.ErrNotFound)
	}
	defer b.forget(shop)
	return b.opts.KV(shop).Delete(ctx, templateKey(id))
}

// ownTemplates reads the shop's own templates, by name.
func (b *Book) ownTemplates(ctx context.Context, shop string) ([]Template, error) {
	_, values, err := b.opts.KV(shop).List(ctx, "template/", "", maxOwn)
	if err != nil {
		return nil, fmt.Errorf("read templates: %w", err)
	}
	out := make([]Template, len(values))
	for i, v := range values {
		if err := json.Unmarshal(v, &out[i]); err != nil {
			return nil, fmt.Errorf("read template: %w", err)
		}
	}
	slices.SortFunc(out, func(a, b Template) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// allTemplates puts the shipped ones behind a shop's own; a default of the
// shop's own takes the place of ours.
func allTemplates(own []Template) []Template {
	all := append(slices.Clone(own), shipped()...)
	for i := len(own); i < len(all); i++ {
		t := &all[i]
		t.Default = !slices.ContainsFunc(own, func(o Template) bool {
			return o.Default && o.Kind == t.Kind && strings.EqualFold(o.Locale, t.Locale)
		})
	}
	return all
}

// template decides which template a mail of that kind is made of.
func (d *decision) template(kind, wish string) Value[string] {
	all := allTemplates(d.own)
	known := func(id string) bool {
		return slices.ContainsFunc(all, func(t Template) bool { return t.ID == id })
	}
	if wish != "" && known(wish) {
		return Value[string]{wish, FromOrder}
	}
	if wish != "" {
		d.warn("the template that was asked for is not known here: another one is used")
	}
	for _, from := range []struct {
		chosen map[string]string
		origin Origin
	}{{d.set.Templates, FromSettings}, {d.configured.Templates, FromConfiguration}} {
		for _, locale := range fallbacks(d.Locale.Value) {
			if id := chosen(from.chosen, kind, locale); id != "" && known(id) {
				return Value[string]{id, from.origin}
			} else if id != "" {
				d.warn("the template that the settings name is not known: another one is used")
			}
		}
		if id := from.chosen[kind]; id != "" && known(id) {
			return Value[string]{id, from.origin}
		}
	}
	return Value[string]{defaultTemplate(all, kind, d.Locale.Value).ID, FromDefault}
}

// chosen finds "shop/sv-SE" in whatever letters it is written.
func chosen(all map[string]string, kind, locale string) string {
	for _, key := range sortedKeys(all) {
		if strings.EqualFold(strings.ReplaceAll(key, "_", "-"), kind+"/"+locale) {
			return all[key]
		}
	}
	return ""
}

// fallbacks are the locales to look for, the best one first: "sv-SE", "sv".
func fallbacks(locale string) []string {
	out := []string{locale}
	for i := strings.LastIndexByte(locale, '-'); i > 0; i = strings.LastIndexByte(locale, '-') {
		locale = locale[:i]
		out = append(out, locale)
	}
	return out
}

// defaultTemplate is the one for a kind in a language, else in English.
func defaultTemplate(all []Template, kind, locale string) Template {
	for _, l := range append(fallbacks(locale), DefaultLanguage) {
		for _, t := range all {
			if t.Default && t.Kind == kind && strings.EqualFold(t.Locale, l) {
				return t
			}
		}
	}
	return Template{}
}
