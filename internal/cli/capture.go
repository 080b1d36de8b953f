package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/capture"
)

type captureCmd struct {
	Start  captureStartCmd  `cmd:"" help:"Begin to listen; it ends by itself."`
	Stop   captureStopCmd   `cmd:"" help:"End a capture before its time."`
	List   captureListCmd   `cmd:"" help:"List captures, newest first."`
	Show   captureShowCmd   `cmd:"" help:"Print the speed report."`
	Export captureExportCmd `cmd:"" help:"Write reports and calls to a file."`
}

type captureStartCmd struct {
	Door         string        `help:"Listen to this partner's door." xor:"what" required:"" placeholder:"PARTNER"`
	Route        string        `help:"Listen to this route." xor:"what" required:"" placeholder:"NAME"`
	For          time.Duration `help:"How long, at most 24h." default:"1h" placeholder:"1h"`
	Account      string        `help:"Only calls with the credential, or the account, of this name." placeholder:"NAME"`
	Gate         string        `help:"Only paths that begin so (/v1/orders), or only this gate, or gate and method, of the partner's API (Dropshipping/placeOrder)." placeholder:"GATE"`
	KeepPersonal bool          `help:"Keep personal data; without it, names, addresses, mail and phones are taken out."`
	ofShop
	asJSON
}

// Run begins to listen. --shop _hub hears calls that nobody logged in for.
func (c *captureStartCmd) Run(ctx context.Context, env *Env) error {
	if c.For < time.Second || c.For > capture.MaxTime {
		return usagef("--for: from 1s to 24h")
	}
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	made, err := client.StartCapture(ctx, shop, capture.Spec{
		Door: c.Door, Route: c.Route, Seconds: int64(c.For / time.Second), Account: c.Account, Gate: c.Gate, KeepPersonal: c.KeepPersonal,
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(made)
	}
	fmt.Fprintf(env.Err, "listening until %s UTC; ordermux capture show %s\n", at(made.Until), made.ID)
	_, err = fmt.Fprintln(env.Out, made.ID)
	return err
}

type captureStopCmd struct {
	ID string `arg:"" help:"Id of the capture." placeholder:"ID"`
	ofShop
}

// Run ends a capture.
func (c *captureStopCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	if _, err := client.StopCapture(ctx, shop, c.ID); err != nil {
		return noCapture(err, c.ID, shop)
	}
	fmt.Fprintf(env.Out, "capture %s has ended\n", c.ID)
	return nil
}

func noCapture(err error, id, shop string) error {
	return notFound(err, "capture %s is not known at shop %s", id, shop)
}

type captureListCmd struct {
	ofShop
	asJSON
}

// Run lists the captures of a shop.
func (c *captureListCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	list, err := client.Captures(ctx, shop)
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(list)
	}
	t := table(env.Out)
	row(t, "ID", "DOOR", "ROUTE", "ACCOUNT", "GATE", "STARTED (UTC)", "UNTIL", "STATE", "BY")
	for _, one := range list.Captures {
		state := "ended"
		if one.Listening {
			state = "listening"
		}
		row(t, one.ID, one.Door, one.Route, one.Account, one.Gate, at(one.Started), at(one.Until), state, one.By)
	}
	return t.Flush()
}

type captureShowCmd struct {
	ID string `arg:"" help:"Id of the capture." placeholder:"ID"`
	ofShop
	asJSON
}

// Run prints the speed report of a capture.
func (c *captureShowCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	report, err := client.Capture(ctx, shop, c.ID)
	if err != nil {
		return noCapture(err, c.ID, shop)
	}
	if c.JSON {
		return env.printJSON(report)
	}
	what := "door " + report.Capture.Door
	if report.Capture.Route != "" {
		what = "route " + report.Capture.Route
	}
	state := "ended"
	if report.Capture.Listening {
		state = "listening until"
	}
	fmt.Fprintf(env.Out, "%s of shop %s, from %s UTC, %s %s: %d recorded, %d dropped\n",
		what, report.Capture.Shop, at(report.Capture.Started), state, at(report.Capture.Until), report.Recorded, report.Dropped)
	t := table(env.Out)
	row(t, "GATE", "METHOD", "CALLS", "FAULTS", "MIN MS", "MEAN MS", "P95 MS", "MAX MS", "TOTAL MS", "REQUEST BYTES", "ANSWER BYTES")
	for _, r := range report.Rows {
		speedRow(t, r.Gate, r)
	}
	speedRow(t, "total", report.Total)
	return t.Flush()
}

type captureExportCmd struct {
	ID   string `arg:"" help:"Id of the capture." placeholder:"ID"`
	File string `arg:"" help:"File to be written; it must not exist." placeholder:"FILE.zip"`
	HAR  bool   `help:"Write HAR 1.2 instead of a ZIP." name:"har"`
	ofShop
}

// Run writes a capture to a file that only its owner can read.
func (c *captureExportCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = c.write(ctx, client, shop, f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(c.File) // half a file helps nobody
		return noCapture(err, c.ID, shop)
	}
	fmt.Fprintf(env.Err, "written to %s\n", c.File)
	return nil
}

func (c *captureExportCmd) write(ctx context.Context, client *api.Client, shop string, f *os.File) error {
	form := capture.ZIP
	if c.HAR {
		form = capture.HAR
	}
	return client.ExportCapture(ctx, shop, c.ID, form, f)
}

func speedRow(w *grid, gate string, r capture.Row) {
	row(w, gate, r.Method, r.Calls, r.Faults, r.MinMS, r.MeanMS, r.P95MS, r.MaxMS, r.TotalMS, r.RequestBytes, r.ResponseBytes)
}
