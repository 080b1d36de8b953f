package idosell

import (
	"cmp"
	"context"

	"github.com/ordermux/ordermux/internal/shipping"
	"github.com/ordermux/ordermux/internal/soap"
)

// handleCouriers lists the couriers of the wholesaler.
func handleCouriers(_ context.Context, d *door, c *call) (soap.Value, error) {
	p, err := pageOf(c.params)
	if err != nil {
		return soap.Value{}, err
	}
	var all []shipping.Courier
	if d.deps.Couriers != nil {
		all = d.deps.Couriers(c.account.Shop)
	}
	items := []soap.Value{}
	for _, one := range cut(p, all) {
		items = append(items, soap.ObjectOf(courierMembers(one)...))
	}
	answer := soap.ObjectOf(p.members(items, len(all))...)
	if len(items) == 0 {
		return answer, &fault{code: codeEmpty}
	}
	return answer, nil
}

// courierMembers are what every list says of a courier.
func courierMembers(one shipping.Courier) []soap.Member {
	return []soap.Member{
		member("courierId", number(int64(one.ID))), member("courierName", soap.TextOf(one.Name)),
		member("companyKey", soap.TextOf(one.Company)), member("hasPickupPoints", yesNo(one.PickupPoints)),
	}
}

func yesNo(b bool) soap.Value {
	if b {
		return soap.TextOf("y")
	}
	return soap.TextOf("n")
}

// handleSupplierData says who the wholesaler is, by the panel's settings.
func handleSupplierData(_ context.Context, _ *door, c *call) (soap.Value, error) {
	says := func(setting string) soap.Value { return soap.TextOf(c.panel.Settings[setting].Text) }
	members := []soap.Member{
		member("supplierName", soap.TextOf(c.panel.Settings.TextOr("supplier_name", cmp.Or(c.panel.ShopName, c.panel.Shop)))),
		member("email", says("supplier_email")), member("phone", says("supplier_phone")), member("www", says("supplier_www")),
		member("street", says("supplier_street")), member("zipCode", says("supplier_zip")), member("city", says("supplier_city")),
		member("countryId", says("supplier_country")), member("openingHours", openingHours(c.panel.Settings["opening_hours"].List)),
	}
	if hours := c.panel.Settings["preparation_time"].Text; hours != "" {
		members = append(members, member("orderPreparationTime", soap.NumberOf(hours)))
	}
	return soap.ObjectOf(members...), nil
}

// openingHours are the elements of the setting; what is none was refused where
// it was read.
func openingHours(list []string) soap.Value {
	items := []soap.Value{}
	for _, s := range list {
		if h, ok := hoursOf(s); ok {
			items = append(items, soap.ObjectOf(member("weekday", soap.NumberOf(h.weekday)),
				member("opening", soap.TextOf(h.opening)), member("closing", soap.TextOf(h.closing))))
		}
	}
	return soap.ListOf(items...)
}
