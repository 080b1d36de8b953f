package cli

import (
	"context"
	"fmt"

	"github.com/ordermux/ordermux/internal/api"
)

type actsCmd struct {
	pageFlags
	ofShop
	asJSON
}

// Run lists what people did by hand. --shop _hub lists what is about no shop.
func (c *actsCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	all := api.Acts{Acts: []api.Act{}}
	all.Next, err = c.pages(func(o api.ListOptions) (int, string, error) {
		page, err := client.Acts(ctx, shop, o)
		all.Acts = append(all.Acts, page.Acts...)
		return len(page.Acts), page.Next, err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(all)
	}
	if len(all.Acts) == 0 {
		fmt.Fprintln(env.Err, "nobody has done anything by hand at "+shop)
	}
	t := table(env.Out)
	row(t, "WHEN (UTC)", "WHO", "WHAT", "EVENT")
	for _, a := range all.Acts {
		row(t, at(a.At), a.By, a.Text, a.Seq)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return env.more(all.Next)
}
