package soap_test

import (
	"path/filepath"
	"testing"

	"github.com/ordermux/ordermux/internal/soap"
)

// stable encodes a value as SOAP and JSON, and wants to read it back.
func stable(t *testing.T, v soap.Value, typ *soap.Type) {
	t.Helper()
	o := &soap.Operation{Name: "placeOrder", Request: typ}
	if text := soap.AppendJSON(nil, v, typ); len(text) <= soap.MaxBytes {
		w, err := soap.DecodeJSON(text, typ)
		if err == nil && !w.Equal(v) {
			t.Fatalf("JSON %s makes %+v of %+v", text, w, v)
		}
	}
	body, err := soap.EncodeRequest(o, v)
	if err != nil || len(body) > soap.MaxBytes {
		return // a name that XML can not have, a value that grew too deep
	}
	m, err := soap.Parse(body)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	w, err := m.Decode(typ)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	again, err := soap.EncodeRequest(o, w)
	if err != nil || string(again) != string(body) {
		t.Fatalf("%s\nbecomes\n%s (%v)", body, again, err)
	}
}

func types() []*soap.Type {
	return []*soap.Type{nil, placeOrder().Request, authenticate().Request}
}

// FuzzParse: no message makes a panic; what is read can be written and read
// again, whatever type it was read as.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*/*.xml")
	more, _ := filepath.Glob("testdata/*.xml")
	for _, file := range append(files, more...) {
		f.Add(mustRead(f, file))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := soap.Parse(body)
		if err != nil {
			return
		}
		for _, typ := range types() {
			if v, err := m.Decode(typ); err == nil {
				stable(t, v, typ)
			}
		}
	})
}

// FuzzDecodeJSON: the same for JSON.
func FuzzDecodeJSON(f *testing.F) {
	files, _ := filepath.Glob("testdata/wild/*.json")
	for _, file := range files {
		f.Add(mustRead(f, file))
	}
	f.Add([]byte(fullRequest))
	f.Add([]byte(`{"params":{"products":{"0":{},"1":[]},"item":{"item":[{"key":"a","value":"b"}]}}}`))
	f.Add([]byte(`{"item":{"key":"a","value":"b"},"a":{"item":1},"b":[{"key":"k","value":null}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, typ := range types() {
			if v, err := soap.DecodeJSON(text, typ); err == nil {
				stable(t, v, typ)
			}
		}
	})
}
