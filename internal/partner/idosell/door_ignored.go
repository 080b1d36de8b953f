package idosell

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/soap"
)

// mostIgnored is how many fields an answer names that changed nothing.
const mostIgnored = 20

// ignored returns the paths, as the caller wrote them, of the fields of params
// that the operation does not have. Those that would mark an order as paid,
// sent or cancelled are logged: a customer's account has no such right.
func (x *exchange) ignored(c *call) (paths []string) {
	keys := slices.Concat(loginNames, systemNames, sessionNames, panelNames)
	beyond := false
	strange(c.params, c.op.params, "params", func(path, name string) {
		if path == "params."+name && slices.Contains(keys, name) {
			return
		}
		beyond = beyond || reserved(name)
		if len(paths) < mostIgnored {
			paths = append(paths, x.dialect.spoken[x.op].request.wirePath(path))
		}
	})
	if beyond {
		x.log.WarnContext(x.r.Context(), "a customer sent fields that only the wholesaler decides; they changed nothing",
			"shop", c.account.Shop, "account", c.account.Name, "method", c.op.method, "fields", paths)
	}
	return paths
}

// strange calls f for the members of v, at a path, that t does not have.
func strange(v soap.Value, t *soap.Type, path string, f func(path, name string)) {
	switch {
	case t == nil:
	case t.Class == soap.Array:
		for i, item := range v.Items() {
			strange(item, t.Item, path+"["+strconv.Itoa(i)+"]", f)
		}
	case t.Class == soap.Struct:
		for _, m := range v.Members() {
			i := slices.IndexFunc(t.Fields, func(f soap.Field) bool { return f.Name == m.Name })
			if i < 0 {
				f(join(path, shown(m.Name)), m.Name)
				continue
			}
			strange(m.Value, t.Fields[i].Type, join(path, m.Name), f)
		}
	}
}

// reserved reports whether a field that no operation has would be about
// payment, status or dispatch.
func reserved(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"status", "paid", "payment", "prepaid", "dispatch", "package", "cancel", "shipped"},
		func(word string) bool { return strings.Contains(name, word) })
}
