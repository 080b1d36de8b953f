package partnertest

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"testing"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/rehearsal"
)

// rehearse holds what a rehearsal of a call answers against what the door has to
// answer, and the hub against what it was before.
func rehearse(t *testing.T, p partner.Partner, hub *Hub, request message, path string, vars map[string]string) {
	t.Helper()
	r, err := request.request(vars)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	was := hub.print()
	answer, err := rehearsal.Run(t.Context(), p.Door, hub.Deps(p), nil, rehearsal.Call{
		Method: r.Method, Path: r.RequestURI, Header: r.Header, Body: body, Remote: r.RemoteAddr, Host: r.Host,
	})
	if err != nil {
		t.Errorf("%s: rehearsed: %v", path, err)
		return
	}
	if now := hub.print(); now != was {
		t.Errorf("%s: a rehearsal leaves something: %s, it was %s", path, now, was)
	}
	got := message{first: fmt.Sprintf("HTTP/1.1 %d %s", answer.Status, http.StatusText(answer.Status)), header: answer.Header, body: string(answer.Body)}
	if err := compareFile(t, path, got, maps.Clone(vars)); err != nil {
		t.Errorf("%s: rehearsed: %v", path, err)
	}
}

// print says how much is kept, and what of it a door can change.
func (h *Hub) print() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return fmt.Sprint(h.seq, len(h.entries), len(h.log), h.state)
}
