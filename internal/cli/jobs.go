package cli

import (
	"context"
	"fmt"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/partner"
)

type jobsCmd struct {
	List jobsListCmd `cmd:"" default:"withargs" help:"List jobs, newest first."`
	Show jobsShowCmd `cmd:"" help:"Show a job, and what of it was refused."`
}

// jobsOf says whose jobs are meant.
type jobsOf struct {
	Partner string `help:"Those of this partner's door. Needless where one door only has jobs." placeholder:"PARTNER" xor:"jobs-of"`
	Route   string `help:"Those of this route." placeholder:"ROUTE" xor:"jobs-of"`
}

func (o *jobsOf) of() api.JobsOf { return api.JobsOf{Partner: o.Partner, Route: o.Route} }

// hint says where else to look, where nobody said whose jobs are meant.
func (o *jobsOf) hint() string {
	if o.Route != "" || o.Partner != "" {
		return ""
	}
	return " at the doors of partners; add --route ROUTE for those of a route"
}

type jobsListCmd struct {
	jobsOf
	pageFlags
	ofShop
	asJSON
}

// Run lists what a door or a route was asked to do.
func (c *jobsListCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	all := api.Jobs{Jobs: []partner.Job{}}
	all.Next, err = c.pages(func(o api.ListOptions) (int, string, error) {
		page, err := client.Jobs(ctx, shop, c.of(), o)
		all.Jobs = append(all.Jobs, page.Jobs...)
		return len(page.Jobs), page.Next, err
	})
	if err != nil {
		return unknownRoute(err, c.Route, shop)
	}
	if c.JSON {
		return env.printJSON(all)
	}
	if len(all.Jobs) == 0 {
		fmt.Fprintln(env.Err, "no jobs"+c.hint())
	}
	t := table(env.Out)
	row(t, "JOB", "CREATED (UTC)", "KIND", "STATE", "STORE", "TAKEN", "REFUSED", "BY", "NAME")
	for i := range all.Jobs {
		j := &all.Jobs[i]
		row(t, j.ID, at(j.Created), j.Kind, j.State, j.Store, j.Taken, j.Refused, j.By, short(j.Name, 40))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return env.more(all.Next)
}

type jobsShowCmd struct {
	ID string `arg:"" help:"The job's id." placeholder:"ID"`
	jobsOf
	ofShop
	asJSON
}

// Run shows a job with what was refused.
func (c *jobsShowCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	j, err := client.Job(ctx, shop, c.of(), c.ID)
	if err != nil {
		return notFound(err, "there is no job %s in shop %s%s", c.ID, shop, c.hint())
	}
	if c.JSON {
		return env.printJSON(j)
	}
	t := table(env.Out)
	for _, line := range [][2]any{
		{"id", j.ID}, {"kind", j.Kind}, {"state", j.State}, {"name", j.Name}, {"store", j.Store}, {"by", j.By}, {"reference", j.Ref},
		{"created", at(j.Created)}, {"updated", at(j.Updated)}, {"taken", j.Taken}, {"refused", j.Refused}, {"reason", j.Reason},
	} {
		if line[1] != "" {
			row(t, line[0], line[1])
		}
	}
	if err := t.Flush(); err != nil || len(j.Items) == 0 {
		return err
	}
	row(t)
	row(t, "LINE", "STORE", "SKU", "REASON")
	for _, item := range j.Items {
		line := any("")
		if item.Line > 0 {
			line = item.Line
		}
		row(t, line, item.Store, item.SKU, item.Reason)
	}
	if j.Cut {
		row(t, "", "", "", "… and more than is kept")
	}
	return t.Flush()
}
