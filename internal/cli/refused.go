package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/ordermux/ordermux/internal/api"
)

type refusedCmd struct {
	Door  string `help:"Those of this door: a partner, api, in (a route's receiver), files or sftp (users whom no door has)." placeholder:"DOOR"`
	Limit int    `help:"How many to print, at most 500." default:"50" placeholder:"N"`
	ofShop
	asJSON
}

// Run lists calls that were refused. --shop _hub lists those of callers that
// nobody knows.
func (c *refusedCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	list, err := client.Refused(ctx, shop, c.Door, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(list)
	}
	if len(list.Calls) == 0 {
		hint := ""
		if shop != api.Hub {
			hint = "; --shop " + api.Hub + " lists those of callers that nobody knows"
		}
		fmt.Fprintln(env.Err, "no call was refused in the last seven days"+hint)
	}
	t := table(env.Out)
	row(t, "LAST (UTC)", "COUNT", "DOOR", "CALL", "STATUS", "WHO", "WHY")
	for _, r := range list.Calls {
		who := r.Name
		if who != "" && !r.Proved {
			who += " (not proved)"
		}
		status := "" // SFTP has none
		if r.Status != 0 {
			status = strconv.Itoa(r.Status)
		}
		row(t, at(r.At), r.Count, r.Door, r.Method+" "+r.Path, status, who, r.Reason)
	}
	return t.Flush()
}
