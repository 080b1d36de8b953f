package cli

import (
	"cmp"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/cause"
	"github.com/ordermux/ordermux/internal/delivery"
)

// actFlags are those of acts on many: count first, then go on.
type actFlags struct {
	DryRun bool `help:"Show what would happen, and do nothing."`
	Yes    bool `help:"Do not ask." short:"y"`
}

// rangeFlags choose a piece of the past.
type rangeFlags struct {
	Order   []string  `help:"These orders." placeholder:"ID"`
	From    time.Time `help:"Accepted at or after (RFC 3339, or a day in UTC)." placeholder:"TIME"`
	To      time.Time `help:"Accepted at or before." placeholder:"TIME"`
	FromSeq int64     `help:"From this event on." placeholder:"SEQ"`
	ToSeq   int64     `help:"Up to this event." placeholder:"SEQ"`
	All     bool      `help:"Everything there is."`
}

func (f rangeFlags) selection() api.Selection {
	return api.Selection{Orders: f.Order, From: f.From, To: f.To, FromSeq: f.FromSeq, ToSeq: f.ToSeq, All: f.All}
}

// listFlags choose deliveries.
type listFlags struct {
	Route string   `help:"Of this route." placeholder:"NAME"`
	State []string `help:"In these states." placeholder:"STATE"`
	Code  string   `help:"With this outcome, such as http_400." placeholder:"CODE"`
	Cause string   `help:"Stuck for this cause, as stuck names it; in place of --code." placeholder:"CAUSE"`
	Order []string `help:"Of these orders." placeholder:"ID"`
	All   bool     `help:"All of them."`
}

func (f listFlags) selection() api.Selection {
	s := api.Selection{Route: f.Route, Code: f.Code, Cause: cause.Cause(f.Cause), Orders: f.Order, All: f.All}
	for _, st := range f.State {
		s.States = append(s.States, delivery.State(st))
	}
	return s
}

// act counts first, asks, and then does it.
func (f actFlags) act(env *Env, asJSON bool, s api.Selection, verb string, do func(api.Selection) (api.Acted, error)) error {
	if !s.All && s.String() == "" {
		return usagef("say which: by --order, a time, a state …, or --all")
	}
	s.DryRun = true
	preview, err := do(s)
	if err != nil {
		return err
	}
	switch {
	case f.DryRun && asJSON:
		return env.printJSON(preview)
	case f.DryRun:
		return printVerdicts(env, verb, preview)
	case preview.Count > 0:
		if err := env.confirm(f.Yes, "%d would be %s", preview.Count, verb); err != nil {
			return err
		}
	}
	s.DryRun = false
	acted, err := do(s)
	if err != nil {
		return err
	}
	if asJSON {
		return env.printJSON(acted)
	}
	if acted.Count == 0 {
		fmt.Fprintln(env.Err, "nothing fits what was chosen; ordermux routes, ordermux stuck and ordermux deliveries list what there is")
	}
	_, err = fmt.Fprintf(env.Out, "%d %s\n", acted.Count, verb)
	return err
}

func printVerdicts(env *Env, verb string, a api.Acted) error {
	fmt.Fprintf(env.Out, "%d would be %s\n", a.Count, verb)
	t := table(env.Out)
	for _, v := range a.Verdicts {
		row(t, "  "+cmp.Or(cell(v.Route), "-"), v.Order, fmt.Sprintf("#%d", v.Seq), v.Action, short(v.Reason, 80), short(v.Body, 120))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if rest := a.Count - int64(len(a.Verdicts)); rest > 0 && len(a.Verdicts) > 0 {
		fmt.Fprintf(env.Out, "  … and %d more\n", rest)
	}
	return nil
}
