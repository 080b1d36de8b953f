package rehearsal_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/promotion"
	"github.com/ordermux/ordermux/internal/rehearsal"
)

// TestBelow: a door makes addresses of itself out of what it was asked by.
func TestBelow(t *testing.T) {
	t.Parallel()
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.URL.Path + " " + r.RequestURI + " " + r.Host))
	})
	for below, want := range map[string]string{
		"":          "/v1/x /v1/x?y=1 hub.example",
		"/skeepers": "/v1/x /skeepers/v1/x?y=1 hub.example",
	} {
		got, err := rehearsal.Ask(t.Context(), echo, rehearsal.Call{Method: http.MethodGet, Below: below, Path: "/v1/x?y=1", Host: "hub.example"})
		if err != nil || string(got.Body) != want {
			t.Errorf("below %q: %q, want %q (%v)", below, got.Body, want, err)
		}
	}
}

// TestPromotionIsQueued: its job has an id of the form that real ones have, and can
// be asked for.
func TestPromotionIsQueued(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 31, 9, 0, 0, 0, time.UTC)
	var none struct{ partner.Promotions }
	p := rehearsal.New(partner.Deps{Promotions: none, Now: func() time.Time { return now }}, nil).Deps().Promotions
	req := &promotion.Request{
		Header: promotion.Header{Name: "May", Start: order.At(now), End: order.At(now.AddDate(0, 0, 1)), Type: promotion.Strikethrough, Reason: promotion.Trading},
		Stores: []string{"s-1"}, Inactive: true,
	}
	j, err := p.Put(t.Context(), "nordlys", req, nil)
	if err != nil {
		t.Fatal(err)
	}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	if real := promotion.NewID(1); !uuid.MatchString(real) || !uuid.MatchString(j.ID) {
		t.Errorf("job %s, a real one %s", j.ID, real)
	}
	if again, err := p.Job(t.Context(), "nordlys", j.ID); err != nil || again.State != promotion.Queued || !again.Created.Equal(now) {
		t.Errorf("%+v %v", again, err)
	}
}
