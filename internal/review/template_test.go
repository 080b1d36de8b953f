package review_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

const (
	textSource = "Hej {{.FirstName}}\n{{range .Products}}- {{.}}\n{{end}}{{.Link}}\n{{.Unsubscribe}}\n"
	htmlSource = `<p>Hej {{.FirstName}}</p>{{range $i, $p := .Products}}<b>{{$p}}</b>{{end}}<a href="{{.Link}}">x</a> <a href="{{.Unsubscribe}}">y</a>`
)

func own(name string) review.Template {
	return review.Template{Name: name, Kind: review.KindShop, Locale: "sv", Subject: "Hej från {{.Shop}}", Text: textSource, HTML: htmlSource}
}

// Every shipped template is there, passes what a shop's own must pass, and
// keeps its id.
func TestShippedTemplates(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	all, err := o.book.Templates(t.Context(), shop)
	if err != nil || len(all) != 24 {
		t.Fatalf("%d templates, %v", len(all), err)
	}
	seen := map[string]bool{}
	for _, tpl := range all {
		if !regexp.MustCompile(`^[0-9a-f]{24}$`).MatchString(tpl.ID) || seen[tpl.ID] || !tpl.Default || !tpl.Shipped {
			t.Errorf("%+v", tpl)
		}
		seen[tpl.ID] = true
		copied := tpl
		copied.Name = "copy of " + tpl.Name
		if _, err := newOffice(t).book.PutTemplate(t.Context(), shop, copied); err != nil {
			t.Errorf("%s: %v", tpl.Name, err)
		}
		l, err := o.book.Preview(t.Context(), shop, tpl.ID)
		if err != nil {
			t.Error(err)
		}
		for _, bad := range []string{"[[", "{{", "<no value>", "<blue>"} {
			if strings.Contains(l.HTML+l.Subject, bad) {
				t.Errorf("%s shows %q", tpl.Name, bad)
			}
		}
		if !strings.Contains(l.HTML, `<html lang="`+tpl.Locale+`">`) || strings.Contains(l.HTML, "<img") || strings.Contains(l.HTML, "<script") ||
			!strings.Contains(l.Text, "/review/nordlys/preview\n") || !strings.Contains(l.Text, "/review/nordlys/preview/unsubscribe") ||
			strings.Contains(l.Text, "Espresso") != (tpl.Kind != review.KindShop) {
			t.Errorf("%s: %s", tpl.Name, l.Text)
		}
	}
	// Callers keep ids in settings of their own: they stay.
	if id := defaultID(all, review.KindShop, "en"); id != "a18b9505047b5bfc336f1ca0" {
		t.Errorf("id %s", id)
	}
}

func TestOwnTemplates(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first := own("Vår egen")
	first.Default = true
	kept, err := o.book.PutTemplate(t.Context(), shop, first)
	if err != nil {
		t.Fatal(err)
	}
	if kept.ID != review.TemplateID(shop, "Vår egen") || kept.Shipped || !kept.Changed.Equal(o.now) {
		t.Errorf("%+v", kept)
	}
	sale := bought(nil)
	sale.Locale = "sv-FI"
	if e := o.effective(sale); e.Shop.Template.Value != kept.ID || e.Shop.Template.Origin != review.FromDefault {
		t.Errorf("our own default: %+v", e.Shop.Template)
	}
	second := own("Ännu en")
	second.Default = true
	other, err := o.book.PutTemplate(t.Context(), shop, second)
	if err != nil {
		t.Fatal(err)
	}
	all, _ := o.book.Templates(t.Context(), shop)
	var defaults []string
	for _, tpl := range all {
		if tpl.Default && tpl.Kind == review.KindShop && tpl.Locale == "sv" {
			defaults = append(defaults, tpl.Name)
		}
	}
	if !slices.Equal(defaults, []string{"Ännu en"}) || len(all) != 26 {
		t.Errorf("%d templates, defaults %q", len(all), defaults)
	}
	// What the settings choose, the best fit first; then the order's own.
	choose := func(templates map[string]string, wish, want string, from review.Origin) {
		t.Helper()
		o.configured.Templates = templates
		sale.Review = &order.Review{Shop: &order.Invitation{Template: wish}}
		if e := o.effective(sale); e.Shop.Template != (review.Value[string]{Value: want, Origin: from}) {
			t.Errorf("%+v, want %s of %s", e.Shop.Template, want, from)
		}
	}
	en := defaultID(all, review.KindShop, "en")
	choose(map[string]string{"shop/sv": kept.ID, "shop": en}, "", kept.ID, review.FromConfiguration)
	choose(map[string]string{"shop/sv-FI": en, "shop/sv": kept.ID}, "", en, review.FromConfiguration)
	choose(map[string]string{"shop": en}, "", en, review.FromConfiguration)
	choose(map[string]string{"shop": "507f191e810c19729de860ea"}, "", other.ID, review.FromDefault)
	choose(map[string]string{"shop": en}, kept.ID, kept.ID, review.FromOrder)
	// Gone again.
	if err := o.book.DeleteTemplate(t.Context(), shop, kept.ID); err != nil {
		t.Error(err)
	}
	if err := o.book.DeleteTemplate(t.Context(), shop, kept.ID); !errors.Is(err, order.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
	if err := o.book.DeleteTemplate(t.Context(), shop, en); err == nil {
		t.Error("a shipped one was deleted")
	}
	if _, err := o.book.Preview(t.Context(), shop, kept.ID); !errors.Is(err, order.ErrNotFound) {
		t.Errorf("preview of nothing: %v", err)
	}
	if _, ok, err := o.book.Template(t.Context(), shop, other.ID); !ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
}

func defaultID(all []review.Template, kind, locale string) string {
	for _, tpl := range all {
		if tpl.Default && tpl.Kind == kind && tpl.Locale == locale {
			return tpl.ID
		}
	}
	return ""
}

// Unknown locale, then its language, then English.
func TestTemplateFallback(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	all, _ := o.book.Templates(t.Context(), shop)
	for locale, want := range map[string]string{"sv": "sv", "sv-SE": "sv", "SV_se": "sv", "de-Latn-AT": "de", "is-IS": "en", "": "en"} {
		for _, kind := range []string{review.KindShop, review.KindProducts} {
			sale := bought(&order.Review{Shop: &order.Invitation{}, Products: &order.Invitation{}})
			sale.Locale = locale
			e := o.effective(sale)
			if got := e.For([]string{kind}).Template.Value; got != defaultID(all, kind, want) {
				t.Errorf("%s %s: %s", locale, kind, got)
			}
			if e.For(nil).Template.Value != defaultID(all, review.KindBoth, want) || e.Reminder.Value != defaultID(all, review.KindReminder, want) {
				t.Errorf("%s: both or reminder", locale)
			}
		}
	}
}

func TestBadTemplates(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	f := func(want string, change func(*review.Template)) {
		t.Helper()
		tpl := own("bad")
		change(&tpl)
		_, err := o.book.PutTemplate(t.Context(), shop, tpl)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		var invalid *order.Invalid
		if !errors.As(err, &invalid) {
			t.Errorf("%T", err)
		}
	}
	text := func(want, source string) {
		t.Helper()
		f("text: "+want, func(tpl *review.Template) { tpl.Text = textSource + source })
	}
	// textSource has four lines.
	text("line 7: unexpected EOF", "{{if .Name}}\n\n")
	text(`line 5: function "foo" not defined`, "{{foo}}")
	text("line 6: the function printf is not available", "\n{{printf \"%999999d\" 1}}")
	text("line 5: the function index is not available", "{{if index .Products 0}}x{{end}}")
	text("line 5: the function html is not available", "{{.Name | html}}")
	text("line 5: there is no .Secret; there are .Shop, .Name", "{{.Secret}}")
	text("line 5: there is no .Secret", "{{if .Test}}{{if .Again}}{{else}}{{$.Secret}}{{end}}{{end}}")
	text("line 5: range is for", "{{range 1000000000}}{{end}}")
	text("line 5: range is for", "{{range .Products}}{{range $.Products}}{{end}}{{end}}")
	text("define, block and template", `{{define "a"}}{{template "a"}}{{end}}`)
	text("define, block and template", `{{block "a" .}}x{{end}}`)
	text("line 5: <.Shop>: can't evaluate field Shop", "{{with .Name}}{{.Shop}}{{end}}")
	text("line 5: ", "{{if lt .Name 3}}{{end}}")
	f("text: does not show {{.Link}}", func(tpl *review.Template) { tpl.Text = "Hej {{.Unsubscribe}}" })
	f("html: does not show {{.Unsubscribe}}", func(tpl *review.Template) { tpl.HTML = "<a href='{{.Link}}'>x</a>" })
	f("html: line 2: ", func(tpl *review.Template) { tpl.HTML = htmlSource + "\n{{if .Name}}" })
	f("html: line 1: there is no", func(tpl *review.Template) { tpl.HTML = "{{.Email}}" + htmlSource })
	f("subject: must not hold line breaks", func(tpl *review.Template) { tpl.Subject = "a\nb" })
	f("subject: line 1: ", func(tpl *review.Template) { tpl.Subject = "{{.X}}" })
	f("subject: is required", func(tpl *review.Template) { tpl.Subject = " " })
	f("name: is required", func(tpl *review.Template) { tpl.Name = "" })
	f("kind: must be one of shop, products, both, reminder", func(tpl *review.Template) { tpl.Kind = "x" })
	f("locale: must be a language", func(tpl *review.Template) { tpl.Locale = "swedish" })
	f("text: a subject has at most", func(tpl *review.Template) { tpl.HTML = strings.Repeat("x", 100_001) })
}

func TestTooManyTemplates(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for i := range 100 {
		if _, err := o.book.PutTemplate(t.Context(), shop, own(fmt.Sprint("t", i))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.book.PutTemplate(t.Context(), shop, own("one more")); err == nil {
		t.Error("a hundred and one")
	}
	if _, err := o.book.PutTemplate(t.Context(), shop, own("t7")); err != nil {
		t.Errorf("one that is there: %v", err)
	}
}

// A test mail is marked, and its link is a real one that throws away.
func TestTestLetter(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	kept, err := o.book.PutTemplate(t.Context(), shop, own("mine"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := o.book.TestLetter(t.Context(), shop, kept.ID)
	if err != nil || l.Subject != "[test] Hej från Nordlys Kaffe" || l.Sender != "Nordlys Kaffe" {
		t.Fatalf("%+v, %v", l, err)
	}
	_, token, _ := strings.Cut(strings.TrimSuffix(l.Unsubscribe, "/unsubscribe"), "/review/nordlys/")
	link, err := o.book.Unsubscribe(t.Context(), shop, token)
	if err != nil || !link.Test || !link.OptedOut.IsZero() {
		t.Errorf("%+v, %v", link, err)
	}
	if again, err := o.book.TestLetter(t.Context(), shop, kept.ID); err != nil || again != l {
		t.Errorf("again: %v", err)
	}
}

// Names can not break out of a mail's HTML, nor a line of its text.
func TestNamesAreEscaped(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	sale := bought(nil)
	sale.Customer = &order.Customer{FirstName: "<script>alert(1)</script>\n\nhttps://evil.example", Email: "eva@kund.example"}
	e := o.effective(sale)
	f := o.book.FieldsOf(shop, sale, review.Link{Order: "A-1"}, "https://orders.nordlys.example/review/nordlys/x")
	l, err := o.book.Render(t.Context(), shop, e.Shop.Template.Value, review.KindShop, &e, f)
	if err != nil || strings.Contains(l.HTML, "<script") || !strings.Contains(l.Text, "Hello <script>alert(1)</script> https://evil.example,\n") {
		t.Errorf("%v\n%s", err, l.Text)
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add("Hej", textSource, htmlSource)
	f.Add("{{.Shop}}", "{{with $x := .Products}}{{end}}{{.Link}}{{.Unsubscribe}}", "<script>{{.Name}}</script>")
	f.Add("{{", "{{range .Products}}{{break}}{{end}}", "{{/* */}}<a href={{.Link}}")
	f.Add("{{((.Name))}}", "{{if and .Name (not .Test)}}{{- else -}}{{end}}{{$.Link}}", "{{.Products.X}}")
	f.Fuzz(func(t *testing.T, subject, text, html string) {
		o := newOffice(t)
		tpl := own("fuzz")
		tpl.Subject, tpl.Text, tpl.HTML = subject, text, html
		begun := time.Now()
		kept, err := o.book.PutTemplate(t.Context(), shop, tpl)
		if err != nil {
			var invalid *order.Invalid
			if !errors.As(err, &invalid) {
				t.Fatal(err)
			}
			return
		}
		if _, err := o.book.Preview(t.Context(), shop, kept.ID); err != nil {
			t.Errorf("accepted, and then: %v", err)
		}
		if time.Since(begun) > time.Minute {
			t.Error("without end")
		}
	})
}
