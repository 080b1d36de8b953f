package app_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/secret"
)

func TestLogMasks(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log := app.NewLog(&out, slog.LevelInfo, format)
		log.Info("call to https://anna:hunter2@shop.example/x?key=k-hush&page=2",
			"error", errors.New(`Get "https://a.example/v1?apikey=a-hush&token=t-hush": refused`),
			"password", "p-hush", "header", "Authorization: Bearer b-hush-b", "raw", "Basic c-hush-c",
			"text", secret.New("s-hush"), "mail", "to anna@nordlys.example", slog.Group("customer", "name", "x"),
			"kept", "a=b, page=2")
		for _, never := range []string{"hush", "hunter2", "anna@"} {
			if strings.Contains(out.String(), never) {
				t.Errorf("%s: %q is in %s", format, never, out.String())
			}
		}
		for _, kept := range []string{"page=2", "a=b", "shop.example/x"} {
			if !strings.Contains(out.String(), kept) {
				t.Errorf("%s: %q is missing in %s", format, kept, out.String())
			}
		}
	}
}
