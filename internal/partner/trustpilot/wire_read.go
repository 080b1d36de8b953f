package trustpilot

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// readBody reads a request's body whole. The ledger may hold it, so it is the
// caller's own.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := new(partner.Body).Read(w, r)
	switch err {
	case nil:
		return body, nil
	case partner.ErrBodyTooLarge:
		return nil, tooLarge()
	case partner.ErrBodyEncoding:
		return nil, wrongType()
	case partner.ErrBodyGzip:
		return nil, malformed("The body is not valid gzip.")
	}
	return nil, malformed("The body broke off.")
}

// media is the type of a request's body, without parameters.
func media(r *http.Request) string {
	text := r.Header.Get("Content-Type")
	if text == "application/json" || text == "" {
		return text
	}
	kind, _, err := mime.ParseMediaType(text)
	if err != nil {
		kind, _, _ = strings.Cut(text, ";")
	}
	return strings.ToLower(strings.TrimSpace(kind))
}

// isJSON reports whether a body says that it is JSON, or says nothing.
func isJSON(kind string) bool {
	return kind == "" || kind == "application/json" || kind == "text/json" ||
		strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json")
}

// readJSON reads a request's body into v and returns it without blanks. What
// is wrong with it is a *problem.
func readJSON(w http.ResponseWriter, r *http.Request, v any) ([]byte, error) {
	if !isJSON(media(r)) {
		return nil, wrongType()
	}
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	return compact(body), decode(body, v)
}

// decode reads a body strictly.
func decode(body []byte, v any) error {
	err := json.UnmarshalInput(body, v)
	if err == nil {
		return nil
	}
	if invalid, ok := json.Invalid(err); ok {
		return malformed(sentencesOf(invalid.Faults))
	}
	return err
}

// compact removes the blanks outside strings, if there are any. The body is
// valid or will not be used.
func compact(body []byte) []byte {
	for _, c := range body {
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			return order.AppendCompact(make([]byte, 0, len(body)), body)
		}
	}
	return body
}

// readLink reads the wish for a link, as JSON or as a form: an old client posts
// it so (https://github.com/ITScript/trustpilot-api, seen 2026).
func readLink(w http.ResponseWriter, r *http.Request) (l wireLink, err error) {
	kind := media(r)
	if isJSON(kind) {
		_, err = readJSON(w, r, &l)
		return l, err
	}
	if kind != "application/x-www-form-urlencoded" {
		return l, wrongType()
	}
	form, err := readForm(w, r)
	if err != nil {
		return l, err
	}
	l = wireLink{
		ReferenceID: loose(form.Get("referenceId")), Email: form.Get("email"), Name: form.Get("name"), Locale: form.Get("locale"),
		LocationID: form.Get("locationId"), RedirectURI: form.Get("redirectUri"),
	}
	l.Tags = formList(form, "tags")
	return l, nil
}

// formList is a list as forms spell it: repeated, tags[] or tags[0].
func formList(form url.Values, name string) []string {
	list := append(slices.Clone(form[name]), form[name+"[]"]...)
	for i := 0; ; i++ {
		more, ok := form[name+"["+strconv.Itoa(i)+"]"]
		if !ok {
			return list
		}
		list = append(list, more...)
	}
}

// readForm reads a form out of the body; the query is none of it. Texts that no
// JSON body could bring are refused here too.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(strings.TrimSpace(string(body)))
	if err != nil {
		return nil, malformed("The body is not a form.")
	}
	return form, nil
}
