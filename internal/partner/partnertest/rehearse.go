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

// print says what a hub keeps that a door can change; of what is long, how many
// there are. Jobs of promotions go on while somebody looks: only new ones count.
func (h *Hub) print() string {
	h.mu.Lock()
	kept := fmt.Sprint(h.seq, len(h.entries), len(h.log), len(h.noted), h.state, len(h.files),
		h.shelf.version, len(h.shelf.products), h.shelf.holds, h.shelf.taken, len(h.shelf.offers), h.shelf.outlets)
	h.mu.Unlock()
	h.promotionsLock.Lock()
	defer h.promotionsLock.Unlock()
	return fmt.Sprint(kept, len(h.promotionRows.jobs))
}
