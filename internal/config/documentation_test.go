package config

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/partner"
)

// TestDocumentation compares the documented keys with those the reader asks
// for in a file that uses every part.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/full.yml")
	if err != nil {
		t.Fatal(err)
	}
	none := func(partner.Deps) (partner.Side, error) { return partner.Side{}, nil }
	route := func(partner.Deps, partner.Settings) (partner.Side, error) { return partner.Side{}, nil }
	c := &checker{
		opts: Options{
			Dir: "testdata", Getenv: os.LookupEnv,
			Partners: []partner.Partner{{Name: "citrusad", Door: none, Route: route}, {Name: "webhook", Route: route}},
		},
		visited: map[string]bool{}, lines: map[string]int{}, credentials: map[string]string{},
	}
	root, ok := c.document(data)
	if !ok {
		t.Fatal(c.complaints)
	}
	c.readHub(root, Default())
	// tls: needs real files, so the full file has none.
	visited := map[string]bool{"tls.cert": true, "tls.key": true}
	maps.Copy(visited, c.visited)

	var documented []string
	for _, d := range Documentation() {
		if d.Text == "" || strings.HasSuffix(d.Text, ".") {
			t.Errorf("%s: the text is empty or ends with a full stop", d.Path)
		}
		documented = append(documented, d.Path)
	}
	slices.Sort(documented)
	if d := cmp.Diff(slices.Sorted(maps.Keys(visited)), documented); d != "" {
		t.Errorf("documented (+) and read (-) differ:\n%s", d)
	}
}
