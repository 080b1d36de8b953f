package delivery

// setup is a route as configured. Never changed once in force.
type setup struct {
	route *Route
	rules rules       // start is known to those in force
	conn  *connection // nil: not in force
}

func newSetup(r *Route, shared programs) (*setup, error) {
	made, err := compile(r, shared)
	return &setup{route: r, rules: rules{ruling: made}}, err
}

// policy is what the route does with outcomes.
func (c *setup) policy() policy { return newPolicy(c.route) }

// in returns the setup for the route as it stands in its shop.
func (c *setup) in(row *RouteRow, conn *connection) *setup {
	own := *c
	own.rules.start, own.conn = row.Start, conn
	return &own
}
