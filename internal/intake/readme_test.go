package intake_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/intake"
)

// TestReadmeIsComplete looks for every key and field in README.md.
func TestReadmeIsComplete(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	has := func(word string) {
		if !strings.Contains(string(text), "`"+word+"`") {
			t.Errorf("README.md does not name `%s`", word)
		}
	}
	for typ := range reflect.TypeFor[intake.Mapping]().Fields() {
		if key := typ.Tag.Get("yaml"); key != "" {
			has(key)
		}
	}
	for _, name := range intake.Fields() {
		for _, family := range []string{"recipient.", "billing.", "line.product."} {
			name = strings.TrimPrefix(name, family)
		}
		has(name)
	}
}
