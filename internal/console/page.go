package console

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/console/text"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/user"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pages are the pages of one language, by name.
type pages struct{ named map[string]*template.Template }

// loaded is what every Console shows: it is the same for all of a process, and
// is read once, for that takes a good part of a second and many megabytes.
type loaded struct {
	texts *text.Catalogue
	pages map[string]*pages // by language
}

var loadOnce = sync.OnceValues(func() (l loaded, err error) {
	if l.texts, err = text.Load(); err == nil {
		l.pages, err = loadPages(l.texts)
	}
	return l, err
})

// loadPages reads every page in every language.
func loadPages(texts *text.Catalogue) (map[string]*pages, error) {
	files, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		return nil, err
	}
	out := map[string]*pages{}
	for _, lang := range text.Languages {
		p := &pages{named: map[string]*template.Template{}}
		for _, file := range files {
			name := strings.TrimSuffix(path.Base(file), ".html")
			if name == "layout" || name == "parts" {
				continue
			}
			t, err := template.New("layout.html").Funcs(functions(texts, lang)).ParseFS(pageFiles, "pages/layout.html", "pages/parts.html", file)
			if err != nil {
				return nil, err
			}
			p.named[name] = t.Option("missingkey=error")
		}
		out[lang] = p
	}
	return out, nil
}

// functions are what pages may call.
func functions(texts *text.Catalogue, lang string) template.FuncMap {
	return template.FuncMap{
		"t": func(key string, blanks ...any) (string, error) {
			list, err := blanksOf(blanks)
			return texts.Say(lang, key, list...), err
		},
		"word":   func(key string, value any) string { return word(texts, lang, key, fmt.Sprint(value)) },
		"number": func(n int64) string { return text.Number(lang, n) },
		"static": staticPath,
		"ago":    func(seconds float64) string { return ago(texts, lang, seconds) },
		"langs":  func() []string { return text.Languages },
		"roles":  user.Roles,
		"path":   shopPath,
	}
}

// word is the text of a word that sources choose from a list, or of their own:
// what no language knows stands for itself.
func word(texts *text.Catalogue, lang, key, value string) string {
	if !texts.Has(key + value) {
		return value
	}
	return texts.Say(lang, key+value)
}

// blanksOf reads name and value by turns.
func blanksOf(list []any) (out []text.Blank, err error) {
	if len(list)%2 != 0 {
		return nil, errors.New("a blank has a name and a value")
	}
	for i := 0; i < len(list); i += 2 {
		name, ok := list[i].(string)
		if !ok {
			return nil, fmt.Errorf("%v is no name of a blank", list[i])
		}
		out = append(out, text.Blank{Name: name, Value: list[i+1]})
	}
	return out, nil
}

// ago says a span of time in its greatest unit.
func ago(texts *text.Catalogue, lang string, seconds float64) string {
	units := []struct {
		key  string
		span float64
	}{{"ago.days", 86400}, {"ago.hours", 3600}, {"ago.minutes", 60}}
	for _, u := range units {
		if seconds >= u.span {
			return texts.Say(lang, u.key, text.Blank{Name: "n", Value: int(seconds / u.span)})
		}
	}
	return texts.Say(lang, "ago.seconds", text.Blank{Name: "n", Value: int(max(seconds, 0))})
}

// moment is a time in a shop's zone, with the offset.
func moment(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format("2006-01-02 15:04:05 -07:00")
}

// frame is what every page is given.
type frame struct {
	Lang, Title string // Title is a key
	User        *user.User
	Shops       []api.Shop
	Shop        string   // that the page is about; "": none
	In          api.Shop // the same, whole
	At          string   // the page's own path
	Done        string   // what an act came to; "": none was done
	Sandbox     bool
	Version     string
	Menu        menu
	Data        any
}

// Time is a time in the zone of the page's shop, with the offset; UTC where there
// is no shop.
func (f frame) Time(t time.Time) string { return moment(t, zoneOf(f.In)) }

// May reports whether whoever looks has at least a role.
func (f frame) May(role user.Role) bool {
	return f.User != nil && slices.Index(user.Roles(), f.User.Role) >= slices.Index(user.Roles(), role)
}

// show renders a page whole before anything is sent.
func (v *visit) show(status int, name, title string, data any) error {
	f := frame{Title: title, Shop: v.PathValue("shop"), Done: v.whatWasDone(), Data: data}
	if v.hub != nil {
		shops, err := v.hub.Shops(v.Context())
		if err != nil {
			return err
		}
		f.Shops = shops.Shops
		if i := slices.IndexFunc(f.Shops, func(s api.Shop) bool { return s.ID == f.Shop }); i >= 0 {
			f.In = f.Shops[i]
		}
	}
	return v.render(status, name, f)
}

func (v *visit) render(status int, name string, f frame) error {
	f.Lang, f.User, f.At, f.Sandbox, f.Version = v.lang, v.user, v.URL.Path, v.c.Sandbox, v.c.Version
	if v.live != nil {
		if status != http.StatusOK {
			v.w.WriteHeader(status)
			return nil
		}
		return v.renderLive(v.live, name, f)
	}
	if v.user != nil {
		f.Menu = v.c.menu(&f)
	}
	var b bytes.Buffer
	if err := v.c.pages[v.lang].named[name].Execute(&b, f); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.lang)
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Language, Cookie")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes())
	return nil
}

// told is an error as a page shows it.
type told struct{ Key, Detail string }

// fail shows that something did not work.
func (v *visit) fail(status int, key string) error { return v.tell(status, told{Key: key}) }

func (v *visit) tell(status int, t told) error {
	return v.render(status, "error", frame{Title: "error.title", Data: t})
}

// ends shows what a page's error means to whoever looks at it.
func (v *visit) ends(err error) {
	if err == nil {
		return
	}
	var problem *api.Problem
	var bad *order.Invalid
	switch {
	case errors.As(err, &problem) && problem.Status == http.StatusForbidden:
		err = v.fail(http.StatusForbidden, "error.forbidden")
	case errors.As(err, &problem) && problem.Status == http.StatusNotFound:
		err = v.fail(http.StatusNotFound, "error.notfound")
	case errors.As(err, &problem) && problem.Status == http.StatusServiceUnavailable && problem.Detail != order.ErrBusy.Error():
		err = v.tell(problem.Status, told{Detail: problem.Detail})
	case errors.Is(err, order.ErrBusy):
		v.c.Log.WarnContext(v.Context(), "console", "path", v.Pattern, "error", err)
		err = v.fail(http.StatusServiceUnavailable, "error.busy")
	case errors.As(err, &problem) && problem.Status < 500:
		err = v.tell(problem.Status, told{Detail: problem.Detail})
	case errors.As(err, &bad):
		err = v.tell(http.StatusUnprocessableEntity, told{Detail: bad.Error()})
	case v.Context().Err() != nil:
		return // nobody waits for the page any more
	default:
		v.c.Log.ErrorContext(v.Context(), "console", "path", v.Pattern, "error", err)
		err = v.fail(http.StatusInternalServerError, "error.ours")
	}
	if err != nil {
		v.c.Log.ErrorContext(v.Context(), "console", "path", v.Pattern, "error", err)
	}
}

// to sends the browser on after a form did what it should.
func (v *visit) to(path string) error {
	http.Redirect(v.w, v.Request, path, http.StatusSeeOther)
	return nil
}

// done sends the browser on, where it is told what was done: the text done.KEY,
// whose blank n is the number.
func (v *visit) done(path, key string, n int) error {
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	return v.to(path + mark + "done=" + url.QueryEscape(key) + "&n=" + strconv.Itoa(n))
}

// whatWasDone is the text for a page that done leads to.
func (v *visit) whatWasDone() string {
	q := v.URL.Query()
	key := "done." + q.Get("done")
	if key == "done." || !v.c.texts.Has(key) {
		return ""
	}
	n, _ := strconv.Atoi(q.Get("n"))
	return v.c.texts.Say(v.lang, key, text.Blank{Name: "n", Value: max(n, 0)})
}

// shopPath is the path of a shop's page.
func shopPath(shop string, parts ...string) string {
	p := "/shops/" + url.PathEscape(shop)
	for _, part := range parts {
		p += "/" + url.PathEscape(part)
	}
	return p
}
