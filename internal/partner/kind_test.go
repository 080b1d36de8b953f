package partner_test

import (
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/partner"
)

func TestNameOfCredential(t *testing.T) {
	t.Parallel()
	p := partner.Partner{Kinds: []partner.CredentialKind{{Of: "token", Most: 11, Names: []string{"Orders"}}, {Of: "client", Most: 10}}}
	f := func(of, name string, good bool) {
		t.Helper()
		if fault := p.Kind(of).NameFault(name); (fault == "") != good {
			t.Errorf("%s %q: %q", of, name, fault)
		}
	}
	// In people's own words, where names are offered.
	f("token", "Catalogue", true)
	f("token", "Pedidos: caja 2 (mañana) 100%", true)
	f("token", strings.Repeat("ñ", 100), true)
	f("token", strings.Repeat("ñ", 101), false)
	f("token", "", false)
	f("token", " Orders", false)
	f("token", "Orders ", false)
	f("token", "a/b", false)
	f("token", `a\b`, false)
	f("token", "..", false)
	f("token", "a\nb", false)
	f("token", "a\u202eb", false) // turns the direction of what follows
	f("token", "a\xffb", false)
	// Else a program's.
	for _, of := range []string{"client", "", "nobody"} {
		f(of, "erp-2", true)
		f(of, strings.Repeat("a", 64), true)
		f(of, strings.Repeat("a", 65), false)
		f(of, "Catalogue", false)
		f(of, "-erp", false)
		f(of, "", false)
	}
}
