package app

import (
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/json"
)

// What of a refused call is kept: enough to understand it.
const (
	mostSaid     = 4 << 10 // bytes of an answer that are looked at
	mostSentence = 300     // characters
	mostPath     = 200
	mostSegment  = 48
	mostNames    = 12 // of the query
)

// causeOf says in one word why a call was refused.
func causeOf(w *statusWriter) api.Cause {
	if w.denied {
		return api.CauseCredentials
	}
	switch w.status {
	case http.StatusUnauthorized:
		return api.CauseCredentials
	case http.StatusForbidden:
		return api.CauseForbidden
	case http.StatusNotFound, http.StatusGone:
		return api.CauseUnknown
	case http.StatusMethodNotAllowed:
		return api.CauseMethod
	case http.StatusConflict:
		return api.CauseConflict
	case http.StatusRequestEntityTooLarge:
		return api.CauseTooLarge
	case http.StatusUnsupportedMediaType:
		return api.CauseType
	case http.StatusTooManyRequests:
		return api.CauseTooMany
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return api.CauseMalformed
	}
	if w.status >= 500 && w.fault == "" {
		return api.CauseOurs
	}
	return api.CauseSaid
}

var faultStrings = regexp.MustCompile(`(?is)<(?:[\w.-]+:)?faultstring[^>]*>([^<]+)<`)

// sentence finds the words for people in an answer of ours, whatever its
// dialect, without what the caller presented; "": there are none.
func sentence(said []byte, presented string) string {
	text := strings.TrimSpace(strings.ToValidUTF8(string(said), ""))
	switch {
	case strings.HasPrefix(text, "{"):
		var body map[string]any
		if json.Unmarshal([]byte(text), &body) == nil {
			text = spoken(body, 3)
		}
	case strings.HasPrefix(text, "<"):
		found := faultStrings.FindStringSubmatch(text)
		if found == nil {
			return ""
		}
		text = xmlText.Replace(found[1])
	}
	if len(presented) > 3 {
		text = strings.ReplaceAll(text, presented, hidden)
	}
	return plainText(text, mostSentence)
}

var xmlText = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#34;", `"`, "&apos;", "'", "&#39;", "'", "&amp;", "&")

// sentences are what members that speak to people are called, the most telling
// first; within are those that may hold one of them.
var (
	sentences = []string{"detail", "details", "error_description", "faultstring", "message", "reason", "description", "error", "title"}
	within    = []string{"error", "fault", "errors", "result", "response"}
)

// spoken finds the words in a body, or deep levels within it. Names are compared
// in whatever letters.
func spoken(body map[string]any, deep int) string {
	low := make(map[string]any, len(body))
	for name, v := range body {
		low[strings.ToLower(name)] = v
	}
	for _, name := range sentences {
		if s, ok := low[name].(string); ok && s != "" {
			return s
		}
	}
	if deep == 0 {
		return ""
	}
	for _, name := range within {
		v := low[name]
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		if inner, ok := v.(map[string]any); ok {
			if s := spoken(inner, deep-1); s != "" {
				return s
			}
		}
	}
	return ""
}

// plainText masks a text, and cuts it; signs that do not show are blanks.
func plainText(s string, most int) string {
	s = strings.Join(strings.FieldsFunc(s, func(c rune) bool { return unicode.IsSpace(c) || !unicode.IsPrint(c) }), " ")
	s = maskText(s)
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

// maskPath is an address as it can be shown: of the query the names, and nothing
// that could be a secret or somebody's address.
func maskPath(u *url.URL) string {
	segments := strings.Split(u.Path, "/")
	for i, s := range segments {
		segments[i] = maskSegment(s)
	}
	path := plainText(strings.Join(segments, "/"), mostPath)
	if u.RawQuery == "" {
		return path
	}
	var names []string
	for name := range u.Query() {
		names = append(names, maskWord(name))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > mostNames {
		names = append(names[:mostNames], "…")
	}
	return path + "?" + strings.Join(names, "&")
}

// secretLooks is what keys and tokens look like; a UUID is an id.
var (
	secretLooks = regexp.MustCompile(`^[A-Za-z0-9._~+=-]{28,}$`)
	uuidLooks   = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

func maskSegment(s string) string {
	switch {
	case strings.Contains(s, "@") || len(s) > mostSegment || secretLooks.MatchString(s) && !uuidLooks.MatchString(s):
		return hidden
	}
	return s
}

// maskWord is a name that strangers give, if it is a plain one.
func maskWord(s string) string {
	if len(s) > mostSegment || strings.ContainsFunc(s, func(c rune) bool {
		return !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.ContainsRune("-_.[]:", c))
	}) {
		return "?"
	}
	return s
}

// networkOf is where a caller is, roughly: enough for him to know himself, too
// little to know a person.
func networkOf(address string) string {
	p, err := netip.ParseAddrPort(address)
	if err != nil {
		return ""
	}
	a := p.Addr().Unmap().WithZone("")
	bits := 24
	if a.Is6() {
		bits = 48
	}
	n, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return n.String()
}

// shopOfPath is the shop that a path of our API names; "": none.
func shopOfPath(path string) string {
	_, rest, ok := strings.Cut(path, "/api/v1/shops/")
	if !ok {
		return ""
	}
	shop, _, _ := strings.Cut(rest, "/")
	return shop
}
