package cli

import "context"

type nodesCmd struct {
	remote
	asJSON
}

// Run prints the nodes, and which of them runs with another configuration.
func (c *nodesCmd) Run(ctx context.Context, env *Env) error {
	client, err := c.client(env)
	if err != nil {
		return err
	}
	list, err := client.Nodes(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(list)
	}
	t := table(env.Out)
	row(t, "NODE", "STATE", "SHOPS", "VERSION", "CONFIGURATION", "STARTED (UTC)", "LAST HEARD (UTC)")
	for _, n := range list.Nodes {
		row(t, n.Name, n.State, n.Shops, n.Version, n.Configuration, at(n.Started), at(n.Beat))
	}
	return t.Flush()
}
