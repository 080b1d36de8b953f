package json_test

import (
	"testing"

	"github.com/ordermux/ordermux/internal/json"
)

// FuzzCursor: what a cursor reads of a valid text is what the library reads.
func FuzzCursor(f *testing.F) {
	for _, text := range []string{
		`{"a":"b\u00e9\ud83d\ude00\"\\\/\n\t","c":[1,-2.5e3,true,false,null,{}],"":{"x":[[]]}}`, `[]`, `"x"`, `7`, `{"a":"\ud83d x"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want any
		if json.UnmarshalInput(text, &want) != nil {
			return
		}
		compact := string(json.AppendCompact(nil, text))
		c := json.NewCursor(compact)
		if got := c.Raw(); got != compact {
			t.Fatalf("raw %s of %s", got, compact)
		}
		c = json.NewCursor(compact)
		compareCursor(t, &c, want)
	})
}

func compareCursor(t *testing.T, c *json.Cursor, want any) {
	t.Helper()
	switch c.Kind() {
	case '{':
		members, _ := want.(map[string]any)
		n := 0
		for c.Open(); c.More(); n++ {
			name := c.Name()
			inner, ok := members[name]
			if !ok {
				t.Fatalf("name %q in %v", name, want)
			}
			compareCursor(t, c, inner)
		}
		if n != len(members) {
			t.Fatalf("%d members of %v", n, want)
		}
	case '[':
		list, _ := want.([]any)
		n := 0
		for c.Open(); c.More(); n++ {
			if n == len(list) {
				t.Fatalf("too many elements of %v", want)
			}
			compareCursor(t, c, list[n])
		}
		if n != len(list) {
			t.Fatalf("%d elements of %v", n, want)
		}
	case '"':
		if got := c.Text(); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	default:
		var got any
		if raw := c.Raw(); json.Unmarshal([]byte(raw), &got) != nil || got != want {
			t.Fatalf("%s, want %v", raw, want)
		}
	}
}

func TestCursorRest(t *testing.T) {
	t.Parallel()
	c := json.NewCursor(`[1,[2,"]"],{"a":3},4]`)
	c.Open()
	if !c.More() || c.Raw() != "1" || !c.More() {
		t.Fatal("first element")
	}
	c.Rest()
	if c.Kind() != 0 || c.More() {
		t.Error("something is left")
	}
}

func TestAppendText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": `""`, "Blue mug": `"Blue mug"`, "é\"\\\n<": `"é\"\\\n<"`, "a\xffb": "\"a\uFFFDb\"", "\x00\x7f": "\"\\u0000\x7f\"",
	} {
		if got := string(json.AppendText([]byte("x"), text)); got != "x"+want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
