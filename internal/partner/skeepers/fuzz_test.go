package skeepers

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// FuzzPHP: what PHP may have serialised becomes JSON or is refused.
func FuzzPHP(f *testing.F) {
	for _, text := range []string{
		`a:2:{s:5:"query";s:4:"push";i:0;a:1:{s:1:"a";N;}}`, `b:1;`, `i:-7;`, `d:1.5;`, `d:INF;`, `N;`, `s:1:"é";`, "s:1:\"\xe9\";",
		`O:8:"stdClass":0:{}`, `a:1:{i:0;R:1;}`, `a:99999999999:{}`, `s:9999:"x";`, `a:2:{i:0;i:1;i:0;i:2;}`, strings.Repeat(`a:1:{i:0;`, 40), `s:-1:"";`, `i:1;i:2;`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b, err := phpToJSON(text)
		if err == nil && !json.Valid(b) {
			t.Fatalf("%q became %s", text, b)
		}
	})
}

func TestPHP(t *testing.T) {
	t.Parallel()
	f := func(text, want string) {
		t.Helper()
		b, err := phpToJSON(text)
		if string(b) != want && err == nil || (err == nil) != (want != "") {
			t.Errorf("%q: %s %v, want %s", text, b, err, want)
		}
	}
	f(`a:3:{s:1:"a";i:-7;i:0;d:1.50;s:1:"b";a:2:{i:0;b:1;i:1;N;}}`, `{"a":-7,"0":1.50,"b":{"0":true,"1":null}}`)
	f(`a:0:{}`, `{}`)
	f(`s:5:"a"b;c";`, `"a\"b;c"`) // the length counts, not the quotes
	f("s:1:\"\xe9\";", `"é"`)
	f(`s:2:"é";`, `"é"`)
	// objects, references, and what breaks off
	f(`O:8:"stdClass":0:{}`, ``)
	f(`a:1:{i:0;R:1;}`, ``)
	f(`a:1:{i:0;}`, ``)
	f(`a:2:{i:0;i:1;i:0;i:2;}`, ``)
	f(`s:3:"ab";`, ``)
	f(`i:1`, ``)
	f(`i:x;`, ``)
	f(`d:INF;`, ``)
	f(`b:2;`, ``)
	f(`i:1;i:2;`, ``)
	f(`a:99999999999:{}`, ``)
	f(``, ``)
}

// FuzzAnswer: whatever a partner answers, there is one outcome per order, and
// nothing of a mail address is repeated.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`[{"purchase_reference":"W-1"},{"purchase_reference":"W-2","error_description":"no"}]`, `[]`, `{}`, `[[]]`, `null`, ``, `<html>`,
		`[{"purchase_reference":7,"error":{"a":[1]}}]`, `{"errors":[{"detail":"x@y.example"}]}`, `{"a":{"b":{"c":{"d":{"e":{"message":"deep"}}}}}}`,
	} {
		f.Add([]byte(body), 206, 2)
		f.Add([]byte(body), 200, 1)
		f.Add([]byte(body), 400, 2)
	}
	f.Fuzz(func(t *testing.T, body []byte, status, n int) {
		n = 1 + max(n, -n)%3
		batch := make([]sent, 0, n)
		for i := range n {
			batch = append(batch, sent{i, wireEvent{Reference: "W-" + string(rune('1'+i))}})
		}
		outcomes := make([]partner.Outcome, n)
		reply := outbound.Reply{Status: status, Body: body}
		switch {
		case outbound.Verdict(status) == outbound.OK:
			prove(reply, batch, outcomes)
		case status == 400:
			refuse(reply, batch, outcomes)
		default:
			outcomes[0] = verdict(reply, n)
		}
		for _, o := range outcomes {
			if strings.Contains(o.Reason, "@") || len(o.Reason) > 400 {
				t.Fatalf("%+v", o)
			}
			if o.Scope == partner.ScopeBatch && n == 1 {
				t.Fatal("a batch of one is halved")
			}
		}
	})
}

// FuzzMessage: a message of the historic service that is signed rightly and
// that nothing is wrong with is an order.
func FuzzMessage(f *testing.F) {
	for _, text := range []string{
		`{"query":"pushCommandeSHA1","order_ref":"H-1","email":"a@mail.example","firstname":"A","lastname":"B","order_date":"2025-03-14"}`,
		`{"order_ref":7,"PRODUCTS":{"0":{"id_product":1,"name_product":"x"},"1":null},"delay":"3","delay_product":-1,"id_shop":2,"x":[]}`,
		`{"PRODUCTS":[[],{"MPN":null}],"canal":"","channel":"x"}`, `[]`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		call := historicCall{plain: true, message: string(text)}
		message, bad := call.open()
		if bad != "" {
			return
		}
		var d decoder
		d.readHistoric(message, terms{})
		o := toOrder(&d.events[0], "SEK")
		if len(d.faults) == 0 && order.Validate(&o) != nil {
			t.Fatalf("%s: %v", message, order.Validate(&o))
		}
	})
}

// Signatures of clients that count in ISO-8859-1 are right too.
func TestSignature(t *testing.T) {
	t.Parallel()
	e := wireEvent{Reference: "H-1", Email: "zoe@mail.example", First: "Zoé", Last: "Lund"}
	f := func(sign string, good bool) {
		t.Helper()
		h := historic{Query: pushOrder, Sign: sign, Date: "2025-03-14", Delay: "7"}
		if h.signed(&e, "key") != good {
			t.Error(sign)
		}
	}
	f("b69cca20ae8ea03ff0dbb3d0c1c4f5b3ed8d0f3b", false)
	f("", false)
	f(hexSHA1("pushCommandeSHA1H-1zoe@mail.exampleLundZoé2025-03-147key"), true)
	f(strings.ToUpper(hexSHA1("pushCommandeSHA1H-1zoe@mail.exampleLundZoé2025-03-147key")), true)
	f(hexSHA1("pushCommandeSHA1H-1zoe@mail.exampleLundZo\xe92025-03-147key"), true)
	f(hexSHA1("pushCommandeSHA1H-1zoe@mail.exampleZoéLund2025-03-147key"), false) // first name first
	f(hexSHA1("pushCommandeSHA1H-1zoe@mail.exampleLundZoé2025-03-147"), false)
}

func hexSHA1(text string) string {
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}
