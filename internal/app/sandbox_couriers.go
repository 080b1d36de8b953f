package app

import (
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/shipping"
)

// The well-known couriers of a sandbox, by their numbers: one for all of the
// EU, one that can be followed, one that needs a point to be named.
const (
	SandboxParcels = 1
	SandboxDPD     = 5
	SandboxPoints  = 9
)

// union are the countries of the European Union.
var union = []string{
	"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL",
	"PL", "PT", "RO", "SE", "SI", "SK",
}

func sandboxCouriers() []shipping.Courier {
	euro := func(cents int64) order.Money { return order.FromInt(cents, 2) }
	kilos := func(n int64) order.Decimal { return order.FromInt(n, 0) }
	return []shipping.Courier{
		{
			Key: "parcel", ID: SandboxParcels, Name: "Parcel service", Company: "post", Countries: union, MaxWeight: kilos(30),
			Prices: []shipping.Price{{Country: "PL", Price: euro(590)}, {UpTo: kilos(5), Price: euro(1290)}, {Price: euro(1990)}},
		},
		{
			Key: "dpd", ID: SandboxDPD, Name: "DPD", Company: "dpd", Countries: []string{"PL", "SE", "DE"}, MaxWeight: kilos(31),
			CutOff: "14:00", Prices: []shipping.Price{{Country: "PL", Price: euro(450)}, {Price: euro(990)}},
			Tracking: "https://tracking.sandbox.example/dpd/{parcel}",
		},
		{
			Key: "points", ID: SandboxPoints, Name: "Pickup points", Company: "points", Countries: []string{"PL"}, MaxWeight: kilos(25),
			MaxValue: euro(500000), PickupPoints: true, Payments: []string{"prepaid", "tradecredit"}, Prices: []shipping.Price{{Price: euro(350)}},
			Tracking: "https://tracking.sandbox.example/points/{parcel}",
		},
	}
}
