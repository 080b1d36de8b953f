package partnertest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// Player plays the partner of a route that speaks no HTTP, in one case.
type Player interface {
	// Fill returns the values of the placeholders in the settings.
	Fill() map[string]string
	// Got returns what came, as text, in sequence.
	Got() []string
}

// RunRouteBy runs every case below dir against a route that speaks no HTTP.
// Play starts what plays the partner, and may change the hub; path is the
// case's folder. What came is compared with 1.request.txt, 2.request.txt …
func RunRouteBy(t *testing.T, p partner.Partner, dir string, play func(t *testing.T, hub *Hub, path string) Player) {
	t.Helper()
	cases(t, dir, func(t *testing.T, path string, c Case) {
		hub := NewHub(c.clock())
		player, vars := play(t, hub, path), map[string]string{}
		for name, v := range c.Settings {
			c.Settings[name] = json.Value(fill(string(v), player.Fill()))
		}
		side := NewRoute(t, p, hub, "", c.Settings)
		tasks := Tasks(readList[order.Order](t, filepath.Join(path, "order.json"))...)
		compareOutcomes(t, filepath.Join(path, "outcome.json"), side.Deliver(t.Context(), tasks), len(tasks), vars)
		compareTexts(t, path, player.Got(), vars)
	})
}

func compareTexts(t *testing.T, path string, got []string, vars map[string]string) {
	t.Helper()
	for n := 1; ; n++ {
		file := filepath.Join(path, fmt.Sprintf("%d.request.txt", n))
		want, err := os.ReadFile(file)
		missing := errors.Is(err, fs.ErrNotExist)
		switch {
		case err != nil && !missing:
			t.Fatal(err)
		case n > len(got) && missing:
			return
		case n > len(got):
			t.Errorf("%s was not sent", file)
		case missing && updating(path):
			writeFile(t, file, []byte(got[n-1]))
		case missing:
			t.Errorf("%s is missing; run with -update", file)
		default:
			if err := match(string(want), got[n-1], vars); err != nil && updating(path) {
				writeFile(t, file, []byte(got[n-1]))
			} else if err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}
