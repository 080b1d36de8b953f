package deliveryhero

import (
	"slices"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/json"
)

const minimalOrder = `{"order_id":"0f5a6c1e-3b0d-4e55-9d4e-1d2f6f0a7b11","external_order_id":"20394857","order_code":"A17","status":"RECEIVED",` +
	`"order_type":"DELIVERY","transport_type":"LOGISTICS_DELIVERY","isPreorder":false,` +
	`"accepted_for":"2026-03-02T18:40:00Z","promised_for":"2026-03-02T18:45:00Z","promotion_status":"UNAVAILABLE",` +
	`"client":{"id":"6a1f0f64-54c8-4a0a-8a0f-7a4c1d7b9c20","chain_id":"c0de0000-0000-4000-8000-000000000001","country_code":"uy","store_id":"290056","external_partner_config_id":"SHOP-07"},` +
	`"customer":{"_id":"c1","first_name":"Ana","last_name":"Q"},` +
	`"items":[{"_id":"l1","sku":"779001","name":"Yerba 1kg","status":"NOT_PROCESSED","pricing":{"pricing_type":"UNIT","quantity":2,"unit_price":120.5,"total_price":241}}],` +
	`"payment":{"sub_total":241,"order_total":290,"delivery_fee":49,"total_taxes":0,"type":"PAID"},` +
	`"sys":{"created_at":"2026-03-02T18:01:00.000Z","updated_at":"2026-03-02T18:01:00.000Z"}}`

// TestOrderStaysTheSame reads orders and writes them again: nothing is lost,
// and nothing is added.
func TestOrderStaysTheSame(t *testing.T) {
	t.Parallel()
	odd := strings.NewReplacer(
		`"status":"RECEIVED"`, `"status":"ON_THE_MOON"`,
		`"accepted_for":"2026-03-02T18:40:00Z"`, `"accepted_for":"tomorrow"`,
		`"last_name":"Q"`, `"last_name":"Q","delivery_address":{"number":"7","latitude":-34.90,"longitude":"west","planet":"Mars"}`,
		`"name":"Yerba 1kg"`, `"name":"Yerba 1kg","barcode":["1","2"]`,
		`"type":"PAID"`, `"additional_fees":{"bag":2.5},"type":"ON_CREDIT","tip":1.0`,
		`"updated_at":"2026-03-02T18:01:00.000Z"}`, `"updated_at":"2026-03-02T18:01:00.000Z"},"new":{"a":[1,2.50]}`,
	).Replace(minimalOrder)
	for _, body := range []string{minimalOrder, odd} {
		o, err := readOrder([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		if string(b) != body {
			t.Errorf("in  %s\nout %s", body, b)
		}
	}
}

// TestOrderReadings reads what is written in two ways.
func TestOrderReadings(t *testing.T) {
	t.Parallel()
	read := func(old, with string) *wireOrder {
		t.Helper()
		body := strings.Replace(minimalOrder, old, with, 1)
		o, err := readOrder([]byte(body))
		if err != nil || body == minimalOrder {
			t.Fatalf("%s: %v", with, err)
		}
		return o
	}
	for text, want := range map[string]barcodes{`"77"`: {"77"}, `["77","78"]`: {"77", "78"}, `77`: {"77"}, `[77]`: {"77"}, `null`: nil, `[]`: nil, `""`: nil} {
		if o := read(`"sku":`, `"barcode":`+text+`,"sku":`); !slices.Equal(o.Items[0].Barcode, want) {
			t.Errorf("barcode %s: %q", text, o.Items[0].Barcode)
		}
	}
	for text, want := range map[string]word{"Received": statusReceived, "picked_up": statusPickedUp, "PICKED_UP": statusPickedUp, "canceled": statusCancelled, "Teleported": "Teleported"} {
		if o := read(`"status":"RECEIVED"`, `"status":"`+text+`"`); o.Status != want {
			t.Errorf("status %s: %s", text, o.Status)
		}
	}
	if o := read(`"store_id":"290056"`, `"store_id":290056`); o.Client.StoreID != "290056" {
		t.Errorf("store_id: %s", o.Client.StoreID)
	}
	if o := read(`"accepted_for":"2026-03-02T18:40:00Z"`, `"accepted_for":"2026-03-02T18:40:00"`); o.AcceptedFor.String() != "2026-03-02T18:40:00Z" {
		t.Errorf("accepted_for: %s", o.AcceptedFor)
	}
	if o := read(`"unit_price":120.5`, `"unit_price":"120.50"`); o.Items[0].Pricing.UnitPrice.String() != "120.50" {
		t.Errorf("unit_price: %s", o.Items[0].Pricing.UnitPrice)
	}
	if o := read(`"type":"PAID"`, `"type":null,"vouchers":[]`); o.Payment.Type != "" || string(o.Payment.Vouchers) != "[]" {
		t.Errorf("payment: %+v", o.Payment)
	}
}

// TestBadOrders refuses what is no order, with the place.
func TestBadOrders(t *testing.T) {
	t.Parallel()
	for old, with := range map[string]string{
		`"quantity":2`:       `"quantity":"two"`,
		`"items":[`:          `"items":{"0":`,
		`"sku":"779001"`:     `"sku":["779001"]`,
		`"first_name":"Ana"`: `"first_name":"Ana\u0000"`,
	} {
		_, err := readOrder([]byte(strings.Replace(minimalOrder, old, with, 1)))
		if _, ok := json.Invalid(err); !ok {
			t.Errorf("%s: %v", with, err)
		}
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"bag":2.5,"a":1}`: "a 1 bag 2.5", `[{"name":"bag","value":"2.50","more":1}]`: "bag 2.50", `null`: "", `{}`: "",
	} {
		list, ok := amounts([]byte(text), "fee")
		var got []string
		for _, a := range list {
			got = append(got, a.Name, a.Value.String())
		}
		if !ok || strings.Join(got, " ") != want {
			t.Errorf("%s: %v %v", text, got, ok)
		}
	}
	for _, text := range []string{`[1]`, `{"a":{}}`, `"5"`} {
		if _, ok := amounts([]byte(text), "fee"); ok {
			t.Errorf("%s is none", text)
		}
	}
}

// FuzzOrder reads what strangers send: what can be read can be written, and
// reads the same again.
func FuzzOrder(f *testing.F) {
	f.Add([]byte(minimalOrder))
	f.Add([]byte(`{"order_id":1,"items":[{"barcode":["1",2],"promotion":[{"discount_amount":1}]}],"cancellation":{"post_picked_up":true},"x":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := readOrder(body)
		if err != nil {
			if _, ok := json.Invalid(err); !ok {
				t.Fatalf("an error of no input: %v", err)
			}
			return
		}
		b, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		again, err := readOrder(b)
		if err != nil {
			t.Fatalf("%v: %s", err, b)
		}
		if c, err := json.Marshal(again); err != nil || string(c) != string(b) {
			t.Fatalf("%v\n%s\n%s", err, b, c)
		}
	})
}
