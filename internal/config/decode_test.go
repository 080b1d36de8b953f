package config_test

import (
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/config"
)

func TestDecodeYAML(t *testing.T) {
	t.Parallel()
	type target struct {
		Columns map[string]string `yaml:"columns"`
		Header  *bool             `yaml:"header"`
	}
	var got target
	if err := config.DecodeYAML([]byte("columns: {Invoice: order.id}\nheader: false\n"), &got); err != nil {
		t.Fatal(err)
	}
	if got.Columns["Invoice"] != "order.id" || got.Header == nil || *got.Header {
		t.Errorf("%+v", got)
	}
	f := func(text, want string) {
		t.Helper()
		err := config.DecodeYAML([]byte(text), &target{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	f("header: true\ncolumn: {}\n", "line 2: unknown field")
	f("header: maybe\n", "line 1: ")
	f("header: true\nheader: false\n", "line 2: ")
	f("columns: [\n", "line ")
}
