package config_test

import (
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/config"
)

func TestRetention(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load("testdata/full.yml", options())
	if err != nil {
		t.Fatal(err)
	}
	f := func(shop, kind string, days int, from string) {
		t.Helper()
		for _, k := range config.RetentionKinds() {
			if k.Name != kind {
				continue
			}
			if n, where := cfg.Kept(shop, k); n != days || where != from {
				t.Errorf("%s of %s: %d days by the %s", kind, shop, n, where)
			}
			return
		}
		t.Errorf("no kind %s", kind)
	}
	f("nordlys", config.RetainPersonal, 0, config.FromShop) // forever, against the hub
	f("nordlys", config.RetainEvents, 730, config.FromShop)
	f("another", config.RetainPersonal, 400, config.FromHub)
	f("another", config.RetainEvents, 0, config.FromHub)
	cfg.Retention = nil
	f("another", config.RetainCaptures, 7, config.FromDefault)
	f("another", config.RetainPersonal, 0, config.FromDefault)
}

func TestRetentionRefused(t *testing.T) {
	t.Parallel()
	f := func(line, want string) {
		t.Helper()
		_, err := config.Parse([]byte("retention: "+line+"\nshops: {a: {currency: SEK}}\n"), options())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", line, err)
		}
	}
	f("{events: 5}", "from 30 to 36500")
	f("{captures: 30}", "from 1 to 7")
	f("{captures: forever}", "whole number")
	f("{personal: never}", "whole number")
	f("{persons: 5}", "retention.persons")
}
