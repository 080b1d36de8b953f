package api

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/ordermux/ordermux/internal/capture"
)

// Captures listen to doors and routes. Methods that name a capture return
// order.ErrNotFound for an unknown one.
type Captures interface {
	// Start begins to listen. *order.Invalid for what can not be listened to.
	Start(ctx context.Context, shop, by string, s capture.Spec) (capture.Capture, error)
	Stop(ctx context.Context, shop, id string) (capture.Capture, error)
	List(ctx context.Context, shop string) ([]capture.Capture, error)
	Find(ctx context.Context, shop, id string) (capture.Capture, error)
	Report(ctx context.Context, shop, id string) (*capture.Report, error)
	Count(ctx context.Context, shop, id string) (capture.Count, error)
	// Export writes a capture in the form capture.ZIP or capture.HAR.
	Export(ctx context.Context, shop, id, form string, w io.Writer) error
}

// CaptureList is the list of a shop's captures, newest first.
type CaptureList struct {
	Captures []capture.Capture `json:"captures"`
}

// defaultListening is how long a capture listens, in seconds, if nobody says.
const defaultListening = 3600

// withCaptures runs an endpoint where the hub can listen.
func withCaptures(do func(a *API, r *request) (any, error)) func(a *API, r *request) (any, error) {
	return func(a *API, r *request) (any, error) {
		if a.Captures == nil {
			return nil, problemf(http.StatusNotFound, "this hub has no captures")
		}
		return do(a, r)
	}
}

func startCapture(a *API, r *request) (any, error) {
	s := capture.Spec{Seconds: defaultListening}
	if err := readJSON(r.Request, &s); err != nil {
		return nil, err
	}
	c, err := a.Captures.Start(r.Context(), r.shop, r.grant.Name, s)
	if err != nil {
		return nil, err
	}
	detail := "door=" + c.Door
	if c.Route != "" {
		detail = "route=" + c.Route
	}
	if c.KeepPersonal {
		detail += " keep_personal"
	}
	a.record(r, "start", "capture "+c.ID, detail)
	return created{c}, nil
}

func stopCapture(a *API, r *request) (any, error) {
	c, err := a.Captures.Stop(r.Context(), r.shop, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	a.record(r, "stop", "capture "+c.ID, "")
	return c, nil
}

func listCaptures(a *API, r *request) (any, error) {
	list, err := a.Captures.List(r.Context(), r.shop)
	if list == nil {
		list = []capture.Capture{}
	}
	return CaptureList{Captures: list}, err
}

// showCapture reads every call; countCapture does not.
func showCapture(a *API, r *request) (any, error) {
	q := newQuery(r, "points")
	points := q.number("points")
	if points > capture.MostPoints {
		q.refuse("points", fmt.Sprintf("must be at most %d", capture.MostPoints))
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	report, err := a.Captures.Report(r.Context(), r.shop, r.PathValue("id"))
	if err == nil && points > 0 {
		report.Draw(int(points))
	}
	return report, err
}

func countCapture(a *API, r *request) (any, error) {
	return a.Captures.Count(r.Context(), r.shop, r.PathValue("id"))
}

func exportCapture(a *API, r *request) (any, error) {
	q := newQuery(r, "format")
	form := q.format(r, capture.ZIP, capture.HAR)
	if err := q.err(); err != nil {
		return nil, err
	}
	c, err := a.Captures.Find(r.Context(), r.shop, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if c.KeepPersonal && !r.grant.Scope.Covers(Operate) {
		return nil, problemf(http.StatusForbidden, "this capture keeps personal data: that needs a token with the scope %s; %q has %s", Operate, r.grant.Name, r.grant.Scope)
	}
	return export{form: form, name: "capture-" + c.ID, write: func(w io.Writer) error {
		return a.Captures.Export(r.Context(), r.shop, c.ID, form, w)
	}}, nil
}

// StartCapture begins to listen to a door or route.
func (c *Client) StartCapture(ctx context.Context, shop string, s capture.Spec) (out capture.Capture, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "captures"), s, &out)
}

// StopCapture ends a capture before its time.
func (c *Client) StopCapture(ctx context.Context, shop, id string) (out capture.Capture, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "captures", id, "stop"), nil, &out)
}

// Captures lists the captures of a shop, newest first.
func (c *Client) Captures(ctx context.Context, shop string) (out CaptureList, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "captures"), nil, &out)
}

// Capture returns the speed report of a capture.
func (c *Client) Capture(ctx context.Context, shop, id string) (out capture.Report, err error) {
	return c.DrawnCapture(ctx, shop, id, 0)
}

// DrawnCapture returns it with at most so many points for a picture.
func (c *Client) DrawnCapture(ctx context.Context, shop, id string, points int) (out capture.Report, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "captures", id)+parameters("points", points), nil, &out)
}

// CaptureCount says how many calls a capture has by now.
func (c *Client) CaptureCount(ctx context.Context, shop, id string) (out capture.Count, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "captures", id, "count"), nil, &out)
}

// ExportCapture writes a capture as "zip" or "har".
func (c *Client) ExportCapture(ctx context.Context, shop, id, form string, w io.Writer) error {
	return c.export(ctx, path(shop, "captures", id, "export")+parameters("format", form), form, w)
}
