// Package all is the one explicit list of partners.
package all

import (
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/citrusad"
	"github.com/ordermux/ordermux/internal/partner/deliveryhero"
	"github.com/ordermux/ordermux/internal/partner/idosell"
	"github.com/ordermux/ordermux/internal/partner/mail"
	"github.com/ordermux/ordermux/internal/partner/skeepers"
	"github.com/ordermux/ordermux/internal/partner/trustpilot"
	"github.com/ordermux/ordermux/internal/partner/webhook"
)

// List returns every partner, in the sequence in which people see them.
func List() []partner.Partner {
	return []partner.Partner{
		citrusad.Partner,
		deliveryhero.Partner,
		idosell.Partner,
		mail.Partner,
		skeepers.Partner,
		trustpilot.Partner,
		webhook.Partner,
	}
}

// Find returns the partner of that name.
func Find(name string) (partner.Partner, bool) {
	for _, p := range List() {
		if p.Name == name {
			return p, true
		}
	}
	return partner.Partner{}, false
}
