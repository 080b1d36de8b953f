package idosell

import (
	"slices"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/partner"
)

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	f := func(of, name, value string, complaints int) {
		t.Helper()
		i := slices.IndexFunc(Partner.Settings, func(f partner.Field) bool { return f.Door && f.Of == of && f.Name == name })
		if got := Partner.Settings[i].Check(value); len(got) != complaints {
			t.Errorf("%s %q: got %q", name, value, got)
		}
	}
	f("", fieldDialect, "{}", 0)
	f("", fieldDialect, `{"codes":{"nope":1,"order":0}}`, 2)
	f("", "opening_hours", "1=08:00-16:00", 0)
	f("", "opening_hours", "7 = 08:00 - 16:30", 0)
	for _, bad := range []string{"", "1", "0=08:00-16:00", "8=08:00-16:00", "12=08:00-16:00", "1=8:00-16:00", "1=08:00", "1=16:00-08:00", "1=08:00-25:00"} {
		f("", "opening_hours", bad, 1)
	}
	f("", "supplier_country", "PL", 0)
	f("", "supplier_country", "pl", 1)
	f(ofAccount, "billing_country", "Polska", 1)
	f(ofAccount, fieldLogin, "sklep-abc", 0)
	f(ofAccount, fieldLogin, " sklep", 1)
	f(ofAccount, fieldLogin, strings.Repeat("x", 101), 1)
}

func TestRouteSettingsAreChecked(t *testing.T) {
	t.Parallel()
	f := func(name, value string, complaints int) {
		t.Helper()
		i := slices.IndexFunc(Partner.Settings, func(f partner.Field) bool { return f.Route && f.Name == name })
		if got := Partner.Settings[i].Check(value); len(got) != complaints {
			t.Errorf("%s %q: got %q", name, value, got)
		}
	}
	f("couriers", "home=5", 0)
	f("couriers", "a=b = 5", 0)
	f("couriers", "*=1", 0)
	for _, bad := range []string{"", "home", "home:5", "home=DPD", "home=0", "=5"} {
		f("couriers", bad, 1)
	}
	f("tracking", "*=https://t.example/{parcel}", 0)
	for _, bad := range []string{"https://t.example/{parcel}", "5=https://t.example/", "x=https://t.example/{parcel}", "5=t.example/{parcel}"} {
		f("tracking", bad, 1)
	}
	f("endpoint", standardEndpoint, 0)
	f("endpoint", "{base}/{method}", 1)
	f("zone", "Europe/Warsaw", 0)
	f("zone", "Warszawa", 1)
	f("billing_country", "pl", 0)
	f("billing_country", "Polska", 1)
	f(fieldLogin, "a\n", 1)
}
