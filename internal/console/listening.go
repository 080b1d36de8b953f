package console

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/capture"
)

func (c *Console) listeningPlaces() []place {
	const one = "/shops/{shop}/listening/{of}/{id}"
	return []place{
		{at: "GET /shops/{shop}/listening", do: c.listening},
		{at: "POST /shops/{shop}/listening", do: c.startListening, calls: []string{"POST /shops/{shop}/captures"}},
		{at: "GET " + one, do: c.listened},
		{at: "POST " + one, do: c.stopListening, calls: []string{"POST /shops/{shop}/captures/{id}/stop"}},
		{at: "GET " + one + "/export", do: c.exportListened, file: true},
	}
}

// Captures are of the page's shop, or of the hub: calls that nobody logged in
// for. Their paths say which.
const (
	ofShop = "shop"
	ofHub  = "hub"
)

// owner is the shop that the API knows the page's capture by.
func (v *visit) owner() string {
	if v.PathValue("of") == ofHub {
		return api.Hub
	}
	return v.PathValue("shop")
}

// listeningPage lists a shop's captures and starts one.
type listeningPage struct {
	Captures []listenedRow
	Form     listeningForm
	Refused  *refusal
}

type listenedRow struct {
	capture.Count        // of one that listens
	Of            string // as in the path
}

// listeningForm is what was typed.
type listeningForm struct {
	What          string // "door:NAME" or "route:NAME"
	Minutes       int
	Account, Gate string
	KeepPersonal  bool
	Nobody        bool
}

// hourlong is how long the form offers to listen, in minutes.
const hourlong = 60

func (c *Console) listening(v *visit) error {
	return v.showListening(listeningPage{Form: listeningForm{Minutes: hourlong}})
}

func (v *visit) showListening(p listeningPage) error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	for _, of := range []string{ofShop, ofHub} {
		owner := shop.ID
		if of == ofHub {
			owner = api.Hub
		}
		list, err := v.hub.Captures(v.Context(), owner)
		if err != nil {
			return err
		}
		for _, one := range list.Captures {
			row := listenedRow{Count: capture.Count{Capture: one}, Of: of}
			if one.Listening {
				if row.Count, err = v.hub.CaptureCount(v.Context(), owner, one.ID); err != nil {
					return err
				}
			}
			p.Captures = append(p.Captures, row)
		}
	}
	return v.show(p.Refused.status(), "listening", "listening.title", p)
}

func (c *Console) startListening(v *visit) error {
	f := listeningForm{
		What: v.PostFormValue("what"), Account: v.typed("account"), Gate: v.typed("gate"), KeepPersonal: v.ticked("keep_personal"), Nobody: v.ticked("nobody"),
	}
	f.Minutes, _ = strconv.Atoi(v.typed("minutes")) // the API refuses what is no number
	spec := capture.Spec{Seconds: int64(f.Minutes) * 60, Account: f.Account, Gate: f.Gate, KeepPersonal: f.KeepPersonal}
	switch kind, name, _ := strings.Cut(f.What, ":"); kind {
	case "door":
		spec.Door = name
	case "route":
		spec.Route = name
	}
	owner, of := v.PathValue("shop"), ofShop
	if f.Nobody {
		owner, of = api.Hub, ofHub
	}
	made, err := v.hub.StartCapture(v.Context(), owner, spec)
	if r := refusalOf(err); r != nil {
		return v.showListening(listeningPage{Form: f, Refused: r})
	}
	if err != nil {
		return err
	}
	return v.done(shopPath(v.PathValue("shop"), "listening", of, made.ID), "listening.started", f.Minutes)
}

// listenedPage is one capture with its speed report.
type listenedPage struct {
	capture.Count
	Of      string
	Report  *capture.Report // nil: not made
	Drawing *drawing
}

// A report reads every call. Of many calls it is made when somebody asks for
// it; of few it is live.
const (
	reportAtOnce = 5000
	reportLive   = 500
	mostDots     = 1500
)

func (c *Console) listened(v *visit) error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	p := listenedPage{Of: v.PathValue("of")}
	id := v.PathValue("id")
	if p.Count, err = v.hub.CaptureCount(v.Context(), v.owner(), id); err != nil {
		return err
	}
	most := int64(reportAtOnce)
	if v.live != nil {
		most = reportLive
	}
	asked := v.URL.Query().Has("report") && v.live == nil
	if p.Recorded > 0 && (p.Recorded <= most || asked) {
		report, err := v.hub.DrawnCapture(v.Context(), v.owner(), id, mostDots)
		if err != nil {
			return err
		}
		p.Report, p.Drawing = &report, draw(&report, zoneOf(shop))
	}
	return v.show(http.StatusOK, "listened", "listening.title", p)
}

// Follows reports whether the report is a live part of the page.
func (p listenedPage) Follows() bool { return p.Capture.Listening && p.Recorded <= reportLive }

func (c *Console) stopListening(v *visit) error {
	if _, err := v.hub.StopCapture(v.Context(), v.owner(), v.PathValue("id")); err != nil {
		return err
	}
	return v.done(v.URL.Path, "listening.stopped", 0)
}

func (c *Console) exportListened(v *visit) error {
	form, kind := capture.ZIP, "application/zip"
	if v.URL.Query().Get("format") == capture.HAR {
		form, kind = capture.HAR, "application/json"
	}
	id := v.PathValue("id")
	found, err := v.hub.CaptureCount(v.Context(), v.owner(), id)
	if err != nil {
		return err
	}
	return v.download("capture-"+found.Capture.ID+"."+form, kind, func(w io.Writer) error {
		return v.hub.ExportCapture(v.Context(), v.owner(), id, form, w)
	})
}
