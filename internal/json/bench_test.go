package json_test

import (
	"testing"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

const threeLines = `{"id":"100045","placed_at":"2026-05-31T09:30:00+10:00","currency":"AUD","channel":"online","session":"s-8f2c11","customer":{"id":"c-77"},"lines":[{"product":{"code":"P-1001","name":"Coffee 1 kg","brand":"Nordlys"},"quantity":"2","unit_price":"12.50","total":"25.00","ad_id":"display_1"},{"product":{"code":"P-1002","name":"Filter papers"},"quantity":"1","unit_price":"3.95","total":"3.95"},{"product":{"code":"P-1003","name":"Mug"},"quantity":"4","unit_price":"8.00","total":"32.00","seller":"sel-1"}],"totals":{"total":"60.95"},"media":{"team":"team-1"}}`

func BenchmarkOrder(b *testing.B) {
	var o order.Order
	if err := json.Unmarshal([]byte(threeLines), &o); err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			buf, _ = json.MarshalAppend(buf[:0], &o)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var o order.Order
			if err := json.Unmarshal([]byte(threeLines), &o); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("check", func(b *testing.B) {
		text := []byte(threeLines)
		b.ReportAllocs()
		for b.Loop() {
			if err := json.CheckInput(text); err != nil {
				b.Fatal(err)
			}
		}
	})
}
