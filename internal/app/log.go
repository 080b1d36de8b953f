package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"regexp"
	"strings"
)

// NewLog returns a log that never shows a secret or a mail address, whatever
// it is given. format is "json" or "text".
func NewLog(w io.Writer, level slog.Level, format string) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level, ReplaceAttr: maskAttr}
	out := &gather{w: w}
	if format == "json" {
		return slog.New(withRequest{slog.NewJSONHandler(out, opts), out})
	}
	return slog.New(withRequest{slog.NewTextHandler(out, opts), out})
}

// summary is the message of the line that sums a call up.
const summary = "call"

// withRequest adds the id of the request that a line belongs to.
type withRequest struct {
	slog.Handler
	out *gather
}

func (h withRequest) Handle(ctx context.Context, r slog.Record) error {
	if c := callOf(ctx); c != nil {
		r.AddAttrs(slog.String("request", c.id))
	}
	err := h.Handler.Handle(ctx, r)
	if r.Message == summary && r.Level <= slog.LevelInfo {
		return err
	}
	return errors.Join(err, h.out.flush())
}

func (h withRequest) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withRequest{h.Handler.WithAttrs(attrs), h.out}
}

func (h withRequest) WithGroup(name string) slog.Handler {
	return withRequest{h.Handler.WithGroup(name), h.out}
}

const hidden = "***"

// maskAttr is the last look at what is logged. The code that logs leaves
// secrets and personal data out by itself; this catches what slips through in
// other people's error texts.
func maskAttr(_ []string, a slog.Attr) slog.Attr {
	if secretNames[strings.ToLower(a.Key)] {
		return slog.String(a.Key, hidden)
	}
	switch a.Value.Kind() {
	case slog.KindString:
		if s := a.Value.String(); suspicious(s) {
			return slog.String(a.Key, maskText(s))
		}
	case slog.KindAny:
		if err, ok := a.Value.Any().(error); ok {
			return slog.String(a.Key, maskText(err.Error()))
		}
	}
	return a
}

// secretNames are keys whose values are never shown.
var secretNames = map[string]bool{
	"password": true, "secret": true, "token": true, "authorization": true, "api_key": true, "apikey": true,
	"cookie": true, "set-cookie": true, "email": true, "phone": true, "customer": true, "recipient": true,
}

// suspicious is a cheap look that lets most texts pass without an expression.
func suspicious(s string) bool {
	return strings.ContainsAny(s, "=@") || strings.Contains(s, "asic ") || strings.Contains(s, "earer ")
}

var (
	secretPairs = regexp.MustCompile(`(?i)\b((?:api_?|publishable_?|secret_?)?key|token|code|password|secret)=[^&\s"']+`)
	credentials = regexp.MustCompile(`(?i)\b(basic|bearer)\s+[A-Za-z0-9._~+/=-]{6,}`)
	userInfo    = regexp.MustCompile(`://[^/\s@]+@`)
	addresses   = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`)
)

// maskText hides secrets and mail addresses inside a text.
func maskText(s string) string {
	s = secretPairs.ReplaceAllString(s, "$1="+hidden)
	s = credentials.ReplaceAllString(s, "$1 "+hidden)
	s = userInfo.ReplaceAllString(s, "://"+hidden+"@")
	return addresses.ReplaceAllString(s, hidden)
}
