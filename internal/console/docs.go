package console

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	swagger "github.com/swaggest/swgui/v5/static"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/rehearsal"
	"github.com/ordermux/ordermux/internal/user"
)

// Document describes an API that the hub answers.
type Document struct {
	Name, Title string
	OpenAPI     []byte // JSON
	// Address is where clients reach it, without a slash at its end; Path where it
	// begins on the hub's main address ("/citrusad"; "": it has the whole of it).
	Address func() string
	Path    string
}

// ErrUnsimulated is the error of rehearsing a call of which it can not be said
// what it would do without doing it.
var ErrUnsimulated = errors.New("the call can not be simulated")

// docsPage shows the APIs, and one of them.
type docsPage struct {
	List  []Document
	One   *Document
	Whole bool // whoever looks may see what would be kept and sent
}

func (c *Console) docsPlaces() []place {
	return []place{
		{at: "GET /docs", do: c.docs, open: true},
		{at: "GET /docs/{api}", do: c.docsOf, open: true},
		{at: "GET /docs/{api}/openapi.json", do: c.openAPI, file: true, open: true},
		{at: "GET /static/swagger/{file}", do: c.docsFile, file: true, open: true},
		{at: "POST /docs/{api}/rehearse", do: c.rehearse, open: true, takes: 20 << 20},
	}
}

// known finds out who looks at a page that is open to everybody.
func (v *visit) known() error {
	s, err := v.session()
	if err != nil || s == nil {
		return err
	}
	v.user, v.lang = &s.User, v.c.texts.Choose(s.User.Language, v.Request)
	v.hub, err = v.as(&s.User)
	return err
}

func (c *Console) docs(v *visit) error {
	if err := v.known(); err != nil {
		return err
	}
	return v.show(http.StatusOK, "docs", "docs.title", docsPage{List: c.Documents})
}

func (c *Console) document(name string) *Document {
	i := slices.IndexFunc(c.Documents, func(d Document) bool { return d.Name == name })
	if i < 0 {
		return nil
	}
	return &c.Documents[i]
}

// docsPolicy is that of the pages that hold Swagger UI, which draws its signs
// from data addresses.
var docsPolicy = strings.Replace(policy, "img-src 'self'", "img-src 'self' data:", 1)

func (c *Console) docsOf(v *visit) error {
	d := c.document(v.PathValue("api"))
	if d == nil {
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	if err := v.known(); err != nil {
		return err
	}
	v.w.Header().Set("Content-Security-Policy", docsPolicy)
	p := docsPage{List: c.Documents, One: d, Whole: v.sees()}
	return v.show(http.StatusOK, "docs", "docs.title", p)
}

// sees reports whether somebody who may see orders looks.
func (v *visit) sees() bool { return v.user != nil && v.user.Role != user.Viewer }

// openAPI is a document with the hub's own addresses.
func (c *Console) openAPI(v *visit) error {
	d := c.document(v.PathValue("api"))
	if d == nil {
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	var doc map[string]json.Value
	if err := json.Unmarshal(d.OpenAPI, &doc); err != nil {
		return fmt.Errorf("document of %s: %w", d.Name, err)
	}
	servers, err := json.Marshal([]map[string]string{{"url": d.Address()}})
	if err != nil {
		return err
	}
	doc["servers"] = servers
	b, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json")
	v.w.Header().Set("Cache-Control", "no-store")
	_, _ = v.w.Write(b)
	return nil
}

// docsFile hands out the files of Swagger UI, which its module holds packed.
func (c *Console) docsFile(v *visit) error {
	name := v.PathValue("file")
	types := map[string]string{"swagger-ui-bundle.js": "text/javascript; charset=utf-8", "swagger-ui.css": "text/css; charset=utf-8"}
	b, err := swagger.FS.ReadFile(name + ".gz")
	if err != nil || types[name] == "" {
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	h := v.w.Header()
	h.Set("Content-Type", types[name])
	h.Set("Content-Encoding", "gzip")
	h.Set("Cache-Control", "public, max-age=86400")
	_, _ = v.w.Write(b)
	return nil
}

// Rehearsed is what a door would answer, and what routes would do with what it
// would keep.
type Rehearsed struct {
	Answer rehearsal.Answer
	Routes []api.Verdict
}

// rehearsed is what the page is told of a call.
type rehearsed struct {
	Status int                 `json:"status"`
	Header map[string][]string `json:"header"`
	Body   string              `json:"body"`
	Base64 bool                `json:"base64,omitzero"` // the body is no text
	Events []api.Event         `json:"events,omitzero"` // for those who may see them
	Routes []api.Verdict       `json:"routes,omitzero"` // the same
}

// longestRehearsal bounds a call that would go on for ever, such as one that
// follows the log.
const longestRehearsal = 30 * time.Second

// rehearse answers as a door would, and keeps nothing.
func (c *Console) rehearse(v *visit) error {
	d := c.document(v.PathValue("api"))
	if d == nil {
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	if err := v.known(); err != nil {
		return err
	}
	call, err := v.rehearsalCall(d)
	if err != nil {
		return v.refuseRehearsal(err)
	}
	ctx, cancel := context.WithTimeout(v.Context(), longestRehearsal)
	defer cancel()
	said, err := c.Rehearse(ctx, d.Name, call, v.sees())
	if err != nil {
		return v.refuseRehearsal(err)
	}
	answer := said.Answer
	out := rehearsed{Status: answer.Status, Header: answer.Header, Body: string(answer.Body)}
	if !utf8.Valid(answer.Body) {
		out.Body, out.Base64 = base64.StdEncoding.EncodeToString(answer.Body), true
	}
	if v.sees() {
		out.Events, out.Routes = api.EventsOf(answer.Events), said.Routes
	}
	return v.answerJSON(http.StatusOK, out)
}

func (v *visit) rehearsalCall(d *Document) (rehearsal.Call, error) {
	var in struct {
		Method string              `json:"method"`
		Path   string              `json:"path"`
		Header map[string][]string `json:"header"`
		Body   []byte              `json:"body"` // base64
	}
	b, err := json.ReadAll(v.Body, 20<<20)
	if err != nil {
		return rehearsal.Call{}, err
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return rehearsal.Call{}, err
	}
	host, below := "", ""
	if u, err := url.Parse(d.Address()); err == nil {
		host = u.Host
		if strings.HasSuffix(u.Path, d.Path) { // else the door has an address of its own
			below = d.Path
		}
	}
	return rehearsal.Call{Method: in.Method, Below: below, Path: in.Path, Header: in.Header, Body: in.Body, Remote: v.RemoteAddr, Host: host}, nil
}

// refuseRehearsal says why there was none.
func (v *visit) refuseRehearsal(err error) error {
	var bad *order.Invalid
	status, text := http.StatusInternalServerError, v.c.texts.Say(v.lang, "error.ours")
	switch {
	case errors.As(err, &bad):
		status, text = http.StatusUnprocessableEntity, bad.Error()
	case errors.Is(err, context.Canceled):
		return nil
	case errors.Is(err, ErrUnsimulated):
		status, text = http.StatusUnprocessableEntity, v.c.texts.Say(v.lang, "docs.unsimulated")
	case errors.Is(err, rehearsal.ErrLong):
		status, text = http.StatusUnprocessableEntity, v.c.texts.Say(v.lang, "docs.long")
	default:
		v.c.Log.ErrorContext(v.Context(), "rehearse", "path", v.Pattern, "error", err)
	}
	return v.answerJSON(status, map[string]string{"error": text})
}

func (v *visit) answerJSON(status int, out any) error {
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json")
	v.w.Header().Set("Cache-Control", "no-store")
	v.w.WriteHeader(status)
	_, _ = bytes.NewReader(b).WriteTo(v.w)
	return nil
}
