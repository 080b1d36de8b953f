package idosell

import (
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/soap"
)

// call is one call of a customer, as its handler sees it.
type call struct {
	op      *operation
	request soap.Value     // whole, in canonical names; fields that op does not have too
	params  soap.Value     // an Object of op.params, likewise
	account partner.Grant  // who calls; of Authenticate: zero. Its Account is the login
	panel   partner.Grant  // whose dropshippingKey was given: the settings of the wholesaler
	session string         // id of the session: no secret, at most 40 characters of [A-Za-z0-9_-]
	zone    *time.Location // of dates and times without an offset
	lang    language
}

// newCall reads what a request says beside the keys.
func newCall(op *operation, request soap.Value, lang language) *call {
	c := &call{op: op, request: request, params: request.At("params"), lang: lang}
	if c.params.Kind() != soap.Object {
		c.params = soap.ObjectOf()
	}
	return c
}

// key is a value of the block authenticate, which callers also write into
// params or beside both, under any of these names; "": none.
func (c *call) key(names ...string) string {
	for _, in := range []soap.Value{c.request.At("authenticate"), c.request.At("params"), c.request} {
		for _, name := range names {
			if s := strings.TrimSpace(in.At(name).Text()); s != "" {
				return s
			}
		}
	}
	return ""
}

// The names under which callers write the keys; the first is the sheet's.
var (
	loginNames   = []string{"systemLogin", "login", "userLogin", "clientLogin", "system_login"}
	systemNames  = []string{"systemKey", "authenticateKey", "system_key"}
	sessionNames = []string{"sessionKey"}
	panelNames   = []string{"dropshippingKey"}
)
