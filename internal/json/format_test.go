package json_test

import (
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/json"
)

func TestCompactAndIndent(t *testing.T) {
	t.Parallel()
	const text = ` { "b" : 1.00 , "a" : [ "x y\u00e9\/" , 1E2, -0 ] } `
	const want = `{"b":1.00,"a":["x y\u00e9\/",1E2,-0]}`
	if got, err := json.Compact([]byte(text)); err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	if got := string(json.AppendCompact([]byte("x"), []byte(text))); got != "x"+want {
		t.Error(got)
	}
	if got, err := json.Indent([]byte(`{"a":[1.00]}`)); err != nil || string(got) != "{\n  \"a\": [\n    1.00\n  ]\n}" {
		t.Errorf("%s, %v", got, err)
	}
	if !json.Equal([]byte(text), []byte(want)) || json.Equal([]byte(`{"a":1.0}`), []byte(`{"a":1}`)) || json.Equal([]byte(`"a b"`), []byte(`"ab"`)) {
		t.Error("Equal")
	}
	for _, bad := range []string{``, `{`, `{"a":1,"a":2}`, "\"\xff\"", `1 2`, `NaN`} {
		if json.Valid([]byte(bad)) {
			t.Errorf("%q is valid", bad)
		}
		if _, err := json.Compact([]byte(bad)); err == nil {
			t.Errorf("%q is compacted", bad)
		}
	}
}

func TestMarshalIsDeterministic(t *testing.T) {
	t.Parallel()
	v := map[string]any{"b": 1, "a": []string{"<&>"}, "c": json.Value(` { "x" : 1.00 } `), "d": nil}
	const want = `{"a":["<&>"],"b":1,"c":{"x":1.00},"d":null}`
	for range 20 {
		if got, err := json.Marshal(v); err != nil || string(got) != want {
			t.Fatalf("%s, %v", got, err)
		}
	}
	if got, err := json.MarshalAppend([]byte("x"), v); err != nil || string(got) != "x"+want {
		t.Errorf("%s, %v", got, err)
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	for range 2 {
		if err := json.MarshalEncode(e, v); err != nil {
			t.Fatal(err)
		}
	}
	if b.String() != want+"\n"+want+"\n" {
		t.Error(b.String())
	}
	for _, token := range []json.Token{json.BeginArray, json.String("a"), json.Int(-3), json.Bool(true), json.Null, json.EndArray} {
		if err := e.WriteToken(token); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.HasSuffix(b.String(), "\n[\"a\",-3,true,null]\n") {
		t.Error(b.String())
	}
	if _, err := json.Marshal(func() {}); err == nil {
		t.Error("a function has JSON")
	}
}

func TestCheckText(t *testing.T) {
	t.Parallel()
	f := func(text string, good bool) {
		t.Helper()
		if err := json.CheckText([]byte(text)); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
		if err := json.CheckInput([]byte(text)); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
	f(`{"a":"b\tc\r\nd\\u0000\u0009\u000A\u000d\u0020\u00e9\u2028\"\/"}`, true)
	f("{\n\t\"a\":\r1}", true)
	f(`"\u0000"`, false)
	f(`"\\\u0001"`, false)
	f(`"\u007f"`, false)
	f(`"\b"`, false)
	f(`"\\b"`, true)
	f(`"\f"`, false)
	f(`{"\u0000":1}`, false)
	f("\"\x7f\"", false)
	f("\"\x01\"", false)
	// only strings count for the depth
	if err := json.CheckInput([]byte(`"` + strings.Repeat("[", 100) + `"`)); err != nil {
		t.Error(err)
	}
	if err := json.CheckInput([]byte(strings.Repeat("[]", 100))); err != nil {
		t.Error(err)
	}
	if err := json.CheckText([]byte(strings.Repeat("[", 100))); err != nil {
		t.Error(err)
	}
}
