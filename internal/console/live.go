package console

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
)

// A template whose name begins with live- is a part of its page that is sent
// again when it has changed. The page holds it as
//
//	<div data-live="live-routes">{{template "live-routes" .}}</div>
//
// and needs no other code: whoever looks has the page made again for him every
// second, as himself, and is sent what became of its parts.
const livePrefix = "live-"

// liveParts collects the parts of a page, by name.
type liveParts map[string]string

type liveKey struct{}

const (
	liveEvery = time.Second
	liveFor   = 30 * time.Minute // then the browser asks anew
	liveFails = time.Minute      // of a trouble of ours: then the page says it
)

func (c *Console) livePlaces() []place {
	return []place{{at: "GET /live", do: c.live, file: true}}
}

// live answers with server-sent events: "part" with {"name", "html"} for each
// part of the page ?at= that changed, "over" when the page can be seen no more.
func (c *Console) live(v *visit) error {
	at, err := url.Parse(local(v.URL.Query().Get("at")))
	if err != nil {
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	out := http.NewResponseController(v.w)
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("Cache-Control", "no-store")
	v.w.Header().Set("X-Accel-Buffering", "no") // a proxy before us would hold the events back
	ctx, cancel := context.WithTimeout(v.Context(), liveFor)
	defer cancel()
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	was, worked := liveParts{}, time.Now()
	for {
		now, status := c.partsOf(v.WithContext(ctx), at)
		_ = out.SetWriteDeadline(time.Now().Add(10 * liveEvery)) // making it may have taken long
		switch {
		case ctx.Err() != nil:
			return nil
		case status == http.StatusOK:
			worked = time.Now()
		case status >= 500 && time.Since(worked) < liveFails:
			now = was
		default:
			_, _ = v.w.Write([]byte("event: over\ndata: {}\n\n"))
			return out.Flush()
		}
		if v.sendParts(was, now) != nil || out.Flush() != nil {
			return nil // nobody looks any more
		}
		was = now
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if c.Stopping != nil && c.Stopping() {
				return nil
			}
		}
	}
}

// sendParts sends what differs, and something in any case: a browser that went
// away is seen by it.
func (v *visit) sendParts(was, now liveParts) error {
	var b bytes.Buffer
	b.WriteString(": \n\n")
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if was[name] == now[name] {
			continue
		}
		text, err := json.Marshal(map[string]string{"name": name, "html": now[name]})
		if err != nil {
			return err
		}
		b.WriteString("event: part\ndata: ")
		b.Write(text)
		b.WriteString("\n\n")
	}
	_, err := v.w.Write(b.Bytes())
	return err
}

// partsOf makes a page for whoever sent r, and returns its status: another one
// than 200 where he may not see it (any more), or it is no page.
func (c *Console) partsOf(r *http.Request, at *url.URL) (liveParts, int) {
	parts := liveParts{}
	r = r.Clone(context.WithValue(r.Context(), liveKey{}, parts))
	r.URL, r.RequestURI, r.Pattern = at, at.RequestURI(), ""
	a := &nowhere{header: http.Header{}}
	c.mux.ServeHTTP(a, r)
	return parts, a.status
}

// renderLive makes the live parts of a page instead of the page.
func (v *visit) renderLive(parts liveParts, name string, f frame) error {
	for _, t := range v.c.pages[v.lang].named[name].Templates() {
		if !strings.HasPrefix(t.Name(), livePrefix) {
			continue
		}
		var b bytes.Buffer
		if err := t.Execute(&b, f); err != nil {
			return err
		}
		parts[t.Name()] = b.String()
	}
	v.w.WriteHeader(http.StatusOK)
	return nil
}

// nowhere keeps the status of an answer alone.
type nowhere struct {
	header http.Header
	status int
}

func (n *nowhere) Header() http.Header { return n.header }

func (n *nowhere) WriteHeader(status int) {
	if n.status == 0 {
		n.status = status
	}
}

func (n *nowhere) Write(b []byte) (int, error) {
	n.WriteHeader(http.StatusOK)
	return len(b), nil
}
