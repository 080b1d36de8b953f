package deliveryhero

// brands are those that the API is known to serve, at
// https://BRAND.partner.deliveryhero.io (seen 2026). The first is the default.
// What they differ in stands in the vendor's pages: the use cases of
// qcommerce.developer.glovoapp.com have ACCEPTED, and READY_FOR_PICKUP as the
// confirmation of a vendor delivery's DISPATCHED; those of developer.pedidosya.com
// and developer.foodpanda.com have neither (seen 2026). The others are taken to
// be as those (inferred).
var brands = []brand{
	{Name: "pedidosya"},
	{Name: "foodpanda"},
	{Name: "foodora"},
	{Name: "yemeksepeti"},
	{Name: "hungerstation"},
	{Name: "talabat"},
	{Name: "glovo", Accepts: true, ConfirmsReady: true},
}

// brand says how a platform's brand differs from the others.
type brand struct {
	Name string
	// Accepts: PUT takes ACCEPTED for vendor delivery.
	Accepts bool
	// ConfirmsReady: what is told after a PUT of DISPATCHED for vendor delivery
	// is READY_FOR_PICKUP instead.
	ConfirmsReady bool
}

func brandNames() []string {
	out := make([]string, len(brands))
	for i, b := range brands {
		out[i] = b.Name
	}
	return out
}

// brandOf returns a brand by its name; one that nobody knows is like the first.
func brandOf(name string) brand {
	for _, b := range brands {
		if b.Name == name {
			return b
		}
	}
	return brands[0]
}
